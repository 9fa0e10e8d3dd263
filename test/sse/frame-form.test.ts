import { describe, expect, test } from 'bun:test';
import { FrameForm } from '../../src/sse/frame-form.ts';

const encoder = new TextEncoder();
const frameOf = (text: string, before = '"model":"m"') =>
  encoder.encode(`data: {${before},"text":${text},"index":0}\n\n`);

function learned(text: string, frame = frameOf(JSON.stringify(text))): FrameForm {
  const form = new FrameForm();
  form.learn(frame, text);
  return form;
}

describe('the form of a frame', () => {
  test.each(['a', ' word', 'ü', '水 🌊', '\ufeffmark', '\ufeff', '\u007f', '{}', 'm', 'x'.repeat(1000)])(
    'tells the text %j of a frame like one with another',
    (text) => {
      expect(learned('Hi').textIn(frameOf(JSON.stringify(text)))).toBe(text);
      if (text !== 'm') expect(learned(text).textIn(frameOf('"Hi"'))).toBe('Hi');
    },
  );

  test.each(['', ' ', '      '])('tells it whatever blanks hide its length: %j', (blanks) => {
    const padded = (text: string, between: string) =>
      encoder.encode(`data: {"type":"d","delta":{"text":"${text}"}${between}}\r\n\r\n`);
    expect(learned('Hi', padded('Hi', '   ')).textIn(padded('a', blanks))).toBe('a');
    expect(learned('Hi', padded('Hi', blanks)).textIn(padded('a', '  '))).toBe('a');
    expect(learned('Hi', padded('Hi', blanks)).textIn(padded('a', ' ,'))).toBeUndefined();
  });

  test('reads bytes that are no characters as the whole frame is read', () => {
    const bytes = frameOf('"a?b"');
    bytes[bytes.indexOf(0x3f)] = 0xc3;
    expect(learned('Hi').textIn(bytes)).toBe('a\ufffdb');
  });

  test.each([
    ['an escape', frameOf('"a\\nb"')],
    ['a quote', frameOf('"a\\"b"')],
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
    expect(learned('Hi').textIn(frame)).toBeUndefined();
  });

  test.each([
    ['stands twice', 'm', frameOf('"m"')],
    ['is spelled in another way', 'Hi', frameOf('"\\u0048i"')],
    ['stands elsewhere, spelled in another way here', 'Hi', frameOf('"\\u0048i"', '"model":"Hi"')],
    ['is not there', 'Ho', frameOf('"Hi"')],
    ['is empty', '', frameOf('""')],
    ['is in a long frame', 'Hi', frameOf('"Hi"', `"model":"${'m'.repeat(5_000)}"`)],
  ])('learns nothing of a text that %s', (_, text, frame) => {
    expect(learned(text, frame).textIn(frameOf('"a"'))).toBeUndefined();
    expect(learned(text, frame).textIn(frame)).toBeUndefined();
  });

  test('letters of more than one byte around the text are not learned', () => {
    expect(
      learned('Hi', frameOf('"Hi"', '"model":"ü"')).textIn(frameOf('"a"', '"model":"ü"')),
    ).toBeUndefined();
  });

  test('is forgotten', () => {
    const form = learned('Hi');
    form.forget();
    expect(form.textIn(frameOf('"a"'))).toBeUndefined();
  });

  test('does not change with the bytes it was learned from', () => {
    const frame = frameOf('"Hi"');
    const form = learned('Hi', frame);
    frame.fill(0);
    expect(form.textIn(frameOf('"a"'))).toBe('a');
  });

  test('is no longer looked for in a stream that counts its frames', () => {
    const counted = (index: number) => frameOf('"Hi"', `"model":"${index}"`);
    const form = new FrameForm();
    for (let index = 0; index < 16; index++) {
      expect(form.textIn(counted(index))).toBeUndefined();
      form.learn(counted(index), 'Hi');
    }
    expect(form.textIn(counted(15))).toBe('Hi');
    for (let index = 0; index < 17; index++) form.learn(counted(index), 'Hi');
    expect(form.textIn(counted(16))).toBeUndefined();
  });
});
