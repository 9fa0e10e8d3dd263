// JSON that a schema accepts, made up by the simulator.
import { describe, expect, test } from 'bun:test';
import { asArray, asObject, isObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import { sampleJson } from '../../src/simulator/sample-json.ts';
import { recordings } from '../support/recordings.ts';
import { violations } from './schema-check.ts';

const SCHEMAS: Record<string, JsonObject> = {
  'required by type': {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'integer', minimum: 3, maximum: 7 },
      ratio: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
      metric: { type: 'boolean' },
      nothing: { type: 'null' },
      optional: { type: 'string' },
    },
    required: ['city', 'days', 'ratio', 'metric', 'nothing'],
  },
  'enum and const': {
    type: 'object',
    properties: { unit: { type: 'string', enum: ['celsius', 'kelvin'] }, version: { const: 2 } },
    required: ['unit', 'version'],
  },
  nested: {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        minItems: 2,
        items: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      },
    },
    required: ['list'],
  },
  'references and recursion': {
    $defs: {
      node: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['name', 'next', 'children'],
      },
    },
    $ref: '#/$defs/node',
  },
  'all of, one of': {
    allOf: [
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      { properties: { b: { oneOf: [{ type: 'integer', multipleOf: 5, minimum: 11 }] } }, required: ['b'] },
    ],
  },
  'lengths, formats, patterns': {
    type: 'object',
    properties: {
      code: { type: 'string', minLength: 30 },
      tiny: { type: 'string', maxLength: 2 },
      day: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' },
    },
    required: ['code', 'tiny', 'day'],
  },
  'type lists': { type: 'object', properties: { a: { type: ['null', 'integer'] } }, required: ['a'] },
  'negative bounds': { type: 'integer', maximum: -3 },
  'no properties': { type: 'object', properties: {} },
};

const TWENTY_CHILDREN: JsonObject = Object.fromEntries(
  Array.from({ length: 20 }, (_, at) => [`child${at}`, { $ref: '#' }]),
);

describe('sample JSON', () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    test(`${name}: the sample satisfies the schema`, () => {
      expect(violations(sampleJson(schema), schema)).toEqual([]);
    });
  }

  test('the checker would notice a bad sample', () => {
    for (const name of [
      'required by type',
      'enum and const',
      'nested',
      'references and recursion',
      'all of, one of',
    ]) {
      expect(violations({}, SCHEMAS[name] ?? {}), name).not.toEqual([]);
    }
  });

  test('values are what a reader would expect', () => {
    const schema = SCHEMAS['required by type'] ?? {};
    expect(sampleJson(schema)).toEqual({
      city: 'sample city',
      days: 3,
      ratio: 0.5,
      metric: true,
      nothing: null,
    });
  });

  test('a reference need not be written as in URLs', () => {
    const $defs = { '50%': { type: 'integer', minimum: 7 } };
    expect(sampleJson({ $ref: '#/$defs/50%', $defs })).toBe(7);
  });

  // With every way to match, or every value that is asked for, it would take longer than anybody waits.
  test.each([
    ['a pattern with many ways to match', { type: 'string', minLength: 60, pattern: '^(.|.)*!$' }],
    [
      'patterns without end',
      { type: 'array', minItems: 1e9, items: { type: 'string', pattern: '^(.{40}|.)*!$' } },
    ],
    ['a list without end', { type: 'array', minItems: 1e9 }],
    ['lists in lists', { $defs: { a: { minItems: 99, items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' }],
    ['a text without end', { type: 'string', minLength: 1e9 }],
    ['a long constant again and again', { minItems: 1e9, items: { const: 'x'.repeat(2_000_000) } }],
    ['children that are required', { properties: TWENTY_CHILDREN, required: Object.keys(TWENTY_CHILDREN) }],
    ['a hundred thousand parts', { allOf: Array.from({ length: 100_000 }, (_, at) => requires(`p${at}`)) }],
  ] satisfies [string, JsonObject][])(
    '%s: the sample is no longer than its schema and a megabyte',
    (_, schema) => {
      const sample = JSON.stringify(sampleJson(schema));
      expect(sample.length).toBeLessThan(JSON.stringify(schema).length + 1_000_000);
    },
  );

  test('every tool and output schema in the recorded requests is satisfied', () => {
    const schemas = ['anthropic-messages', 'openai-chat'].flatMap((wire) =>
      recordings(wire).flatMap((recording) =>
        findSchemas(recording.request).map((schema) => ({ recording, schema })),
      ),
    );
    expect(schemas.length).toBeGreaterThan(0);
    for (const { recording, schema } of schemas) {
      expect({ id: recording.id, broken: violations(sampleJson(schema), schema) }).toEqual({
        id: recording.id,
        broken: [],
      });
    }
  });
});

function requires(key: string): JsonObject {
  return { properties: { [key]: { type: 'string' } }, required: [key] };
}

/** Schemas at the places where requests carry them. */
function findSchemas(request: JsonObject | undefined): JsonObject[] {
  const tools = asArray(request?.tools) ?? [];
  const candidates: (JsonValue | undefined)[] = tools.flatMap((tool) => {
    const entry = asObject(tool);
    return [entry?.input_schema, asObject(entry?.function)?.parameters];
  });
  candidates.push(asObject(asObject(request?.response_format)?.json_schema)?.schema);
  candidates.push(asObject(asObject(request?.output_config)?.format)?.schema);
  return candidates.filter(isObject);
}
