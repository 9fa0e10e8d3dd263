// Frames that are alike but for their text: what of them is read again, and what is not.
import { describe, expect, test } from 'bun:test';
import { FrameForm } from '../../src/sse/frame-form.ts';

const encoder = new TextEncoder();
const frameOf = (text: string, before = '"model":"m"') =>
  encoder.encode(`data: {${before},"text":${text},"index":0}\n\n`);

interface Shape {
  padding?: string;
  numbers?: string;
}

function learned(text: string, frame = frameOf(JSON.stringify(text)), shape: Shape = {}): FrameForm {
  const form = new FrameForm();
  form.learn(frame, text, { padding: undefined, numbers: undefined, ...shape });
  return form;
}

/** Of a frame like the learned one. */
function textIn(form: FrameForm, frame: Uint8Array, isRefused = false): string | undefined {
  let repeated: string | undefined;
  // Among others.
  const bytes = Buffer.concat([frameOf('"b"'), frame, frameOf('"c"')]);
  const from = frameOf('"b"').length;
  const isLike = form.repeat(bytes, from, from + frame.length, {
    padding: undefined,
    numbers: undefined,
    repeat(text) {
      repeated = text;
      return !isRefused;
    },
  });
  expect(isLike).toBe(repeated !== undefined && !isRefused);
  return repeated;
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

  test.each(['', ' ', '      '])('finds it whatever blanks hide its length: %j', (blanks) => {
    const padded = (text: string, between: string) =>
      encoder.encode(`data: {"type":"d","delta":{"text":"${text}"}${between}}\r\n\r\n`);
    expect(textIn(learned('Hi', padded('Hi', '   ')), padded('a', blanks))).toBe('a');
    expect(textIn(learned('Hi', padded('Hi', blanks)), padded('a', '  '))).toBe('a');
    expect(textIn(learned('Hi', padded('Hi', blanks)), padded('a', ' ,'))).toBeUndefined();
  });

  describe('with a string that says nothing', () => {
    const hidden = (text: string, letters: string, behind = '') =>
      encoder.encode(`data: {"text":"${text}","hidden":${letters}${behind}}\n\n`);

    test.each(['""', '"x"', '"0Zx"'])('reads the text where it is %s', (letters) => {
      const form = learned('Hi', hidden('Hi', '"abc"', ',"n":7'), { padding: 'hidden', numbers: 'n' });
      expect(textIn(form, hidden('a', letters, ',"n":8'))).toBe('a');
      expect(form.takeNumbers()).toBe('8');
    });

    test.each(['null', '7', '{}', '"', '"x","y":"z"', '"x\\"', '"\n"'])('reads where it is %s', (letters) => {
      const form = learned('Hi', hidden('Hi', '"abc"'), { padding: 'hidden' });
      expect(textIn(form, hidden('a', letters))).toBeUndefined();
    });

    test.each(['null', '"x","hidden":"y"'])('learns none from %s', (letters) => {
      const form = learned('Hi', hidden('Hi', letters), { padding: 'hidden' });
      expect(textIn(form, hidden('a', letters))).toBe('a');
      expect(textIn(form, hidden('a', '"z"'))).toBeUndefined();
    });
  });

  describe('with numbers', () => {
    const counted = (text: string, counts: string) =>
      encoder.encode(`data: {"text":"${text}", "counts": ${counts}, "model":"m1"}\r\n\r\n`);
    const numbered = (text: string, number: string) =>
      encoder.encode(`data: {"number":${number},"text":"${text}"  }\n\n`);
    const withNumbers = (frame: ReturnType<typeof frameOf>, numbers: string) =>
      learned('Hi', frame, { numbers });

    test('reads the text, and the numbers once', () => {
      const form = withNumbers(counted('Hi', '{"a":{"b":10},"c":[1,20]}'), 'counts');
      expect(form.takeNumbers()).toBeUndefined();
      expect(textIn(form, counted('a', '{"a":{"b":10},"c":[1,20]}'))).toBe('a');
      expect(form.takeNumbers()).toBeUndefined();
      expect(textIn(form, counted('b', '{"a":{"b":11},"c":[2,20]}'))).toBe('b');
      expect(textIn(form, counted('longer', '{"a":{"b":12},"c":[0,30]}'))).toBe('longer');
      expect(form.takeNumbers()).toBe('{"a":{"b":12},"c":[0,30]}');
      expect(form.takeNumbers()).toBeUndefined();
      expect(textIn(form, counted('c', '{"a":{"b":12},"c":[0,30]}'))).toBe('c');
      expect(form.takeNumbers()).toBeUndefined();
    });

    test('reads the numbers where they come before the text', () => {
      const form = withNumbers(numbered('Hi', '10'), 'number');
      expect(textIn(form, numbered('a', '99'))).toBe('a');
      expect(new TextDecoder().decode(form.latest())).toBe('data: {"number":99,"text":"Hi"  }\n\n');
      expect(form.takeNumbers()).toBe('99');
    });

    test.each([
      ['more digits', '{"a":100}'],
      ['fewer digits', '{"a":1}'],
      ['a nought in front', '{"a":01}'],
      ['a sign', '{"a":-1}'],
      ['other names', '{"b":10}'],
      ['more', '{"a":10,"b":1}'],
    ])('reads a frame with %s', (_, counts) => {
      const form = withNumbers(counted('Hi', '{"a":10}'), 'counts');
      expect(textIn(form, counted('a', counts))).toBeUndefined();
      expect(form.takeNumbers()).toBeUndefined();
      expect(textIn(form, counted('a', '{"a":10}'))).toBe('a');
    });

    test('reads a frame with other digits elsewhere', () => {
      const form = withNumbers(counted('Hi', '{"a":10}'), 'counts');
      const other = new TextDecoder().decode(counted('a', '{"a":10}')).replace('m1', 'm2');
      expect(textIn(form, encoder.encode(other))).toBeUndefined();
    });

    test.each(['"10"', '-1', '{"a":"}"}', '[10]', 'null', '1,"counts":2'])(
      'learns none from %s',
      (counts) => {
        const form = withNumbers(counted('Hi', counts), 'counts');
        expect(textIn(form, counted('a', counts))).toBe('a');
        expect(textIn(form, counted('a', counts.replace(/\d/, '3')))).toBe(
          /\d/.test(counts) ? undefined : 'a',
        );
      },
    );

    test('keeps them as they were where the frame is then read after all', () => {
      const form = withNumbers(counted('Hi', '{"a":10}'), 'counts');
      expect(textIn(form, counted('a', '{"a":11}'), true)).toBe('a');
      expect(form.takeNumbers()).toBeUndefined();
      expect(textIn(form, counted('b', '{"a":10}'))).toBe('b');
      expect(form.takeNumbers()).toBeUndefined();
    });

    test('learns none of two fields of that name, on both sides of the text', () => {
      const twice = (text: string, number: string) =>
        encoder.encode(`data: {"number":${number},"text":"${text}","number":3}\n\n`);
      expect(textIn(withNumbers(twice('Hi', '1'), 'number'), twice('a', '2'))).toBeUndefined();
    });

    test('reads the numbers between a text and the string that says nothing', () => {
      const both = (text: string, number: string, letters: string) =>
        encoder.encode(`data: {"text":"${text}","n":${number},"hidden":"${letters}"}\n\n`);
      const form = learned('Hi', both('Hi', '1', 'x'), { numbers: 'n', padding: 'hidden' });
      expect(textIn(form, both('a', '2', 'longer'))).toBe('a');
      expect(form.takeNumbers()).toBe('2');
    });

    test('forgets them with the frame', () => {
      const form = withNumbers(counted('Hi', '{"a":10}'), 'counts');
      expect(textIn(form, counted('a', '{"a":11}'))).toBe('a');
      form.forget();
      expect(form.takeNumbers()).toBeUndefined();
      expect(form.latest()).toHaveLength(0);
    });
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

  test('is forgotten when another frame comes, though nothing is learned of that', () => {
    const form = learned('Hi');
    form.learn(frameOf('""'), '', { padding: undefined, numbers: undefined });
    expect(textIn(form, frameOf('"a"'))).toBeUndefined();
  });

  test('of a frame without numbers has none of those of the frame before', () => {
    const numbers = (text: string, digit: number) => frameOf(text, `"n":${digit}`);
    const form = learned('Hi', numbers('"Hi"', 1), { numbers: 'n' });
    form.learn(numbers('"Hi"', 1), 'Hi', { padding: undefined, numbers: undefined });
    expect(textIn(form, numbers('"a"', 2))).toBeUndefined();
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

  test('is no longer looked for in a stream that counts its frames', () => {
    const counted = (index: number) => frameOf('"Hi"', `"model":"${index}"`);
    const form = new FrameForm();
    for (let index = 0; index < 16; index++) {
      expect(textIn(form, counted(index))).toBeUndefined();
      form.learn(counted(index), 'Hi', { padding: undefined, numbers: undefined });
    }
    // One that is found begins the count anew.
    expect(textIn(form, counted(15))).toBe('Hi');
    const learnTo = (count: number) => {
      for (let index = 0; index < count; index++)
        form.learn(counted(index), 'Hi', { padding: undefined, numbers: undefined });
    };
    learnTo(16);
    expect(textIn(form, counted(15))).toBe('Hi');
    learnTo(17);
    expect(textIn(form, counted(16))).toBeUndefined();
  });
});
