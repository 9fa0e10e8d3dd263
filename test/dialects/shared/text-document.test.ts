// Which files that a client gives as bytes are texts.
import { expect, test } from 'bun:test';
import { asText } from '../../../src/dialects/shared/media/text-document.ts';
import { toBase64 } from '../../../src/model/base64.ts';

const read = (mediaType: string) =>
  asText({ kind: 'base64', mediaType, data: toBase64(new TextEncoder().encode('größer')) })?.text;

test.each([
  'text/plain',
  'text/x-python; charset=utf-8',
  'application/json',
  'application/json; charset=utf-8',
  'application/javascript',
  'application/typescript',
  'application/x-sh',
  'application/x-yaml',
  'application/sql',
  'application/ld+json',
  'application/xhtml+xml',
])('%s is a text', (mediaType) => {
  expect(read(mediaType)).toBe('größer');
});

test.each([
  'application/pdf',
  'application/zip',
  'application/epub+zip',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/x-shockwave-flash',
  'image/svg+xml',
])('%s is none', (mediaType) => {
  expect(read(mediaType)).toBeUndefined();
});
