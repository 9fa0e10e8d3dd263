// One pass that misses none of the strings it looks for, and tells of nothing else.
import { describe, expect, test } from 'bun:test';
import { createScan } from '../../src/model/redact/scan.ts';

const STRINGS = ['sk-', 'bearer', 'api key', '@', '..', '…', '••', 'key='];

function foundIn(text: string, strings: readonly string[] = STRINGS): string[] {
  const places: string[] = [];
  createScan(strings)(text, (string, at) => places.push(`${strings[string]} ${at}`));
  return places;
}

describe('createScan', () => {
  test('finds each string anywhere, however it is capitalised', () => {
    for (const text of STRINGS) {
      for (const spelling of [text, text.toUpperCase(), text.charAt(0).toUpperCase() + text.slice(1)]) {
        expect(foundIn(spelling)).toEqual([`${text} 0`]);
        expect(foundIn(`a${spelling}`)).toEqual([`${text} 1`]);
        expect(foundIn(`${spelling}z`)).toEqual([`${text} 0`]);
        expect(foundIn(`日本${spelling}語`)).toEqual([`${text} 2`]);
      }
    }
  });

  test('finds nothing in nothing, and nothing where no string stands', () => {
    for (const text of ['', 'hello', '{"role":"user","content":[]}', 'k - . = •', 'naïve'])
      expect(foundIn(text)).toEqual([]);
  });

  test('finds it at every place, and at the end', () => {
    for (const text of STRINGS)
      for (let at = 0; at < 8; at++) expect(foundIn(`${'x'.repeat(at)}${text}`)).toContain(`${text} ${at}`);
  });

  test('finds it each time, also where one reaches into the next', () => {
    expect(foundIn('sk-sk-…')).toEqual(['sk- 0', 'sk- 3', '… 6']);
    expect(foundIn('....')).toEqual(['.. 0', '.. 1', '.. 2']);
    expect(foundIn('apikey=key', ['apikey', 'key='])).toEqual(['apikey 0', 'key= 3']);
  });

  test('some neighbours of a string are not the string', () => {
    for (const text of [
      'bea rer',
      'rare',
      'sk',
      'key',
      '. .',
      'k-',
      'task -',
      'earer',
      'bearded',
      'an api kernel',
      'we mini keys',
      'my key ',
      'p\u0009 key',
    ])
      expect(foundIn(text)).toEqual([]);
    // Differ by the bit that tells capitals from small letters, but are no letters.
    expect(foundIn('key\u001d', ['key='])).toEqual([]);
    expect(foundIn('sk\r', ['sk-'])).toEqual([]);
  });

  test('takes any number of strings', () => {
    const strings = Array.from({ length: 300 }, (_, index) => `${String.fromCharCode(0x100 + index)}~`);
    expect(foundIn(strings.join(' '), strings)).toEqual(
      strings.map((string, index) => `${string} ${3 * index}`),
    );
  });
});
