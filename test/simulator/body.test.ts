// A script of the simulator played to a reader, in its time and at the reader's pace.
import { describe, expect, test } from 'bun:test';
import { playScript } from '../../src/simulator/body.ts';
import { createSimulator, createSleep } from '../../src/simulator/index.ts';
import type { Step } from '../../src/simulator/script.ts';
import { createVirtualTime } from './virtual-time.ts';

const NEVER = new AbortController().signal;

function* paced(count: number, seen: number[] = []): Generator<Step, void, void> {
  for (let index = 0; index < count; index++) {
    seen.push(index);
    yield { type: 'send', due: 300 + index * 20, text: `${index} ` };
  }
}

/** Returns how many there are at the moment. */
function countListeners(signal: AbortSignal): () => number {
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  return () => listeners;
}

describe('playing a script', () => {
  test('each step waits for its moment, and no longer', async () => {
    const time = createVirtualTime();
    const text = await new Response(playScript(paced(4), time, NEVER)).text();
    expect(text).toBe('0 1 2 3 ');
    expect(time.slept).toEqual([300, 20, 20, 20]);
  });

  test.each([-3_600_000, 3_600_000])('a clock that is set by %d ms changes no pace', async (jump) => {
    const time = createVirtualTime();
    let setBy = 0;
    const simulator = createSimulator({ ...time, now: () => time.now() + setBy });
    const body = {
      model: 'simulator/tokens=20',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    };
    const asked = new Request('http://simulator/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const { body: stream } = await simulator.fetch(asked);
    let pieces = 0;
    for await (const _ of stream ?? []) {
      pieces++;
      if (pieces === 5) setBy = jump;
    }
    expect(pieces).toBeGreaterThan(20);
    expect(time.slept.length).toBeGreaterThan(19);
    expect(Math.max(...time.slept.slice(1))).toBeLessThanOrEqual(20);
  });

  test('a stream without pauses makes way for others again and again', async () => {
    function* hasty(): Generator<Step, void, void> {
      for (let index = 0; index < 100; index++) yield { type: 'send', due: 0, text: 'x' };
    }
    const time = createVirtualTime();
    let worked = 0;
    // Each token is a millisecond's work.
    const deps = { ...time, monotonic: () => time.monotonic() + worked++ };
    expect(await new Response(playScript(hasty(), deps, NEVER)).text()).toBe('x'.repeat(100));
    expect(time.slept.length).toBeWithin(5, 20);
    expect(new Set(time.slept)).toEqual(new Set([0]));
  });

  test('nothing is made before it is read, nor after a cancel', async () => {
    const made: number[] = [];
    const reader = playScript(paced(1_000, made), createVirtualTime(), NEVER).getReader();
    expect(made).toEqual([]);
    await reader.read();
    await reader.read();
    expect(made).toEqual([0, 1]);
    await reader.cancel();
    expect(made).toEqual([0, 1]);
  });

  test('a cancel in the middle of a pause ends the pause', async () => {
    const began = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const deps = {
      monotonic: () => 0,
      sleep: (_: number, signal: AbortSignal) =>
        new Promise<void>((_, reject) => {
          began.resolve();
          signal.addEventListener('abort', () => {
            ended.resolve();
            reject(signal.reason);
          });
        }),
    };
    const reader = playScript(paced(3), deps, NEVER).getReader();
    const read = reader.read();
    await began.promise;
    await reader.cancel();
    await ended.promise;
    expect(await read).toEqual({ done: true, value: undefined });
  });

  test('a request that is aborted in the middle of a pause gets no further piece', async () => {
    const leave = new AbortController();
    const deps = {
      monotonic: () => 0,
      sleep: async () => leave.abort(new Error('gone')),
    };
    const reader = playScript(paced(3), deps, leave.signal).getReader();
    await expect(reader.read()).rejects.toThrow('gone');
  });

  test('when the request is aborted the body fails with its reason, also while it hangs', async () => {
    function* hanging(): Generator<Step, void, void> {
      yield { type: 'send', due: 0, text: 'a' };
      yield { type: 'hang' };
    }
    const leave = new AbortController();
    const reader = playScript(hanging(), createVirtualTime(), leave.signal).getReader();
    await reader.read();
    const read = reader.read();
    leave.abort(new Error('gone'));
    await expect(read).rejects.toThrow('gone');

    const early = playScript(paced(3), createVirtualTime(), AbortSignal.abort(new Error('gone before')));
    await expect(new Response(early).text()).rejects.toThrow('gone before');
  });

  test('a thousand streams left in the middle leave no timer and no listener behind', async () => {
    const timers = new Set<object>();
    const sleep = createSleep((callback) => {
      const timer = { callback };
      timers.add(timer);
      return () => timers.delete(timer);
    });
    for (let stream = 0; stream < 1_000; stream++) {
      const leave = new AbortController();
      const { signal } = leave;
      const listeners = countListeners(signal);
      const reader = playScript(paced(3), { monotonic: () => 0, sleep }, signal).getReader();
      const read = reader.read();
      while (timers.size === 0) await Promise.resolve();
      await reader.cancel();
      await read;
      expect(timers.size).toBe(0);
      expect(listeners()).toBe(0);
    }
  });

  test.each<[string, Step]>([
    ['to its end', { type: 'send', due: 0, text: 'b' }],
    ['until it breaks', { type: 'reset' }],
  ])('a stream read %s leaves no listener behind', async (_, last) => {
    function* script(): Generator<Step, void, void> {
      yield { type: 'send', due: 0, text: 'a' };
      yield last;
    }
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    const body = playScript(script(), createVirtualTime(), signal);
    expect(listeners()).toBe(1);
    await new Response(body).text().catch(() => undefined);
    expect(listeners()).toBe(0);
  });

  test('steps without bytes make no pieces', async () => {
    function* sparse(): Generator<Step, void, void> {
      yield { type: 'send', due: 0, text: '' };
      yield { type: 'send', due: 0, text: 'x' };
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of playScript(sparse(), createVirtualTime(), NEVER)) pieces.push(piece);
    expect(pieces).toHaveLength(1);
  });
});
