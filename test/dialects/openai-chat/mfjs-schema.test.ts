// Schemas for Moonshot: whatever a tool's schema looks like, what is sent keeps the rules that its servers check.
import { describe, expect, test } from 'bun:test';
import { mfjsSchema } from '../../../src/dialects/openai-chat/mfjs-schema.ts';
import { LossReport } from '../../../src/dialects/shared/losses/loss-report.ts';
import { reportedGrowth } from '../../../src/dialects/shared/schemas/schema-growth.ts';
import { asArray, asObject, isObject, type JsonObject } from '../../../src/model/json/json.ts';
import { build } from '../../providers/row-lab.ts';

const growth = () => reportedGrowth('tools.parameters', new LossReport('openai-chat'));

const NAMED = ['properties', '$defs', 'definitions'];
const ANNOTATIONS = new Set(['description', 'title', 'default']);

/** What the server would say of it: the rules in the words of https://github.com/MoonshotAI/walle. */
function problems(schema: JsonObject, path = 'root', root = schema): string[] {
  const found: string[] = [];
  const { type, enum: values, required, items, anyOf } = schema;
  const choices = asArray(anyOf);
  if (schema.$ref !== undefined) {
    const [, name] = /^#\/\$defs\/(\w+)$/.exec(String(schema.$ref)) ?? [];
    const named = asObject(asObject(root.$defs)?.[name ?? '']);
    const beside = Object.keys(schema).filter((keyword) => keyword !== '$ref');
    if (named === undefined || beside.some((keyword) => keyword !== 'description' || keyword in named))
      found.push(`${path}: reference`);
    return found;
  }
  if (type !== undefined && choices !== undefined) found.push(`${path}: type beside anyOf`);
  const others = Object.keys(schema).filter((name) => name !== 'type' && !ANNOTATIONS.has(name));
  if (Array.isArray(type) && type.length > 1 && others.length > 0)
    found.push(`${path}: keywords beside types`);
  for (const choice of choices ?? []) {
    const shared = Object.keys(asObject(choice) ?? {}).filter(
      (name) => !ANNOTATIONS.has(name) && name in schema,
    );
    if (shared.length > 0) found.push(`${path}: ${shared.join()} in anyOf and beside it`);
  }
  if (values !== undefined && type === undefined) found.push(`${path}: type is not defined`);
  for (const value of asArray(values) ?? [])
    if (type !== undefined && (value === null ? 'null' : typeof value) !== type)
      found.push(`${path}: enum of another type`);
  for (const name of asArray(required) ?? [])
    if (asObject(schema.properties)?.[String(name)] === undefined)
      found.push(`${path}: required is not defined`);
  if (items !== undefined && !isObject(items)) found.push(`${path}: items must be an object`);
  for (const keyword of NAMED)
    for (const [name, value] of Object.entries(asObject(schema[keyword]) ?? {}))
      found.push(
        ...(isObject(value) ? problems(value, `${path}.${name}`, root) : [`${path}.${name}: no object`]),
      );
  for (const value of [items, schema.additionalProperties, ...(choices ?? [])])
    if (isObject(value)) found.push(...problems(value, `${path}.?`, root));
  return found;
}

const ANYTHING = {
  anyOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'array' },
    { type: 'object', required: [] },
  ],
};

const CASES: [string, JsonObject, JsonObject, string[]][] = [
  [
    'a type beside a choice',
    { type: 'string', description: 'd', anyOf: [{ minLength: 1 }, { pattern: '^a' }] },
    {
      description: 'd',
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'string', pattern: '^a' },
      ],
    },
    ['root.a: type beside anyOf'],
  ],
  [
    'fields beside a choice of which are required',
    {
      type: 'object',
      properties: { x: { type: 'string' }, y: { type: 'string' } },
      oneOf: [{ required: ['x'] }, { required: ['y'] }],
    },
    {
      anyOf: ['x', 'y'].map((name) => ({
        type: 'object',
        properties: { x: { type: 'string' }, y: { type: 'string' } },
        required: [name],
      })),
    },
    [],
  ],
  [
    'an enumeration without a type',
    { enum: ['START', 'END'] },
    { type: 'string', enum: ['START', 'END'] },
    ['root.a: type is not defined'],
  ],
  [
    'an enumeration with null',
    { type: 'string', enum: ['a', null], description: 'd' },
    { description: 'd', anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
    ['root.a: enum of another type'],
  ],
  ['nothing but a description', { description: 'd' }, { description: 'd', ...ANYTHING }, []],
  ['a constant without a type', { const: 1 }, { type: 'number', const: 1 }, []],
  ['a bound without a type', { maxLength: 1 }, { type: 'string', maxLength: 1 }, []],
  [
    'fields without a type, none of them required',
    { properties: { b: { items: { type: 'string' } } } },
    {
      type: 'object',
      properties: { b: { type: 'array', items: { type: 'string' } } },
      required: [],
    },
    [],
  ],
  ['an empty enumeration', { type: 'string', enum: [] }, { type: 'string' }, []],
  [
    'several types with a bound',
    { type: ['string', 'null'], minLength: 1 },
    { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] },
    ['root.a: keywords beside types'],
  ],
  [
    'several types with what applies to one of them each',
    { type: ['array', 'integer', 'string'], items: { type: 'string' }, minimum: 1, pattern: 'a' },
    {
      anyOf: [
        { type: 'array', items: { type: 'string' } },
        { type: 'integer', minimum: 1 },
        { type: 'string', pattern: 'a' },
      ],
    },
    ['root.a: keywords beside types'],
  ],
  ['a list of one type', { type: ['string'] }, { type: 'string' }, []],
  [
    'a tuple of an older draft',
    { type: 'array', items: [{ type: 'string' }] },
    { type: 'array', prefixItems: [{ type: 'string' }] },
    ['root.a: items must be an object'],
  ],
  [
    'required fields that are nowhere',
    { type: 'object', properties: { x: true }, required: ['x', 'y'] },
    { type: 'object', properties: { x: ANYTHING }, required: ['x'] },
    ['root.a: required is not defined', 'root.a.x: no object'],
  ],
  [
    'a reference with a description',
    { $ref: '#/definitions/Place', description: 'where' },
    { type: 'string', description: 'where' },
    ['root.a: reference'],
  ],
];

describe('a field with', () => {
  test.each(CASES)('%s', (_, field, expected, refused) => {
    const definitions = { Place: { type: 'string', description: 'a place' } };
    const schema = { type: 'object', properties: { a: field }, required: [], definitions };
    expect(problems(schema)).toEqual(refused);
    const sent = mfjsSchema(schema, growth());
    expect(problems(sent)).toEqual([]);
    expect(sent).toEqual({ type: 'object', properties: { a: expected }, required: [] });
    // Applied again it changes nothing.
    expect(mfjsSchema(sent, growth())).toEqual(sent);
  });

  test('nothing is changed where the rules are kept', () => {
    const properties = {
      a: { type: 'array', items: { type: 'string' } },
      b: { anyOf: [{ type: 'string' }] },
    };
    const schema = { type: 'object', properties, required: ['a'], additionalProperties: false };
    expect(mfjsSchema(schema, growth())).toEqual(schema);
  });
});

const node = (next: string) => ({
  type: 'object',
  properties: { next: { anyOf: [{ $ref: next }, { type: 'null' }] } },
  required: ['next'],
});

test.each<[string, JsonObject, JsonObject]>([
  [
    'a list',
    { properties: { a: { $ref: '#/definitions/a~1b' } }, definitions: { 'a/b': node('#/definitions/a~1b') } },
    { properties: { a: { $ref: '#/$defs/a_1b' } }, $defs: { a_1b: node('#/$defs/a_1b') } },
  ],
  [
    'the whole',
    { properties: { a: { type: 'array', items: { $ref: '#' } } } },
    {
      properties: { a: { type: 'array', items: { $ref: '#/$defs/root' } } },
      $defs: {
        root: {
          type: 'object',
          properties: { a: { type: 'array', items: { $ref: '#/$defs/root' } } },
          required: [],
        },
      },
    },
  ],
  [
    'two of each other, and a third of one name',
    {
      properties: { a: { $ref: '#/$defs/A' }, b: { $ref: '#/definitions/A', description: 'b' } },
      $defs: { A: node('#/$defs/B'), B: node('#/$defs/A') },
      definitions: { A: node('#/definitions/A') },
    },
    {
      properties: { a: { $ref: '#/$defs/A' }, b: { $ref: '#/$defs/A_2', description: 'b' } },
      $defs: {
        A: {
          ...node(''),
          properties: { next: { anyOf: [node('#/$defs/A'), { type: 'null' }] } },
        },
        A_2: node('#/$defs/A_2'),
      },
    },
  ],
])('what leads back to itself stays a definition: %s', (_, given, expected) => {
  const losses = new LossReport('openai-chat');
  const sent = mfjsSchema({ type: 'object', required: [], ...given }, reportedGrowth('tools', losses));
  expect(sent).toEqual({ type: 'object', required: [], ...expected });
  expect(problems(sent)).toEqual([]);
  expect(losses.list()).toEqual([]);
  expect(mfjsSchema(sent, growth())).toEqual(sent);
});

test('a reference to nothing but itself is any value', () => {
  const $defs = { A: { $ref: '#/$defs/B' }, B: { $ref: '#/$defs/A' } };
  const sent = mfjsSchema({ type: 'object', properties: { a: { $ref: '#/$defs/A' } }, $defs }, growth());
  expect(problems(sent)).toEqual([]);
  expect(sent.$defs).toEqual({ A: ANYTHING });
});

test('a function without arguments has an object of which nothing is required', () => {
  const { body } = build('moonshot', { tools: [{ type: 'function', name: 'f' }] });
  expect(body.tools).toMatchObject([
    { function: { name: 'f', parameters: { type: 'object', properties: {}, required: [] } } },
  ]);
});

test('moonshot gets such schemas of functions and answers, an object at the top, and no name that begins with a digit', () => {
  const schema = {
    type: 'object',
    anyOf: [
      { properties: { x: { enum: ['a'] } }, required: ['x'] },
      { properties: { y: { $ref: '#' } }, required: ['y'] },
    ],
  };
  const tools = [{ type: 'function' as const, name: 'f', parameters: schema }];
  const { body, lost } = build('moonshot', { tools, outputFormat: { type: 'json-schema', schema } });
  const [tool] = asArray(body.tools) ?? [];
  const sent = asObject(asObject(asObject(tool)?.function)?.parameters) ?? {};
  expect(sent).toMatchObject({ type: 'object', properties: { x: { type: 'string', enum: ['a'] }, y: {} } });
  expect(problems(sent)).toEqual([]);
  const answer = asObject(asObject(body.response_format)?.json_schema)?.schema;
  expect(problems(asObject(answer) ?? { $ref: 'none' })).toEqual([]);
  expect(lost).toEqual(['approximated tools.parameters']);
});
