// While an upload is sent, the provider's time runs only when it has something to take or to answer.
import { describe, expect, test } from 'bun:test';
import { WatchedBody } from '../../../src/gateway/attempts/watched-body.ts';
import { createStreamTiming } from '../../../src/gateway/record/stream-timing.ts';
import { Watchdog } from '../../../src/upstream/watchdog.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { createTestBody } from '../../support/streamed-body.ts';

const LIMIT_MS = 1_000;

function setup() {
  const timers = createManualTimers();
  const { monotonic } = timers;
  const expired: string[] = [];
  const watchdog = new Watchdog(timers, (what) => expired.push(what));
  const timing = createStreamTiming(monotonic);
  const source = createTestBody();
  const body = new WatchedBody(source, { watchdog, timing, firstByteMs: LIMIT_MS, monotonic });
  watchdog.wait('first_byte', LIMIT_MS);
  timing.waiting();
  return { timers, expired, timing, source, body };
}

describe('how long the provider may be silent', () => {
  test('counts from each piece, and not while the client is waited for', async () => {
    const { timers, expired, source, body } = setup();
    for (let count = 0; count < 5; count++) {
      await timers.advance(LIMIT_MS - 10);
      const piece = body.next();
      await timers.advance(10 * LIMIT_MS);
      source.give('piece');
      await piece;
    }
    expect(expired).toEqual([]);
    await timers.advance(LIMIT_MS + 1);
    expect(expired).toEqual(['first_byte']);
  });

  test('counts from the end of the body', async () => {
    const { timers, expired, source, body } = setup();
    source.give(null);
    await timers.advance(LIMIT_MS - 10);
    expect(await body.next()).toBeNull();
    await timers.advance(LIMIT_MS - 10);
    expect(expired).toEqual([]);
    await timers.advance(20);
    expect(expired).toEqual(['first_byte']);
  });

  test('is for the answer’s reader to say once it has begun', async () => {
    const { timers, expired, source, body } = setup();
    const piece = body.next();
    body.answered();
    source.give('piece');
    await piece;
    source.give('more');
    await body.next();
    await timers.advance(10 * LIMIT_MS);
    expect(expired).toEqual([]);
  });
});

test('whose time it is', async () => {
  const { timers, timing, source, body } = setup();
  await timers.advance(100);
  const piece = body.next();
  await timers.advance(300);
  source.give('piece');
  await piece;
  await timers.advance(500);
  timing.settle();
  expect([timing.providerMs, timing.clientMs]).toEqual([600, 300]);
});
