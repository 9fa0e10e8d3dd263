// Where the time of one try goes, and what a row makes of the times of all tries, on a clock turned by hand.
import { describe, expect, test } from 'bun:test';
import { describeTiming } from '../../../src/gateway/record/row-timing.ts';
import { createStreamTiming } from '../../../src/gateway/record/stream-timing.ts';
import type { Attempt } from '../../../src/ledger/rows/row.ts';
import type { Observation } from '../../../src/gateway/record/observer.ts';

function setup() {
  let now = 0;
  const timing = createStreamTiming(() => now);
  const pass = (ms: number) => {
    now += ms;
  };
  /** Waits so long for a piece. */
  const piece = (ms: number, hasContent = true) => {
    timing.waiting();
    pass(ms);
    timing.arrived();
    if (hasContent) timing.content();
    timing.taken();
  };
  return { timing, pass, piece, now: () => now };
}

describe('one try', () => {
  test('what is waited for the provider, and what the gateway does meanwhile is not', () => {
    const { timing, pass, piece } = setup();
    piece(100);
    pass(5);
    piece(20);
    timing.settle();
    expect(timing.providerMs).toBe(120);
    expect(timing.lastContentAt).toBe(125);
  });

  test('gaps lie between two pieces of content, also over pieces without any', () => {
    const { timing, piece } = setup();
    piece(5_000);
    piece(600);
    piece(700, false);
    piece(700);
    piece(10, false);
    expect(timing).toMatchObject({ stalls: 1, longestGapMs: 1_400, gapsMs: 2_000 });
    expect(timing.gaps?.reduce((sum, count) => sum + count)).toBe(2);
  });

  test('what a client takes late, while the provider is waited for already, is the time of one of them alone', () => {
    const { timing, pass, now } = setup();
    timing.waiting();
    pass(10);
    timing.handed(now());
    pass(20);
    timing.arrived();
    // Only what the client has already.
    timing.waiting();
    pass(7);
    timing.arrived();
    timing.handed(now());
    pass(5);
    timing.waiting();
    timing.settle();
    expect(timing).toMatchObject({ providerMs: 37, clientMs: 5 });
  });

  test('a second is no stall, more is', () => {
    const { timing, piece } = setup();
    for (const ms of [1, 1_000, 1_001]) piece(ms);
    expect(timing.stalls).toBe(1);
  });

  test('many pieces of content that arrive at once are one', () => {
    const { timing, piece } = setup();
    piece(10);
    timing.content();
    timing.content();
    timing.taken();
    timing.taken();
    expect(timing.gaps?.reduce((sum, count) => sum + count)).toBe(1);
    expect(timing.gapsMs).toBe(0);
  });

  test('the client’s time begins where it has all there is, and ends where the provider is waited for', () => {
    const { timing, pass, piece, now } = setup();
    piece(10);
    timing.handed(now());
    pass(30);
    piece(7);
    pass(1);
    timing.handed(now());
    pass(2);
    timing.settle();
    timing.settle();
    expect([timing.providerMs, timing.clientMs]).toEqual([17, 32]);
  });

  test('a wait that goes on is counted once, however often it is looked at', () => {
    const { timing, pass } = setup();
    timing.waiting();
    pass(10);
    timing.settle();
    pass(5);
    timing.settle();
    timing.arrived();
    timing.arrived();
    expect(timing.providerMs).toBe(15);
  });

  test('connecting is reported for the first connection alone, where a request waits for it', () => {
    const { timing, pass } = setup();
    timing.connected();
    expect(timing.connectMs).toBeNull();
    timing.waiting();
    pass(8);
    timing.connected();
    pass(8);
    timing.connected();
    expect(timing.connectMs).toBe(8);
  });

  test('a wait that fails has ended too', async () => {
    const { timing, pass } = setup();
    const { promise, reject } = Promise.withResolvers<void>();
    const waited = timing.during(promise);
    pass(9);
    reject(new Error('gone'));
    await expect(waited).rejects.toThrow('gone');
    pass(9);
    timing.settle();
    expect(timing.providerMs).toBe(9);
  });
});

describe('the row', () => {
  const attempt = (more: Partial<Attempt> = {}): Attempt => ({
    ...{ provider: 'a', model: 'm', status: 200, error: null, durationMs: 0, startedMs: 40 },
    ...more,
  });
  const record = (attempts: Attempt[]) => ({
    attempts,
    startedAt: 0,
    backOffMs: 3,
    besideMs: 0,
    queuedMs: 4,
  });
  /** So long for the provider, and so long for the client. */
  const seenOf = (providerMs: number, clientMs: number) => {
    const { timing, pass, piece, now } = setup();
    piece(providerMs);
    timing.handed(now());
    pass(clientMs);
    return { timing, firstContentAt: providerMs } as Observation;
  };

  test('its times add up to all of it', () => {
    const failed = attempt({ error: 'upstream_failed', providerMs: 20, durationMs: 21 });
    const serving = attempt();
    const timing = describeTiming(record([failed, serving]), seenOf(50, 6), 100);
    expect(timing).toMatchObject({
      providerMs: 70,
      clientMs: 6,
      backOffMs: 3,
      gatewayMs: 17,
      lastTokenMs: 50,
    });
    expect([failed.providerMs, serving.providerMs]).toEqual([20, 50]);
  });

  test('what a try waited for its provider stays as it was reported', () => {
    const serving = attempt({ providerMs: 44 });
    expect(describeTiming(record([serving]), seenOf(50, 0), 100).providerMs).toBe(44);
    expect(serving.providerMs).toBe(44);
  });

  test('what passed beside another try is counted there alone', () => {
    const tries = [attempt({ error: 'cancelled', providerMs: 50 }), attempt()];
    expect(describeTiming({ ...record(tries), besideMs: 30 }, seenOf(40, 0), 100).providerMs).toBe(60);
  });

  test('the gateway’s own time is never less than none', () => {
    expect(describeTiming(record([attempt()]), seenOf(50, 6), 50).gatewayMs).toBe(0);
  });

  test('the newest word is not older than the first', () => {
    const seen = { ...seenOf(50, 0), firstContentAt: 58 };
    expect(describeTiming(record([attempt()]), seen, 100).lastTokenMs).toBe(58);
  });

  test('nothing was asked', () => {
    const timing = describeTiming(record([]), null, 10);
    // Also of its sign, which is told to collectors.
    expect(timing.providerMs).toBe(0);
    expect(timing).toMatchObject({ connectMs: null, lastTokenMs: null, gatewayMs: 3 });
    expect(timing).toMatchObject({ stalls: 0, longestGapMs: null, gapP50Ms: null, gaps: null, gapsMs: 0 });
  });
});
