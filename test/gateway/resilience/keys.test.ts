// Several keys of one provider, through the gateway: counted is which key each call brings.
import { afterEach, describe, expect, test } from 'bun:test';
import {
  ASK,
  BOTH,
  createFallbackLab as setup,
  expectSettled,
  failure,
  limited,
} from '../../support/fallback-lab.ts';
import { jsonReply } from '../../support/reply.ts';

afterEach(expectSettled);

const KEYS = ['sk-lab-first-key', 'sk-lab-second-key', 'sk-lab-third-key'];
const keyed = (count: number, more: object = {}) => ({
  one: { api_key: undefined, api_keys: KEYS.slice(0, count), ...more },
});
type Lab = ReturnType<typeof setup>;

/** The positions of the keys that the calls brought. */
const used = (lab: Lab) =>
  lab.upstream.requests
    .filter(({ path }) => path.startsWith('/one/'))
    .map(({ headers }) => KEYS.indexOf(headers.get('x-api-key') ?? '') + 1);

const say = (content: string) => ({ ...ASK, messages: [{ role: 'user', content }] });
const ask = (lab: Lab, body: object = ASK) => lab.answered(lab.post('/v1/messages', body));

const states = async (lab: Lab) => (await lab.health()).providers[0]?.keys.map(({ state }) => state);

for (const stream of BOTH) {
  for (const [name, reply] of [
    ['429 with a hint', limited({ 'retry-after': '30' })],
    ['429 without one', limited()],
    ['401', failure(401)],
    ['402', failure(402)],
    ['403', failure(403)],
  ] as const) {
    test(`${stream ? 'streamed' : 'whole'}: ${name}: the next key, at once, before the next provider`, async () => {
      const lab = setup({ script: { one: [reply, 'works'], two: ['works'] }, providers: keyed(2) });
      const { response } = await ask(lab, { ...ASK, stream });
      expect([response.status, lab.asked]).toEqual([200, ['one', 'one']]);
      const [first, second] = used(lab);
      expect(first).not.toBe(second);
      const { attempts } = await lab.row();
      expect(attempts.map(({ key }) => key)).toEqual([`#${first}`, `#${second}`]);
      expect(response.headers.get('x-sluice-attempts')).toBe('2');
    });
  }
}

test('what is no fault of a key is not tried with the next one', async () => {
  const lab = setup({ script: { one: [failure(500)], two: ['works'] }, providers: keyed(2) });
  expect((await ask(lab)).response.status).toBe(200);
  expect(lab.asked).toEqual(['one', 'two']);
});

test('each key once, then the next provider', async () => {
  const lab = setup({ script: { one: [failure(401)], two: ['works'] }, providers: keyed(3) });
  expect((await ask(lab)).response.status).toBe(200);
  expect([lab.asked, used(lab).sort()]).toEqual([
    ['one', 'one', 'one', 'two'],
    [1, 2, 3],
  ]);
});

describe('a key that was refused', () => {
  test('is left alone for five minutes, while the other serves', async () => {
    const lab = setup({ script: { one: [failure(401), 'works'] }, providers: keyed(2) });
    await ask(lab);
    const [bad, good] = used(lab);
    for (let n = 0; n < 4; n++) await ask(lab, say(`question ${n}`));
    expect(used(lab)).toEqual([bad, good, good, good, good, good] as number[]);
    expect((await states(lab))?.sort()).toEqual(['ready', 'refused']);
    await lab.timers.advance(5 * 60_000);
    expect(await states(lab)).toEqual(['ready', 'ready']);
  });

  test('says nothing about the provider, whose breaker stays closed', async () => {
    const lab = setup({
      script: { one: [failure(401), 'works'] },
      providers: keyed(2, { breaker: { failures: 1 } }),
    });
    await ask(lab);
    expect((await lab.health()).providers[0]).toMatchObject({ healthy: true, breaker: 'closed' });
  });

  test('is asked all the same when no other is left: a key fixed at the vendor works at once', async () => {
    const lab = setup({ script: { one: [failure(401), failure(401), 'works'] }, providers: keyed(1) });
    expect((await ask(lab)).response.status).toBe(401);
    expect((await ask(lab)).response.status).toBe(401);
    expect((await ask(lab)).response.status).toBe(200);
    expect(await states(lab)).toEqual(['ready']);
  });

  test('with 403 is set aside for the model that was asked for alone', async () => {
    const lab = setup({ script: { one: [failure(403), 'works'], two: ['works'] }, providers: keyed(1) });
    await ask(lab, { ...ASK, model: 'forbidden' });
    expect((await ask(lab, { ...ASK, model: 'forbidden' })).response.headers.get('x-sluice-provider')).toBe(
      'two',
    );
    expect((await ask(lab, { ...ASK, model: 'allowed' })).response.headers.get('x-sluice-provider')).toBe(
      'one',
    );
    expect((await lab.health()).providers[0]?.keys).toMatchObject([
      { state: 'refused', models: ['forbidden'] },
    ]);
  });
});

describe('a key that was limited', () => {
  test('is left alone for as long as the provider asks, for that model', async () => {
    const lab = setup({ script: { one: [limited({ 'retry-after': '20' }), 'works'] }, providers: keyed(2) });
    await ask(lab);
    const [bad, good] = used(lab);
    await ask(lab);
    await ask(lab, say('something else'));
    expect(used(lab)).toEqual([bad, good, good, good] as number[]);
    expect((await states(lab))?.sort()).toEqual(['rate_limited', 'ready']);
    await lab.timers.advance(20_000);
    expect(await states(lab)).toEqual(['ready', 'ready']);
  });

  test('all of them: the next provider is asked at once, without a call to the first', async () => {
    const lab = setup({
      script: { one: [limited({ 'retry-after': '20' })], two: ['works'] },
      providers: keyed(2, { max_retries: 1 }),
    });
    await ask(lab);
    // Short enough to be waited for, where nobody else were left.
    await lab.timers.advance(10_000);
    await ask(lab);
    expect(lab.asked).toEqual(['one', 'one', 'two', 'two']);
  });

  test('the last of them: the next provider is asked, and no key that rests is looked for', async () => {
    const limit = limited({ 'retry-after': '20' });
    const lab = setup({ script: { one: [limit, 'works', limit], two: ['works'] }, providers: keyed(2) });
    await ask(lab);
    await ask(lab);
    expect(lab.asked).toEqual(['one', 'one', 'one', 'two']);
    await lab.timers.advance(1_000);
    const { attempts } = await lab.rowAt(1);
    expect(attempts.map(({ error }) => error)).toEqual(['upstream_rate_limited', null]);
  });

  test('all of them, and nobody else: a later request waits for them too', async () => {
    const limit = limited({ 'retry-after': '20' });
    const lab = setup({ script: { one: [limit, limit, 'works'] }, providers: keyed(2, { max_retries: 1 }) });
    expect((await ask(lab)).response.status).toBe(429);
    await lab.timers.advance(10_000);
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 10_000);
    expect([response.status, lab.asked.length]).toEqual([200, 3]);
  });

  test('all of them, and nobody else: waited for within the budget, else an error with the shortest time', async () => {
    const script = {
      one: [limited({ 'retry-after': '9' }), limited({ 'retry-after': '5' }), 'works' as const],
    };
    const lab = setup({ script, providers: keyed(2, { max_retries: 1 }) });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 5_000);
    expect([response.status, lab.asked.length]).toEqual([200, 3]);
    expect(used(lab)[2]).toBe(used(lab)[1] as number);
    await expectSettled();
    const hasty = setup({ script, providers: keyed(2, { max_retries: 0 }) });
    await ask(hasty);
    const { response: refused, text } = await ask(hasty);
    expect([refused.status, refused.headers.get('retry-after'), hasty.asked.length]).toEqual([429, '5', 2]);
    expect(text).toContain('each of its 2 keys was asked to wait');
  });

  test('without a hint: a second, twice as long each time, and no longer than a minute', async () => {
    const waits = [1, 2, 4, 8, 16, 32, 60, 60];
    const script = { one: waits.flatMap(() => [limited(), 'works' as const]) };
    const lab = setup({ script, providers: keyed(2) });
    for (const seconds of waits) {
      await ask(lab);
      await lab.timers.advance(seconds * 1_000 - 2);
      expect((await states(lab))?.sort(), `${seconds} s`).toEqual(['rate_limited', 'ready']);
      await lab.timers.advance(2);
      expect(await states(lab), `${seconds} s`).toEqual(['ready', 'ready']);
    }
  });

  test('with a hint of no time at all: each other key once, not over and over', async () => {
    const script = { one: [limited({ 'retry-after': '0' })], two: ['works' as const] };
    const lab = setup({ script, providers: keyed(3, { max_retries: 0 }) });
    expect((await ask(lab)).response.status).toBe(200);
    expect(lab.asked).toEqual(['one', 'one', 'one', 'two']);
  });
});

describe('used up for good', () => {
  const empty = jsonReply(
    {
      error: {
        message: 'You exceeded your current quota',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      },
    },
    { status: 429 },
  );
  test('an empty account is not asked again: the next target at once, and later requests go there', async () => {
    const lab = setup({
      script: { two: [empty], three: ['works'] },
      providers: { two: { max_retries: 5 } },
      config: { routing: { default_provider: 'two', fallback_chain: ['three'] } },
    });
    await ask(lab);
    await ask(lab);
    expect(lab.asked).toEqual(['two', 'three', 'three']);
    expect((await lab.health()).providers[0]?.keys).toMatchObject([{ state: 'exhausted' }]);
  });

  test('an empty account is asked again, once the provider says when it will have some', async () => {
    const soon = { ...empty, headers: { ...empty.headers, 'retry-after': '1' } };
    const lab = setup({
      script: { two: [soon, 'works'] },
      providers: { two: { max_retries: 1 } },
      config: { routing: { default_provider: 'two' } },
    });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 1_000);
    expect([response.status, lab.asked]).toEqual([200, ['two', 'two']]);
  });

  test('Google’s quota of a day is that of one model, whatever shorter hint comes with it', async () => {
    const type = (name: string) => `type.googleapis.com/google.rpc.${name}`;
    const details = [
      {
        '@type': type('QuotaFailure'),
        violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }],
      },
      { '@type': type('RetryInfo'), retryDelay: '2s' },
    ];
    const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Please retry in 2s.', details };
    const lab = setup({
      script: { one: [jsonReply({ error }, { status: 429 })], two: ['works'] },
      providers: { one: { dialect: 'gemini', max_retries: 5 } },
    });
    await ask(lab);
    await ask(lab);
    await ask(lab, { ...ASK, model: 'other' });
    expect(lab.asked).toEqual(['one', 'two', 'two', 'one', 'two']);
    expect((await lab.health()).providers[0]?.keys).toMatchObject([
      { state: 'exhausted', models: ['m', 'other'] },
    ]);
  });
});

describe('a conversation keeps its key', () => {
  const turns = (content: string) => [
    say(content),
    {
      ...ASK,
      messages: [
        ...say(content).messages,
        { role: 'assistant', content: 'yes' },
        { role: 'user', content: 'and?' },
      ],
    },
  ];

  test('in every turn, while conversations spread over the keys', async () => {
    const lab = setup({ script: { one: ['works'] }, providers: keyed(3) });
    for (let n = 0; n < 30; n++) for (const turn of turns(`conversation ${n}`)) await ask(lab, turn);
    const keys = used(lab);
    for (let n = 0; n < 30; n++) expect(keys[2 * n]).toBe(keys[2 * n + 1] as number);
    for (const key of [1, 2, 3]) expect(keys.filter((each) => each === key).length).toBeGreaterThan(6);
  });

  test('where a key goes, only its own conversations move', async () => {
    const before = setup({ script: { one: ['works'] }, providers: keyed(3) });
    for (let n = 0; n < 30; n++) await ask(before, say(`conversation ${n}`));
    await expectSettled();
    const after = setup({ script: { one: ['works'] }, providers: keyed(2) });
    for (let n = 0; n < 30; n++) await ask(after, say(`conversation ${n}`));
    for (const [index, key] of used(before).entries()) if (key !== 3) expect(used(after)[index]).toBe(key);
  });
});

test('no key is shown anywhere, only its position', async () => {
  const lab = setup({
    script: { one: [failure(401, `bad key ${KEYS[0]} ${KEYS[1]}`)] },
    providers: keyed(2),
  });
  const { text } = await ask(lab);
  const everything = [text, JSON.stringify(await lab.row()), JSON.stringify(await lab.health())].join();
  for (const key of KEYS) expect(everything).not.toContain(key);
  expect(everything).toContain('"#2"');
});

test('a client’s own key goes in place of them, and does nothing to them', async () => {
  const lab = setup({
    script: { one: [failure(401), limited({ 'retry-after': '60' }), 'works'] },
    providers: keyed(2),
  });
  const headers = { 'x-api-key': 'key-of-the-client' };
  const statuses = [];
  for (let n = 0; n < 3; n++)
    statuses.push((await lab.answered(lab.post('/v1/messages', ASK, { headers }))).response.status);
  expect(statuses).toEqual([401, 429, 200]);
  expect(lab.upstream.requests.map((request) => request.headers.get('x-api-key'))).toEqual(
    Array(3).fill('key-of-the-client'),
  );
  expect(await states(lab)).toEqual(['ready', 'ready']);
});
