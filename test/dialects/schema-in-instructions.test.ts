// A schema that no field of the wire takes is told to the model in words, with what the client said of it.
import { expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { OutputFormat } from '../../src/model/request.ts';

const FORMAT: OutputFormat = {
  type: 'json-schema',
  name: 'forecast',
  description: 'Temperatures in Kelvin',
  schema: { type: 'object', properties: { high: { type: 'number' } } },
};

test.each([
  ['anthropic-messages', 'claude-3-5-haiku-20241022'],
  ['bedrock-converse', 'amazon.nova-pro-v1:0'],
  ['openai-chat', 'some-model'],
] as const)('%s', (dialect, model) => {
  const { body } = PROVIDER_SIDES[dialect].buildRequest(
    {
      ...{ model, stream: false, system: [], tools: [] },
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Tomorrow?' }] }],
      outputFormat: FORMAT,
    },
    { model, quirks: { jsonSchema: false } },
  );
  const text = JSON.stringify(body);
  expect(text).toContain('this JSON Schema');
  expect(text).toContain('Temperatures in Kelvin');
});
