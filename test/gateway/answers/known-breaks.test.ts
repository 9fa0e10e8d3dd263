// An error within a stream has no status, so some clients repeat the request if its message looks like a network failure. The
// wording is opencode's; Anthropic's dialect has only `api_error` besides, at which no client asks again.
import { afterEach, expect, test } from 'bun:test';
import { ASK, createFallbackLab, expectSettled } from '../../support/fallback-lab.ts';
import { MESSAGE, utf8, wholeMessage } from '../../support/message-stream.ts';
import { type ReplyFault, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

const KNOWN =
  /server error|connection lost|\b(?:request|response|connection|network|stream|read) timed out\b|\btry again in\b/i;
const HALF = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('half'));

test.each<[string, ReplyFault, string]>([
  ['closed', { kind: 'cut', after: HALF.length }, 'upstream_truncated'],
  ['reset', { kind: 'reset', after: HALF.length }, 'upstream_truncated'],
  ['silent', { kind: 'hang', after: HALF.length }, 'upstream_timeout'],
])('%s in the middle', async (_, fault, errorCode) => {
  const lab = createFallbackLab({ script: { one: [replyWith([HALF, utf8(':')], { fault })] } });
  const response = await lab.post('/v1/messages', { ...ASK, stream: true });
  const text = response.text();
  await lab.timers.advance(1_001);
  const [, expected] = (await text).split('event: error\ndata: ');
  const { error } = JSON.parse(expected ?? '') as { error: { type: string; message: string } };
  expect(error.type).toBe(errorCode === 'upstream_timeout' ? 'timeout_error' : 'api_error');
  expect(error.message).toMatch(KNOWN);
  expect(await lab.row()).toMatchObject({ errorCode });
});

test('a whole answer that breaks off in the middle', async () => {
  const whole = utf8(JSON.stringify(wholeMessage('half')));
  const fault = { kind: 'reset', after: whole.length / 2 } as const;
  const broken = replyWith(whole, { fault, headers: { 'content-type': 'application/json' } });
  const lab = createFallbackLab({ script: { one: [broken] } });
  const response = await lab.post('/v1/messages', ASK);
  expect(response.status).toBe(502);
  const { error } = (await response.json()) as { error: { message: string } };
  expect(error.message).toMatch(KNOWN);
  expect(await lab.row()).toMatchObject({ status: 'truncated', errorCode: 'upstream_truncated' });
});
