// Retries at one target: what is tried again, how long the wait is, and how the hint reaches the client
// (GUARANTEES 1, 4), on a clock turned by hand.
import { afterEach, describe, expect, test } from 'bun:test';
import {
  ASK,
  BOTH,
  createFallbackLab as setup,
  expectSettled,
  failure,
  limited,
  PATHS,
} from '../../support/fallback-lab.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

describe('retry-after reaches the client, however the provider says it', () => {
  const info = (retryDelay: string) =>
    jsonReply(
      {
        error: {
          message: 'slow down',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
        },
      },
      { status: 429 },
    );
  const hints: [string, Reply, string][] = [
    ['seconds', limited({ 'retry-after': '37' }), '37'],
    [
      'an HTTP date',
      limited({ 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }),
      'Thu, 01 Jan 2026 00:01:00 GMT',
    ],
    ['milliseconds', limited({ 'retry-after-ms': '36500' }), '37'],
    ['google.rpc.RetryInfo', info('36.5s'), '37'],
    ['more than there is a number for', info(`${'9'.repeat(400)}s`), String(366 * 86_400)],
    [
      'a limit’s reset',
      limited({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '36.5s' }),
      '37',
    ],
    ['nothing at all', limited(), '1'],
  ];
  for (const path of PATHS) {
    for (const stream of BOTH) {
      test.each(hints)(`${path}, ${stream ? 'streamed' : 'whole'}: %s`, async (_, reply, expected) => {
        const lab = setup({ script: { one: [reply] } });
        const { response } = await lab.answered(lab.post(path, { ...ASK, stream }));
        expect([response.status, response.headers.get('retry-after')]).toEqual([429, expected]);
        expect(await lab.row()).toMatchObject({ status: 'error', errorCode: 'upstream_rate_limited' });
      });
    }
  }
});

test('a date stays as it is, with the wait by the provider’s own clock beside it', async () => {
  const date = 'Sun, 01 Mar 2026 10:00:00 GMT';
  const hint = { 'retry-after': 'Sun, 01 Mar 2026 10:00:20 GMT' };
  const lab = setup({ script: { one: [limited({ ...hint, date })] } });
  const { headers } = (await lab.answered(lab.post('/v1/messages', ASK))).response;
  expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual([hint['retry-after'], '20000']);
});

describe('retry-after of an answer with HTTP 200 that is an error', () => {
  const body = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
  const quoting = (headers: Record<string, string>) => ({
    error: { ...body.error, metadata: { headers } },
  });
  const event = `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  const both = { 'retry-after': '37' };
  const used = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '36.5s' };
  const replies: [string, Reply, readonly boolean[]][] = [
    ['whole', jsonReply(body, { headers: both }), BOTH],
    ['whole, of a limit', jsonReply(body, { headers: used }), BOTH],
    ['whole, quoted inside', jsonReply(quoting(both)), BOTH],
    ['the first event', replyWith(event, { headers: both }), BOTH],
    ['an event before content, of a limit', replyWith(MESSAGE.start + event, { headers: used }), [true]],
  ];
  for (const path of PATHS) {
    for (const [name, reply, asks] of replies) {
      for (const stream of asks) {
        test(`${path}, ${stream ? 'streamed' : 'whole'}, ${name}: reaches the client`, async () => {
          const lab = setup({ script: { one: [reply] } });
          const { response } = await lab.answered(lab.post(path, { ...ASK, stream }));
          expect([response.status, response.headers.get('retry-after')]).toEqual([429, '37']);
        });
      }
    }
  }

  test('is waited for', async () => {
    const busy = replyWith(event, { headers: { 'retry-after': '2' } });
    const lab = setup({ script: { one: [busy, 'works'] }, providers: { one: { max_retries: 2 } } });
    const pending = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(1_990);
    expect(lab.asked).toEqual(['one']);
    expect((await lab.answered(pending, 20)).response.status).toBe(200);
  });

  test('a page that says when to come back is believed', async () => {
    const page = replyWith('<html>', { headers: { 'content-type': 'text/html', 'retry-after': '20' } });
    const lab = setup({ script: { one: [page], two: ['works'] }, providers: { one: { max_retries: 2 } } });
    await lab.answered(lab.post('/v1/messages', ASK));
    expect(lab.asked).toEqual(['one', 'two']);
  });
});

describe('retries', () => {
  const retries = { one: { max_retries: 2 } };

  for (const path of PATHS) {
    for (const stream of BOTH) {
      test(`${path}, ${stream ? 'streamed' : 'whole'}: waits as long as the provider asks, then succeeds`, async () => {
        const lab = setup({
          script: { one: [limited({ 'retry-after': '2' }), 'works'] },
          providers: retries,
        });
        const pending = lab.post(path, { ...ASK, stream });
        await lab.timers.advance(1_990);
        expect(lab.asked).toEqual(['one']);
        const { response, text } = await lab.answered(pending, 20);
        expect(response.status).toBe(200);
        expect(text).toContain('from one');
        expect(response.headers.get('x-sluice-attempts')).toBe('2');
        expect(response.headers.get('retry-after')).toBeNull();
        const { status, attempts } = await lab.row();
        expect(status).toBe('success');
        expect(attempts.map(({ status: code, error }) => [code, error])).toEqual([
          [429, 'upstream_rate_limited'],
          [200, null],
        ]);
      });
    }
  }

  test('without a hint the wait doubles, from 250 ms, jittered down to half', async () => {
    for (const [random, waits] of [
      [0, [125, 250, 500]],
      [0.999, [250, 500, 1_000]],
    ] as const) {
      const lab = setup({ script: { one: [failure(500)] }, providers: { one: { max_retries: 3 } }, random });
      const pending = lab.post('/v1/messages', ASK);
      for (const [index, wait] of waits.entries()) {
        await lab.timers.advance(wait - 5);
        expect(lab.asked).toHaveLength(index + 1);
        await lab.timers.advance(5);
        expect(lab.asked).toHaveLength(index + 2);
      }
      expect((await lab.answered(pending)).response.status).toBe(502);
      await expectSettled();
    }
  });

  test('no wait is longer than 8 s, and all of them together no longer than 15 s', async () => {
    const lab = setup({
      script: { one: [failure(500)] },
      providers: { one: { max_retries: 10, breaker: { enabled: false } } },
    });
    const pending = lab.post('/v1/messages', ASK);
    const waits = [125, 250, 500, 1_000, 2_000, 4_000, 4_000];
    for (const [index, wait] of waits.entries()) {
      await lab.timers.advance(wait - 5);
      expect(lab.asked).toHaveLength(index + 1);
      await lab.timers.advance(5);
      expect(lab.asked).toHaveLength(index + 2);
    }
    // The next would be the 16th second.
    expect((await pending).status).toBe(502);
    expect(await lab.row()).toMatchObject({ status: 'error' });
  });

  test.each([408, 409, 429, 500, 502, 503, 504, 529])('%d is tried again', async (status) => {
    const lab = setup({ script: { one: [failure(status), 'works'] }, providers: retries });
    expect((await lab.answered(lab.post('/v1/messages', ASK), 5_000)).response.status).toBe(200);
    expect(lab.asked).toEqual(['one', 'one']);
  });

  test('an overloaded provider is 503 to Gemini clients, who know no 529, and 529 to others', async () => {
    const lab = setup({ script: { one: [failure(529)] } });
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
    const { response } = await lab.answered(lab.post('/v1beta/models/one%2Fm:generateContent', body));
    expect([response.status, await lab.row()]).toMatchObject([503, { httpStatus: 503 }]);
    await expectSettled();
    const other = setup({ script: { one: [failure(529)] } });
    expect((await other.answered(other.post('/v1/messages', ASK))).response.status).toBe(529);
  });

  test('no try begins that the client would not wait for', async () => {
    const script = { one: [limited({ 'retry-after': '5' }), 'works' as const] };
    const lab = setup({ script, providers: retries });
    const headers = { 'x-stainless-timeout': '4' };
    const { response } = await lab.answered(lab.post('/v1/messages', ASK, { headers }));
    expect([response.status, lab.asked]).toEqual([429, ['one']]);
    await expectSettled();
    const patient = setup({ script, providers: retries });
    const later = patient.post('/v1/messages', ASK, { headers: { 'x-stainless-timeout': '6' } });
    expect((await patient.answered(later, 5_000)).response.status).toBe(200);
  });

  test('a refused connection is tried again', async () => {
    const lab = setup({ script: { one: ['refused', 'works'] }, providers: retries });
    expect((await lab.answered(lab.post('/v1/messages', ASK), 5_000)).response.status).toBe(200);
    expect((await lab.row()).attempts.map(({ status, error }) => [status, error])).toEqual([
      [null, 'upstream_unreachable'],
      [200, null],
    ]);
  });

  test.each([400, 404, 405, 410, 413, 422, 451])('%d is not, here or elsewhere', async (status) => {
    const lab = setup({ script: { one: [failure(status)], two: ['works'] }, providers: retries });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK));
    expect([response.status, lab.asked]).toEqual([status, ['one']]);
    expect(response.headers.get('x-sluice-attempts')).toBe('1');
  });

  test.each([301, 302, 303, 307, 308])(
    '%d, which leads elsewhere, is not, but the next target is asked',
    async (status) => {
      const redirect = failure(status, 'moved', { location: 'http://elsewhere.test/' });
      const lab = setup({ script: { one: [redirect], two: ['works'] }, providers: retries });
      const { response } = await lab.answered(lab.post('/v1/messages', ASK));
      expect([response.status, lab.asked]).toEqual([200, ['one', 'two']]);
    },
  );

  test('max_retries bounds them', async () => {
    const lab = setup({ script: { one: [failure(529)] }, providers: retries });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 10_000);
    expect([response.status, lab.asked.length]).toEqual([529, 3]);
    expect(response.headers.get('x-sluice-attempts')).toBe('3');
  });

  test('all waiting together stays within 15 s', async () => {
    const lab = setup({
      script: { one: [limited({ 'retry-after': '6' })], two: ['works'] },
      providers: { one: { max_retries: 10 } },
    });
    const pending = lab.post('/v1/messages', ASK);
    await lab.timers.advance(11_990);
    expect(lab.asked).toEqual(['one', 'one']);
    // 6 + 6 s are waited; a third wait would pass the budget.
    const { response } = await lab.answered(pending, 10);
    expect([response.status, lab.asked]).toEqual([200, ['one', 'one', 'one', 'two']]);
  });

  test('a hint beyond the budget moves on at once', async () => {
    const lab = setup({
      script: { one: [limited({ 'retry-after': '60' })], two: ['works'] },
      providers: retries,
    });
    const { response, text } = await lab.answered(lab.post('/v1/messages', ASK));
    expect([response.status, lab.asked]).toEqual([200, ['one', 'two']]);
    expect(text).toContain('from two');
  });

  test('a hint beyond the budget, and nowhere to go: the client gets the error at once', async () => {
    const lab = setup({ script: { one: [limited({ 'retry-after': '60' })] }, providers: retries });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK));
    expect([response.status, response.headers.get('retry-after'), lab.asked.length]).toEqual([429, '60', 1]);
  });
});
