// The free text of a custom tool's call, out of the JSON in which other dialects carry it.
import { describe, expect, test } from 'bun:test';
import { createFreeTextReader, freeTextOf } from '../../../src/dialects/openai-responses/free-text.ts';
import { createRandom, FIRST_SEED } from '../../support/splits.ts';

const TEXTS = [
  '',
  'plain',
  '*** Begin Patch\n*** Update File: a.ts\n@@\n-\t"x"\n+\t\\d\\\\\n*** End Patch',
  '\\\\\\\\\\"\\',
  'ä 🌊 \u2028 \u0000 \ud83d',
  '{"input":"nested"}',
];

function read(pieces: readonly string[]): string {
  const reader = createFreeTextReader();
  return pieces.map((piece) => reader.push(piece)).join('') + reader.end();
}

describe.each(TEXTS.map((text) => [JSON.stringify(text), text] as const))('%s', (_, text) => {
  const spellings = [
    JSON.stringify({ input: text }),
    `\n{ "input" :\t${JSON.stringify(text)} }\n`,
    // Every character escaped, halves of pairs apart.
    `{"input":"${[...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"}`,
  ];

  test('is read from every spelling, however it is cut', () => {
    for (const args of spellings) {
      expect(freeTextOf(args)).toBe(text);
      expect(read([args])).toBe(text);
      expect(read([...args].flatMap((char) => char.split('')))).toBe(text);
      const random = createRandom(FIRST_SEED);
      for (let round = 0; round < 20; round++) {
        const pieces: string[] = [];
        for (let at = 0; at < args.length; ) {
          const size = 1 + Math.floor(random() * 7);
          pieces.push(args.slice(at, at + size));
          at += size;
        }
        expect(read(pieces)).toBe(text);
      }
    }
  });

  test('no piece ends in half a pair that the other half follows', () => {
    const reader = createFreeTextReader();
    const pieces = [...(spellings[2] ?? '')].map((char) => reader.push(char)).filter((piece) => piece !== '');
    for (const [at, piece] of pieces.entries()) {
      const follows = pieces[at + 1]?.charCodeAt(0) ?? 0;
      const isHalf = /[\ud800-\udbff]$/.test(piece) && follows >= 0xdc00 && follows <= 0xdfff;
      expect(isHalf).toBe(false);
    }
  });
});

test.each([
  ['no arguments', '', ''],
  ['an empty object', '{}', ''],
  ['another argument', '{"patch":"x"}', '{"patch":"x"}'],
  ['another argument before', `{"reason":"${'r'.repeat(100)}","input":"x"}`, 'x'],
  ['no JSON', 'just text', 'just text'],
  ['a text that is none', '{"input":{"a":1}}', '{"input":{"a":1}}'],
])('%s', (_, args, expected) => {
  expect(freeTextOf(args)).toBe(expected);
  expect(read(args.split(''))).toBe(expected);
});

test('raw line breaks, which are not JSON, are taken', () => {
  expect(read(['{"input":"a', '\nb"}'])).toBe('a\nb');
});
