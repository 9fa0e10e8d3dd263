// A gateway whose process may open no more files when tokens are first estimated, and may again afterwards. Prints its answers
// as JSON.
import { createGateway } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import { spendDescriptors } from './spend-descriptors.ts';

await loadPrices();
const gateway = createGateway({
  providers: { lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:1', api_key: 'k' } },
  routing: { default_provider: 'lab' },
});

const count = async () => {
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'one two three' }] });
  const response = await gateway.fetch(
    new Request('http://sluice/v1/messages/count_tokens', { method: 'POST', body }),
  );
  return { status: response.status, body: await response.text() };
};

const giveBack = spendDescriptors();
const first = await count();
giveBack();
const next = await count();
console.log(JSON.stringify({ first, next }));
process.exit();
