// Where references of schemas lead.
import { expect, test } from 'bun:test';
import { followReference } from '../../src/model/json/pointer.ts';

const leaf = (name: string) => ({ title: name });
const ROOT = {
  $defs: {
    plain: leaf('plain'),
    'Page<Item>': leaf('encoded'),
    '50%': leaf('not encoded'),
    'a/b~c': leaf('escaped'),
    '': leaf('empty'),
    text: 'no schema',
  },
  prefixItems: [leaf('first'), leaf('second')],
};

test.each([
  ['#/$defs/plain', 'plain'],
  ['#/$defs/Page%3CItem%3E', 'encoded'],
  ['#/$defs/Page<Item>', 'encoded'],
  ['#/$defs/50%', 'not encoded'],
  ['#/$defs/50%25', 'not encoded'],
  ['#/$defs/a~1b~0c', 'escaped'],
  ['#/$defs/', 'empty'],
  ['#/prefixItems/1', 'second'],
])('%s', (reference, title) => {
  expect(followReference(reference, ROOT)).toEqual({ title });
});

test('# is the schema itself', () => {
  expect(followReference('#', ROOT)).toBe(ROOT);
});

test.each([
  '#/$defs/gone',
  '#/$defs/plain/gone',
  '#/$defs/text',
  '#/$defs/text/length',
  '#/prefixItems/9',
  '#/constructor',
  '#/__proto__',
  '#anchor',
  '#anchor/$defs/plain',
  '/$defs/plain',
  'https://example.com/schema.json#/$defs/plain',
  '',
])('%j leads nowhere', (reference) => {
  expect(followReference(reference, ROOT)).toBeUndefined();
});
