// Schemas of a few kilobytes that would grow to gigabytes when references and choices are resolved: the result is limited.
import { describe, expect, test } from 'bun:test';
import { cleanSchema } from '../../../src/dialects/gemini/clean-schema.ts';
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { FunctionTool, NeutralRequest } from '../../../src/model/request.ts';
import { build } from '../../providers/row-lab.ts';

const LONGEST = 3_000_000;

/** A field that refers to the schema below it many times, by name. */
function wide(references: number, fields: number): JsonObject {
  const many = (count: number, value: JsonObject) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`field${at}`, value]));
  const big = { type: 'object', properties: many(fields, { type: 'string', description: 'some words' }) };
  return { type: 'object', properties: many(references, { $ref: '#/$defs/big' }), $defs: { big } };
}

function enumerated(references: number, values: number): JsonObject {
  const { properties } = wide(references, 0);
  const names = Array.from({ length: values }, (_, at) => `some value ${at}`);
  return { type: 'object', properties: properties ?? {}, $defs: { big: { type: 'string', enum: names } } };
}

/** Definitions of which each refers to the next, so many times. */
function chain(length: number, times: number): JsonObject {
  const next = (at: number) =>
    Object.fromEntries(Array.from({ length: times }, (_, each) => [`f${each}`, { $ref: `#/$defs/d${at}` }]));
  const $defs: JsonObject = { [`d${length}`]: { type: 'string' } };
  for (let at = 0; at < length; at++) $defs[`d${at}`] = { type: 'object', properties: next(at + 1) };
  return { type: 'object', properties: next(0), $defs };
}

/** A field within a field, each of which `around` makes. */
function nested(depth: number, around: (inner: JsonObject) => JsonObject): JsonObject {
  let schema: JsonObject = { type: 'string' };
  for (let at = 0; at < depth; at++) schema = around(schema);
  return { type: 'object', properties: { outer: schema } };
}

const REFERENCES: [string, JsonObject][] = [
  ['many references to one long definition', wide(1_000, 500)],
  ['definitions that refer to the next one twice', chain(16, 2)],
  ['more definitions within each other than the stack holds', chain(20_000, 1)],
];

/** Of the same properties again, which are in no reference. */
const ENDLESS: JsonObject = {
  type: 'object',
  allOf: [{ properties: { again: { type: 'object', allOf: [{ $ref: '#' }] } } }],
};

const CHOICES: [string, JsonObject][] = [
  [
    'choices beside fields that hold such choices',
    nested(16, (inner) => ({
      type: 'object',
      properties: { a: inner, b: { type: 'string' } },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    })),
  ],
  [
    'several types beside fields that have several',
    nested(20, (inner) => ({ type: ['object', 'string'], properties: { a: inner } })),
  ],
  [
    'several types beside conditions that have several',
    nested(16, (inner) => ({ type: ['object', 'string'], allOf: [inner] })),
  ],
];

/** Fields of which nothing is said: what an empty schema means has to be written out. */
const UNTYPED: JsonObject = {
  type: 'object',
  properties: Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`f${at}`, {}])),
};

const tools = (parameters: JsonObject): FunctionTool[] => [{ type: 'function', name: 'f', parameters }];

describe('moonshot', () => {
  test.each([...REFERENCES, ...CHOICES, ['fields without a type', UNTYPED] as const])('%s', (_, schema) => {
    const { body } = build('moonshot', { tools: tools(schema) });
    expect(JSON.stringify(body).length).toBeLessThan(LONGEST);
  });

  test('what is cut is named, and the limit is that of all tools', () => {
    const [, schema] = REFERENCES[0] ?? ['', {}];
    const several = Array.from({ length: 5 }, () => tools(schema)).flat();
    const { body, lost } = build('moonshot', { tools: several });
    expect(JSON.stringify(body).length).toBeLessThan(LONGEST);
    expect(lost).toContain('approximated tools.parameters');
  });
});

describe('Gemini, where it takes its own subset alone', () => {
  test.each([
    ...REFERENCES,
    ['many references to a long enumeration', enumerated(1_000, 500)] as const,
    ['a schema that holds itself', ENDLESS] as const,
  ])('%s', (_, given) => {
    const { schema, approximated } = cleanSchema(given);
    expect(JSON.stringify(schema).length).toBeLessThan(LONGEST);
    expect(approximated).toContain('$ref');
  });
});

describe('Nova', () => {
  test.each(REFERENCES)('%s', (_, schema) => {
    const model = 'amazon.nova-pro-v1:0';
    const messages: NeutralRequest['messages'] = [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }];
    const request = { model, stream: false, system: [], messages, tools: tools(schema) };
    const { body, losses } = bedrockConverse.buildRequest(request, { model, quirks: {} });
    expect(JSON.stringify(body).length).toBeLessThan(LONGEST);
    expect(losses.map(({ feature }) => feature)).toEqual(['tools.parameters']);
  });
});
