// Claude Code sends thinking back only if the answer names the model that it requested: with `provider/model` the model thought
// anew after each call.
import { describe, expect, test } from 'bun:test';
import { clientRequest } from '../../support/client-requests.ts';
import { CHAT, MESSAGE, wholeChat } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const CLAUDE_CODE = {
  'user-agent': 'claude-cli/2.1.197 (external, sdk-cli)',
  'x-claude-code-session-id': '5a25ee25-2118-4a8f-bb84-a5d2990df404',
};

interface Case {
  asked: string;
  servedAs?: string;
  headers?: Record<string, string>;
  dialect?: 'openai-chat' | 'anthropic-messages';
}

async function answer({ asked, servedAs = 'served', headers = CLAUDE_CODE, dialect }: Case, stream: boolean) {
  const events = dialect === 'anthropic-messages' ? MESSAGE : CHAT;
  const sent = stream ? events.start + events.delta('Hi') + events.end : JSON.stringify(wholeChat('Hi'));
  const named = sent.replaceAll('"served"', JSON.stringify(servedAs));
  const upstream = createReplayFetch(stream ? replyWith(named) : jsonReply(JSON.parse(named)));
  const lab = {
    dialect: dialect ?? ('openai-chat' as const),
    base_url: 'https://lab.test/v1',
    models: { fast: 'served' },
  };
  const { post } = createTestGateway({
    config: { providers: { lab }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const { path, body } = clientRequest('anthropic-messages', { model: asked, stream });
  const text = await (await post(path, body, { headers })).text();
  return { sent: named, text, model: /"model":"([^"]*)"/.exec(text)?.[1] };
}

describe.each([true, false])('The model that Claude Code reads (stream: %p)', (stream) => {
  test.each<[what: string, asked: Case, read: string]>([
    ['has the name it asked by', { asked: 'lab/served' }, 'lab/served'],
    ['also where the provider tells its day', { asked: 'served', servedAs: 'served-2026-03-05' }, 'served'],
    ['is the one behind an alias', { asked: 'lab/fast' }, 'served'],
    [
      'is the one that the provider took instead',
      { asked: 'lab/served', servedAs: 'served-mini' },
      'served-mini',
    ],
    ['is the one that served other clients', { asked: 'lab/served', headers: {} }, 'served'],
  ])('%s', async (_, asked, read) => {
    expect((await answer(asked, stream)).model).toBe(read);
  });
});

test('What passes in its own dialect passes as it came', async () => {
  const { sent, text } = await answer({ asked: 'lab/served', dialect: 'anthropic-messages' }, true);
  expect(text).toBe(sent);
});
