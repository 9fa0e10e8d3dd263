// Waits that a clock turned by hand ends, also one that stood still.
import { describe, expect, test } from 'bun:test';
import { Watchdog } from '../../src/upstream/watchdog.ts';

function setup() {
  const expired: string[] = [];
  let time = 0;
  let timer: { at: number; callback: () => void } | undefined;
  const clock = {
    monotonic: () => time,
    setTimer(callback: () => void, ms: number) {
      timer = { at: time + ms, callback };
      return () => {
        timer = undefined;
      };
    },
  };
  /** The timer that is set fires, so many milliseconds late. Returns the time. */
  const fire = (late = 0): number => {
    const { at, callback } = timer ?? { at: time, callback: () => {} };
    timer = undefined;
    time = at + late;
    callback();
    return time;
  };
  const isSet = () => timer !== undefined;
  return { watchdog: new Watchdog(clock, (what) => expired.push(what)), expired, fire, isSet };
}

describe('a wait', () => {
  test('ends when its time is over', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    expect(fire()).toBe(1_000);
    expect(expired).toEqual(['idle']);
  });

  test('whose timer is early by less than a millisecond ends then', () => {
    const { watchdog, expired, fire, isSet } = setup();
    watchdog.wait('idle', 1_000);
    expect([fire(-0.5), isSet()]).toEqual([999.5, false]);
    expect(expired).toEqual(['idle']);
  });

  test('that has ended does not end again, whatever signs of life come behind it', () => {
    const { watchdog, expired, fire, isSet } = setup();
    watchdog.wait('idle', 1_000);
    fire();
    watchdog.alive(Number.POSITIVE_INFINITY);
    expect([expired, isSet()]).toEqual([['idle'], false]);
  });

  test('that is ended before its time does not end again', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    watchdog.expire('too slow');
    expect(fire()).toBe(1_000);
    expect(expired).toEqual(['too slow']);
  });

  test('that is called off leaves no timer', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    watchdog.stop();
    expect([fire(), expired]).toEqual([0, []]);
    watchdog.wait('idle', 1_000);
    expect([fire(), expired]).toEqual([1_000, ['idle']]);
  });

  test('that is over leaves nothing to wait for, whatever signs of life come', () => {
    const { watchdog, expired, fire, isSet } = setup();
    watchdog.wait('idle', 1_000);
    watchdog.rest();
    watchdog.alive(Number.POSITIVE_INFINITY);
    fire();
    expect([expired, isSet()]).toEqual([[], false]);
  });

  test('during which signs of life come: until one stays out, or the wait is over', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    watchdog.alive(400);
    expect(fire()).toBe(400);
    expect(expired).toEqual(['silence']);
    watchdog.wait('idle', 1_000);
    watchdog.alive(5_000);
    expect(fire()).toBe(1_400);
    watchdog.wait('idle', 1_000);
    watchdog.alive(400);
    watchdog.alive(Number.POSITIVE_INFINITY);
    expect([fire(), fire()]).toEqual([1_800, 2_400]);
    expect(expired).toEqual(['silence', 'idle', 'idle']);
  });

  test('after which the process stood still: what came meanwhile is read first', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    const woken = fire(4_000);
    watchdog.rest();
    watchdog.wait('idle', 1_000);
    fire();
    expect(expired).toEqual([]);
    expect(fire()).toBe(woken + 1_000);
    expect(expired).toEqual(['idle']);
  });

  test('after which it stood still, and nothing came: a moment later, however late that is', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('first_byte', 1_000);
    fire(4_000);
    expect(expired).toEqual([]);
    fire(4_000);
    expect(expired).toEqual(['first_byte']);
  });

  test('after which it stood still, and a sign of life came meanwhile: that is what counts', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('first_byte', 1_000);
    const woken = fire(4_000);
    watchdog.alive(50);
    expect([fire(), expired]).toEqual([woken + 50, ['silence']]);
  });

  test('whose timer is a little late, as on a busy machine, ends at once', () => {
    const { watchdog, expired, fire } = setup();
    watchdog.wait('idle', 1_000);
    fire(200);
    expect(expired).toEqual(['idle']);
  });
});
