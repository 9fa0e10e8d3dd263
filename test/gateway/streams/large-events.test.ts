// An event longer than `server.max_event` (GUARANTEES 9) ends the stream in whatever pieces it comes, and what stood before
// it is told.
import { describe, expect, test } from 'bun:test';
import { clientRequest } from '../../support/client-requests.ts';
import { CHAT, MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { AT_EACH_EVENT, ONE_BYTE_PIECES, WHOLE } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const LARGE = 'y'.repeat(2_048);
const STREAMS = {
  claude: MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.delta(LARGE) + MESSAGE.end,
  gpt: CHAT.start + CHAT.delta('Hello') + CHAT.delta(LARGE) + CHAT.end,
};
const PROVIDERS = Object.keys(STREAMS) as (keyof typeof STREAMS)[];
const NDJSON = [
  { model: 'm', message: { role: 'assistant', content: 'Hello' }, done: false },
  { model: 'm', message: { role: 'assistant', content: LARGE }, done: false },
  { model: 'm', message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' },
];

function setup(provider: string, config: object, reply: ReturnType<typeof replyWith>) {
  return createTestGateway({
    config: {
      server: { max_event: '1KB' },
      providers: { [provider]: config },
      routing: { default_provider: provider },
    },
    fetch: createReplayFetch(reply).fetch,
  });
}

describe.each(['anthropic-messages', 'openai-chat'] as const)('%s', (client) => {
  describe.each([AT_EACH_EVENT, WHOLE, ONE_BYTE_PIECES])('$name', (split) => {
    test.each(PROVIDERS)('from %s', async (provider) => {
      const lab = setup(provider, LAB_PROVIDERS[provider], replyWith(STREAMS[provider], { split }));
      await expectCut(lab, client);
    });

    test('from Ollama', async () => {
      const lines = NDJSON.map((line) => `${JSON.stringify(line)}\n`).join('');
      const headers = { 'content-type': 'application/x-ndjson' };
      await expectCut(setup('ollama', {}, replyWith(lines, { headers, split })), client);
    });
  });
});

async function expectCut(
  { post, row }: ReturnType<typeof setup>,
  client: 'anthropic-messages' | 'openai-chat',
) {
  const { path, body } = clientRequest(client, { stream: true });
  const text = await (await post(path, body)).text();
  expect(text).toContain('Hello');
  expect(text).not.toContain('yyy');
  expect(text.match(/max_event/g)).toHaveLength(1);
  expect(text).not.toMatch(/message_stop|\[DONE\]/);
  expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_malformed' });
}
