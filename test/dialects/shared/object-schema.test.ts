// Schemas of arguments for servers that take one object alone.
import { expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const FIELD = { type: 'string' };
const A: JsonObject = { type: 'object', properties: { a: FIELD } };
const B: JsonObject = { type: 'object', properties: { b: FIELD } };
const FIELDS = { type: 'object', properties: { a: FIELD, b: FIELD } };

test.each([
  ['openai-chat', 'gpt-5', { objectSchemas: true }],
  ['openai-responses', 'gpt-5', {}],
  ['anthropic-messages', 'claude-opus-4-8', {}],
] as const)('%s: a choice behind a reference is one object too', (dialect, model, quirks) => {
  const parameters: JsonObject = { $ref: '#/$defs/U', $defs: { U: { anyOf: [A, B] } } };
  const { body, losses } = DIALECTS[dialect].provider.buildRequest(
    {
      model,
      stream: false,
      system: [],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
      tools: [{ type: 'function', name: 'f', parameters }],
    },
    { model, quirks },
  );
  expect(body.tools).toMatchObject([sent(dialect, FIELDS)]);
  expect(JSON.stringify(body.tools)).not.toContain('{"type":"object","anyOf"');
  expect(losses).toMatchObject([{ feature: 'tools.parameters', outcome: 'approximated' }]);
});

function sent(dialect: string, schema: JsonObject): JsonObject {
  if (dialect === 'anthropic-messages') return { input_schema: schema };
  return dialect === 'openai-chat' ? { function: { parameters: schema } } : { parameters: schema };
}
