// Fields edited in the text of a JSON object: all else stays to the byte.
import { describe, expect, test } from 'bun:test';
import { editTopLevel } from '../../src/model/json/edit.ts';

const SOURCE = `{ "model" : "a/b",\n "n": 1.0, "big": 12345678901234567890, "s": "q\\"},{\\\\", "o": {"model": [1, {"x": "]"}]}, "last":null }`;

describe('editTopLevel', () => {
  test('no edits: the same text', () => {
    expect(editTopLevel(SOURCE, {})).toBe(SOURCE);
  });
  test('setting a field leaves every other byte', () => {
    expect(editTopLevel(SOURCE, { model: 'b' })).toBe(SOURCE.replace('"a/b"', '"b"'));
  });
  test('a nested field of the same name stays', () => {
    expect(editTopLevel(SOURCE, { o: 1 })).toContain('"o": 1, "last"');
  });
  test('adding a field', () => {
    expect(editTopLevel('{}', { a: { b: [1] } })).toBe('{"a":{"b":[1]}}');
    expect(editTopLevel('{"x":1}', { a: true })).toBe('{"x":1,"a":true}');
    expect(editTopLevel(' {"x":1\n}\n', { a: true })).toBe(' {"x":1,"a":true}\n');
  });
  test('removing what is not there changes nothing', () => {
    expect(editTopLevel(SOURCE, { nothing: undefined })).toBe(SOURCE);
  });
  const names = ['a', 'b', 'c', 'd'];
  for (let mask = 0; mask < 16; mask++) {
    for (const space of ['', ' ', '\n  ']) {
      const removed = names.filter((_, index) => mask & (1 << index));
      test(`removing [${removed}] with white space ${JSON.stringify(space)}`, () => {
        const text = `{${space}${names.map((name, index) => `"${name}":${space}${index}`).join(`${space},${space}`)}${space}}`;
        const edits = Object.fromEntries(removed.map((name) => [name, undefined]));
        const expected = Object.fromEntries(
          names.flatMap((name, index) => (removed.includes(name) ? [] : [[name, index]])),
        );
        expect(JSON.parse(editTopLevel(text, edits))).toEqual(expected);
        expect(JSON.parse(editTopLevel(text, { ...edits, z: 9 }))).toEqual({ ...expected, z: 9 });
        const others = Object.fromEntries(Object.keys(expected).map((name) => [name, 'set']));
        expect(JSON.parse(editTopLevel(text, { ...edits, ...others }))).toEqual(others);
        expect(JSON.parse(editTopLevel(text, { ...edits, ...others, z: 9 }))).toEqual({ ...others, z: 9 });
      });
    }
  }
});
