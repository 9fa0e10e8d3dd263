// Tools that Anthropic's clients declare, keep back and find when asked: other models have them from the start, and must not
// read an empty answer to their search.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

function sentTo(wire: (typeof PROVIDER_DIALECT_IDS)[number], found: JsonObject[]) {
  const schema = { type: 'object', properties: {} };
  const ask: JsonObject = {
    model: 'm',
    max_tokens: 9,
    tools: [
      { name: 'ToolSearch', input_schema: schema },
      { name: 'WebFetch', input_schema: schema, defer_loading: true },
      { name: 'WebSearch', input_schema: schema, defer_loading: true },
    ],
    messages: [
      { role: 'user', content: 'Fetch it.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'ToolSearch', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: found }] },
    ],
  };
  const { client } = DIALECTS['anthropic-messages'];
  const request = client.parseRequest(ask, { operation: 'generate', model: 'm', stream: false });
  const { body, losses } = PROVIDER_SIDES[wire].buildRequest(request, { model: 'm', quirks: {} });
  return { told: JSON.stringify(body), names: losses.map(({ feature }) => feature) };
}

const FOUND = [
  { type: 'tool_reference', tool_name: 'WebFetch', cache_control: { type: 'ephemeral' } },
  { type: 'tool_reference', tool_name: 'WebSearch' },
];

test.each(PROVIDER_DIALECT_IDS.map((wire) => [wire]))('at %s', (wire) => {
  const { told, names } = sentTo(wire, FOUND);
  expect(names).not.toContain('tool_reference');
  if (wire === 'anthropic-messages' || wire === 'bedrock-invoke') {
    for (const { tool_name } of FOUND)
      expect(told).toContain(`{"type":"tool_reference","tool_name":"${tool_name}"`);
    expect(told).toContain('"tool_name":"WebFetch","cache_control"');
    expect(told).not.toContain('can be called');
    return;
  }
  for (const { tool_name } of FOUND) expect(told).toContain(`The tool ${tool_name} can be called now.`);
});

test('one that names no tool is a loss', () => {
  expect(sentTo('openai-chat', [{ type: 'tool_reference' }]).names).toContain('tool_reference');
});
