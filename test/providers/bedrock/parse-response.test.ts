// What the blocks of a whole answer of Bedrock are, and which answers cannot be read.
import { expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { Part } from '../../../src/model/content.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const { parseResponse } = PROVIDER_SIDES['bedrock-converse'];
const partsOf = (...content: JsonObject[]) =>
  parseResponse({ output: { message: { content } }, stopReason: 'end_turn' }).parts;
const result = { toolUseId: 't', type: 'nova_grounding_result', content: [{ text: 'found' }] };
const refused = { image: { format: 'png', source: {}, error: { message: 'no' } } };

test.each<[string, JsonObject, Part[]]>([
  ['text without a letter', { text: '' }, []],
  [
    'thinking that is not signed',
    { reasoningContent: { reasoningText: { text: 'hm', signature: '' } } },
    [{ type: 'reasoning', text: 'hm' }],
  ],
  [
    'text without a source',
    { citationsContent: { content: [{ text: 'a' }] } },
    [{ type: 'text', text: 'a' }],
  ],
  [
    'what a tool of the provider gave',
    { toolResult: result },
    [{ type: 'server-tool-result', callId: 't', dialect: 'bedrock-converse', value: result }],
  ],
  [
    'an image that was not made',
    refused,
    [{ type: 'opaque', dialect: 'bedrock-converse', name: 'image', value: refused }],
  ],
])('%s', (_, block, parts) => {
  expect(partsOf(block)).toEqual(parts);
});

test('answers without a message or its content, and calls without an id, cannot be read', () => {
  for (const output of [{}, { message: {} }, { message: { content: [{ toolUse: { name: 'f' } }] } }])
    expect(() => parseResponse({ output, stopReason: 'end_turn' })).toThrow(MalformedEvent);
});

test('an answer with a call ends with it, whatever the model says', () => {
  const finishOf = (call: JsonObject) => {
    const content = [{ toolUse: { toolUseId: 't', name: 'f', input: {}, ...call } }];
    return parseResponse({ output: { message: { content } }, stopReason: 'end_turn' }).finish;
  };
  expect(finishOf({})).toEqual({ unified: 'tool_use', raw: 'end_turn' });
  expect(finishOf({ type: 'server_tool_use' })).toEqual({ unified: 'end_turn', raw: 'end_turn' });
});

test.each(['guardrail_intervened', 'content_filtered', 'refusal'])('%s is a refusal', (stopReason) => {
  const { finish } = parseResponse({ output: { message: { content: [{ text: 'No.' }] } }, stopReason });
  expect(finish).toEqual({ unified: 'refusal', raw: stopReason });
});
