// What is remembered of an answer: the first word, the last counts, one ending.
import { describe, expect, test } from 'bun:test';
import {
  createObserver,
  LONGEST_ERROR,
  noteErrorData,
  UNWATCHED,
} from '../../../src/gateway/record/observer.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { StatedUsage } from '../../../src/model/usage.ts';

function setup() {
  let now = 0;
  const observer = createObserver(() => now++, UNWATCHED);
  return {
    observer,
    seen: observer.seen,
    see: (...events: StreamEvent[]) => events.forEach((event) => void observer.see(event)),
  };
}

const text: StreamEvent = { type: 'text-delta', block: 0, text: 'a' };
const usage = (stated: StatedUsage): StreamEvent => ({ type: 'usage', usage: stated });
const finish: StreamEvent = { type: 'finish', finish: { unified: 'end_turn', raw: null } };
const error = (message: string): StreamEvent => ({
  type: 'error',
  error: new GatewayError('upstream_failed', message),
});

test('the model is the last that was named, and the first word comes once', () => {
  const { seen, see } = setup();
  see({ type: 'start', id: null, model: 'm' }, text);
  const { firstContentAt } = seen;
  see({ type: 'start', id: null, model: null }, text);
  expect(seen.model).toBe('m');
  expect(firstContentAt).toBe(0);
  expect(seen.firstContentAt).toBe(0);
});

test.each<[string, StreamEvent[], string | null, string | null]>([
  ['a finish alone', [finish, error('late')], 'end_turn', null],
  ['the first of two errors', [error('one'), error('two'), finish], null, 'one'],
  [
    'the first of two finishes',
    [finish, { type: 'finish', finish: { unified: 'refusal', raw: null } }],
    'end_turn',
    null,
  ],
])('an answer has one ending: %s', (_, events, unified, message) => {
  const { seen, see } = setup();
  see(...events);
  expect([seen.finish?.unified ?? null, seen.error?.message ?? null]).toEqual([unified, message]);
});

describe('usage', () => {
  test('counts replace those reported before, and additional ones are added', () => {
    const { seen, see } = setup();
    see(usage({ inputTokens: 7, outputTokens: 1, besides: { inputTokens: 1 } }), usage({ outputTokens: 5 }));
    expect(seen.usage).toMatchObject({ inputTokens: 8, outputTokens: 5 });
    see(usage({ besides: { inputTokens: 2 } }));
    expect(seen.usage).toMatchObject({ inputTokens: 9, outputTokens: 5 });
    expect(seen.usageKnown).toBe(true);
  });

  test('what was reported for billing is kept', () => {
    const { seen, see } = setup();
    const pricedApart = { cacheWriteTokens: 3 } as NonNullable<StatedUsage['pricedApart']>;
    see(
      usage({ inputTokens: 7, tier: 'priority', billedUsd: 2, pricedApart, otherCharges: true }),
      usage({ outputTokens: 5 }),
    );
    expect(seen).toMatchObject({ tier: 'priority', billedUsd: 2, pricedApart, otherCharges: true });
  });

  test('an odd count is a malformed event: others beside it are known, alone it says nothing', () => {
    const { seen, see } = setup();
    see(usage({ oddCounts: true }));
    expect([seen.usageKnown, seen.malformedEvents]).toEqual([false, 1]);
    see(usage({ inputTokens: 7, oddCounts: true }));
    expect([seen.usageKnown, seen.malformedEvents]).toEqual([true, 2]);
  });
});

test('what transformers give is content, but did not arrive then; nor did an ending', () => {
  const { observer, seen, see } = setup();
  observer.show(text);
  seen.timing.taken();
  see(finish);
  seen.timing.taken();
  expect(seen.timing.lastContentAt).toBeNull();
  expect(seen.firstContentAt).not.toBeNull();
  see(text);
  seen.timing.taken();
  expect(seen.timing.lastContentAt).not.toBeNull();
});

test('the words of an error are those of the first event behind it, where they are short', () => {
  const { seen, see } = setup();
  noteErrorData(seen, { event: '', data: 'before' });
  see(error('x'));
  noteErrorData(seen, { event: '', data: 'x'.repeat(LONGEST_ERROR + 1) });
  noteErrorData(seen, { event: '', data: 'one' });
  noteErrorData(seen, { event: '', data: 'two' });
  expect(seen.errorData).toBe('one');
});
