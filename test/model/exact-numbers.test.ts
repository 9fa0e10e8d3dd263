// Whole numbers longer than JavaScript's own keep their spelling from one text to the next.
import { describe, expect, test } from 'bun:test';
import { argumentsToWrite, exactText, readJson, readObject } from '../../src/model/json/exact-numbers.ts';
import { editTopLevel } from '../../src/model/json/edit.ts';
import { isObject, MOST_LEVELS } from '../../src/model/json/json.ts';
import { writeJson } from '../../src/model/json/write-json.ts';

const LONG = '{"id":1234567890123456789,"list":[-98765432109876543210,{"deep":9007199254740993}],"as":1000}';

describe('a tree that was read', () => {
  test.each([
    LONG,
    '{"a":9007199254740993}',
    '[9007199254740993,-9007199254740993]',
    '{"a":{"a":{"a":123456789012345678901234567890}}}',
    '{"a": 1234567890123456789 }',
  ])('%s is written as it was', (text) => {
    expect(exactText(readJson(text))).toBe(text.replaceAll(' ', ''));
    expect(writeJson(readJson(text), 0)).toBe(text.replaceAll(' ', ''));
  });

  test.each([
    '{"a":1.5,"b":1e3,"c":-0,"d":9007199254740991,"e":1000000000000000000,"f":1e400}',
    '{"a":"1234567890123456789","b":":1234567890123456789"}',
    'null',
    '7',
  ])('%s is what it is for JSON', (text) => {
    expect(exactText(readJson(text))).toBe(JSON.stringify(JSON.parse(text)));
    expect(readJson(text)).toEqual(JSON.parse(text));
  });

  test('holds numbers like any other', () => {
    expect(readJson(LONG)).toEqual(JSON.parse(LONG));
  });

  test('may be part of another, and be changed', () => {
    const tree = readObject(LONG);
    if (tree === undefined) throw new Error('no object');
    expect(exactText({ inside: [tree] })).toBe(`{"inside":[${LONG}]}`);
    tree.id = 7;
    expect(exactText(tree)).toBe(LONG.replace('1234567890123456789', '7'));
  });

  test('copied at its top it is what JavaScript made of it there', () => {
    const tree = readObject('{"id":1234567890123456789}');
    expect(exactText({ ...tree })).toBe('{"id":1234567890123456800}');
  });

  test('is as deep as any may be', () => {
    for (const number of ['1', '1234567890123456789']) {
      const nested = (levels: number) => `${'['.repeat(levels)}${number}${']'.repeat(levels)}`;
      expect(() => readJson(nested(MOST_LEVELS))).not.toThrow();
      expect(() => readJson(`[${'1,'.repeat(1_000)}${nested(MOST_LEVELS)}]`)).toThrow(RangeError);
      expect(() => readJson(nested(100_000))).toThrow(RangeError);
      expect(readObject(`{"a":${nested(100_000)}}`)).toBeUndefined();
    }
  });

  test('what is no JSON is none', () => {
    expect(() => readJson('{"a":1234567890123456789')).toThrow(SyntaxError);
    expect(readObject('{"a":1234567890123456789')).toBeUndefined();
    expect(readObject('[1234567890123456789]')).toBeUndefined();
  });
});

test('arguments to be written are written as they were, by whoever writes them', () => {
  expect(JSON.stringify({ input: argumentsToWrite(LONG) })).toBe(`{"input":${LONG}}`);
  expect(JSON.stringify(argumentsToWrite('{"a":1}'))).toBe('{"a":1}');
  expect(argumentsToWrite('no JSON')).toBeUndefined();
  expect(argumentsToWrite('[1234567890123456789]')).toBeUndefined();
});

test('an edited field keeps them where it was not changed', () => {
  const text = `{"tools":[${LONG}],"x":1234567890123456789}`;
  const body = readJson(text);
  const tools = isObject(body) && Array.isArray(body.tools) ? body.tools : [];
  const edited = editTopLevel(text, { tools: [...tools, { more: true }] });
  expect(edited).toBe(`{"tools":[${LONG},{"more":true}],"x":1234567890123456789}`);
});
