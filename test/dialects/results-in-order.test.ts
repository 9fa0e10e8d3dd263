// Results stand as their calls were made.
import { expect, test } from 'bun:test';
import { resultsInOrder } from '../../src/dialects/shared/results-in-order.ts';
import type { Part } from '../../src/model/content.ts';

const result = (callId: string): Part => ({ type: 'tool-result', callId, content: [] });
const text: Part = { type: 'text', text: 'and now?' };

test('results first, those of no call behind the others, of calls with one id by the first', () => {
  const parts = [result('none'), text, result('c'), result('b'), result('a')];
  const ordered = [result('a'), result('b'), result('c'), result('none'), text];
  expect(resultsInOrder(parts, ['a', 'b', 'c', 'a'])).toEqual(ordered);
});

test('of many calls they take no time out of proportion to their number', () => {
  // With a search through all calls for each result, it would take minutes.
  const calls = Array.from({ length: 100_000 }, (_, index) => `call_${index}`);
  const ordered = resultsInOrder(calls.map(result).toReversed(), calls);
  expect(ordered).toEqual(calls.map(result));
});
