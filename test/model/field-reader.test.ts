// One field of objects that pass by in pieces: what JSON.parse would find, wherever the pieces are cut.
import { expect, test } from 'bun:test';
import { FieldReader } from '../../src/model/json/field-reader.ts';

function read(text: string, cut: number): unknown {
  const bytes = new TextEncoder().encode(text);
  const reader = new FieldReader(['usage', 'seconds']);
  for (let at = 0; at < bytes.length; at += cut) reader.take(bytes.subarray(at, at + cut));
  return reader.values();
}

const USAGE = { input_tokens: 5, details: { text: 'a "}\\" b\\\\', list: [1, { x: null }] } };
const OTHER = { usage: { no: 1 }, deep: [{ usage: { no: 2 } }] };

test.each([
  ['alone', { usage: USAGE }, USAGE],
  ['at the end', { data: [{ b64: 'QUJD'.repeat(50), ...OTHER }], usage: USAGE }, USAGE],
  ['at the beginning', { usage: USAGE, data: OTHER, text: 'usage": {"no":3}' }, USAGE],
  ['behind strings that end in backslashes', { a: '\\', b: '\\\\', 'c"': '"', usage: USAGE }, USAGE],
  ['behind keys that only begin or end like it', { usag: {}, usages: {}, xusage: {}, usage: USAGE }, USAGE],
  ['only further down', { data: OTHER }, undefined],
  ['no object', { usage: [USAGE], data: 'usage' }, undefined],
  ['null', { usage: null, other: USAGE }, undefined],
  ['longer than any usage', { usage: { text: 'x'.repeat(20_000) } }, undefined],
])('%s', (_, body, expected) => {
  for (const text of [JSON.stringify(body), JSON.stringify(body, null, 2)])
    for (const cut of [1, 2, 3, 7, 64, text.length])
      expect(read(text, cut)).toEqual(expected === undefined ? {} : { usage: expected });
});

test.each([
  ['before an object', { seconds: 2.5, usage: USAGE, a: { seconds: 1 } }, { seconds: 2.5, usage: USAGE }],
  ['behind one, at the end', { usage: USAGE, seconds: 1e3 }, { usage: USAGE, seconds: 1_000 }],
  ['alone', { seconds: 0 }, { seconds: 0 }],
  ['as text, or as a list', { usage: '5', seconds: [5] }, {}],
])('a number %s', (_, body, expected) => {
  for (const text of [JSON.stringify(body), JSON.stringify(body, null, 2)])
    for (const cut of [1, 2, 3, 7, text.length]) expect(read(text, cut)).toEqual(expected);
});

test('of a stream’s events, the last that has it', () => {
  const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const stream =
    event('partial', { b64: '"', usage: { input_tokens: 1 } }) +
    ': a "comment"\n\n' +
    event('completed', { b64: 'QUJD', usage: USAGE }) +
    event('more', { text: 'x' }) +
    'data: [DONE]\n\n';
  for (const cut of [1, 5, 1000]) expect(read(stream, cut)).toEqual({ usage: USAGE });
});

test('what is no JSON has none', () => {
  for (const text of ['', 'usage', '{"usage": {', '{"usage": {x}}', ']]}}{"usage"', '"usage":{"a":1}'])
    expect(read(text, 1)).toEqual({});
});
