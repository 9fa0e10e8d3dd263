// Indices of alternatives that a provider makes up: the number that is kept is limited.
import { expect, test } from 'bun:test';
import { Alternatives } from '../../../src/dialects/shared/alternatives.ts';

test('numbers made up without end are not remembered, and do not keep the others from ending', () => {
  const alternatives = new Alternatives(1);
  alternatives.note(0, false);
  for (let index = 1; index < 99_999; index++) alternatives.note(index, true);
  alternatives.note(99_999, true);
  // One more than is remembered.
  alternatives.note(100_000, false);
  expect(alternatives.complete()).toBe(false);
  alternatives.note(0, true);
  expect(alternatives.complete()).toBe(true);
});
