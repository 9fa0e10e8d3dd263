// Which result answers which of many calls.
import { expect, test } from 'bun:test';
import { createCallMatcher } from '../../src/dialects/shared/tools/call-matcher.ts';

test('by id, else by name and order; an id of the client’s own goes with a call that came without', () => {
  const matcher = createCallMatcher((position) => `gcall-h-${position}`);
  const [first, second] = [matcher.called('f', undefined), matcher.called('f', undefined)];
  matcher.called('f', 'mine');
  matcher.called('g', 'other');
  expect(matcher.answered('g', 'mine')).toBe('mine');
  expect(matcher.answered('f', 'unheard')).toBe(first);
  expect(matcher.answered('f', undefined)).toBe(second);
  expect(matcher.answered('f', 'late')).toBe('late');
  expect(matcher.answered('g', undefined)).toBe('other');
  expect(matcher.answered('g', undefined)).toStartWith('gcall-');
});

test('of thousands in no time out of proportion to their number', () => {
  // With a search through all calls for each result, it would take minutes.
  const matcher = createCallMatcher((position) => `gcall-h-${position}`);
  const ids = Array.from({ length: 200_000 }, (_, at) => matcher.called('f', `id_${at}`));
  expect(ids.toReversed().map((id) => matcher.answered('f', id))).toEqual(ids.toReversed());
});
