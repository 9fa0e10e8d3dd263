// What an Anthropic client found and hands over with its question or in a result: other models read its text.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

const FOUND = {
  type: 'search_result',
  source: 'https://example.com/tides',
  title: 'Tides',
  content: [{ type: 'text', text: 'High water at noon.' }],
  citations: { enabled: true },
  cache_control: { type: 'ephemeral' },
};
const ASK: JsonObject = {
  model: 'm',
  max_tokens: 9,
  messages: [
    { role: 'user', content: [FOUND, { type: 'text', text: 'When?' }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'find', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [FOUND] }] },
  ],
  tools: [{ name: 'find', input_schema: { type: 'object' } }],
};

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ASK, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  const sentText = JSON.stringify(body);
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke') {
    expect(sentText.split(JSON.stringify(FOUND))).toHaveLength(3);
    return;
  }
  // In Bedrock's Converse the bytes of a document.
  const text = 'https://example.com/tides\n\nHigh water at noon.';
  const forms = [JSON.stringify(text).slice(1, -1), btoa(text)];
  expect(forms.some((form) => sentText.split(form).length === 3)).toBe(true);
  const names = losses.map(({ feature }) => feature);
  expect(names).toContain('citations');
  expect(names).not.toContain('search_result');
});
