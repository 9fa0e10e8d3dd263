// JSON Schema in the words of a server that knows only Gemini's subset.
import { describe, expect, test } from 'bun:test';
import { cleanSchema } from '../../../src/dialects/gemini/clean-schema.ts';
import { parseSchema } from '../../../src/dialects/gemini/parse-schema.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';

const object = (properties: JsonObject, more: JsonObject = {}) => ({ type: 'object', properties, ...more });

describe('passed unchanged', () => {
  test.each<[JsonObject, JsonObject]>([
    [
      { type: 'string', minLength: 1, pattern: '^a' },
      { type: 'STRING', minLength: 1, pattern: '^a' },
    ],
    [
      { type: 'string', format: 'date-time' },
      { type: 'STRING', format: 'date-time' },
    ],
    [
      { type: 'integer', minimum: 1, exclusiveMaximum: 9 },
      { type: 'INTEGER', minimum: 1, maximum: 8 },
    ],
    [{ type: ['number', 'null'] }, { type: 'NUMBER', nullable: true }],
    [{ type: ['string', 'integer'] }, { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] }],
    [{ enum: ['a', 'b'] }, { type: 'STRING', enum: ['a', 'b'] }],
    [{ enum: ['a', null] }, { type: 'STRING', enum: ['a'], nullable: true }],
    [{ const: 'a' }, { type: 'STRING', enum: ['a'] }],
    [
      { type: 'string', examples: ['x', 'y'] },
      { type: 'STRING', example: 'x' },
    ],
    [
      { type: 'array', items: { type: 'boolean' } },
      { type: 'ARRAY', items: { type: 'BOOLEAN' } },
    ],
    [
      object(
        { a: { type: 'string' } },
        { required: ['a', 'gone'], additionalProperties: false, $schema: 'x' },
      ),
      { type: 'OBJECT', properties: { a: { type: 'STRING' } }, required: ['a'] },
    ],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'STRING', nullable: true }],
    [
      { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] },
    ],
    [
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { type: 'string' } }, description: 'd' },
      { type: 'STRING', description: 'd' },
    ],
    [
      {
        ...object({ x: { $ref: '#/$defs/a~1b' } }),
        $defs: { 'a/b': { $ref: '#/definitions/c' } },
        definitions: { c: { type: 'number', description: 'c' } },
      },
      { type: 'OBJECT', properties: { x: { type: 'NUMBER', description: 'c' } } },
    ],
  ])('%j', (schema, expected) => {
    expect(cleanSchema(schema)).toEqual({ schema: expected, approximated: [] });
  });
});

describe('rewritten, and reported', () => {
  test.each<[JsonObject, JsonObject, string[]]>([
    [
      { type: 'string', format: 'uri', description: 'a link' },
      { type: 'STRING', description: 'a link (format: uri)' },
      ['format'],
    ],
    [{ type: 'integer', enum: [1, 2] }, { type: 'INTEGER', description: '(one of: 1, 2)' }, ['enum']],
    [{ const: true }, { type: 'BOOLEAN', description: '(one of: true)' }, ['const']],
    [
      { type: 'number', exclusiveMinimum: 0 },
      { type: 'NUMBER', description: '(greater than 0)' },
      ['exclusiveMinimum'],
    ],
    [{ type: 'array' }, { type: 'ARRAY', items: { type: 'STRING' } }, ['items']],
    [
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
      { type: 'ARRAY', items: { anyOf: [{ type: 'STRING' }, { type: 'NUMBER' }] } },
      ['prefixItems'],
    ],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { type: 'OBJECT', description: '(any further keys, each with a value of type integer)' },
      ['additionalProperties'],
    ],
    [
      object({ a: { type: 'string' } }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { type: 'OBJECT', properties: { a: { type: 'STRING' } } },
      ['anyOf'],
    ],
    [
      {
        allOf: [
          object({ a: { type: 'string' } }, { required: ['a'] }),
          object({ b: { type: 'number' } }, { required: ['b'] }),
        ],
      },
      { type: 'OBJECT', properties: { a: { type: 'STRING' }, b: { type: 'NUMBER' } }, required: ['a', 'b'] },
      ['allOf'],
    ],
    [
      { type: 'string', not: { const: 'a' }, contentEncoding: 'base64' },
      { type: 'STRING' },
      ['contentEncoding', 'not'],
    ],
    [
      object({ a: {}, b: true, c: { enum: [1, 'x'] }, d: { const: null }, e: { properties: {} } }),
      {
        type: 'OBJECT',
        properties: {
          a: { type: 'STRING' },
          b: { type: 'STRING' },
          c: { type: 'STRING', description: '(one of: 1, "x")' },
          d: { type: 'STRING', nullable: true },
          e: { type: 'OBJECT' },
        },
      },
      ['enum', 'type'],
    ],
    [{ type: 'array', items: {} }, { type: 'ARRAY', items: { type: 'STRING' } }, ['type']],
    [
      { type: 'array', prefixItems: [{ description: 'any' }, { type: 'string' }] },
      { type: 'ARRAY', items: { type: 'STRING' } },
      ['anyOf', 'prefixItems', 'type'],
    ],
    [
      { type: 'integer', exclusiveMinimum: 0.5 },
      { type: 'INTEGER', description: '(greater than 0.5)' },
      ['exclusiveMinimum'],
    ],
    [{ type: 'string', enum: ['a', ''] }, { type: 'STRING', description: '(one of: "a", "")' }, ['enum']],
    [
      { type: 'object', additionalProperties: { enum: ['a'] } },
      { type: 'OBJECT', description: '(any further keys)' },
      ['additionalProperties'],
    ],
    [{ $ref: 'https://elsewhere.test/schema', type: 'string' }, { type: 'STRING' }, ['$ref']],
  ])('%j', (schema, expected, approximated) => {
    expect(cleanSchema(schema)).toEqual({ schema: expected, approximated });
  });

  test('a schema that holds itself is cut', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: {
        node: object({
          name: { type: 'string' },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        }),
      },
    };
    expect(cleanSchema(tree)).toEqual({
      schema: {
        type: 'OBJECT',
        properties: {
          name: { type: 'STRING' },
          children: { type: 'ARRAY', items: { type: 'OBJECT', description: '(of the same shape again)' } },
        },
      },
      approximated: ['$ref'],
    });
  });

  test('as is one that is nothing but itself', () => {
    expect(cleanSchema({ $ref: '#' }).approximated).toEqual(['$ref']);
    const loop = { $ref: '#/$defs/a', $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } };
    expect(cleanSchema(loop).approximated).toEqual(['$ref']);
    expect(cleanSchema({ allOf: [{ $ref: '#' }] }).approximated).toEqual(['$ref']);
  });

  test('definitions that use each other over and over are cut before they fill the memory', () => {
    const $defs: JsonObject = { d0: { type: 'string' } };
    for (let at = 1; at < 40; at++) {
      const below = { $ref: `#/$defs/d${at - 1}` };
      $defs[`d${at}`] = object({ a: below, b: below });
    }
    const { schema, approximated } = cleanSchema({ $ref: '#/$defs/d39', $defs });
    expect(approximated).toEqual(['$ref']);
    expect(JSON.stringify(schema).length).toBeLessThan(4_000_000);
  });
});

test('what the subset expresses is JSON Schema again after parsing', () => {
  const schema = object(
    {
      a: { type: ['string', 'null'], description: 'd' },
      b: { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 },
      c: { anyOf: [{ type: 'string' }, object({ d: { type: 'boolean' } })] },
    },
    { required: ['a'] },
  );
  expect(parseSchema(cleanSchema(schema).schema)).toEqual(schema);
});

test('what further keys a client’s schema allows is read in JSON Schema’s own words', () => {
  const keyed = (additionalProperties: JsonValue) => ({ type: 'OBJECT', additionalProperties });
  expect(parseSchema(keyed(false))).toEqual({ type: 'object', additionalProperties: false });
  expect(parseSchema(keyed({ type: 'STRING' }))).toMatchObject({ additionalProperties: { type: 'string' } });
});

test('a field whose name would make it the prototype of the others stays a field, there and back', () => {
  const schema = object({ ['__proto__']: { type: 'string' } }, { required: ['__proto__'] });
  const clean = cleanSchema(schema).schema;
  expect(JSON.stringify(clean.properties)).toBe('{"__proto__":{"type":"STRING"}}');
  expect(JSON.stringify(parseSchema(clean).properties)).toBe('{"__proto__":{"type":"string"}}');
});

test('wide use of one definition stays cheap', () => {
  const properties = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`p${at}`, { $ref: '#/$defs/a' }]),
  );
  const schema = { ...object(properties), $defs: { a: object({ x: { type: 'string' } }) } };
  const cleaned = cleanSchema(schema).schema.properties as JsonObject;
  expect(Object.keys(cleaned)).toHaveLength(300);
  expect(cleaned.p299).toEqual({ type: 'OBJECT', properties: { x: { type: 'STRING' } } });
});

test('thousands of schemas of which all hold take no time out of proportion, nor thousands of fields', () => {
  // Copied together one by one, or looked for among all fields, they would take minutes.
  const names = Array.from({ length: 15_000 }, (_, index) => `field_${index}`);
  const parts = names.map((name) => ({ properties: { [name]: { type: 'string' } }, required: [name] }));
  const others = Array.from({ length: 300_000 }, (_, index) => `other_${index}`);
  const { schema } = cleanSchema({ type: 'object', allOf: [{ required: others }, ...parts] });
  expect(schema.required).toEqual(names);
});
