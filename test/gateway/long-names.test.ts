// A provider that calls its model something very long: headers and rows stay small.
import { expect, test } from 'bun:test';
import { wholeMessage } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

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
