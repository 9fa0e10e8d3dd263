// What a row keeps of a body: no secret, no part of a key that was cut, and binary parts apart.
import { expect, test } from 'bun:test';
import { cleanBody } from '../../../src/gateway/record/clean-body.ts';
import type { BinaryPart } from '../../../src/ledger/rows/binary-parts.ts';
import { ownToken, thoughtToBytesWire } from '../../../src/model/opaque-token.ts';
import { MAX_BODY_LENGTH, markCut } from '../../../src/ledger/rows/storable-row.ts';

const same = (text: string) => text;

test.each([
  ['behind the last whole word', 'x '.repeat(MAX_BODY_LENGTH - 2), 'secretsecret'],
  ['where a word ends', 'x '.repeat(MAX_BODY_LENGTH), 'secret'],
  [
    'before as much of a long word as a key may have',
    'a'.repeat(2 * MAX_BODY_LENGTH - 1_024),
    'a'.repeat(1_025),
  ],
])('a long body is cut %s', (_, kept, rest) => {
  expect(cleanBody(kept + rest, 'request', same, []) === markCut(kept)).toBe(true);
});

test('one that is just short enough is whole', () => {
  const body = 'x '.repeat(MAX_BODY_LENGTH);
  expect(cleanBody(body, 'request', same, []) === body).toBe(true);
});

const IMAGE = Uint8Array.from({ length: 5_000 }, (_, at) => (at * 7919 + 13) % 256).toBase64();
const withImage = (before: string) =>
  `{"text":"${before}","source":{"type":"base64","media_type":"image/png","data":"${IMAGE}"}}`;

test('binary parts are reported by their place in what is left', () => {
  const binaries: BinaryPart[] = [];
  const clean = cleanBody(
    withImage('the key'),
    'request',
    (text) => text.replace('the key', '[redacted]'),
    binaries,
  );
  expect(binaries).toMatchObject([{ of: 'request', mediaType: 'image/png' }]);
  const { at } = binaries[0] ?? { at: 0 };
  expect([clean?.slice(0, at), clean?.slice(at)]).toEqual([withImage('[redacted]').split(IMAGE)[0], '"}}']);
});

test('a thought inside an opaque value is searched for secrets too', () => {
  const token = ownToken('anthropic-messages', 'sig');
  const redact = (text: string) => text.replaceAll('the key', '[redacted]');
  const signed = (text: string) => {
    const thoughtSignature = thoughtToBytesWire({ text, token, isRedacted: false });
    return JSON.stringify({ parts: [{ text: '', thought: true, thoughtSignature }, { text: 'a' }] });
  };
  expect(cleanBody(signed('hm'), 'response', redact, [])).toBe(signed('hm'));
  expect(cleanBody(signed('hm, the key'), 'response', redact, [])).toBe(
    '{"parts":[{"text":"","thought":true,"thoughtSignature":"[redacted]"},{"text":"a"}]}',
  );
});

test('none is looked for behind what is kept', () => {
  const binaries: BinaryPart[] = [];
  const before = 'x '.repeat(MAX_BODY_LENGTH);
  const clean = cleanBody(withImage(before), 'request', same, binaries);
  expect(binaries).toEqual([]);
  expect(clean === markCut(withImage(before).slice(0, 2 * MAX_BODY_LENGTH - 1))).toBe(true);
});

test('what is kept is counted over the texts between all of its parts', () => {
  const binaries: BinaryPart[] = [];
  const withText = withImage('x '.repeat(0.4 * MAX_BODY_LENGTH));
  const clean = cleanBody(withText.repeat(4), 'request', same, binaries);
  expect(binaries).toHaveLength(2);
  expect(clean?.length).toBeLessThan(2.1 * MAX_BODY_LENGTH);
});
