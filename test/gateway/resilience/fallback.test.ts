// From one target to the next (GUARANTEES 1, 2, 3, 4), on a clock turned by hand.
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
import { MESSAGE, utf8, wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

afterEach(expectSettled);

describe('what falls back, before the first content', () => {
  const cut = (text: string) => replyWith(text);
  const causes: [string, Reply | 'refused', readonly boolean[], string][] = [
    ['a refused connection', 'refused', BOTH, 'upstream_unreachable'],
    ['429', limited(), BOTH, 'upstream_rate_limited'],
    ['529', failure(529), BOTH, 'upstream_overloaded'],
    ['500', failure(500), BOTH, 'upstream_failed'],
    ['a redirect', failure(302, 'moved', { location: 'http://elsewhere.test/' }), BOTH, 'upstream_failed'],
    ['the gateway’s own key refused', failure(401), BOTH, 'upstream_unauthorized'],
    ['200 with an error body', failure(200), BOTH, 'upstream_failed'],
    [
      '200 with an HTML page',
      replyWith('<html>', { headers: { 'content-type': 'text/html' } }),
      BOTH,
      'upstream_malformed',
    ],
    [
      'an empty 200',
      replyWith('', { headers: { 'content-type': 'application/json' } }),
      BOTH,
      'upstream_malformed',
    ],
    ['an empty stream', cut(''), [true], 'upstream_truncated'],
    [
      'an error as first event',
      cut(MESSAGE.error('overloaded_error', 'busy')),
      [true],
      'upstream_overloaded',
    ],
    [
      'an error after the start',
      cut(MESSAGE.start + MESSAGE.error('api_error', 'oops')),
      [true],
      'upstream_failed',
    ],
    ['an end before the first content', cut(MESSAGE.start + MESSAGE.block), [true], 'upstream_truncated'],
    [
      'a reset before the first content',
      replyWith(MESSAGE.start + MESSAGE.block, { fault: { kind: 'reset', after: 20 } }),
      [true],
      'upstream_truncated',
    ],
  ];
  for (const path of PATHS) {
    for (const [name, reply, streams, code] of causes) {
      for (const stream of streams) {
        for (const next of ['two', 'three']) {
          test(`${path}, ${stream ? 'streamed' : 'whole'}: ${name}, then ${next}`, async () => {
            const lab = setup({ script: { one: [reply], [next]: ['works'] } });
            const { response, text } = await lab.answered(lab.post(path, { ...ASK, stream }));
            expect(response.status, text).toBe(200);
            expect(response.headers.get('x-sluice-provider')).toBe(next);
            expect(response.headers.get('x-sluice-attempts')).toBe('2');
            // In the client's dialect, whoever serves, and nothing of the one that failed.
            expect(text).toContain(`from ${next}`);
            expect(text).toMatch(
              path === '/v1/messages' ? /"type":\s?"message(_stop)?"/ : /chat\.completion/,
            );
            const once = path === '/v1/messages' ? /"type":\s?"message_start"/g : /\[DONE\]/g;
            if (stream) expect(text.match(once)).toHaveLength(1);
            expect(text).not.toContain('"error"');
            const { status, provider, attempts } = await lab.row();
            expect([status, provider]).toEqual(['success', next]);
            expect(attempts.map(({ provider: name, error }) => [name, error])).toEqual([
              ['one', code],
              [next, null],
            ] as never);
          });
        }
      }
    }
  }

  for (const kind of ['hang-before-headers', 'hang-before-first-byte'] as const) {
    for (const stream of BOTH) {
      test(`${kind}, ${stream ? 'streamed' : 'whole'}: the next target after the timeout, the silent one never again`, async () => {
        const silent = replyWith('', { fault: { kind } });
        const lab = setup({
          script: { one: [silent], two: ['works'] },
          providers: { one: { max_retries: 5 } },
        });
        const pending = lab.post('/v1/messages', { ...ASK, stream });
        await lab.timers.advance(990);
        expect(lab.asked).toEqual(['one']);
        const { response } = await lab.answered(pending, 20);
        expect([response.status, lab.asked]).toEqual([200, ['one', 'two']]);
        expect((await lab.row()).attempts[0]).toMatchObject({ error: 'upstream_timeout' });
      });
    }
  }

  test('a timeout with nowhere to go: 504, asked once', async () => {
    const silent = replyWith('', { fault: { kind: 'hang-before-headers' } });
    const lab = setup({ script: { one: [silent] }, providers: { one: { max_retries: 5 } } });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 1_010);
    expect([response.status, lab.asked]).toEqual([504, ['one']]);
  });
});

describe('keys', () => {
  test.each([401, 403])(
    'the client’s own key refused with %d: passed on, no other target is asked',
    async (status) => {
      const lab = setup({ script: { one: [failure(status)], two: ['works'] } });
      const headers = { 'x-api-key': 'key-of-the-client' };
      const { response } = await lab.answered(lab.post('/v1/messages', ASK, { headers }));
      expect([response.status, lab.asked]).toEqual([status, ['one']]);
      // It says nothing about the provider.
      const { providers } = await lab.health();
      expect(providers[0]).not.toHaveProperty('last_error');
    },
  );

  test.each([401, 403])(
    'the gateway’s own key refused with %d: the next target, not the same again',
    async (status) => {
      const lab = setup({
        script: { one: [failure(status)], two: ['works'] },
        providers: { one: { max_retries: 5 } },
      });
      expect((await lab.answered(lab.post('/v1/messages', ASK))).response.status).toBe(200);
      expect(lab.asked).toEqual(['one', 'two']);
    },
  );
});

test.each([
  ['at another server', 'http://elsewhere.test/three', 'key-of-three'],
  ['at the same server', 'http://upstream.test/three', 'key-of-the-client'],
])('after a failure the client’s own key for the first target: a target %s', async (_, base_url, key) => {
  const lab = setup({
    script: { one: [failure(500)], three: ['works'] },
    providers: { three: { base_url } },
  });
  const headers = { 'x-api-key': 'key-of-the-client' };
  const { response } = await lab.answered(lab.post('/v1/messages', ASK, { headers }));
  expect([response.status, lab.asked]).toEqual([200, ['one', 'three']]);
  expect(lab.upstream.requests.map((request) => request.headers.get('x-api-key'))).toEqual([
    'key-of-the-client',
    key,
  ]);
});

describe('a provider that needs no key of the configuration', () => {
  const signed = (authorize: () => Promise<Record<string, string>>, answer: Reply) => {
    const upstream = createReplayFetch((request) =>
      request.path.startsWith('/chain') ? jsonReply(wholeMessage('from the chain')) : answer,
    );
    return {
      upstream,
      ...createTestGateway({
        config: {
          providers: {
            bedrock: { base_url: 'http://upstream.test', options: { region: 'eu-west-1' }, max_retries: 2 },
            chain: { ...LAB_PROVIDERS.claude, base_url: 'http://upstream.test/chain' },
          },
          routing: { default_provider: 'bedrock', fallback_chain: ['chain'] },
        },
        fetch: upstream.fetch,
        host: { authorize },
      }),
    };
  };

  test('whose credentials the host cannot get: the next target', async () => {
    const { post, row, upstream } = signed(
      () => Promise.reject(new Error('the token has expired')),
      limited(),
    );
    const response = await post('/v1/messages', ASK);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('from the chain'),
    ]);
    expect(upstream.requests).toHaveLength(1);
    expect((await row(0)).attempts).toMatchObject([
      { provider: 'bedrock', status: null, error: 'upstream_unauthorized' },
      { provider: 'chain', status: 200 },
    ]);
  });

  test('whose credentials the network keeps away: that is told, and it is not set aside', async () => {
    let asked = 0;
    const { post, row } = signed(() => {
      asked++;
      return Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    }, limited());
    expect((await post('/v1/messages', ASK)).status).toBe(200);
    expect((await row(0)).attempts).toMatchObject([
      ...Array.from({ length: 3 }, () => ({ provider: 'bedrock', error: 'upstream_unreachable' })),
      { provider: 'chain', status: 200 },
    ]);
    expect((await row(0)).attempts[0]?.message).toBe(
      'bedrock was not asked: the server that issues its credentials cannot be reached: its host name cannot be resolved (ENOTFOUND); check the network',
    );
    await post('/v1/messages', ASK);
    expect(asked).toBeGreaterThan(3);
  });

  test('whose credentials do not come, while the client leaves: it is let go', async () => {
    const fetching = Promise.withResolvers<void>();
    const { post, row } = signed(() => {
      fetching.resolve();
      return new Promise(() => {});
    }, limited());
    const leaving = new AbortController();
    const answered = post('/v1/messages', ASK, { signal: leaving.signal }).catch(() => {});
    await fetching.promise;
    leaving.abort();
    await answered;
    expect((await row(0)).status).toBe('aborted');
  });

  test.each([401, 403])('that refuses what the host signed with %d: the next target', async (status) => {
    const { post, upstream } = signed(async () => ({ authorization: 'signed' }), failure(status));
    const response = await post('/v1/messages', ASK);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('from the chain'),
    ]);
    expect(upstream.requests).toHaveLength(2);
  });

  test.each([401, 403])('nor wants one, but answers %d: the next target', async (status) => {
    const lab = setup({
      script: { one: [failure(status)], two: ['works'] },
      providers: { one: { api_key: null, forward_client_key: false } },
    });
    expect((await lab.answered(lab.post('/v1/messages', ASK))).response.status).toBe(200);
    expect(lab.asked).toEqual(['one', 'two']);
  });
});

describe('when all fail', () => {
  for (const path of PATHS) {
    for (const stream of BOTH) {
      test(`${path}, ${stream ? 'streamed' : 'whole'}: the last error with its status, all attempts in the row`, async () => {
        const lab = setup({
          script: {
            one: [failure(500, 'first')],
            two: [failure(503, 'second')],
            three: [limited({ 'retry-after': '9' })],
          },
        });
        const { response, text } = await lab.answered(lab.post(path, { ...ASK, stream }));
        expect([response.status, response.headers.get('retry-after')]).toEqual([429, '9']);
        expect(response.headers.get('x-sluice-attempts')).toBe('3');
        expect(response.headers.get('x-sluice-provider')).toBe('three');
        expect(text).toContain('slow down');
        const { status, httpStatus, attempts } = await lab.row();
        expect([status, httpStatus]).toEqual(['error', 429]);
        expect(attempts.map(({ provider, status: code }) => [provider, code])).toEqual([
          ['one', 500],
          ['two', 503],
          ['three', 429],
        ]);
      });
    }
  }

  test('a target of the chain that cannot even be asked does not hide the failure of the one that was', async () => {
    const lab = setup({ script: { one: [failure(529)], two: ['works'] } });
    // Passes at its own dialect; cannot be translated.
    const odd = { ...ASK, messages: [{ role: 'narrator', content: 'hi' }] };
    const { response } = await lab.answered(lab.post('/v1/messages', odd));
    expect([response.status, lab.asked]).toEqual([529, ['one']]);
    expect((await lab.row()).attempts).toHaveLength(1);
  });

  test('a target of the chain that cannot even be asked does not hide that the provider before it has to be waited for', async () => {
    const lab = setup({ script: { one: [limited({ 'retry-after': '40' })], two: ['works'] } });
    const odd = { ...ASK, messages: [{ role: 'narrator', content: 'hi' }] };
    await lab.answered(lab.post('/v1/messages', odd));
    const { response } = await lab.answered(lab.post('/v1/messages', odd));
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '40']);
    expect(lab.asked).toEqual(['one']);
    await lab.timers.advance(1_000);
    expect(await lab.rowAt(1)).toMatchObject({
      errorCode: 'upstream_rate_limited',
      attempts: [{ provider: 'one', skipped: 'keys_set_aside' }],
    });
  });
});

describe('after the first content nothing is asked again', () => {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('begun');
  const ends: [string, Reply, string, string][] = [
    [
      'an error event',
      replyWith(begun + MESSAGE.error('overloaded_error', 'busy')),
      'error',
      'upstream_overloaded',
    ],
    ['a cut', replyWith(begun), 'truncated', 'upstream_truncated'],
    [
      'a reset',
      replyWith([utf8(begun), utf8('x')], { fault: { kind: 'reset', after: begun.length + 1 } }),
      'truncated',
      'upstream_truncated',
    ],
  ];
  for (const path of PATHS) {
    test.each(ends)(`${path}: %s`, async (_, reply, status, code) => {
      const lab = setup({ script: { one: [reply], two: ['works'] }, providers: { one: { max_retries: 3 } } });
      const { response, text } = await lab.answered(lab.post(path, { ...ASK, stream: true }), 0);
      expect([response.status, lab.asked]).toEqual([200, ['one']]);
      expect(text).toContain('begun');
      expect(text.match(/"error":/g)).toHaveLength(1);
      expect(text).not.toContain('from two');
      expect(await lab.row()).toMatchObject({
        status,
        errorCode: code,
        attempts: [{ provider: 'one', status: 200, error: code, usage: { inputTokens: 7 } }],
      });
    });
  }
});

describe('a client that leaves during the wait before a retry', () => {
  for (const path of PATHS) {
    for (const stream of BOTH) {
      test(`${path}, ${stream ? 'streamed' : 'whole'}: ends it at once, aborted`, async () => {
        const lab = setup({
          script: { one: [limited({ 'retry-after': '10' })], two: ['works'] },
          providers: { one: { max_retries: 3 } },
        });
        const controller = new AbortController();
        const pending = lab.post(path, { ...ASK, stream }, { signal: controller.signal });
        await lab.timers.advance(3_000);
        const waiting = lab.timers.pending();
        controller.abort();
        await lab.answered(pending);
        // The wait is off; the ledger has a row to write.
        expect(lab.timers.pending()).toBeLessThanOrEqual(waiting);
        await lab.timers.advance(1_000);
        expect(lab.timers.pending()).toBe(1);
        await lab.timers.advance(60_000);
        expect(lab.asked).toEqual(['one']);
        expect(await lab.row()).toMatchObject({
          status: 'aborted',
          httpStatus: 499,
          attempts: [{ status: 429 }],
        });
      });
    }

    for (const first of [
      limited({ 'retry-after': '10' }),
      replyWith(MESSAGE.error('overloaded_error', 'busy')),
    ]) {
      test(`${path}, after the head had gone out (${first.status}): aborted, not an error`, async () => {
        const lab = setup({
          script: { one: [first] },
          providers: { one: { max_retries: 10 } },
          config: { server: { ping_interval: '2s' } },
          random: 0.999,
        });
        const pending = lab.post(path, { ...ASK, stream: true });
        await lab.timers.advance(3_000);
        const response = await pending;
        expect(response.status).toBe(200);
        const asked = lab.asked.length;
        await response.body?.cancel();
        await lab.timers.advance(60_000);
        expect(lab.asked).toHaveLength(asked);
        expect(await lab.row()).toMatchObject({ status: 'aborted', httpStatus: 200 });
      });
    }
  }

  test('a client that had left before it was served asks nobody', async () => {
    const lab = setup({ script: { one: ['works'] } });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK, { signal: AbortSignal.abort() }));
    expect(response.status).toBe(499);
    expect(lab.asked).toEqual([]);
    expect(await lab.row()).toMatchObject({ status: 'aborted', attempts: [] });
  });
});

describe('a provider that cannot be asked such a thing', () => {
  const kept = { model: 'm', input: 'Go on.', previous_response_id: 'resp_1' };

  test('is not thought to be at work', async () => {
    const lab = setup({ script: { one: ['works'] }, providers: { one: { concurrency: { max: 1 } } } });
    for (let count = 0; count < 3; count++) {
      const { response } = await lab.answered(lab.post('/v1/responses', kept));
      expect(response.status).toBe(400);
      expect((await lab.health()).providers[0]).toMatchObject({ in_flight: 0, queued: 0 });
    }
    expect((await lab.answered(lab.post('/v1/messages', ASK))).response.status).toBe(200);
    expect(lab.asked).toEqual(['one']);
  });

  test('nor is any after it asked, where it is the first: the request is refused', async () => {
    const routing = { default_provider: 'two', fallback_chain: ['one'] };
    const lab = setup({ script: { one: ['works'], two: ['works'] }, config: { routing } });
    const odd = { ...ASK, messages: [{ role: 'user', content: [{ type: 'text' }] }] };
    const { response } = await lab.answered(lab.post('/v1/messages', odd));
    expect([response.status, lab.asked]).toEqual([400, []]);
  });

  test('nor one that stands between two that are asked', async () => {
    const lab = setup({ script: { one: [failure(500)], two: ['works'], three: ['works'] } });
    // Its own dialect takes it as it is; nobody could say it in another.
    const odd = { ...ASK, messages: [{ role: 'user', content: [{ type: 'text' }] }] };
    const { response, text } = await lab.answered(lab.post('/v1/messages', odd));
    expect([response.status, lab.asked]).toEqual([200, ['one', 'three']]);
    expect(text).toContain('from three');
    expect((await lab.health()).providers.filter(({ in_flight }) => in_flight > 0)).toEqual([]);
  });
});

test('of a reason without end the client of another dialect gets the beginning', async () => {
  const lab = setup({
    script: { two: [failure(400, 'x'.repeat(10_000))] },
    config: { routing: { default_provider: 'two' } },
  });
  const { text } = await lab.answered(lab.post('/v1/messages', ASK));
  const { message } = (JSON.parse(text) as { error: { message: string } }).error;
  expect([message.length, message.endsWith('x…')]).toEqual(['two: '.length + 4_001, true]);
});

test('a failure whose body was silent until a timeout is not retried there', async () => {
  const half = { ...failure(500), fault: { kind: 'hang' as const, after: 9 } };
  const lab = setup({
    script: { one: [half, 'works'], two: ['works'] },
    providers: { one: { max_retries: 3 } },
  });
  const { response } = await lab.answered(lab.post('/v1/messages', ASK), 1_000);
  expect([response.status, lab.asked]).toEqual([200, ['one', 'two']]);
});

test('a try that failed took as long as it did', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let next = 0;
  const slowly = (body: object, status: number) => ({
    ...jsonReply(body, { status }),
    before: () => gates[next++]?.promise,
  });
  const lab = setup({
    script: { one: [slowly({ error: { message: 'no' } }, 500)], two: [slowly(wholeChat('yes'), 200)] },
  });
  const pending = lab.post('/v1/chat/completions', ASK);
  await lab.timers.advance(700);
  gates[0]?.resolve();
  await lab.timers.advance(300);
  gates[1]?.resolve();
  expect((await lab.answered(pending)).response.status).toBe(200);
  expect((await lab.row()).attempts).toMatchObject([
    { provider: 'one', status: 500, durationMs: 700, startedMs: 0 },
    { provider: 'two', status: 200, durationMs: 300, startedMs: 700 },
  ]);
});

test('the try that serves a stream lasts until its end', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pieces = [MESSAGE.start + MESSAGE.block + MESSAGE.delta('yes'), MESSAGE.end].map(utf8);
  const lab = setup({ script: { one: [replyWith(pieces, { before: (index) => gates[index]?.promise })] } });
  const pending = lab.post('/v1/messages', { ...ASK, stream: true });
  await lab.timers.advance(200);
  gates[0]?.resolve();
  const response = await pending;
  await lab.timers.advance(500);
  gates[1]?.resolve();
  await response.text();
  expect(await lab.row()).toMatchObject({ latencyMs: 700, attempts: [{ durationMs: 700 }] });
});

test('the time of a whole answer is its provider’s until its last byte, and then nothing waits for it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const lab = setup({ script: { one: [jsonReply(wholeMessage('yes'), { before: () => promise })] } });
  const pending = lab.post('/v1/messages', ASK);
  await lab.timers.advance(300);
  resolve();
  await lab.answered(pending);
  await lab.timers.advance(500);
  // What is left is the ledger's hourly look at old rows.
  expect(lab.timers.pending()).toBeLessThanOrEqual(1);
  expect(await lab.row()).toMatchObject({ latencyMs: 300, timing: { providerMs: 300, gatewayMs: 0 } });
});

describe('health follows', () => {
  test('three failures in a row make a provider unhealthy, one success heals it', async () => {
    const lab = setup({
      script: { one: [failure(500), failure(500), failure(500), 'works'], two: ['works'] },
    });
    const healthy = async () => (await lab.health()).providers.find(({ name }) => name === 'one')?.healthy;
    for (const expected of [true, true, false, true]) {
      await lab.answered(lab.post('/v1/messages', ASK));
      expect(await healthy()).toBe(expected);
    }
  });

  test('in_flight counts a stream until it ends', async () => {
    const gate = Promise.withResolvers<void>();
    const pieces = [utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a')), utf8(MESSAGE.end)];
    const lab = setup({
      script: { one: [replyWith(pieces, { before: (index) => (index === 1 ? gate.promise : undefined) })] },
    });
    const pending = lab.post('/v1/messages', { ...ASK, stream: true });
    await lab.timers.advance(0);
    expect((await lab.health()).providers[0]?.in_flight).toBe(1);
    gate.resolve();
    await lab.answered(pending);
  });
});
