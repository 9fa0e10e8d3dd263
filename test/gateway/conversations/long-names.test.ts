// Very long model names from providers and clients: headers and rows stay small.
import { expect, test } from 'bun:test';
import { wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

test('the header and the row have its beginning', async () => {
  const model = 'm'.repeat(3_000_000);
  const { fetch } = createReplayFetch(() => jsonReply({ ...wholeMessage('hi'), model }));
  const lab = createTestGateway({
    config: {
      providers: {
        lab: { dialect: 'anthropic-messages', base_url: 'http://lab.test', api_key: 'k'.repeat(9) },
      },
    },
    fetch,
  });
  const messages = [{ role: 'user', content: 'hi' }];
  const response = await lab.post('/v1/messages', { model: 'lab/m', max_tokens: 9, messages });
  expect(response.status).toBe(200);
  expect(response.headers.get('x-sluice-model')).toBe('m'.repeat(1024));
  expect((await lab.row(0)).model).toBe(`${'m'.repeat(1023)}…`);
  await lab.gateway.close();
});

test('client and row get the beginning and the end of an error that quotes something long', async () => {
  const { fetch } = createReplayFetch(() => jsonReply(wholeMessage('hi')));
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch });
  const messages = [{ role: 'x'.repeat(1_000_000), content: 'hi' }];
  const response = await lab.post('/v1/messages', { model: 'gpt/m', max_tokens: 9, messages });
  expect(response.status).toBe(400);
  const refusal = (await response.json()) as { error: { message: string } };
  expect(refusal.error.message).toHaveLength(8_192);
  const { errorMessage } = await lab.row(0);
  expect(errorMessage).toHaveLength(8_192);
  expect(errorMessage).toStartWith('messages.0.role: "xxx');
  expect(errorMessage).toMatch(/xxx…xxx+" is not one of/);
  await lab.gateway.close();
});

test('a row names a hundred of the fields that got lost', async () => {
  const { fetch } = createReplayFetch(() => jsonReply(wholeChat('hi')));
  const lab = createTestGateway({ config: { providers: LAB_PROVIDERS }, fetch });
  const unknown = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 1]));
  const messages = [{ role: 'user', content: 'hi' }];
  const names = { ['z'.repeat(3_000)]: 1, ...unknown };
  await lab.post('/v1/messages', { model: 'gpt/m', max_tokens: 9, messages, ...names });
  const { lost } = await lab.row(0);
  expect(lost).toHaveLength(101);
  expect(lost[0]).toBe(`${'z'.repeat(1_023)}…`);
  expect(lost.at(-1)).toBe('4901 more');
  await lab.gateway.close();
});
