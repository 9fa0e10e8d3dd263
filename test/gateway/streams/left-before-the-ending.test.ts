// A client that leaves between a Chat provider's `finish_reason` and its usage: in a translation it has not seen any ending yet,
// and its row says so (GUARANTEES 15).
import { expect, test } from 'bun:test';
import { clientRequest } from '../../support/client-requests.ts';
import { CHAT, utf8 } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

/** All but the usage, if any, and `[DONE]`; then it waits for ever. */
const begun = utf8(CHAT.start + CHAT.delta('Hello') + CHAT.end.slice(0, CHAT.end.indexOf('\n\n') + 2));

const CONTINUED = { fallback_chain: ['claude'], continue_streams: true };

test.each([
  ['anthropic-messages', 'aborted', 'Hello', {}],
  ['gemini', 'aborted', 'Hello', {}],
  ['openai-responses', 'aborted', 'Hello', {}],
  ['anthropic-messages', 'aborted', 'Hello', CONTINUED],
  // What passes has been told of it.
  ['openai-chat', 'success', '"finish_reason":"stop"', {}],
  ['openai-chat', 'success', '"finish_reason":"stop"', CONTINUED],
] as const)('%s: %s', async (client, status, ending, routing) => {
  const reply = replyWith(begun, { fault: { kind: 'hang', after: begun.length } });
  const { post, row } = createTestGateway({
    config: {
      providers: { gpt: LAB_PROVIDERS.gpt, claude: LAB_PROVIDERS.claude },
      routing: { default_provider: 'gpt', ...routing },
    },
    fetch: createReplayFetch(reply).fetch,
  });
  const controller = new AbortController();
  const { path, body } = clientRequest(client, { stream: true });
  const response = await post(path, body, { signal: controller.signal });
  const decoder = new TextDecoder();
  let text = '';
  const reading = Array.fromAsync(response.body ?? [], (piece) => {
    text += decoder.decode(piece, { stream: true });
    if (text.includes(ending)) controller.abort();
  });
  await expect(reading).rejects.toThrow('aborted');
  expect((await row(0)).status).toBe(status);
});
