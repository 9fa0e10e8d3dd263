// JSON Schemas as Claude's structured output takes them: keywords that it does not know go into the description.
import { expect, test } from 'bun:test';
import { strictSchema } from '../../src/dialects/claude/strict-schema.ts';
import { LossReport } from '../../src/dialects/shared/losses/loss-report.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const OBJECT = { type: 'object', properties: {}, additionalProperties: false };

test.each<[name: string, given: JsonObject, expected: JsonObject, weakened: boolean]>([
  [
    'what is known stays',
    { type: 'string', enum: ['a'], title: 'T', default: 'a', description: 'D', format: 'date' },
    { type: 'string', enum: ['a'], title: 'T', default: 'a', description: 'D', format: 'date' },
    false,
  ],
  ['the dialect of the schema is left out', { $schema: 'x', type: 'null' }, { type: 'null' }, false],
  [
    'limits are told behind what the description says',
    { type: 'number', minimum: 0, maximum: 9, description: 'How many.' },
    { type: 'number', description: 'How many.\nminimum: 0, maximum: 9' },
    true,
  ],
  [
    'a format that is not known',
    { type: 'string', format: 'iri' },
    { type: 'string', description: 'format: "iri"' },
    true,
  ],
  [
    'at least one item, or none',
    { type: 'array', items: { type: 'array', minItems: 0 }, minItems: 1 },
    { type: 'array', items: { type: 'array', minItems: 0 }, minItems: 1 },
    false,
  ],
  ['at least two items', { type: 'array', minItems: 2 }, { type: 'array', description: 'minItems: 2' }, true],
  ['objects are closed', { type: 'object', properties: {} }, OBJECT, false],
  [
    'also by what they hold alone',
    { properties: { a: true } },
    { properties: { a: true }, additionalProperties: false },
    false,
  ],
  [
    'also where they may be null',
    { type: ['object', 'null'] },
    { type: ['object', 'null'], additionalProperties: false },
    false,
  ],
  ['others that may be null are not', { type: ['string', 'null'] }, { type: ['string', 'null'] }, false],
  [
    'a list of which each place has its own schema may hold any of them',
    { type: 'array', prefixItems: [{ type: 'object' }, { type: 'string' }], items: false },
    {
      type: 'array',
      items: { anyOf: [{ type: 'object', additionalProperties: false }, { type: 'string' }] },
      description: 'prefixItems: [{"type":"object"},{"type":"string"}]',
    },
    true,
  ],
  [
    'an open one says so',
    { ...OBJECT, additionalProperties: true },
    { ...OBJECT, description: 'additionalProperties: true' },
    true,
  ],
  [
    'one of several is any of them',
    { oneOf: [{ type: 'object' }] },
    { anyOf: [{ type: 'object', additionalProperties: false }] },
    false,
  ],
  [
    'which of them, where any of others is asked for too, is told',
    { anyOf: [{ type: 'string' }], oneOf: [{ enum: ['a'] }] },
    { anyOf: [{ type: 'string' }], description: 'oneOf: [{"enum":["a"]}]' },
    true,
  ],
])('%s', (_, given, expected, weakened) => {
  const before = structuredClone(given);
  const losses = new LossReport('anthropic-messages');
  expect(strictSchema(given, 'tools.strict', losses)).toEqual(expected);
  expect(losses.list().map(({ feature }) => feature)).toEqual(weakened ? ['tools.strict'] : []);
  expect(given).toEqual(before);
});

test('everywhere inside', () => {
  const limited = { type: 'integer', minimum: 1 };
  const described = { type: 'integer', description: 'minimum: 1' };
  const places = (schema: JsonObject): JsonObject => ({
    type: 'object',
    properties: { a: schema, b: { type: 'array', items: schema }, c: { anyOf: [schema], allOf: [schema] } },
    required: ['a'],
    $defs: { d: schema },
    definitions: { e: schema },
    additionalProperties: false,
  });
  const losses = new LossReport('anthropic-messages');
  expect(strictSchema(places(limited), 'response_format', losses)).toEqual(places(described));
  expect(losses.list()).toEqual([
    {
      feature: 'response_format',
      outcome: 'approximated',
      how: 'some schema constraints are in descriptions only',
    },
  ]);
});
