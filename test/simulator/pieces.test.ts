// Text and JSON cut into the tokens of the simulator.
import { describe, expect, test } from 'bun:test';
import { countPieces, cutIntoPieces } from '../../src/simulator/pieces.ts';
import { answerText } from '../../src/simulator/wording.ts';

describe('tokens', () => {
  test('the pieces joined are the text, whatever it is', () => {
    const texts = [
      '',
      ' ',
      '\n\n\ttabs and\r\nlines  ',
      'Grüße 世界 👩‍🔬 naïve…',
      'a very long antidisestablishmentarianism!!!!!!!!!!',
      '{"json":[1,2,3]}',
      'lone \ud83d surrogate',
    ];
    for (const text of texts) {
      const pieces = cutIntoPieces(text);
      expect(pieces.join('')).toBe(text);
      expect(pieces.every((piece) => piece.length > 0)).toBe(true);
      expect(countPieces(text)).toBe(pieces.length);
    }
  });

  test('words are about a token each', () => {
    expect(cutIntoPieces('Hello there, friend')).toEqual(['Hello', ' there', ',', ' friend']);
  });

  test('an answer of n tokens has n tokens', () => {
    for (const length of [1, 10, 100, 1_000]) expect(countPieces(answerText('hi', length))).toBe(length);
  });

  test('answers say what they are, quote the question and hold multi-byte characters', () => {
    for (const question of ['one', 'two', 'three', 'four', 'five', 'x'.repeat(500)]) {
      const text = answerText(question, undefined);
      expect(text).toContain('simulator');
      expect(text).toContain(question.slice(0, 100));
      expect(new TextEncoder().encode(text).length).toBeGreaterThan(text.length);
      expect(text).toBe(answerText(question, undefined));
    }
  });
});
