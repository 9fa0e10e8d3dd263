// Limits of concurrency through the gateway: counted is what the provider has at once.
import { resolveInput } from '../../support/resolve-input.ts';
import { afterEach, describe, expect, test } from 'bun:test';
import {
  ASK,
  createFallbackLab as setup,
  expectSettled,
  failure,
  limited,
} from '../../support/fallback-lab.ts';
import { MESSAGE, utf8 } from '../../support/message-stream.ts';
import { type Reply, replyWith } from '../../support/reply.ts';

afterEach(expectSettled);

type Lab = ReturnType<typeof setup>;
const STREAM = { ...ASK, stream: true };
const limitedTo = (max: number, more: object = {}) => ({ one: { concurrency: { max, ...more } } });

/** A stream that stands still after its first piece until the gate opens. */
function gated(): { reply: Reply; open(): void } {
  const gate = Promise.withResolvers<void>();
  const pieces = [utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a')), utf8(MESSAGE.end)];
  return {
    reply: replyWith(pieces, { before: (index) => (index === 1 ? gate.promise : undefined) }),
    open: gate.resolve,
  };
}

const line = async (lab: Lab) => (await lab.health()).providers[0];

async function post(lab: Lab, count: number): Promise<Promise<Response>[]> {
  const all = Array.from({ length: count }, () => lab.post('/v1/messages', STREAM));
  await lab.timers.advance(0);
  return all;
}

async function readAll(responses: Promise<Response>[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const pending of responses) {
    const response = await pending;
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

test('a place is held until the stream ends, not until it begins', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(2) });
  const requests = await post(lab, 5);
  expect(lab.asked).toHaveLength(2);
  expect(await line(lab)).toMatchObject({ in_flight: 2, queued: 3, concurrency_limit: 2 });
  open();
  expect(await readAll(requests)).toEqual([200, 200, 200, 200, 200]);
  expect(lab.asked).toHaveLength(5);
});

test('the time in the queue is in the row', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(1) });
  const requests = await post(lab, 2);
  await lab.timers.advance(300);
  open();
  await readAll(requests);
  await lab.row();
  expect([(await lab.rowAt(0)).queuedMs, (await lab.rowAt(1)).queuedMs]).toEqual([null, 300]);
});

test('no queue: 429 with retry-after at once, and no call', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(1, { queue: 0 }) });
  const [first, second] = await post(lab, 2);
  const refused = await second;
  expect([refused?.status, lab.asked.length]).toEqual([429, 1]);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused?.text()).toContain('providers.one.concurrency');
  open();
  await readAll(first === undefined ? [] : [first]);
  await lab.row();
  expect((await lab.rowAt(0)).attempts).toMatchObject([{ skipped: 'busy', status: null }]);
});

test('a full queue, or one too slow: the next target', async () => {
  const { reply, open } = gated();
  const lab = setup({
    script: { one: [reply], two: ['works'] },
    providers: limitedTo(1, { queue: 1, queue_timeout: '2s' }),
  });
  const requests = await post(lab, 3);
  expect(lab.asked).toEqual(['one', 'two']);
  await lab.timers.advance(1_990);
  expect(lab.asked).toEqual(['one', 'two']);
  await lab.timers.advance(10);
  expect(lab.asked).toEqual(['one', 'two', 'two']);
  open();
  expect(await readAll(requests)).toEqual([200, 200, 200]);
  await lab.row();
  // In vain, and of the request all the same.
  expect(await lab.rowAt(1)).toMatchObject({
    provider: 'two',
    attempts: [{ provider: 'one', skipped: 'busy', durationMs: 2_000 }, { provider: 'two' }],
    queuedMs: 2_000,
    timing: { gatewayMs: 0 },
  });
});

test('a wait over queue_timeout with nowhere to go: 429 with retry-after, the time in the row, no call', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(1, { queue_timeout: '2s' }) });
  const [served, late] = await post(lab, 2);
  await lab.timers.advance(2_000);
  const refused = await late;
  expect([refused?.status, lab.asked.length]).toEqual([429, 1]);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused?.text()).toContain('no slot became free in time');
  expect(await line(lab)).toMatchObject({ in_flight: 1, queued: 0 });
  open();
  await readAll(served === undefined ? [] : [served]);
  await lab.row();
  expect(await lab.rowAt(0)).toMatchObject({
    status: 'error',
    httpStatus: 429,
    errorCode: 'rate_limited',
    provider: 'one',
    attempts: [{ skipped: 'busy', status: null }],
    queuedMs: 2_000,
    timing: { gatewayMs: 0 },
  });
});

test('far more than it can take: as many are served as may be at work and wait, the others are refused at once', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(10, { queue: 20 }) });
  const requests = await post(lab, 100);
  expect(await line(lab)).toMatchObject({ in_flight: 10, queued: 20 });
  const refused = requests.slice(30);
  expect(new Set(await readAll(refused))).toEqual(new Set([429]));
  expect(lab.asked).toHaveLength(10);
  open();
  expect(new Set(await readAll(requests.slice(0, 30)))).toEqual(new Set([200]));
  expect(lab.asked).toHaveLength(30);
});

test('a client that leaves the queue leaves it empty', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] }, providers: limitedTo(1) });
  const requests = await post(lab, 1);
  const leaving = new AbortController();
  const waiting = lab.post('/v1/messages', ASK, { signal: leaving.signal });
  await lab.timers.advance(10);
  expect(await line(lab)).toMatchObject({ queued: 1 });
  leaving.abort();
  expect((await waiting).status).toBe(499);
  expect(await line(lab)).toMatchObject({ in_flight: 1, queued: 0 });
  await lab.row();
  expect(await lab.rowAt(0)).toMatchObject({
    status: 'aborted',
    provider: 'one',
    attempts: [],
    queuedMs: 10,
    timing: { gatewayMs: 0 },
  });
  open();
  await readAll(requests);
  expect(lab.asked).toHaveLength(1);
});

describe('1,000 endings leave no place taken', () => {
  const begun = MESSAGE.start + MESSAGE.block + MESSAGE.delta('a');
  const endings: [string, Reply, boolean][] = [
    ['clients that leave before an answer', replyWith('', { fault: { kind: 'hang-before-headers' } }), true],
    [
      'clients that leave in mid-stream',
      replyWith(begun, { fault: { kind: 'hang', after: begun.length } }),
      true,
    ],
    ['cuts in mid-stream', replyWith(begun), false],
    ['500s', failure(500), false],
    ['429s', limited(), false],
    ['whole answers', replyWith(begun + MESSAGE.end), false],
  ];
  test.each(endings)('%s', async (_, reply, leaves) => {
    const lab = setup({
      script: { one: [reply] },
      providers: { one: { concurrency: { max: 10, min: 10 }, breaker: { enabled: false } } },
    });
    for (let batch = 0; batch < 100; batch++) {
      const leaving = new AbortController();
      const batchOf = Array.from({ length: 10 }, () =>
        lab.post('/v1/messages', STREAM, { signal: leaving.signal }),
      );
      await lab.timers.advance(0);
      if (leaves) leaving.abort();
      for (const response of await Promise.all(batchOf)) {
        if (!leaves) await response.text();
      }
    }
    expect(lab.asked).toHaveLength(1_000);
    expect(await line(lab)).toMatchObject({ in_flight: 0, queued: 0, concurrency_limit: 10 });
  });
});

describe('the limit in force', () => {
  const grown = async (lab: Lab) => (await line(lab))?.concurrency_limit ?? 0;

  test('is cut by 429s, once a round, and grows back while answers come', async () => {
    const lab = setup({
      script: { one: [...Array(10).fill(limited()), 'works'] },
      providers: limitedTo(10, { min: 2 }),
    });
    await readAll(await post(lab, 10));
    const cut = await grown(lab);
    expect(cut).toBe(7);
    let last = cut;
    for (let round = 0; round < 20; round++) {
      await readAll(await post(lab, 10));
      const now = await grown(lab);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(last).toBe(10);
  });

  test('falls round by round while the provider refuses, never below min', async () => {
    const lab = setup({ script: { one: [limited()] }, providers: limitedTo(10, { min: 3 }) });
    const limits: number[] = [];
    for (let round = 0; round < 6; round++) {
      await lab.timers.advance(100);
      await readAll(await post(lab, 10));
      limits.push(await grown(lab));
    }
    expect(limits[0]).toBe(7);
    expect(limits.at(-1)).toBe(3);
    expect(Math.min(...limits)).toBe(3);
  });

  test('is cut when answers begin much later than they used to', async () => {
    const slow = (ms: number, lab: () => Lab): Reply =>
      replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a') + MESSAGE.end, {
        before: (index) =>
          index === 0 ? new Promise<void>((resolve) => void lab().timers.setTimer(resolve, ms)) : undefined,
      });
    const lab: Lab = setup({
      script: { one: [...Array(40).fill(slow(10, () => lab)), slow(500, () => lab)] },
      providers: limitedTo(10),
    });
    for (let round = 0; round < 4; round++) {
      const requests = await post(lab, 10);
      await lab.timers.advance(10);
      await readAll(requests);
    }
    expect(await grown(lab)).toBe(10);
    for (let round = 0; round < 2; round++) {
      const reading = readAll(await post(lab, 10));
      for (let second = 0; second < 6; second++) await lab.timers.advance(1_000);
      await reading;
    }
    expect(await grown(lab)).toBeLessThan(10);
  });

  test('does not count what the client does wrong', async () => {
    const lab = setup({ script: { one: [failure(400)] }, providers: limitedTo(5) });
    await readAll(await post(lab, 5));
    expect(await grown(lab)).toBe(5);
  });
});

describe('a limit that a reload changes', () => {
  const reload = (lab: Lab, max: number | null) => {
    const { config } = resolveInput({
      providers: {
        one: {
          dialect: 'anthropic-messages',
          base_url: 'http://upstream.test/one',
          api_key: 'k',
          concurrency: { max },
        },
      },
    });
    lab.gateway.reload(config);
  };

  test.each([3, null])('to %p: as many of those who wait go at once', async (max) => {
    const { reply, open } = gated();
    const lab = setup({ script: { one: [reply] }, providers: limitedTo(1) });
    const requests = await post(lab, 4);
    expect(lab.asked).toHaveLength(1);
    reload(lab, max);
    await lab.timers.advance(0);
    expect(lab.asked).toHaveLength(max ?? 4);
    open();
    expect(await readAll(requests)).toEqual([200, 200, 200, 200]);
  });

  test('to none: what a cut left of the old one does not hold', async () => {
    const lab = setup({ script: { one: [...Array(10).fill(limited()), 'works'] }, providers: limitedTo(10) });
    await readAll(await post(lab, 10));
    expect(await line(lab)).toMatchObject({ concurrency_limit: 7 });
    reload(lab, null);
    const requests = await post(lab, 30);
    expect(await line(lab)).toMatchObject({ queued: 0, concurrency_limit: null });
    expect((await readAll(requests)).every((status) => status === 200)).toBe(true);
  });

  test('upwards, when it has grown back to what it was: the new one holds', async () => {
    const lab = setup({ script: { one: [...Array(10).fill(limited()), 'works'] }, providers: limitedTo(10) });
    for (let round = 0; round < 20; round++) await readAll(await post(lab, 10));
    expect(await line(lab)).toMatchObject({ concurrency_limit: 10 });
    reload(lab, 40);
    expect(await line(lab)).toMatchObject({ concurrency_limit: 40 });
  });

  test('lowered: running requests stay, and one that ends admits none beyond the limit', async () => {
    const { reply, open } = gated();
    const lab = setup({ script: { one: [reply] }, providers: limitedTo(3) });
    const leaving = new AbortController();
    const first = await lab.post('/v1/messages', STREAM, { signal: leaving.signal });
    const requests = await post(lab, 4);
    expect(lab.asked).toHaveLength(3);
    reload(lab, 1);
    leaving.abort();
    await first.text().catch(() => undefined);
    await lab.timers.advance(0);
    expect(await line(lab)).toMatchObject({ in_flight: 2, queued: 2, concurrency_limit: 1 });
    expect(lab.asked).toHaveLength(3);
    open();
    expect(await readAll(requests)).toEqual([200, 200, 200, 200]);
  });
});

test('without a configured limit nothing waits', async () => {
  const { reply, open } = gated();
  const lab = setup({ script: { one: [reply] } });
  const requests = await post(lab, 300);
  expect(lab.asked).toHaveLength(300);
  expect(await line(lab)).toMatchObject({ in_flight: 300, queued: 0, concurrency_limit: null });
  open();
  await readAll(requests);
});
