// Large values are written as `JSON.stringify` writes them.
import { expect, test } from 'bun:test';
import type { JsonValue } from '../../src/model/json/json.ts';
import { writeJson } from '../../src/model/json/write-json.ts';

const IMAGE = 'QUJD'.repeat(50_000);
const LARGE = 10_000_000;

const values: [name: string, value: JsonValue][] = [
  ['no long string', { a: [1, null, true, 'x', -0.5, 1e300], b: {} }],
  ['long strings among others', [IMAGE, { type: 'image', data: IMAGE, more: 'é 👩‍🔬 "quoted"' }, IMAGE]],
  ['a long string alone', IMAGE],
  ...['"', '\\', '\n', '\0', '\u001f', '\u007f', '\u2028'].map((sign): [string, JsonValue] => [
    `${JSON.stringify(sign)} in a long string`,
    { text: IMAGE + sign },
  ]),
  ['a pair in a long string', { text: `${IMAGE}🦭` }],
  ['the mark as text', [IMAGE, '\0long\0', IMAGE]],
  ['the mark as a key', { '\0long\0': IMAGE, other: IMAGE }],
  ['the mark within a text', [`"\0long\0"`, IMAGE, '\0long\0,', '\\"\0long\0']],
];

test.each([
  ['the first half of a pair', 'cut \ud83d', 'cut \ufffd'],
  ['the second half', '\ude00 cut', '\ufffd cut'],
  ['what only looks like one', String.raw`\ud83d`, String.raw`\ud83d`],
  ['one behind a backslash', '\\\ud83d"', '\\\ufffd"'],
  ['a whole pair', '😀', '😀'],
])('%s', (_, text, sent) => {
  expect(JSON.parse(writeJson({ [text]: text }, 0))).toEqual({ [sent]: sent });
  expect(JSON.parse(writeJson({ text: IMAGE + text }, LARGE))).toEqual({ text: IMAGE + sent });
});

test.each(values)('%s', (_, value) => {
  const written = writeJson(value, LARGE);
  // Not `toBe`, which would print it.
  expect(written === JSON.stringify(value)).toBe(true);
  expect(writeJson(value, 0) === written).toBe(true);
});
