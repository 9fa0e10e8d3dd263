// Which schemas of strict tools OpenAI can enforce.
import { expect, test } from 'bun:test';
import { strictSchema } from '../../src/dialects/openai/schemas.ts';
import { createLossReport } from '../../src/dialects/shared/losses/loss-report.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const CLOSED = { type: 'object', properties: { a: {} }, required: ['a'], additionalProperties: false };
const holding = (a: JsonObject) => ({ ...CLOSED, properties: { a } });

test.each<[string, JsonObject, boolean]>([
  ['closed, with all fields required', CLOSED, true],
  ['open', { ...CLOSED, additionalProperties: true }, false],
  ['with an optional field', { ...CLOSED, required: [] }, false],
  ['without a type', { properties: {}, additionalProperties: false }, true],
  ['empty', {}, false],
  ['a reference to what is beside it', { $ref: '#/$defs/A', $defs: { A: CLOSED } }, true],
  ['that holds an open object', holding({ type: 'object' }), false],
  ['that holds an open object or null', holding({ type: ['object', 'null'] }), false],
  ['that holds an open object without a type', holding({ properties: {} }), false],
  ['that holds a text or null', holding({ type: ['string', 'null'] }), true],
  ['that holds a reference', holding({ $ref: '#/$defs/A' }), true],
  ['that holds a reference with a description', holding({ $ref: '#/$defs/A', description: 'A' }), false],
  ['that holds one of several', holding({ oneOf: [{ type: 'string' }] }), false],
  ['that holds any of several', holding({ anyOf: [{ type: 'string' }, CLOSED] }), true],
])('%s', (_, schema, isStrict) => {
  const losses = createLossReport('openai-chat');
  expect(strictSchema(schema, losses)).toEqual(isStrict ? schema : undefined);
  expect(losses.list().map(({ feature, outcome }) => [feature, outcome])).toEqual(
    isStrict ? [] : [['tools.strict', 'lost']],
  );
});

test('defaults are left out, and named', () => {
  const losses = createLossReport('openai-chat');
  const given = holding({ type: 'string', default: 'x', format: 'uuid' });
  expect(strictSchema(given, losses)).toEqual(holding({ type: 'string', format: 'uuid' }));
  expect(losses.list()).toMatchObject([{ feature: 'tools.strict', outcome: 'approximated' }]);
});

test('formats that OpenAI refuses are left out, and named', () => {
  const losses = createLossReport('openai-chat');
  expect(strictSchema(holding({ type: 'string', format: 'uri' }), losses)).toEqual(
    holding({ type: 'string' }),
  );
  expect(losses.list()).toMatchObject([{ feature: 'tools.strict', outcome: 'approximated' }]);
});
