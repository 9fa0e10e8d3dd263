// JSON that comes in pieces: the verdict of `JSON.parse`, and where it stands.
import { describe, expect, test } from 'bun:test';
import { JsonScanner } from '../../src/model/json/scanner.ts';

const WHOLE = [
  '{}',
  ' {"a" : [1, -2.5e+10, true, false, null, "x\\u00e9\\n\\"", {"b":{}}, [], [[0]]] } \n',
  '"text"',
  '[ ]',
  '12',
  '-0.5E-3',
  'null',
  '{"":"\u{1F9AD} \u007f"}',
  `{"a":${'['.repeat(200)}${']'.repeat(200)}}`,
];

const NEVER = [
  '{a:1}',
  "{'a':1}",
  '{"a":1,}',
  '[1,]',
  '{"a" 1}',
  '{"a":01}',
  '{"a":1..2}',
  '{"a":+1}',
  '{"a":tru}',
  '{"a":"\n"}',
  '{"a":"\\x"}',
  '{"a":"\\u12g4"}',
  '{]',
  '[}',
  '{} {}',
  '{}{}',
  '1 2',
  'undefined',
  '<xml/>',
  '{"a":1e}',
  '{,}',
  '{"a":[1 2]}',
];

function scan(fragments: Iterable<string>) {
  const scanner = new JsonScanner();
  for (const fragment of fragments) scanner.push(fragment);
  return scanner;
}

describe('the scanner agrees with JSON.parse', () => {
  test.each(WHOLE)('%j is whole, in one piece or in many', (text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    for (const scanner of [scan([text]), scan(text), scan(text.match(/.{1,3}/gs) ?? [])]) {
      expect([scanner.complete(), scanner.broken(), scanner.empty()]).toEqual([true, false, false]);
      expect(scanner.isObject()).toBe(text.trim().startsWith('{'));
    }
  });

  test.each(NEVER)('%j can never be', (text) => {
    expect(() => JSON.parse(text)).toThrow();
    for (const scanner of [scan([text]), scan(text)]) {
      expect([scanner.complete(), scanner.broken()]).toEqual([false, true]);
    }
  });

  test.each(WHOLE)('no beginning of %j is broken, and it is whole only where JSON.parse takes it', (text) => {
    for (let end = 0; end < text.length; end++) {
      const part = text.slice(0, end);
      const scanner = scan([part]);
      expect([part, scanner.broken()]).toEqual([part, false]);
      let parses = true;
      try {
        JSON.parse(part);
      } catch {
        parses = false;
      }
      expect([part, scanner.complete()]).toEqual([part, parses]);
    }
  });

  test('any single character put in or taken out: the same verdict', () => {
    const text = '{"a":[1,-2.5e+1,true,null,"x\\u00e9\\""],"b":{}}';
    for (let at = 0; at <= text.length; at++) {
      for (const insert of ['', ...'{}[]",:0-.eEtn\\u \n\u0000']) {
        const changed = text.slice(0, at) + insert + text.slice(insert === '' ? at + 1 : at);
        let parses = true;
        try {
          JSON.parse(changed);
        } catch {
          parses = false;
        }
        expect([changed, scan([changed]).complete()]).toEqual([changed, parses]);
      }
    }
  });
});

test('white space is empty, and a beginning is neither whole nor broken', () => {
  expect(scan([' \n']).empty()).toBe(true);
  expect(scan(['']).complete()).toBe(false);
  const begun = scan(['{"a"']);
  expect([begun.complete(), begun.broken(), begun.empty()]).toEqual([false, false, false]);
});

test('a number of a million digits is one step a digit', () => {
  const scanner = new JsonScanner();
  scanner.push('[');
  for (let at = 0; at < 1_000_000; at++) scanner.push('7');
  scanner.push(']');
  expect(scanner.complete()).toBe(true);
});
