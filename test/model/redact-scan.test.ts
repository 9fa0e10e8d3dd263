// One pass that misses none of the strings it looks for.
import { describe, expect, test } from 'bun:test';
import { createScan } from '../../src/model/redact-scan.ts';

const STRINGS = ['sk-', 'bearer', 'api key', '@', '..', '…', '••', 'key='];

describe('createScan', () => {
  const scan = createScan(STRINGS);
  const bit = (text: string) => 1 << STRINGS.indexOf(text);

  test('finds each string anywhere, however it is capitalised', () => {
    for (const text of STRINGS) {
      for (const spelling of [text, text.toUpperCase(), text.charAt(0).toUpperCase() + text.slice(1)]) {
        for (const around of [spelling, `a${spelling}`, `${spelling}z`, `日本${spelling}語`]) {
          expect(scan(around) & bit(text)).toBe(bit(text));
        }
      }
    }
  });

  test('finds nothing in nothing, and nothing where no two neighbours are those of a string', () => {
    for (const text of ['', 'hello', '{"role":"user","content":[]}', 'k - . = •', 'naïve'])
      expect(scan(text)).toBe(0);
  });

  test('finds it at every place, and at the end', () => {
    for (const text of STRINGS)
      for (let at = 0; at < 8; at++) expect(scan(`${'x'.repeat(at)}${text}`) & bit(text)).toBe(bit(text));
  });

  test('some neighbours of a string are not the string', () => {
    for (const text of ['bea rer', 'rare', 'sk', 'key', '. .', 'k-', 'task -']) expect(scan(text)).toBe(0);
  });

  test('takes as many strings as a result has bits', () => {
    const strings = Array.from({ length: 31 }, (_, index) => `${String.fromCharCode(33 + index)}~`);
    expect(createScan(strings)(strings[30] ?? '')).toBe(1 << 30);
    expect(() => createScan([...strings, 'one more'])).toThrow(RangeError);
  });
});
