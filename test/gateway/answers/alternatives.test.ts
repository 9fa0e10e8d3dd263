// Streams of several alternatives (`n`, `candidateCount`, a list of prompts): each that was asked for must end.
import { describe, expect, test } from 'bun:test';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const sse = (body: object) => `data: ${JSON.stringify({ id: 'a', model: 'm', ...body })}\n\n`;
const DONE = 'data: [DONE]\n\n';

const chat = (index: number, content: string, finish_reason: string | null = null) =>
  sse({ choices: [{ index, delta: { content }, finish_reason }] });
const text = (index: number, text: string, finish_reason: string | null = null) =>
  sse({ choices: [{ index, text, finish_reason }] });
const candidate = (index: number, text: string, finishReason?: string) =>
  sse({ candidates: [{ index, content: { role: 'model', parts: [{ text }] }, finishReason }] });

const MESSAGES = [{ role: 'user', content: 'hi' }];
const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }];
const CASES = [
  ['Chat', 'gpt', '/v1/chat/completions', { n: 2, messages: MESSAGES }, chat, 'stop'],
  ['completions', 'gpt', '/v1/completions', { n: 2, prompt: 'hi' }, text, 'stop'],
  ['a list of prompts', 'gpt', '/v1/completions', { prompt: ['hi', 'ho'] }, text, 'stop'],
] as const;

async function status(provider: 'gpt' | 'gemini', path: string, ask: object, stream: string) {
  const upstream = createReplayFetch(() => replyWith(stream));
  const { post, row } = createTestGateway({
    config: { providers: { lab: LAB_PROVIDERS[provider] }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const got = await (await post(path, { model: 'm', stream: true, ...ask })).text();
  const { status: received } = await row(0);
  expect(got.match(/"error"/g)?.length ?? 0).toBe(received === 'truncated' ? 1 : 0);
  return received;
}

describe.each([...CASES])('%s', (_, provider, path, ask, chunk, reason) => {
  const first = chunk(0, 'Hello') + chunk(0, '', reason);
  const second = chunk(1, 'Hi');
  test.each([
    ['before the second began', first, 'truncated'],
    ['while the second was coming', first + second, 'truncated'],
    ['while the first was coming', chunk(0, 'Hello') + second + chunk(1, '', reason), 'truncated'],
    ['behind both ends', first + second + chunk(1, '', reason), 'success'],
    // Not every server makes as many as it is asked for.
    ['behind [DONE]', first + DONE, 'success'],
  ] as const)('cut %s', async (_, stream, expected) => {
    expect(await status(provider, path, ask, stream)).toBe(expected);
  });

  test('one alternative is complete with its own end', async () => {
    const one = { ...ask, n: 1, ...('prompt' in ask && { prompt: 'hi' }) };
    expect(await status(provider, path, one, first)).toBe('success');
    const tokens = { ...one, ...('prompt' in ask && { prompt: [1, 2, 3] }) };
    expect(await status(provider, path, tokens, first)).toBe('success');
  });
});

describe('Gemini', () => {
  const PATH = '/v1beta/models/m:streamGenerateContent?alt=sse';
  const ask = { contents: CONTENTS, generationConfig: { candidateCount: 2 } };
  const first = candidate(0, 'Hello', 'STOP');
  test.each([
    ['while the second was coming', candidate(1, 'Hi') + first, 'truncated'],
    ['behind both ends', candidate(1, 'Hi') + first + candidate(1, '!', 'STOP'), 'success'],
    // It may answer with fewer than were asked for.
    ['behind the only one', first, 'success'],
  ] as const)('cut %s', async (_, stream, expected) => {
    expect(await status('gemini', PATH, ask, stream)).toBe(expected);
  });
});

test('a client of another dialect gets the first, and misses nothing where only another is cut', async () => {
  const cut = chat(0, 'Hello') + chat(1, 'Hi') + chat(0, '', 'stop');
  const ask = { max_tokens: 9, messages: MESSAGES };
  expect(await status('gpt', '/v1/messages', ask, cut)).toBe('success');
});
