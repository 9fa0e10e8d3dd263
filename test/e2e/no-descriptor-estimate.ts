// A gateway whose process may open no more files when tokens are first estimated, and may again afterwards. Prints its answers
// as JSON.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { createGateway } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';

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

const opened: number[] = [];
const fill = () => {
  for (;;) opened.push(openSync(devNull, 'r'));
};
try {
  fill();
} catch {
  // None is left.
}
const first = await count();
for (const one of opened) closeSync(one);
const next = await count();
console.log(JSON.stringify({ first, next }));
process.exit();
