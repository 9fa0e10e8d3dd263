// Which of a rule's targets comes first: every strategy by what traffic tells, and the conversation that stays.
import { expect, test } from 'bun:test';
import type { Strategy } from '../../src/config/resolved.ts';
import { type OrderQuestion, orderTargets } from '../../src/routing/order.ts';
import { NO_SIGNALS, type RouteSignals } from '../../src/routing/signals.ts';
import { type Target, targetName } from '../../src/routing/targets.ts';
import { sampleProvider } from '../support/provider-config.ts';

const target = (name: string): Target => ({ provider: sampleProvider({ name }), model: 'm' });

function order(
  strategy: Strategy,
  signals: Partial<RouteSignals> = {},
  { names = ['a', 'b', 'c'], weights = [1, 1, 1], ...more }: Partial<OrderQuestion> & Names = {},
) {
  const candidates = names.map((name, at) => ({ target: target(name), weight: weights[at] ?? 1 }));
  const question = { candidates, strategy, conversation: null, last: null, timing: 'stream', ...more };
  const found = orderTargets(question, { ...NO_SIGNALS, ...signals });
  return { names: found.targets.map(({ provider }) => provider.name).join(''), why: found.order };
}

interface Names {
  names?: string[];
  weights?: number[];
}

/** What a signal tells of each target; null of one that is not named. */
const by = (values: Record<string, number>) => (asked: Target) => values[asked.provider.name] ?? null;

test('as written, whoever is busy or gone', () => {
  expect(order('ordered', { available: () => false })).toEqual({ names: 'abc', why: null });
});

test('of one target there is nothing to choose', () => {
  expect(order('least_busy', {}, { names: ['a'] })).toEqual({ names: 'a', why: null });
});

test('least latency: what has not been measured comes first, else it never would be', () => {
  expect(order('least_latency', { latencyMs: by({ a: 900.4, c: 300 }) })).toEqual({
    names: 'bca',
    why: 'least_latency: b/m unknown, c/m 300 ms, a/m 900 ms',
  });
});

test('latencies are those of the same kind of request', () => {
  const latencyMs: RouteSignals['latencyMs'] = ({ provider }, timing) =>
    timing === 'whole' ? (provider.name === 'a' ? 1 : 2) : provider.name === 'a' ? 2 : 1;
  expect(order('least_latency', { latencyMs }, { timing: 'stream' }).names).toBe('bca');
  expect(order('least_latency', { latencyMs }, { timing: 'whole' }).names).toBe('abc');
});

test('least cost: what has no price comes last, two of those as written', () => {
  expect(order('least_cost', { costUsd: by({ c: 0.0123 }) })).toEqual({
    names: 'cab',
    why: 'least_cost: c/m $0.012, a/m unknown, b/m unknown',
  });
});

test('least busy: the fewest requests at its provider, as written where equal', () => {
  const inFlight = ({ provider }: Target) => ({ a: 2, b: 0, c: 0 })[provider.name] ?? 0;
  expect(order('least_busy', { inFlight })).toEqual({
    names: 'bca',
    why: 'least_busy: b/m 0, c/m 0, a/m 2',
  });
});

test('those that cannot be asked now come last, in the order they would have', () => {
  const signals = {
    latencyMs: by({ a: 1, b: 2, c: 3 }),
    available: ({ provider }: Target) => provider.name === 'c',
  };
  expect(order('least_latency', signals).names).toBe('cab');
});

test('a conversation stays where it was, unless that cannot be asked now', () => {
  const latencyMs = by({ a: 1, b: 2, c: 3 });
  expect(order('least_latency', { latencyMs }, { last: 'c/m' })).toEqual({
    names: 'cab',
    why: 'least_latency; the conversation stays on c/m',
  });
  const available = ({ provider }: Target) => provider.name !== 'c';
  expect(order('least_latency', { latencyMs, available }, { last: 'c/m' }).names).toBe('abc');
  expect(order('least_latency', { latencyMs }, { last: 'gone/m' }).names).toBe('abc');
});

test('weighted without a conversation draws by chance, as often as the weights say', () => {
  const first = (draws: readonly number[]) => {
    let at = 0;
    const random = () => draws[at++] ?? 0;
    return order('weighted', { random }, { names: ['a', 'b'], weights: [3, 1] }).names;
  };
  const steps = Array.from({ length: 40 }, (_, at) => (at + 0.5) / 40);
  const all = steps.flatMap((one) => steps.map((other) => first([one, other])));
  expect(all.filter((names) => names === 'ab').length / all.length).toBeCloseTo(0.75, 1);
});

test('weighted by the conversation: the same each time, a target less moves only its own conversations', () => {
  const conversations = Array.from({ length: 300 }, (_, at) => `conversation ${at}`);
  const firstOf = (conversation: string, names: string[]) =>
    order('weighted', { random: () => Number.NaN }, { conversation, names }).names[0];
  const whole = conversations.map((conversation) => firstOf(conversation, ['a', 'b', 'c']));
  expect(conversations.map((conversation) => firstOf(conversation, ['c', 'a', 'b']))).toEqual(whole);
  const less = conversations.map((conversation) => firstOf(conversation, ['a', 'b']));
  for (const [at, name] of whole.entries()) if (name !== 'c') expect(less[at]).toBe(name);
  expect(new Set(whole).size).toBe(3);
});

test('a weight of zero comes last, and a weighted choice does not stay where chance once led', () => {
  for (let at = 0; at < 50; at++) {
    const conversation = `conversation ${at}`;
    expect(order('weighted', {}, { conversation, weights: [0, 1, 1] }).names).toEndWith('a');
  }
  // The smallest draw there is: nothing divided by nothing.
  expect(order('weighted', { random: () => 0 }, { weights: [0, 1, 1] }).names).toBe('bca');
  const stayed = order('weighted', {}, { conversation: 'one', last: targetName(target('c')) });
  expect(stayed.names).toBe(order('weighted', {}, { conversation: 'one' }).names);
  expect(stayed.why).toBe('weighted: by the conversation');
});
