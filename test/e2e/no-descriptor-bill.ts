// A gateway whose process may open no more files when the beginning of an answer comes whose bill a library has to read. Prints what
// the client gets, and whether the provider is still waited for, as JSON.
import { createGateway } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import { spendDescriptors } from './spend-descriptors.ts';

let giveBack = () => {};
await loadPrices();
const gone = Promise.withResolvers<string>();
const upstream = async () => {
  giveBack = spendDescriptors();
  const body = new ReadableStream({ cancel: () => gone.resolve('left') });
  return new Response(body, { headers: { 'content-type': 'application/vnd.amazon.eventstream' } });
};
const gateway = createGateway(
  { providers: { bedrock: { api_key: 'k', base_url: 'https://amazon.test', max_retries: 0 } } },
  { host: { fetch: upstream } },
);
const response = await gateway.fetch(
  new Request('http://sluice/model/us.amazon.nova-lite-v1:0/invoke-with-response-stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] }),
  }),
);
const body = await response.text();
giveBack();
const provider = await Promise.race([gone.promise, Bun.sleep(2_000).then(() => 'waited for')]);
console.log(JSON.stringify({ status: response.status, body, provider }));
process.exit();
