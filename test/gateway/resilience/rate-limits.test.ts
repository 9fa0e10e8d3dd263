// Limits on requests, tokens and streams (`rate_limits`): who is refused, for how long, and what is counted when.
import { afterEach, describe, expect, test } from 'bun:test';
import { createRequestLimits } from '../../../src/gateway/request-limits.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { createLocalCounters } from '../../../src/limits/counters.ts';
import { formatLimit } from '../../../src/limits/format-limit.ts';
import { LimitBook } from '../../../src/limits/limit-book.ts';
import { atOnce } from '../../support/at-once.ts';
import { ASK, createFallbackLab, expectSettled, failure, PATHS } from '../../support/fallback-lab.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { resolveInput } from '../../support/resolve-input.ts';

afterEach(expectSettled);

const HALF = MESSAGE.start + MESSAGE.block + MESSAGE.delta('half');

type Limits = NonNullable<ConfigInput['rate_limits']>;
type Lab = Parameters<typeof createFallbackLab>[0];

function setup(
  rate_limits: Limits,
  { script = { one: ['works'] }, config = {}, ...more }: Partial<Lab> = {},
) {
  const lab = createFallbackLab({ script, config: { rate_limits, ...config }, ...more });
  const ask = (body: object = {}, path = '/v1/messages', headers: Record<string, string> = {}) =>
    lab.answered(lab.post(path, { ...ASK, ...body }, { headers }));
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).response.status;
  const last = async () => {
    await lab.timers.advance(1_000);
    return lab.rows.at(-1);
  };
  /** How much of each is in use. */
  const limits = () =>
    atOnce(lab.gateway.rateLimits()).map(({ limit, used }) => `${formatLimit(limit)}: ${used}`);
  return { ...lab, ask, status, last, limits, end: () => lab.gateway.close() };
}

for (const path of PATHS)
  for (const stream of [true, false])
    test(`${path}, ${stream ? 'streamed' : 'whole'}: 429 with the time until the next may pass, and a row`, async () => {
      const { ask, status, timers, asked, rows, end } = setup([{ requests: 3, per: 'minute' }]);
      for (let n = 0; n < 3; n++) expect(await status({ stream }, path)).toBe(200);
      await timers.advance(500);
      const { response, text } = await ask({ stream }, path);
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after-ms')).toBe('19500');
      expect(response.headers.get('retry-after')).toBe('20');
      expect(response.headers.has('x-should-retry')).toBe(false);
      expect(response.headers.get('x-sluice-attempts')).toBe('0');
      expect(JSON.parse(text).error).toMatchObject({
        type: 'rate_limit_error',
        message: expect.stringContaining(
          'the limit of 3 requests a minute is reached: ask again in 20 s (rate_limits)',
        ),
      });
      expect(asked).toEqual(['one', 'one', 'one']);
      await timers.advance(1_000);
      expect(rows.filter(({ errorCode }) => errorCode === 'rate_limited')).toMatchObject([
        {
          status: 'error',
          httpStatus: 429,
          provider: null,
          attempts: [{ provider: 'one', skipped: 'rate_limited', error: 'rate_limited', status: null }],
        },
      ]);
      await end();
    });

test('where a limit leaves one target, that is the last resort: even by a key that was refused', async () => {
  const script = { one: [failure(401), 'works' as const], two: ['works' as const] };
  const { status, asked, end } = setup([{ requests: 1, per: 'hour', provider: 'two' }], { script });
  expect(await status({ model: 'two/m' })).toBe(200);
  expect(await status()).toBe(401);
  expect(await status()).toBe(200);
  expect(asked).toEqual(['two', 'one', 'one']);
  await end();
});

test('a secret in the name of who has a limit to itself is not shown', async () => {
  const { status, limits, end } = setup([{ requests: 9, per: 'hour', each: 'project' }]);
  expect(await status({ project_id: 'web key-of-one' })).toBe(200);
  expect(limits()).toEqual(['9 requests an hour, each project web [redacted]: 1']);
  await end();
});

test('what was used comes back while the machine sleeps, too', async () => {
  let asleepMs = 0;
  const clock = { now: () => 0 };
  const elapsed = () => clock.now() + asleepMs;
  const { status, timers, end } = setup([{ requests: 2, per: 'day' }], { host: { elapsed } });
  clock.now = timers.now;
  for (let n = 0; n < 2; n++) expect(await status()).toBe(200);
  expect(await status()).toBe(429);
  asleepMs = 12 * 3_600_000;
  expect(await status()).toBe(200);
  expect(await status()).toBe(429);
  await end();
});

test('may ask again exactly when the answer said, and not a millisecond sooner', async () => {
  const { ask, status, timers, end } = setup([{ requests: 7, per: 'minute' }]);
  for (let n = 0; n < 7; n++) expect(await status()).toBe(200);
  for (let n = 0; n < 20; n++) {
    const { response } = await ask();
    expect(response.status).toBe(429);
    const wait = Number(
      response.headers.get('retry-after-ms') ?? Number(response.headers.get('retry-after')) * 1_000,
    );
    await timers.advance(wait - 1);
    expect(await status()).toBe(429);
    await timers.advance(1);
    expect(await status()).toBe(200);
  }
  await end();
});

test('an SDK is told not to retry where the wait is longer than it would heed', async () => {
  const { ask, timers, end } = setup([{ requests: 1, per: 'hour' }]);
  await ask();
  const { response, text } = await ask();
  expect(response.headers.get('retry-after')).toBe('3600');
  expect(response.headers.get('x-should-retry')).toBe('false');
  expect(text).toContain('the limit of 1 request an hour is reached: ask again in 60 min');
  await timers.advance(3_560_000);
  const later = (await ask()).response;
  expect(later.headers.get('retry-after')).toBe('40');
  expect(later.headers.has('x-should-retry')).toBe(false);
  await end();
});

test('those refused count towards nothing, those that failed do', async () => {
  const { status, timers, asked, end } = setup([{ requests: 2, per: 'minute' }], {
    script: { one: [failure(500), 'works'] },
    config: { routing: { default_provider: 'one' } },
    providers: { one: { breaker: { enabled: false } } },
  });
  expect(await status()).toBe(502);
  expect(await status()).toBe(200);
  for (let n = 0; n < 50; n++) expect(await status()).toBe(429);
  await timers.advance(30_000);
  expect(await status()).toBe(200);
  expect(asked).toHaveLength(3);
  await end();
});

test('one that is sent to nobody counts towards nothing: the breaker is open', async () => {
  const { status, timers, asked, limits, end } = setup(
    [
      { requests: 3, per: 'hour', project: 'web' },
      { requests: 3, per: 'hour', provider: 'one' },
      { concurrent: 1, project: 'web' },
    ],
    {
      script: { one: [failure(500), 'works'] },
      providers: { one: { breaker: { failures: 1, open_for: '60s' } } },
    },
  );
  expect(await status({ project_id: 'web' })).toBe(502);
  const afterOne = limits();
  for (let n = 0; n < 9; n++) expect(await status({ project_id: 'web' })).toBe(503);
  expect(limits()).toEqual(afterOne);
  await timers.advance(60_000);
  expect(await status({ project_id: 'web' })).toBe(200);
  expect(asked).toHaveLength(2);
  await end();
});

test('where the next target is asked, it counts towards what that is limited by, and not the one before', async () => {
  const { status, asked, limits, end } = setup(
    [
      { requests: 9, per: 'day', project: 'web' },
      { requests: 9, per: 'day', provider: 'one' },
      { requests: 9, per: 'day', provider: 'two' },
    ],
    {
      script: { one: [failure(500)], two: ['works'] },
      providers: { one: { breaker: { failures: 1, open_for: '60s' } } },
    },
  );
  for (let n = 0; n < 3; n++) expect(await status({ project_id: 'web' })).toBe(200);
  expect(asked).toEqual(['one', 'two', 'two', 'two']);
  expect(limits().map((line) => line.split(': ').at(-1))).toEqual(['3', '1', '3']);
  await end();
});

test('a client that leaves while it waits for room was sent to nobody', async () => {
  const { post, timers, limits, end } = setup([{ requests: 9, per: 'day' }], {
    script: { one: [jsonReply({}, { fault: { kind: 'hang-before-headers' } }), 'works'] },
    providers: { one: { concurrency: { max: 1 }, timeouts: { first_byte: '60s' } } },
  });
  const first = new AbortController();
  const second = new AbortController();
  const one = post('/v1/messages', ASK, { signal: first.signal }).catch(() => {});
  await timers.advance(1);
  const two = post('/v1/messages', ASK, { signal: second.signal }).catch(() => {});
  await timers.advance(1);
  expect(limits()).toEqual([expect.stringMatching(/: 2$/)]);
  second.abort();
  await two;
  await timers.advance(1);
  expect(limits()).toEqual([expect.stringMatching(/: 1$/)]);
  first.abort();
  await one;
  await end();
});

test('one that leaves while its second try waits for room was sent once, and counts', async () => {
  const { post, timers, asked, limits, end } = setup([{ requests: 9, per: 'day' }], {
    script: { one: [failure(500), jsonReply({}, { fault: { kind: 'hang-before-headers' } }), 'works'] },
    providers: { one: { max_retries: 2, concurrency: { max: 1 }, timeouts: { first_byte: '60s' } } },
  });
  const first = new AbortController();
  const second = new AbortController();
  const one = post('/v1/messages', ASK, { signal: first.signal }).catch(() => {});
  await timers.advance(1);
  const two = post('/v1/messages', ASK, { signal: second.signal }).catch(() => {});
  await timers.advance(20_000);
  expect(asked).toEqual(['one', 'one']);
  first.abort();
  await one;
  await timers.advance(1);
  expect(limits()).toEqual(['9 requests a day: 2']);
  second.abort();
  await two;
  await end();
});

test('that is so too where room becomes free as it leaves, so that its second try is given up twice', () => {
  const { config } = resolveInput({
    providers: { one: { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'lab-key' } },
    rate_limits: [{ requests: 9, per: 'day' }],
  });
  const book = new LimitBook(createLocalCounters(() => 0));
  book.configure(config.rateLimits);
  const limits = createRequestLimits(book, { counted: null }, { agentType: null, projectId: null });
  const [provider] = config.providers;
  if (provider === undefined) throw new Error('the configuration has one');
  const target = { provider, model: 'm' };
  expect([limits.enter(target), limits.enter(target)]).toEqual([null, null]);
  limits.notSent(target);
  limits.notSent(target);
  expect(atOnce(book.states()).map(({ used }) => used)).toEqual([1]);
});

test('a request counts once, however often it is tried and at however many targets', async () => {
  const { post, answered, asked, limits, end } = setup([{ requests: 2, per: 'day', project: 'web' }], {
    script: { one: [failure(500), failure(500), failure(500)], two: ['works'] },
    providers: { one: { max_retries: 2, breaker: { enabled: false } } },
  });
  const { response } = await answered(post('/v1/messages', { ...ASK, project_id: 'web' }), 10_000);
  expect(response.headers.get('x-sluice-attempts')).toBe('4');
  expect(asked).toEqual(['one', 'one', 'one', 'two']);
  expect(limits()).toEqual(['2 requests a day, project web: 1']);
  await end();
});

describe('whose requests', () => {
  test('those of an agent and of a project, by field or header', async () => {
    const { status, end } = setup([
      { requests: 1, per: 'minute', agent: 'coder' },
      { requests: 1, per: 'minute', project: 'web*' },
    ]);
    expect(await status({ agent_type: 'coder' })).toBe(200);
    expect(await status({ agent_type: 'coder' })).toBe(429);
    expect(await status({}, '/v1/messages', { 'x-sluice-agent': 'coder' })).toBe(429);
    expect(await status({ agent_type: 'writer' })).toBe(200);
    expect(await status({ project_id: 'web-2' })).toBe(200);
    expect(await status({ project_id: 'web-3' })).toBe(429);
    expect(await status()).toBe(200);
    await end();
  });

  test('each project by itself, those without a name together', async () => {
    const { ask, status, limits, gateway, end } = setup([
      { requests: 1, per: 'minute', each: 'project' },
      { requests: 9, per: 'minute' },
    ]);
    expect(await status({ project_id: 'web' })).toBe(200);
    expect((await ask({ project_id: 'web' })).text).toContain('1 request a minute, project web, is reached');
    expect(await status({ project_id: 'data' })).toBe(200);
    expect(await status()).toBe(200);
    expect((await ask()).text).toContain('1 request a minute, project without a name, is reached');
    expect(limits()).toEqual([
      '1 request a minute, each project web: 1',
      '1 request a minute, each project data: 1',
      '1 request a minute, each project : 1',
      '9 requests a minute: 3',
    ]);
    const page = await (await gateway.fetch(new Request('http://127.0.0.1:8088/metrics'))).text();
    const labels = 'kind="requests",per="minute",each="project",agent="",project="web",provider="",model=""';
    expect(page).toContain(`sluice_rate_limit_max{${labels}} 1\n`);
    expect(page).toContain(`sluice_rate_limit_used{${labels}} 1\n`);
    await end();
  });

  test('a project with a key of its own cannot go by the name of another', async () => {
    const { status, reload, end } = setup([{ requests: 1, per: 'minute', each: 'project' }], {
      config: { server: { keys: ['operator'], project_keys: { web: ['key-of-web'] } } },
    });
    const as = (project_id: string) =>
      status({ project_id }, '/v1/messages', {
        'x-sluice-key': 'key-of-web',
        'x-sluice-project': project_id,
      });
    expect(await as('one')).toBe(200);
    expect(await as('two')).toBe(429);
    expect(await status({ project_id: 'two' }, '/v1/messages', { 'x-sluice-key': 'operator' })).toBe(200);
    // The lab looks at the gateway's pages afterwards, without a key.
    reload({ server: {} });
    await end();
  });

  test('those sent to a provider: the next target is asked instead', async () => {
    const { ask, asked, last, end } = setup([{ requests: 1, per: 'minute', provider: 'one' }], {
      script: { one: ['works'], two: ['works'] },
    });
    await ask();
    const { response } = await ask();
    expect(response.headers.get('x-sluice-provider')).toBe('two');
    expect(asked).toEqual(['one', 'two']);
    expect((await last())?.attempts).toMatchObject([
      { provider: 'one', skipped: 'rate_limited' },
      { provider: 'two', error: null },
    ]);
    await end();
  });

  test('where all targets are held back by the same one, it is told once', async () => {
    const { ask, end } = setup([{ requests: 1, per: 'minute' }], {
      script: { one: ['works'], two: ['works'] },
    });
    await ask();
    const { response, text } = await ask();
    expect(response.status).toBe(429);
    expect(text.split('is reached')).toHaveLength(2);
    await end();
  });

  test('of several that are reached, the one told is the one that lasts longest', async () => {
    const { ask, end } = setup([
      { requests: 1, per: 'second' },
      { requests: 1, per: 'hour' },
      { requests: 1, per: 'minute' },
    ]);
    await ask();
    expect((await ask()).text).toContain('1 request an hour');
    await end();
  });

  test('a name that rows do not show is told by what they show in its place', async () => {
    const { ask, end } = setup([{ requests: 1, per: 'minute', each: 'project' }]);
    const project_id = `sk-ant-api03-${'a1B2'.repeat(8)}`;
    await ask({ project_id });
    const { response, text } = await ask({ project_id });
    expect(response.status).toBe(429);
    expect(text).toContain('project [redacted], is reached');
    await end();
  });
});

describe('tokens', () => {
  /** 7 in and 3 out. */
  test('count when the answer is there; a request passes as long as one is left', async () => {
    const { ask, status, timers, limits, end } = setup([{ tokens: 15, per: 'minute' }]);
    expect(await status()).toBe(200);
    expect(limits()).toEqual(['15 tokens a minute: 10']);
    expect(await status({ stream: true })).toBe(200);
    expect(limits()).toEqual(['15 tokens a minute: 20']);
    const { response, text } = await ask();
    expect(response.status).toBe(429);
    // 20 are in use, one more than 14 too many by 6: four seconds for each.
    expect(response.headers.get('retry-after')).toBe('24');
    expect(text).toContain('the limit of 15 tokens a minute is reached');
    await timers.advance(23_999);
    expect(await status()).toBe(429);
    await timers.advance(1);
    expect(await status()).toBe(200);
    await end();
  });

  test('what was read from a cache is not counted, what was written to one is', async () => {
    const usage = {
      input_tokens: 1,
      output_tokens: 2,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 400,
    };
    const answer = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], usage };
    const { ask, limits, end } = setup([{ tokens: 1_000, per: 'day' }], {
      script: { one: [jsonReply({ ...answer, stop_reason: 'end_turn' })] },
    });
    await ask();
    expect(limits()).toEqual(['1000 tokens a day: 33']);
    await end();
  });

  test('an answer without counts uses none', async () => {
    const answer = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [] };
    const { status, limits, end } = setup([{ tokens: 1, per: 'day' }], {
      script: { one: [jsonReply({ ...answer, stop_reason: 'end_turn' })] },
    });
    expect(await status()).toBe(200);
    expect(await status()).toBe(200);
    expect(limits()).toEqual(['1 token a day: 0']);
    await end();
  });

  test('those of a stream that broke count once, for the target that reported them', async () => {
    const broken = replyWith(HALF);
    const { ask, rows, timers, limits, end } = setup(
      [
        { tokens: 1_000, per: 'day', provider: 'one' },
        { tokens: 1_000, per: 'day', provider: 'two' },
      ],
      { script: { one: [broken], two: ['works'] } },
    );
    await ask({ stream: true });
    await timers.advance(1_000);
    const [row] = rows;
    expect(row?.status).toBe('truncated');
    const counted = (row?.usage.inputTokens ?? 0) + (row?.usage.outputTokens ?? 0);
    expect(counted).toBeGreaterThan(0);
    expect(limits()).toEqual([
      `1000 tokens a day, provider one: ${counted}`,
      '1000 tokens a day, provider two: 0',
    ]);
    await end();
  });
});

test.each([
  ['and another target answered', { one: [replyWith(MESSAGE.start)], two: ['works' as const] }, [8, 10]],
  ['and nobody answered', { one: [replyWith(MESSAGE.start)] }, [8, 0]],
])('tokens that a try reported before it failed count once: %s', async (_, script, used) => {
  const { ask, timers, limits, end } = setup(
    ['one', 'two'].map((provider) => ({ tokens: 1_000, per: 'day', provider })),
    { script },
  );
  await ask({ stream: true });
  await timers.advance(1_000);
  expect(limits()).toEqual([
    `1000 tokens a day, provider one: ${used[0]}`,
    `1000 tokens a day, provider two: ${used[1]}`,
  ]);
  await end();
});

describe('requests at the same time', () => {
  test('one more is refused until another has ended', async () => {
    const { post, status, ask, limits, end } = setup([{ concurrent: 2, each: 'agent' }], {
      script: { one: ['works'] },
    });
    const body = { ...ASK, stream: true, agent_type: 'coder' };
    const first = await post('/v1/messages', body);
    const second = await post('/v1/messages', body);
    const { response, text } = await ask({ agent_type: 'coder' });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.has('x-should-retry')).toBe(false);
    expect(text).toContain(
      'the limit of 2 requests at once, agent coder, is reached: ask again when one of them has ended',
    );
    expect(limits()).toEqual(['2 requests at once, each agent coder: 2']);
    expect(await status({ agent_type: 'writer' })).toBe(200);
    await first.text();
    expect(await status({ agent_type: 'coder' })).toBe(200);
    await second.text();
    expect(limits()).toEqual([]);
    await end();
  });

  test('a client that leaves gives its place back', async () => {
    const { post, status, limits, timers, end } = setup([{ concurrent: 1 }], {
      script: { one: [replyWith(HALF, { fault: { kind: 'hang', after: HALF.length } })] },
    });
    const response = await post('/v1/messages', { ...ASK, stream: true });
    expect(await status()).toBe(429);
    await response.body?.cancel();
    await timers.advance(0);
    expect(limits()).toEqual(['1 request at once: 0']);
    await end();
  });
});

test('counting tokens is not limited, and is no request', async () => {
  const counted = jsonReply({ input_tokens: 7 });
  const { ask, status, end } = setup([{ requests: 1, per: 'minute' }, { concurrent: 1 }], {
    script: { one: [counted, counted, 'works', counted] },
  });
  for (let n = 0; n < 2; n++) expect((await ask({}, '/v1/messages/count_tokens')).response.status).toBe(200);
  expect(await status()).toBe(200);
  expect(await status()).toBe(429);
  expect((await ask({}, '/v1/messages/count_tokens')).response.status).toBe(200);
  await end();
});

test('the library is bound by them as well', async () => {
  const { gateway, end } = setup([{ requests: 1, per: 'minute' }]);
  const stream = () =>
    gateway.stream({ model: 'm', messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] });
  for await (const _ of stream());
  expect(stream()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'rate_limited' });
  await end();
});

test('a reload keeps what unchanged limits have counted, and what runs', async () => {
  const { post, status, reload, limits, end } = setup([{ requests: 2, per: 'minute' }, { concurrent: 1 }]);
  const running = await post('/v1/messages', { ...ASK, stream: true });
  expect(await status()).toBe(429);
  reload({ rate_limits: [{ concurrent: 2 }, { requests: 2, per: 'minute' }] });
  expect(limits()).toEqual(['2 requests at once: 1', '2 requests a minute: 1']);
  expect(await status()).toBe(200);
  expect(await status()).toBe(429);
  reload({ rate_limits: [] });
  expect(limits()).toEqual([]);
  expect(await status()).toBe(200);
  reload({ rate_limits: [{ concurrent: 1 }] });
  expect(await status()).toBe(429);
  await running.text();
  expect(await status()).toBe(200);
  await end();
});

test('nobody is asked beside a slow target, where the limit leaves no other', async () => {
  const { post, timers, asked, end } = setup([{ requests: 1, per: 'day', provider: 'two' }], {
    script: { one: ['works'], two: ['works'] },
    config: {
      routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '100ms' },
    },
  });
  await (await post('/v1/messages', ASK, { headers: { 'x-sluice-target': 'two' } })).text();
  const response = await post('/v1/messages', { ...ASK, stream: true });
  await response.text();
  await timers.advance(500);
  expect(asked).toEqual(['two', 'one']);
  await end();
});

test('one that waited for room while another answered beside it counts towards what that is limited by alone', async () => {
  const { post, answered, timers, asked, limits, end } = setup(
    [
      { requests: 9, per: 'day' },
      { requests: 9, per: 'day', provider: 'one' },
      { requests: 9, per: 'day', provider: 'two' },
    ],
    {
      script: { one: [jsonReply({}, { fault: { kind: 'hang-before-headers' } })], two: ['works'] },
      providers: { one: { concurrency: { max: 1 }, timeouts: { first_byte: '60s' } } },
      config: {
        routing: { default_provider: 'one', fallback_chain: ['two'], hedge_after: '100ms' },
      },
    },
  );
  const first = new AbortController();
  const headers = { 'x-sluice-target': 'one' };
  const busy = post('/v1/messages', ASK, { headers, signal: first.signal }).catch(() => {});
  await timers.advance(1);
  expect((await answered(post('/v1/messages', ASK), 100)).text).toContain('from two');
  expect(asked).toEqual(['one', 'two']);
  expect(limits().map((line) => line.split(': ').at(-1))).toEqual(['2', '1', '1']);
  first.abort();
  await busy;
  await end();
});
