// Known secrets in base64: wherever in an encoded text they begin, in either alphabet, cut short, escaped; and no other base64.
import { describe, expect, test } from 'bun:test';
import { createRedactor } from '../../src/model/redact/redact.ts';

const SECRETS = [
  'qzSecret-Hx7Lw2mKp9',
  'sk-ant-api03-Zz2Xx4Cc6Vv8Bb0Nn1Mm',
  'pa+ss/wö>rd?~',
  // Its tail has slashes in base64, behind what is searched for.
  'sk-ant-api03-Zz2Xx4Cc6Vv8?>?>?>?',
  'short1',
  'ß'.repeat(9),
];
const redactor = createRedactor(SECRETS);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');

describe.each(SECRETS)('%s', (secret) => {
  const surroundings: [name: string, text: string][] = [
    '',
    'x',
    'xy',
    'user:',
    'Bearer ',
    '{"api_key":"',
  ].flatMap((before) =>
    ['', '!', '"}', '\u0000\u0000'].map((behind): [string, string] => [
      `between ${JSON.stringify(before)} and ${JSON.stringify(behind)}`,
      before + secret + behind,
    ]),
  );

  test.each(surroundings)('%s', (_, plain) => {
    for (const encoded of [base64(plain), base64url(plain)]) {
      expect(redactor.ofFailure(`bad header "${encoded}".`)).toBe('bad header "[redacted]".');
      expect(redactor.ofFailure(encoded)).toBe('[redacted]');
      const inUrl = encodeURIComponent(encoded);
      const inSmallLetters = inUrl.replace(/%../g, (code) => code.toLowerCase());
      for (const text of [inUrl, inSmallLetters])
        expect(redactor.ofFailure(`/x?a=${text}&b=1`)).toBe('/x?a=[redacted]&b=1');
    }
    const escaped = base64(plain).replaceAll('/', '\\/');
    expect(redactor.ofFailure(`{"said":"${escaped}","b":1}`)).toBe('{"said":"[redacted]","b":1}');
    // In JSON within JSON, by servers that escape all slashes, or only the inner ones do; .NET's escape the plus sign.
    const dotnet = base64(plain).replaceAll('+', '\\u002B');
    expect(redactor.ofFailure(`{"said":"${dotnet}","b":1}`)).toBe('{"said":"[redacted]","b":1}');
    let nested = `{"said":"${escaped}","b":1}`;
    let clean = '{"said":"[redacted]","b":1}';
    for (let level = 0; level < 3; level++) {
      nested = JSON.stringify(nested);
      clean = JSON.stringify(clean);
      expect(redactor.ofFailure(nested)).toBe(clean);
      expect(redactor.ofFailure(nested.replaceAll('/', '\\/'))).toBe(clean);
    }
    // In JSON within JSON, the quotation marks stay escaped.
    const inJson = JSON.stringify(`{"said":"${base64(plain)}","b":1}`);
    expect(redactor.ofFailure(inJson)).toBe(JSON.stringify('{"said":"[redacted]","b":1}'));
  });

  test('repeated, and in a text next to itself', () => {
    const encoded = base64(secret);
    expect(redactor.ofFailure(`${encoded} ${encoded}, ${secret}`)).toBe('[redacted] [redacted], [redacted]');
  });
});

test('a long one that is cut short', () => {
  const half = base64(`user:${SECRETS[1]}`).slice(0, 40);
  expect(redactor.ofFailure(`Basic ${half}… is none`)).toBe('Basic [redacted]… is none');
});

test('other base64 stays, and so does what is reported no failure', () => {
  const others = [
    'another secret of someone else',
    'qzSecret',
    'sk-ant-api03-',
    '{"type":"error"}',
    'user:password',
  ];
  for (const other of others) {
    const text = `the image ${base64(other.repeat(3))} is none`;
    expect(redactor.ofFailure(text)).toBe(text);
  }
  const encoded = base64('qzSecret-Hx7Lw2mKp9');
  expect(redactor(encoded)).toBe(encoded);
});

test('one that a client brought', () => {
  const encoded = base64('user:own-key-of-a-client');
  expect(redactor.ofFailure(encoded)).toBe(encoded);
  expect(redactor.and(['own-key-of-a-client']).ofFailure(encoded)).toBe('[redacted]');
});

test('takes no time out of proportion to the text', () => {
  const encoded = base64('qzSecret-Hx7Lw2mKp9');
  const long = `${'A'.repeat(500_000)}!${encoded.repeat(20_000)}`;
  expect(redactor.ofFailure(long)).toBe(`${'A'.repeat(500_000)}!${'[redacted]'.repeat(20_000)}`);
});
