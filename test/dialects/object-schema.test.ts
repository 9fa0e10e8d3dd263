// Schemas that are a choice among objects, for servers that take one object: what OpenAI and Anthropic refuse.
import { describe, expect, test } from 'bun:test';
import { LossReport } from '../../src/dialects/shared/losses/loss-report.ts';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { objectSchema, typedSchema } from '../../src/dialects/shared/schemas/object-schema.ts';
import { PROVIDER_DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { cpuTimeOf } from '../support/cpu-time.ts';

function flat(schema: JsonObject) {
  const losses = new LossReport('openai-chat');
  const built = objectSchema(schema, losses);
  return { built, names: losses.list().map(({ feature, outcome }) => `${outcome} ${feature}`) };
}

const text = { type: 'string' };
const number = { type: 'number' };
const NAMED = ['approximated tools.parameters'];

test.each([
  [{}, { type: 'object' }],
  [{ properties: { a: text } }, { type: 'object', properties: { a: text } }],
  [
    { type: ['object', 'null'], required: ['a'] },
    { type: 'object', required: ['a'] },
  ],
  [{ type: 'object' }, { type: 'object' }],
  [{ type: 'string' }, { type: 'string' }],
])('%j is of type object where it may be', (schema, typed) => {
  expect(typedSchema(schema)).toEqual(typed);
});

const SCHEMA_AT: Record<ProviderDialectId, string> = {
  'anthropic-messages': 'tools.0.input_schema',
  'bedrock-invoke': 'tools.0.input_schema',
  'openai-chat': 'tools.0.function.parameters',
  'openai-responses': 'tools.0.parameters',
  gemini: 'tools.0.functionDeclarations.0.parametersJsonSchema',
  'code-assist': 'request.tools.0.functionDeclarations.0.parametersJsonSchema',
  'ollama-chat': 'tools.0.function.parameters',
  'bedrock-converse': 'toolConfig.tools.0.toolSpec.inputSchema.json',
};

describe.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('argument schemas for %s', (wire) => {
  test.each([[{}], [{ type: ['object', 'null'] }], [{ properties: { a: text } }]])(
    '%j is an object',
    (parameters) => {
      const { body } = PROVIDER_SIDES[wire].buildRequest(
        {
          model: 'm',
          stream: false,
          system: [],
          messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
          tools: [{ type: 'function', name: 'f', parameters }],
        },
        { model: 'm', quirks: {} },
      );
      expect(body).toHaveProperty(SCHEMA_AT[wire], expect.objectContaining({ type: 'object' }));
    },
  );
});

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

test('references are written as in URLs, where their generator does so, or as they are', () => {
  const point = { properties: { x: number } };
  for (const [name, reference] of [
    ['Page<Item>', '#/$defs/Page%3CItem%3E'],
    ['50%', '#/$defs/50%'],
  ] as const) {
    const { built } = flat({ $defs: { [name]: point }, oneOf: [{ $ref: reference }] });
    expect(built).toMatchObject({ type: 'object', properties: { x: number } });
  }
});

test('conditions without a stand-in go', () => {
  const { built, names } = flat({ type: 'object', properties: { a: text }, not: { required: ['a'] } });
  expect(built).toEqual({ type: 'object', properties: { a: text } });
  expect(names).toEqual(NAMED);
});

test('thousands of branches that describe a field differently take no time out of proportion', () => {
  // Each compared with all before it, they would take hours.
  const kinds = Array.from({ length: 50_000 }, (_, index) => ({ const: `kind ${index}` }));
  const { built } = flat({ anyOf: kinds.map((kind) => ({ properties: { kind }, required: ['kind'] })) });
  expect(built).toEqual({ type: 'object', properties: { kind: { anyOf: kinds } }, required: ['kind'] });
});

test('two branches that demand thousands of fields take no time out of proportion', () => {
  const required = Array.from({ length: 200_000 }, (_, index) => `field_${index}`);
  const { built } = flat({ anyOf: [{ required }, { required: required.toReversed() }] });
  expect(built).toEqual({ type: 'object', properties: {}, required });
});

test('schemas that refer to one twice, and that one to another, take no time', () => {
  const twice = (name: string) => ({ anyOf: [{ $ref: `#/$defs/${name}` }, { $ref: `#/$defs/${name}` }] });
  const names = Array.from({ length: 60 }, (_, at) => `d${at}`);
  const $defs = Object.fromEntries(names.map((name, at) => [name, twice(names[at + 1] ?? 'last')]));
  const last = { properties: { a: text, b: text }, required: ['a'] };
  const { built } = flat({ ...twice('d0'), $defs: { ...$defs, last } });
  expect(built).toMatchObject({ properties: { a: text, b: text }, required: ['a'] });
});

test('thousands of schemas of which each leads to the next take no time out of proportion', () => {
  const count = 2_000;
  const names = Array.from({ length: count }, (_, at) => `d${at}`);
  const $defs = Object.fromEntries(
    names.map((name, at) => [
      name,
      { anyOf: [{ $ref: `#/$defs/${names[at + 1] ?? 'd0'}` }, { properties: { [name]: text } }] },
    ]),
  );
  const { built } = flat({ anyOf: [{ $ref: '#/$defs/d0' }], $defs });
  expect(Object.keys(built.properties as JsonObject)).toBeArrayOfSize(count);
});

test('thousands of references to thousands of required names take no time out of proportion', () => {
  const required = Array.from({ length: 10_000 }, (_, at) => `field_${at}`);
  const allOf = required.map(() => ({ $ref: '#/$defs/all' }));
  const { result, cpuMs } = cpuTimeOf(() => flat({ allOf, $defs: { all: { required } } }));
  expect(result.built.type).toBe('object');
  expect(cpuMs).toBeLessThan(2_000);
});

test('many schemas of thousands of references take no time out of proportion', () => {
  const required = Array.from({ length: 700 }, (_, at) => `field_${at}`);
  const schema = { allOf: required.map(() => ({ $ref: '#/$defs/all' })), $defs: { all: { required } } };
  const { cpuMs } = cpuTimeOf(() => {
    for (let tool = 0; tool < 100; tool++) expect(flat(schema).built.type).toBe('object');
  });
  expect(cpuMs).toBeLessThan(2_000);
});

test('a hundred kinds of one base require what it requires', () => {
  const kinds = Array.from({ length: 100 }, (_, at) => ({
    allOf: [{ $ref: '#/$defs/base' }],
    properties: { kind: { const: at } },
    required: ['kind'],
  }));
  const required = Array.from({ length: 20 }, (_, at) => `field_${at}`);
  const { built } = flat({ oneOf: kinds, $defs: { base: { required } } });
  expect(built.required).toEqual(['kind', ...required]);
});

test('nor do those that require what the next does as well', () => {
  const count = 2_000;
  const $defs = Object.fromEntries(
    Array.from({ length: count }, (_, at) => {
      const required = Array.from({ length: 30 }, (_, field) => `d${at}_${field}`);
      return [`d${at}`, { required, allOf: [{ $ref: `#/$defs/d${at + 1}` }] }];
    }),
  );
  const { result, cpuMs } = cpuTimeOf(() => flat({ allOf: [{ $ref: '#/$defs/d0' }], $defs }));
  expect(result.built.type).toBe('object');
  expect(cpuMs).toBeLessThan(2_000);
});
