// The circuit breaker through the gateway: counted are the calls that reach the provider.
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
import { type Reply, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

const GUARDED = { one: { breaker: { failures: 3, open_for: '30s' } } };
type Lab = ReturnType<typeof setup>;

const breakerOf = async (lab: Lab, name = 'one') =>
  (await lab.health()).providers.find((provider) => provider.name === name)?.breaker;

async function ask(lab: Lab, body: object = ASK, path = '/v1/messages') {
  return lab.answered(lab.post(path, body), 1_010);
}

describe('opens', () => {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('begun');
  const html = replyWith('<html>', { headers: { 'content-type': 'text/html' } });
  const causes: [string, Reply | 'refused', readonly boolean[]][] = [
    ['500', failure(500), BOTH],
    ['529', failure(529), BOTH],
    ['a refused connection', 'refused', BOTH],
    ['silence', replyWith('', { fault: { kind: 'hang-before-headers' } }), BOTH],
    ['an HTML page', html, BOTH],
    ['an error inside 200', failure(200), BOTH],
    ['an end in mid-stream', replyWith(begun), [true]],
    ['an error in mid-stream', replyWith(begun + MESSAGE.error('overloaded_error', 'busy')), [true]],
  ];
  for (const path of PATHS) {
    for (const [name, reply, streams] of causes) {
      for (const stream of streams) {
        test(`${path}, ${stream ? 'streamed' : 'whole'}: ${name}, three times: the fourth request asks nobody`, async () => {
          const lab = setup({ script: { one: [reply] }, providers: GUARDED });
          for (let n = 0; n < 3; n++) {
            expect(await breakerOf(lab)).toBe('closed');
            await ask(lab, { ...ASK, stream }, path);
          }
          expect([await breakerOf(lab), lab.asked.length]).toEqual(['open', 3]);
          const { response, text } = await lab.answered(lab.post(path, { ...ASK, stream }));
          expect([response.status, lab.asked.length]).toEqual([503, 3]);
          expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(20);
          expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(30);
          expect(response.headers.get('x-sluice-attempts')).toBe('0');
          expect(text).toContain('circuit breaker is open');
        });
      }
    }
  }

  test('and says so in the row, under its name, without a call', async () => {
    const lab = setup({ script: { one: [failure(500)] }, providers: GUARDED });
    for (let n = 0; n < 3; n++) await ask(lab);
    const { response } = await ask(lab);
    expect(response.headers.get('x-sluice-provider')).toBeNull();
    await lab.row();
    const row = await lab.rowAt(3);
    expect(row).toMatchObject({ status: 'error', httpStatus: 503, errorCode: 'upstream_overloaded' });
    expect([row.provider, row.model]).toEqual(['one', (await lab.rowAt(0)).model]);
    expect(row.attempts).toMatchObject([{ provider: 'one', status: null, skipped: 'breaker_open' }]);
  });

  test('and the next target is asked at once', async () => {
    const lab = setup({ script: { one: [failure(500)], two: ['works'] }, providers: GUARDED });
    for (let n = 0; n < 5; n++) expect((await ask(lab)).response.status).toBe(200);
    expect(lab.asked.filter((name) => name === 'one')).toHaveLength(3);
    await lab.row();
    expect((await lab.rowAt(4)).attempts).toMatchObject([
      { provider: 'one', skipped: 'breaker_open' },
      { provider: 'two', status: 200, error: null },
    ]);
  });

  test('within one request too: the rest of its retries is not asked', async () => {
    const lab = setup({
      script: { one: [failure(500)] },
      providers: { one: { max_retries: 10, breaker: { failures: 3 } } },
    });
    const { response } = await lab.answered(lab.post('/v1/messages', ASK), 20_000);
    expect([response.status, lab.asked.length]).toEqual([502, 3]);
  });

  test.each([
    ['', {}],
    [', hedged', { hedge_after: '200ms' }],
  ])(
    'on all targets%s: the error names each, with the shortest wait, and nobody is asked',
    async (_, routing) => {
      const lab = setup({
        config: { routing: { default_provider: 'one', fallback_chain: ['two'], ...routing } },
        script: { one: [failure(500)], two: [failure(500)] },
        providers: { one: { breaker: { failures: 1 } }, two: { breaker: { failures: 1, open_for: '10s' } } },
      });
      await ask(lab);
      const { response, text } = await lab.answered(lab.post('/v1/messages', ASK));
      expect([response.status, lab.asked.length]).toEqual([503, 2]);
      expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(10);
      expect(text).toMatch(/one was not asked.*two was not asked/);
      await lab.row();
      expect((await lab.rowAt(1)).provider).toBe('two');
    },
  );
});

describe('stays closed', () => {
  test.each([400, 404, 413, 422])('whatever clients do wrong: %d', async (status) => {
    const lab = setup({ script: { one: [failure(status)] }, providers: GUARDED });
    for (let n = 0; n < 9; n++) await ask(lab);
    expect([await breakerOf(lab), lab.asked.length]).toEqual(['closed', 9]);
  });

  test.each([401, 402, 403, 429])('when it is the key: %d', async (status) => {
    const lab = setup({ script: { one: [failure(status)] }, providers: GUARDED });
    for (let n = 0; n < 9; n++) await ask(lab);
    expect([await breakerOf(lab), lab.asked.length]).toEqual(['closed', 9]);
  });

  test('when answers come in between', async () => {
    const script = [failure(500), failure(500), 'works' as const];
    const lab = setup({ script: { one: [...script, ...script, ...script] }, providers: GUARDED });
    for (let n = 0; n < 9; n++) await ask(lab);
    expect([await breakerOf(lab), lab.asked.length]).toEqual(['closed', 9]);
  });

  test('when clients leave', async () => {
    const silent = replyWith('', { fault: { kind: 'hang-before-headers' } });
    const lab = setup({ script: { one: [silent] }, providers: GUARDED });
    for (let n = 0; n < 9; n++) {
      const leaving = new AbortController();
      const pending = lab.post('/v1/messages', ASK, { signal: leaving.signal });
      await lab.timers.advance(100);
      leaving.abort();
      await lab.answered(pending);
    }
    expect([await breakerOf(lab), lab.asked.length]).toEqual(['closed', 9]);
  });

  test('when it is switched off', async () => {
    const lab = setup({
      script: { one: [failure(500)] },
      providers: { one: { breaker: { enabled: false } } },
    });
    for (let n = 0; n < 9; n++) await ask(lab);
    expect(lab.asked).toHaveLength(9);
  });
});

describe('half-open', () => {
  async function opened(after: (Reply | 'works')[]) {
    const lab = setup({
      script: { one: [failure(500), failure(500), failure(500), ...after] },
      providers: GUARDED,
    });
    for (let n = 0; n < 3; n++) await ask(lab);
    await lab.timers.advance(30_000);
    expect(await breakerOf(lab)).toBe('half-open');
    return lab;
  }

  test('lets exactly one of many through; its success closes it', async () => {
    const gate = Promise.withResolvers<void>();
    const works = MESSAGE.start + MESSAGE.block + MESSAGE.delta('back') + MESSAGE.end;
    const lab = await opened([replyWith(works, { before: () => gate.promise }), 'works']);
    const many = Array.from({ length: 20 }, () => lab.post('/v1/messages', { ...ASK, stream: true }));
    await lab.timers.advance(10);
    expect(lab.asked).toHaveLength(4);
    gate.resolve();
    const statuses = (await Promise.all(many)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 503)).toHaveLength(19);
    for (const response of await Promise.all(many)) await response.text();
    expect(await breakerOf(lab)).toBe('closed');
    expect((await ask(lab)).response.status).toBe(200);
  });

  test('its failure opens it for as long again', async () => {
    const lab = await opened([failure(500)]);
    await ask(lab);
    expect([await breakerOf(lab), lab.asked.length]).toEqual(['open', 4]);
    await lab.timers.advance(28_000);
    expect((await lab.answered(lab.post('/v1/messages', ASK))).response.status).toBe(503);
    expect(lab.asked).toHaveLength(4);
  });

  test('a probe whose client leaves gives its place to the next', async () => {
    const silent = replyWith('', { fault: { kind: 'hang-before-headers' } });
    const lab = await opened([silent, 'works']);
    const leaving = new AbortController();
    const pending = lab.post('/v1/messages', ASK, { signal: leaving.signal });
    await lab.timers.advance(10);
    leaving.abort();
    await lab.answered(pending);
    expect((await ask(lab)).response.status).toBe(200);
    expect(await breakerOf(lab)).toBe('closed');
  });
});

test('health and /gateway/providers tell: degraded, open, when it is tried again, and why', async () => {
  const lab = setup({ script: { one: [failure(500, 'disk full')] }, providers: GUARDED });
  for (let n = 0; n < 3; n++) await ask(lab);
  const health = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/health'));
  expect(await health.json()).toMatchObject({ status: 'degraded', providers: { one: false } });
  const [one] = (await lab.health()).providers;
  expect(one).toMatchObject({
    healthy: false,
    breaker: 'open',
    last_error: expect.stringContaining('disk full'),
  });
  expect(one?.retry_in_ms).toBeGreaterThan(20_000);
});

test('a limit that the provider puts a time to does not open it, and is honoured by later requests', async () => {
  const lab = setup({ script: { one: [limited({ 'retry-after': '60' }), 'works'] }, providers: GUARDED });
  await ask(lab);
  const { response, text } = await ask(lab);
  expect([response.status, lab.asked.length]).toEqual([429, 1]);
  expect(Number(response.headers.get('retry-after'))).toBe(59);
  expect(text).toContain('was asked to wait');
  await lab.timers.advance(60_000);
  expect((await ask(lab)).response.status).toBe(200);
});
