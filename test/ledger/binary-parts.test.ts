// Binary parts of bodies: found wherever a dialect puts them, told by their media type, and nothing else taken for one.
import { describe, expect, test } from 'bun:test';
import {
  findBinaryRuns,
  findReferences,
  replaceRuns,
  writeReference,
} from '../../src/ledger/binary-parts.ts';

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 7919 + 13) % 256));
const DATA = bytes(5000).toString('base64');

describe('a part is found with its media type', () => {
  test.each([
    [
      'Anthropic',
      `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"${DATA}"}}`,
      'image/png',
    ],
    ['Anthropic, type behind', `{"data":"${DATA}","media_type":"application/pdf"}`, 'application/pdf'],
    ['OpenAI', `{"image_url":{"url":"data:image/jpeg;base64,${DATA}"}}`, 'image/jpeg'],
    ['OpenAI audio', `{"input_audio":{"data":"${DATA}","format":"wav"}}`, 'application/octet-stream'],
    ['Gemini', `{"inlineData":{"mimeType":"audio/mp3","data":"${DATA}"}}`, 'audio/mp3'],
    ['Gemini, snake case', `{"inline_data": {"data": "${DATA}", "mime_type": "image/webp"}}`, 'image/webp'],
  ])('%s', (_, body, mediaType) => {
    const text = `{"model":"m","messages":[${body},{"text":"and more"}]}`;
    const [run] = findBinaryRuns(text);
    expect(text.slice(run?.start, run?.end)).toBe(DATA);
    expect(run?.mediaType).toBe(mediaType);
  });
});

test('a part is found at every place and of every length above the shortest', () => {
  for (let offset = 0; offset < 5000; offset += 37) {
    const data = bytes(3072 + offset).toString('base64');
    const text = `${' '.repeat(offset)}"${data}" ${'word '.repeat(offset % 100)}`;
    expect(findBinaryRuns(text).map(({ start, end }) => text.slice(start, end))).toEqual([data]);
  }
});

test('several parts, and the text between them', () => {
  const text = `["${DATA}","words","${DATA}"]`;
  const runs = findBinaryRuns(text);
  expect(replaceRuns(text, runs, () => 'X')).toBe('["X","words","X"]');
});

test.each([
  ['prose', 'The quick brown fox jumps over the lazy dog. '.repeat(500)],
  ['a long word that is no string', 'x'.repeat(20_000)],
  ['a short part', `"${bytes(2000).toString('base64')}"`],
  ['part of a string', `"see ${'A'.repeat(9000)} there"`],
  ['nothing', ''],
])('%s holds none', (_, text) => {
  expect(findBinaryRuns(text)).toEqual([]);
});

test('a reference is read as it was written', () => {
  const reference = { hash: 'ab'.repeat(32), mediaType: 'image/svg+xml', bytes: 12 };
  expect(findReferences(`"${writeReference(reference)}"`)).toEqual([
    { ...reference, text: writeReference(reference) },
  ]);
});
