import { describe, expect, test } from 'bun:test';
import { FrameForm } from '../../src/sse/frame-form.ts';

const encoder = new TextEncoder();
const frameOf = (text: string, before = '"model":"m"') =>
  encoder.encode(`data: {${before},"text":${text},"index":0}\n\n`);

function learned(text: string, frame = frameOf(JSON.stringify(text))): FrameForm {
  const form = new FrameForm();
  form.learn(frame, text, undefined);
  return form;
}

/** Of a frame like the learned one, and what varied in it. */
function textIn(form: FrameForm, frame: Uint8Array, varies?: string): string | string[] | undefined {
  let told: string | string[] | undefined;
  // Among others.
  const bytes = Buffer.concat([frameOf('"b"'), frame, frameOf('"c"')]);
  const from = frameOf('"b"').length;
  form.repeat(bytes, from, from + frame.length, {
    varies,
    repeat(text, varied) {
      told = varied === undefined ? text : [text, varied];
      return true;
    },
  });
  return told;
}

describe('the form of a frame', () => {
  test.each([
    'a',
    ' word',
    'ü',
    '水 🌊',
    '\ufeffmark',
    '\ufeff',
    '\u007f',
    '{}',
    'm',
    '\n',
    '"',
    '\\',
    'a "b" \\n\n',
    'x'.repeat(1000),
  ])('tells the text %j of a frame like one with another', (text) => {
    expect(textIn(learned('Hi'), frameOf(JSON.stringify(text)))).toBe(text);
    if (text !== 'm') expect(textIn(learned(text), frameOf('"Hi"'))).toBe('Hi');
  });

  test.each(['', ' ', '      '])('tells it whatever blanks hide its length: %j', (blanks) => {
    const padded = (text: string, between: string) =>
      encoder.encode(`data: {"type":"d","delta":{"text":"${text}"}${between}}\r\n\r\n`);
    expect(textIn(learned('Hi', padded('Hi', '   ')), padded('a', blanks))).toBe('a');
    expect(textIn(learned('Hi', padded('Hi', blanks)), padded('a', '  '))).toBe('a');
    expect(textIn(learned('Hi', padded('Hi', blanks)), padded('a', ' ,'))).toBeUndefined();
  });

  test('tells what else varies, where it does', () => {
    const counted = (text: string, counts: string) =>
      encoder.encode(`data: {"text":"${text}", "counts": ${counts}, "model":"m"}\r\n\r\n`);
    const form = new FrameForm();
    form.learn(counted('Hi', '{"a":{"b":1}}'), 'Hi', 'counts');
    expect(textIn(form, counted('a', '{"a":{"b":1}}'), 'counts')).toBe('a');
    expect(textIn(form, counted('b', '{"c":22}'), 'counts')).toEqual(['b', '{"c":22}']);
    expect(textIn(form, counted('c', '{"c":22}'), 'counts')).toBe('c');
    expect(textIn(form, counted('d', '{"a":{"b":1}}'), 'counts')).toEqual(['d', '{"a":{"b":1}}']);
    expect(textIn(form, counted('e', '{"a":{"b":1}}, "c":2'), 'counts')).toEqual([
      'e',
      '{"a":{"b":1}}, "c":2',
    ]);
    const two = Buffer.concat([counted('f', '{"c":22}'), counted('g', '{"c":22}')]);
    expect(textIn(form, two, 'counts')).toBeUndefined();
    form.learn(counted('Hi', '"x"'), 'Hi', 'counts');
    expect(textIn(form, counted('a', '""'), 'counts')).toEqual(['a', '""']);
    form.learn(counted('Hi', '1'), 'Hi', 'counts');
    expect(textIn(form, counted('a', '1'), 'counts')).toBe('a');
    expect(textIn(form, counted('a', '2'), 'counts')).toBeUndefined();
  });

  test('keeps what varies as it was where the frame is then read after all', () => {
    const counted = (text: string, counts: string) =>
      encoder.encode(`data: {"text":"${text}","n":{"c":${counts}}}\n\n`);
    const form = new FrameForm();
    form.learn(counted('Hi', '1'), 'Hi', 'n');
    expect(
      form.repeat(counted('a', '2'), 0, counted('a', '2').length, { varies: 'n', repeat: () => false }),
    ).toBe(false);
    expect(textIn(form, counted('a', '1'), 'n')).toBe('a');
  });

  test('reads bytes that are no characters as the whole frame is read', () => {
    const bytes = frameOf('"a?b"');
    bytes[bytes.indexOf(0x3f)] = 0xc3;
    expect(textIn(learned('Hi'), bytes)).toBe('a\ufffdb');
  });

  test.each([
    ['an escape that is none', frameOf('"a\\xb"')],
    ['half an escape', frameOf('"\\u12"')],
    ['a raw control character behind a backslash', frameOf('"a\\\nb"')],
    ['an escaped quote at its end', frameOf('"a\\"')],
    ['a raw control character', frameOf('"a\nb"')],
    ['no text', frameOf('""')],
    ['another value', frameOf('null')],
    ['another field', frameOf('"a","more":"b"')],
    ['something else before', frameOf('"a"', '"model":"n"')],
    ['two frames', encoder.encode('data: {"model":"m","text":"a","index":0}\n\n'.repeat(2))],
    ['more behind', encoder.encode('data: {"model":"m","text":"a","index":0}\n\n: more')],
    ['half a frame', frameOf('"abc"').subarray(0, 28)],
    ['nothing', new Uint8Array(0)],
  ])('does not tell of a frame with %s', (_, frame) => {
    expect(textIn(learned('Hi'), frame)).toBeUndefined();
  });

  test.each([
    ['stands twice', 'm', frameOf('"m"')],
    ['is spelled in another way', 'Hi', frameOf('"\\u0048i"')],
    ['stands elsewhere, spelled in another way here', 'Hi', frameOf('"\\u0048i"', '"model":"Hi"')],
    ['has an escape beside it', 'Hi', frameOf('"Hi"', '"model":"\\n"')],
    ['has an escape behind it', 'Hi', frameOf('"Hi","more":"\\n"')],
    ['is not there', 'Ho', frameOf('"Hi"')],
    ['is empty', '', frameOf('""')],
    ['is in a long frame', 'Hi', frameOf('"Hi"', `"model":"${'m'.repeat(5_000)}"`)],
  ])('learns nothing of a text that %s', (_, text, frame) => {
    expect(textIn(learned(text, frame), frameOf('"a"'))).toBeUndefined();
    expect(textIn(learned(text, frame), frame)).toBeUndefined();
  });

  test('letters of more than one byte around the text are not learned', () => {
    expect(
      textIn(learned('Hi', frameOf('"Hi"', '"model":"ü"')), frameOf('"a"', '"model":"ü"')),
    ).toBeUndefined();
  });

  test('is forgotten', () => {
    const form = learned('Hi');
    form.forget();
    expect(textIn(form, frameOf('"a"'))).toBeUndefined();
  });

  // Of a Buffer, which connections give, `slice` makes a view.
  test.each([
    ['bytes', frameOf('"Hi"')],
    ['a Buffer', Buffer.from(frameOf('"Hi"'))],
  ])('does not change with %s that it was learned from', (_, frame) => {
    const form = learned('Hi', frame);
    frame.fill(0);
    expect(textIn(form, frameOf('"a"'))).toBe('a');
  });

  test('does not change with bytes in which something else varied', () => {
    const counted = (text: string, counts: string) =>
      Buffer.from(`data: {"text":"${text}","n":{"c":${counts}}}\n\n`);
    const form = new FrameForm();
    form.learn(counted('Hi', '1'), 'Hi', 'n');
    const next = counted('a', '2');
    form.repeat(next, 0, next.length, { varies: 'n', repeat: () => true });
    next.fill(0);
    expect(textIn(form, counted('b', '2'), 'n')).toBe('b');
  });

  test('is no longer looked for in a stream that counts its frames', () => {
    const counted = (index: number) => frameOf('"Hi"', `"model":"${index}"`);
    const form = new FrameForm();
    for (let index = 0; index < 16; index++) {
      expect(textIn(form, counted(index))).toBeUndefined();
      form.learn(counted(index), 'Hi', undefined);
    }
    expect(textIn(form, counted(15))).toBe('Hi');
    for (let index = 0; index < 17; index++) form.learn(counted(index), 'Hi', undefined);
    expect(textIn(form, counted(16))).toBeUndefined();
  });
});
