// Schemas that are a choice among objects, for servers that take one object: what OpenAI and Anthropic refuse.
import { expect, test } from 'bun:test';
import { createLossReport } from '../../src/dialects/loss-report.ts';
import { objectSchema } from '../../src/dialects/object-schema.ts';
import type { JsonObject } from '../../src/model/json.ts';

function flat(schema: JsonObject) {
  const losses = createLossReport('openai-chat');
  const built = objectSchema(schema, losses);
  return { built, names: losses.list().map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const text = { type: 'string' };
const number = { type: 'number' };
const NAMED = ['approximated tools.parameters'];

test('one object stays as it is', () => {
  const schema = { type: 'object', properties: { a: { anyOf: [text, number] } }, required: ['a'] };
  const { built, names } = flat(schema);
  expect(built).toBe(schema);
  expect(names).toEqual([]);
});

test.each(['anyOf', 'oneOf'])('%s: the fields of all, required what each requires', (choice) => {
  const { built, names } = flat({
    description: 'D',
    properties: { id: text },
    required: ['id'],
    [choice]: [
      { properties: { a: text, b: text }, required: ['a', 'b'] },
      { properties: { a: number, c: text }, required: ['a'] },
      { properties: { a: text }, required: ['a'], additionalProperties: false },
    ],
  });
  expect(built).toEqual({
    description: 'D',
    type: 'object',
    properties: { id: text, a: { anyOf: [text, number] }, b: text, c: text },
    required: ['id', 'a'],
  });
  expect(names).toEqual(NAMED);
});

test('allOf: what any requires', () => {
  const { built } = flat({
    allOf: [
      { properties: { a: text }, required: ['a'] },
      { properties: { b: text }, required: ['b'] },
    ],
  });
  expect(built).toEqual({ type: 'object', properties: { a: text, b: text }, required: ['a', 'b'] });
});

test('references are followed, also in a circle, and the definitions stay', () => {
  const $defs = {
    point: { type: 'object', properties: { x: number }, required: ['x'] },
    loop: { anyOf: [{ $ref: '#/$defs/loop' }, { properties: { y: number } }] },
  };
  const { built } = flat({
    $defs,
    oneOf: [{ $ref: '#/$defs/point' }, { $ref: '#/$defs/loop' }, { $ref: 'elsewhere' }, true],
  });
  expect(built).toEqual({ $defs, type: 'object', properties: { x: number, y: number } });
});

test('conditions without a stand-in go', () => {
  const { built, names } = flat({ type: 'object', properties: { a: text }, not: { required: ['a'] } });
  expect(built).toEqual({ type: 'object', properties: { a: text } });
  expect(names).toEqual(NAMED);
});
