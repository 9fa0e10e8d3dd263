// Where a text that is no JSON goes wrong.
import { expect, test } from 'bun:test';
import { findJsonFault } from '../../src/model/json/fault.ts';

test.each([
  ['{"a":1,}', 1, 8, false],
  ['{"a":\n  [1, 2}\n}', 2, 8, false],
  ['{"a": tru}', 1, 10, false],
  ['{"a": 01}', 1, 8, false],
  ["{'a': 1}", 1, 2, false],
  ['{"a": "line\nbreak"}', 1, 12, false],
  ['{"a": 1} {', 1, 10, false],
  ['{"a": [1,', 1, 10, true],
  ['{\n"a', 2, 3, true],
] as const)('%j: line %p, column %p', (text, line, column, isEnd) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(findJsonFault(text)).toEqual({ line, column, isEnd });
});

test('far behind the beginning', () => {
  const text = `{"a":"${'x'.repeat(10_000)}",\n"b":}`;
  expect(findJsonFault(text)).toEqual({ line: 2, column: 5, isEnd: false });
});

test('JSON has none, and of a very long text none is looked for', () => {
  expect(findJsonFault('{"a":[1,2.5e3,"\\u00e9",null]}')).toBeUndefined();
  expect(findJsonFault(`[${'1,'.repeat(40_000)}`)).toBeUndefined();
});
