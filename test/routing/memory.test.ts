// What routing remembers of requests that were served: latencies that fade, places of conversations, both bounded.
import { expect, test } from 'bun:test';
import { createRouteMemory } from '../../src/routing/memory.ts';
import type { Target } from '../../src/routing/targets.ts';
import { sampleProvider } from '../support/provider-config.ts';

const target = (model: string): Target => ({ provider: sampleProvider({ name: 'p' }), model });
const A = target('a');

test('a latency moves by three tenths of the newest, each kind of request by itself', () => {
  const memory = createRouteMemory(() => 0);
  expect(memory.latencyMs(A, 'stream')).toBeNull();
  memory.served(A, 'stream', 1_000, null);
  memory.served(A, 'stream', 2_000, null);
  expect(memory.latencyMs(A, 'stream')).toBe(1_300);
  expect(memory.latencyMs(A, 'whole')).toBeNull();
  expect(memory.latencyMs(target('b'), 'stream')).toBeNull();
});

test('what was measured more than ten minutes ago says nothing', () => {
  let now = 0;
  const memory = createRouteMemory(() => now);
  memory.served(A, 'stream', 1_000, null);
  now = 600_000;
  expect(memory.latencyMs(A, 'stream')).toBe(1_000);
  now = 600_001;
  expect(memory.latencyMs(A, 'stream')).toBeNull();
  memory.served(A, 'stream', 50, null);
  expect(memory.latencyMs(A, 'stream')).toBe(50);
});

test('a conversation that moves is reported, one that stays is not', () => {
  const reported: string[] = [];
  const memory = createRouteMemory(
    () => 0,
    (place, name) => reported.push(`${place} ${name}`),
  );
  memory.served(A, 'stream', 1, 'one');
  memory.served(A, 'stream', 1, 'one');
  memory.served(target('b'), 'stream', 1, 'one');
  memory.served(A, 'stream', 1, null);
  expect(reported).toEqual(['one p/a', 'one p/b']);
  expect(memory.placeOf('one')).toBe('p/b');
  memory.adopt('one', 'p/c');
  expect(memory.placeOf('one')).toBe('p/c');
  expect(memory.placeOf('two')).toBeNull();
  expect(reported).toHaveLength(2);
});

test('of too many conversations the one that was served longest ago is forgotten', () => {
  const memory = createRouteMemory(() => 0);
  for (let place = 0; place < 10_000; place++) memory.served(A, 'stream', 1, String(place));
  memory.served(A, 'stream', 1, '0');
  memory.adopt('one more', 'p/a');
  expect([memory.placeOf('0'), memory.placeOf('1'), memory.placeOf('2')]).toEqual(['p/a', null, 'p/a']);
});

test('of too many targets likewise', () => {
  const memory = createRouteMemory(() => 0);
  for (let name = 0; name <= 2_000; name++) memory.served(target(String(name)), 'stream', 1, null);
  expect(memory.latencyMs(target('0'), 'stream')).toBeNull();
  expect(memory.latencyMs(target('1'), 'stream')).toBe(1);
});
