// What a terminal would obey is shown instead.
import { expect, test } from 'bun:test';
import { printable } from '../../src/model/printable.ts';

test('control characters become visible, all else stays', () => {
  expect(printable('\u001b[31mred\u001b[0m\u0007')).toBe('␛[31mred␛[0m␇');
  expect(printable('a\rb\u007fc\u009b31md')).toBe('a␍b␡c\ufffd31md');
  expect(printable('user\u202etxt.exe\u2066')).toBe('user\ufffdtxt.exe\ufffd');
  expect(printable('größer\t🦭\n»日本«')).toBe('größer\t🦭\n»日本«');
});
