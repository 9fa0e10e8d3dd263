// Strings at one place of JSON that passes by in pieces: what JSON.parse would find is changed, wherever the pieces are cut.
import { expect, test } from 'bun:test';
import { type FoundAt, type JsonPlace, StringEditor } from '../../src/model/json/string-editor.ts';

const decoder = new TextDecoder();

interface Editing {
  place?: JsonPlace;
  perLine?: boolean;
  change?: (value: string, at: FoundAt) => string;
}

function edit(
  text: string,
  cut: number,
  { place = ['body', 'model'], perLine = true, change }: Editing = {},
) {
  const found: [string, FoundAt][] = [];
  const editor = new StringEditor({
    place,
    perLine,
    change(value, at) {
      found.push([value, { ...at }]);
      return change?.(value, at) ?? value.replace('own/', '');
    },
  });
  const bytes = new TextEncoder().encode(text);
  let passed = '';
  for (let at = 0; at < bytes.length; at += cut)
    passed += decoder.decode(editor.take(bytes.slice(at, at + cut)), { stream: true });
  return { text: passed + decoder.decode(editor.end()), found };
}

const CUTS = [1, 2, 3, 7, 64, 100_000];

const CONTENT = 'a "}\\" b\\\\ {"body":{"model":"own/no"}} ü';
const REST = { messages: [{ content: CONTENT, model: 'own/no', body: { model: 'own/no' } }], 'mod"el': '\\' };

test.each([
  ['behind other fields', { custom_id: '1', body: { ...REST, model: 'own/gpt' } }],
  ['before them', { body: { model: 'own/gpt', ...REST }, model: 'own/no', rest: REST }],
  ['alone', { body: { model: 'own/gpt' } }],
  [
    'behind keys that only begin or end like it',
    { bod: REST, xbody: REST, body: { models: 'own/no', model: 'own/gpt' } },
  ],
  [
    'with lists, objects and numbers around',
    { n: [1, { x: null }], body: { t: 1.5, o: {}, model: 'own/gpt' } },
  ],
])('a string %s', (_, document) => {
  const line = JSON.stringify(document);
  const expected = line.replace('"own/gpt"', '"gpt"    ');
  for (const cut of CUTS) {
    const { text, found } = edit(`${line}\n${line}\n`, cut);
    expect(text).toBe(`${expected}\n${expected}\n`);
    expect(found.map(([value, { line: at }]) => [value, at])).toEqual([
      ['own/gpt', 1],
      ['own/gpt', 2],
    ]);
  }
});

test.each([
  ['elsewhere', { ...REST, model: 'own/no', response: { body: { model: 'own/no' } } }],
  ['in a list where an object belongs', { body: [{ model: 'own/no' }] }],
  ['that is an object', { body: { model: { model: 'own/no' } } }],
  ['of another kind', { body: { model: 5 } }],
  ['longer than any name', { body: { model: `own/${'x'.repeat(1_100)}`, next: 'own/no' } }],
])('a string %s stays', (_, document) => {
  const text = `${JSON.stringify(document)}\n`;
  for (const cut of CUTS) expect(edit(text, cut)).toEqual({ text, found: [] });
});

test('a longer one takes more bytes, and what was written with escapes is read', () => {
  const text = '{"body" : {"model"\t: "a\\u0062\\/\\"c" , "x":1}}';
  for (const cut of CUTS) {
    const { text: changed, found } = edit(text, cut, { change: () => 'x'.repeat(30) });
    expect(changed).toBe(`{"body" : {"model"\t: "${'x'.repeat(30)}" , "x":1}}`);
    expect(found.map(([value]) => value)).toEqual(['ab/"c']);
  }
});

test('elements of a list are counted', () => {
  const request = (model: string) => ({ custom_id: 'a', params: { messages: [1, [2, {}]], model } });
  const text = JSON.stringify(
    { other: [{ params: { model: 'no' } }], requests: [request('a'), 5, request('b')] },
    null,
    2,
  );
  for (const cut of CUTS) {
    const { text: same, found } = edit(text, cut, {
      place: ['requests', null, 'params', 'model'],
      perLine: false,
    });
    expect(same).toBe(text);
    expect(found.map(([value, { element }]) => [value, element])).toEqual([
      ['a', 0],
      ['b', 2],
    ]);
  }
});

test('a line that is broken off does not hide the next, and lines before the first document are not counted', () => {
  const good = '{"body":{"model":"own/gpt"}}';
  const lines = ['--form', 'name="x"', '', good, '{"body":{"model":"own/a', '{"a":"\\', '}]', '', good];
  for (const cut of CUTS) {
    const { text, found } = edit(lines.join('\r\n'), cut);
    expect(text).toBe(lines.join('\r\n').replaceAll('"own/gpt"', '"gpt"    '));
    expect(found.map(([, { line }]) => line)).toEqual([1, 6]);
  }
});

test('what is no JSON passes', () => {
  for (const text of [
    '',
    '"body":{"model":"own/a"}',
    ']]}}',
    '{"body":{"model":"own/a',
    '{"body":{"model":"\\',
  ]) {
    for (const cut of CUTS) expect(edit(text, cut).text).toBe(text);
  }
});

test('what the change throws is thrown', () => {
  const change = () => {
    throw new Error('no such model');
  };
  expect(() => edit('{"body":{"model":"a"}}', 4, { change })).toThrow('no such model');
});
