// Text that is kept piece by piece and read now and then.
import { expect, test } from 'bun:test';
import { createKeptText } from '../../src/model/kept-text.ts';

test.each([0, 1, 255, 256, 257, 1_000])('%i pieces are kept in their order', (count) => {
  const kept = createKeptText();
  const pieces = Array.from({ length: count }, (_, at) => `${at},`);
  for (const piece of pieces) kept.add(piece);
  expect(kept.length).toBe(pieces.join('').length);
  expect(kept.text()).toBe(pieces.join(''));
});

test('text goes on behind what was read', () => {
  const kept = createKeptText();
  for (let at = 0; at < 300; at++) {
    kept.add('a');
    kept.add('');
    expect(kept.text()).toHaveLength(at + 1);
  }
  expect(kept.text()).toBe('a'.repeat(300));
});
