// Ollama's lines of JSON behind a proxy that announces them as one JSON text, and whole answers where a stream was asked for.
import { describe, expect, test } from 'bun:test';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const AT = '2026-01-01T00:00:00Z';
const line = (content: string, more: object = {}) =>
  `${JSON.stringify({ model: 'm', created_at: AT, message: { role: 'assistant', content }, done: false, ...more })}\n`;
const DONE = { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 };
const LINES = line('Hel') + line('lo') + line('', DONE);
const WHOLE = { model: 'm', created_at: AT, message: { role: 'assistant', content: 'Hello' }, ...DONE };
const BODIES = {
  lines: LINES,
  'lines behind a blank one': `\r\n${LINES}`,
  'lines without a last end': LINES.trimEnd(),
  'one line': JSON.stringify(WHOLE),
  'one line with its end': `${JSON.stringify(WHOLE)}\n`,
  'one text over several lines': JSON.stringify(WHOLE, null, 2),
};

const encode = (text: string) => new TextEncoder().encode(text);

function lab(pieces: Iterable<Uint8Array>, before?: (index: number) => Promise<void> | undefined) {
  const { config } = PROVIDER_WIRES['ollama-chat'];
  const reply = replyWith(pieces, {
    headers: { 'content-type': 'application/json' },
    ...(before !== undefined && { before }),
  });
  return createTestGateway({
    config: { providers: { lab: { ...config, max_retries: 0 } }, routing: { default_provider: 'lab' } },
    fetch: createReplayFetch(reply).fetch,
  });
}

describe.each(Object.entries(BODIES))('%s', (_name, text) => {
  const whole = encode(text);
  const single = Array.from(whole, (_byte, at) => whole.slice(at, at + 1));
  for (const client of DIALECT_IDS)
    for (const stream of [true, false])
      test.each([
        ['at once', [whole]],
        ['byte by byte', single],
      ])(`to ${client}, streamed: ${stream}: %s`, async (_how, pieces) => {
        const { post, row } = lab(pieces);
        const { path, body } = clientRequest(client, { stream });
        const response = await post(path, body);
        const answer = await response.text();
        expect(response.status).toBe(200);
        expect(answer).toContain('Hel');
        expect(answer).toContain('lo');
        expect(await row(0)).toMatchObject({
          status: 'success',
          usageKnown: true,
          usage: { inputTokens: 3, outputTokens: 2 },
        });
      });
});

test('a line is passed on when it comes', async () => {
  const gate = Promise.withResolvers<void>();
  const pieces = [line('Hel'), line('lo') + line('', DONE)].map(encode);
  const { post } = lab(pieces, (index) => (index === 1 ? gate.promise : undefined));
  const { path, body } = clientRequest('ollama-chat', { stream: true });
  const response = await post(path, body);
  const reader = response.body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toBe(line('Hel'));
  gate.resolve();
  await reader?.cancel();
});

test('lines that end early are a truncated answer', async () => {
  const { post, row } = lab([encode(line('Hel'))]);
  const { path, body } = clientRequest('openai-chat', { stream: true });
  await (await post(path, body)).text();
  expect((await row(0)).status).toBe('truncated');
});

test('an error in place of the answer, on several lines, is one', async () => {
  const { post, row } = lab([encode(JSON.stringify({ error: 'no such model' }, null, 2))]);
  const { path, body } = clientRequest('ollama-chat', { stream: true });
  const response = await post(path, body);
  expect([response.status, await response.text()]).toEqual([502, expect.stringContaining('no such model')]);
  expect((await row(0)).errorCode).toBe('upstream_failed');
});
