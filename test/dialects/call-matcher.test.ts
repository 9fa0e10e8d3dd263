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

test('a name that no call had, as goose gives its own id of the call there, is of the next call that waits', () => {
  const matcher = createCallMatcher((position) => `gcall-h-${position}`);
  const calls = [matcher.called('read', undefined), matcher.called('write', undefined)];
  expect(['237b7770-aa61', 'd67101c6-2a07'].map((name) => matcher.answered(name, undefined))).toEqual(calls);
  const last = matcher.called('edit', undefined);
  // A second result of a call is not that of another.
  expect(matcher.answered('read', undefined)).not.toBe(last);
  expect(matcher.answered('a8c24b9b-5397', undefined)).toBe(last);
  expect(matcher.answered('2bb7b381-aa05', undefined)).toStartWith('gcall-');
});

test('of thousands in no time out of proportion to their number', () => {
  // With a search through all calls for each result, it would take minutes.
  const matcher = createCallMatcher((position) => `gcall-h-${position}`);
  const ids = Array.from({ length: 200_000 }, (_, at) => matcher.called('f', `id_${at}`));
  expect(ids.toReversed().map((id) => matcher.answered('f', id))).toEqual(ids.toReversed());
});
