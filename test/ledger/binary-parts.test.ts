// Binary parts of bodies: found wherever a dialect puts them, told by their media type, and nothing else taken for one.
import { describe, expect, test } from 'bun:test';
import {
  type BinaryPart,
  findBinaryParts,
  findReferences,
  putBack,
  sharedCopy,
  writeReference,
} from '../../src/ledger/rows/binary-parts.ts';

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 7919 + 13) % 256));
const DATA = bytes(5000).toString('base64');
const DATA_IN_HEX = bytes(5000).toString('hex');

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
    const [part] = findBinaryParts(text);
    expect(text.slice(part?.start, part?.end)).toBe(DATA);
    expect(part?.content).toEqual(sharedCopy(bytes(5000)));
    expect(part?.mediaType).toBe(mediaType);
  });
});

const SILENCE = Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEfmt '), Buffer.alloc(5985)]).toString('base64');
const BITMAP = Buffer.concat([Buffer.from('BM'), Buffer.alloc(6001, 0xff)]).toString('base64');
const WHITE = Buffer.alloc(6003, 0xff).toString('base64');
const SHEET = Buffer.from('name;count\n'.repeat(600)).toString('base64');

describe('a part that says little is one by its field, or by how it begins', () => {
  test.each([
    ['OpenAI: a recording of silence', `{"input_audio":{"data":"?","format":"wav"}}`, SILENCE],
    ['OpenAI: samples without a beginning', `{"audio":{"format":"pcm16","data":"?"}}`, WHITE],
    ['OpenAI: a file', `{"file":{"filename":"a.csv","file_data":"?"}}`, SHEET],
    ['OpenAI: an image that was made', `{"data":[{"b64_json":"?"}]}`, WHITE],
    ['Ollama: a blank picture', `{"role":"user","content":"see","images":["AA==","?"]}`, BITMAP],
    ['Bedrock: a table', `{"document":{"format":"csv","name":"a","source":{"bytes":"?"}}}`, SHEET],
    ['Anthropic: white', `{"source":{"type":"base64","media_type":"image/bmp","data":"?"}}`, WHITE],
    ['Gemini: white', `{"inlineData":{"data":"?","mimeType":"image/bmp"}}`, WHITE],
    ['an address', `{"image_url":{"url":"data:image/bmp;base64,?"}}`, WHITE],
  ])('%s', (_, body, data) => {
    const text = `{"model":"m","messages":[${body.replace('?', data)}]}`;
    expect(findBinaryParts(text).map(({ start, end }) => text.slice(start, end))).toEqual([data]);
  });
});

test.each([
  ['one letter', 'w'.repeat(200_000)],
  ['laughter', 'ha'.repeat(50_000)],
  ['digits', '31415926535897932384626433832795'.repeat(500)],
  ['a sequence of bases', 'GATTACAA'.repeat(2000)],
  ['hexadecimal', DATA_IN_HEX],
  ['words without blanks', 'TheQuickBrownFoxJumpsOverTheLazyDog0123456789/+'.repeat(400)],
])('text of nothing but signs of base64 is text: %s', (_, text) => {
  expect(text.length % 4).toBe(0);
  expect(findBinaryParts(`{"messages":[{"role":"user","content":"${text}"}]}`)).toEqual([]);
  expect(findBinaryParts(`{"content":[{"type":"text","text":"${text}"}]}`)).toEqual([]);
});

test('a document of plain words is text', () => {
  const source = (text: string) => `{"type":"text","media_type":"text/plain","data":"${text}"}`;
  expect(findBinaryParts(source('w'.repeat(9000)))).toEqual([]);
  const behind = `{"media_type":"text/plain","data":"${'w'.repeat(9000)}","type":"text"}`;
  expect(findBinaryParts(behind)).toEqual([]);
});

test('what looks like noise is a part in any field', () => {
  const sealed = bytes(5001).toString('base64');
  expect(findBinaryParts(`{"type":"reasoning","encrypted_content":"${sealed}"}`)).toHaveLength(1);
});

test('a part is found at every place and of every length above the shortest', () => {
  for (let offset = 0; offset < 5000; offset += 37) {
    const data = bytes(3072 + offset).toString('base64');
    const text = `${' '.repeat(offset)}"${data}" ${'word '.repeat(offset % 100)}`;
    expect(findBinaryParts(text).map(({ start, end }) => text.slice(start, end))).toEqual([data]);
  }
});

test('several parts, and the text between them', () => {
  const text = `["${DATA}","words","${DATA}"]`;
  expect(findBinaryParts(text).map(({ start, end }) => [start, end])).toEqual([
    [2, 2 + DATA.length],
    [text.length - 2 - DATA.length, text.length - 2],
  ]);
});

test('parts come back where they stood', () => {
  const part = (at: number): BinaryPart => {
    return { of: 'request', at, mediaType: 'a/b', content: new Uint8Array(new SharedArrayBuffer(at)) };
  };
  const whole = putBack('["","words",""]', [part(2), part(13)], ({ content }) => `X${content.length}`);
  expect(whole).toBe('["X2","words","X13"]');
  expect(putBack('none', [], () => 'X')).toBe('none');
});

test.each([
  ['prose', 'The quick brown fox jumps over the lazy dog. '.repeat(500)],
  ['a long word that is no string', 'x'.repeat(20_000)],
  ['a short part', `"${bytes(2000).toString('base64')}"`],
  ['part of a string', `"see ${'A'.repeat(9000)} there"`],
  ['base64 with a space in it', `"${DATA.slice(0, 3000)} ${DATA.slice(3000)}"`],
  ['base64 of URLs', `"${DATA.slice(0, 3000)}-${DATA.slice(3001)}"`],
  ['base64 without its padding', `"${DATA.slice(0, -1)}"`],
  ['bits that no byte has', `"${DATA.slice(0, -2)}/="`],
  ['a string that does not end', `"${DATA}`],
  ['nothing', ''],
])('%s holds none', (_, text) => {
  expect(findBinaryParts(text)).toEqual([]);
});

test('a reference is read as it was written', () => {
  const reference = { hash: 'ab'.repeat(32), mediaType: 'image/svg+xml', bytes: 12 };
  expect(findReferences(`"${writeReference(reference)}"`)).toEqual([
    { ...reference, text: writeReference(reference) },
  ]);
});
