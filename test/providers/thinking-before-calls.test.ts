// Servers that speak Anthropic's dialect and refuse calls of the history without thinking ("The `content[].thinking` in the
// thinking mode must be passed back to the API"), and forced calls ("Thinking mode does not support this tool_choice").
import { expect, test } from 'bun:test';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const ANSWER = {
  ...{
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'served',
    content: [{ type: 'text', text: 'Hi' }],
  },
  ...{ stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } },
};

const CALL = { type: 'tool_use', id: 'c', name: 'look', input: { id: 1 } };
const REPORT = 'reasoning (approximated: calls whose thinking is unknown are sent with a placeholder for it)';
const THOUGHT = { type: 'thinking', thinking: 'hm', signature: 's' };

function history(...blocks: JsonObject[]): JsonObject {
  return {
    model: 'asked',
    max_tokens: 99,
    tools: [{ name: 'look', input_schema: { type: 'object' } }],
    messages: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: blocks },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'r' }] },
    ],
  };
}

async function asked(kind: 'deepseek' | 'moonshot' | 'glm' | 'anthropic', path: string, body: JsonObject) {
  const upstream = createReplayFetch(jsonReply(ANSWER));
  const lab = {
    kind,
    api_key: 'lab-key',
    dialect: 'anthropic-messages',
    base_url: 'https://lab.test/anthropic',
  };
  const { post, row } = createTestGateway({
    config: { providers: { lab: { ...lab, dialect: 'anthropic-messages' } } },
    fetch: upstream.fetch,
  });
  const response = await post(path, body);
  expect(response.status).toBe(200);
  const sent = new TextDecoder().decode(upstream.requests[0]?.body);
  const { messages, ...fields } = JSON.parse(sent) as { messages: { content: JsonObject[] }[] } & JsonObject;
  const types = messages[1]?.content.map(({ type }) => type);
  return { sent, fields, types, thought: messages[1]?.content[0], lost: (await row(0)).lost };
}

test.each([
  ['deepseek', 'deepseek-v4-pro'],
  ['moonshot', 'kimi-k2.6'],
] as const)('%s: calls without it get a stand-in, those with it pass as they came', async (kind, model) => {
  const bare = await asked(kind, '/v1/messages', { ...history(CALL), model });
  expect(bare.types).toEqual(['thinking', 'tool_use']);
  expect(bare.thought?.thinking).not.toBe('');
  expect(bare.lost).toEqual([REPORT]);
  const whole = { ...history(THOUGHT, CALL), model };
  expect((await asked(kind, '/v1/messages', whole)).sent).toBe(JSON.stringify(whole));
  const text = { ...history({ type: 'text', text: 'a' }), model };
  expect((await asked(kind, '/v1/messages', text)).sent).toBe(JSON.stringify(text));
});

test('thinking that is redacted, or left out of its block, is none', async () => {
  for (const block of [
    { type: 'redacted_thinking', data: 'x' },
    { ...THOUGHT, thinking: '' },
  ]) {
    const { types } = await asked('deepseek', '/v1/messages', {
      ...history(block, CALL),
      model: 'deepseek-v4-pro',
    });
    expect(types).toEqual(['thinking', block.type, 'tool_use']);
  }
});

test('a client of another dialect sends none', async () => {
  const { types, lost } = await asked('deepseek', '/v1/chat/completions', {
    model: 'deepseek-v4-pro',
    tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    messages: [
      { role: 'user', content: 'q' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"id":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'r' },
    ],
  });
  expect(types).toEqual(['thinking', 'tool_use']);
  expect(lost).toContain(REPORT);
});

test.each([
  ['deepseek', 'deepseek-v4-pro', { type: 'disabled' }],
  ['deepseek', 'deepseek-chat', { type: 'enabled', budget_tokens: 1024 }],
  ['glm', 'glm-5.2', undefined],
  ['anthropic', 'claude-opus-4-8', undefined],
] as const)('%s: none is needed for %s with thinking %j', async (kind, model, thinking) => {
  const body = { ...history(CALL), model, ...(thinking !== undefined && { thinking }) };
  expect((await asked(kind, '/v1/messages', body)).sent).toBe(JSON.stringify(body));
});

const NAMED = { type: 'tool', name: 'look', disable_parallel_tool_use: true };
const AUTO = { type: 'auto', disable_parallel_tool_use: true };
const ON = { type: 'enabled', budget_tokens: 1024 };
const OFF = { type: 'disabled' };
const THINKING_OFF =
  'tool_choice (approximated: thinking is off for this answer: it rules out a forced call)';
const CHOICE_LEFT =
  'tool_choice (approximated: auto: the model cannot be forced to call a tool while it thinks)';

test.each<['deepseek' | 'moonshot' | 'glm', string, JsonObject, JsonObject, string[]]>([
  [
    'deepseek',
    'deepseek-v4-pro',
    { tool_choice: NAMED },
    { tool_choice: NAMED, thinking: OFF },
    [THINKING_OFF],
  ],
  [
    'deepseek',
    'deepseek-v4-pro',
    { tool_choice: { type: 'any' } },
    { tool_choice: { type: 'any' }, thinking: OFF },
    [THINKING_OFF],
  ],
  [
    'deepseek',
    'deepseek-v4-pro',
    { tool_choice: NAMED, thinking: ON },
    { tool_choice: AUTO, thinking: ON },
    [CHOICE_LEFT],
  ],
  [
    'deepseek',
    'deepseek-v4-pro',
    { tool_choice: NAMED, output_config: { effort: 'high' } },
    { tool_choice: AUTO },
    [CHOICE_LEFT],
  ],
  ['deepseek', 'deepseek-reasoner', { tool_choice: NAMED }, { tool_choice: AUTO }, [CHOICE_LEFT]],
  [
    'deepseek',
    'deepseek-chat',
    { tool_choice: NAMED, thinking: ON },
    { tool_choice: AUTO, thinking: ON },
    [CHOICE_LEFT],
  ],
  [
    'moonshot',
    'kimi-k3',
    { tool_choice: NAMED },
    { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    [],
  ],
])('%s: %s with %j is sent %j', async (kind, model, asks, sends, lost) => {
  const said = { model, max_tokens: 99, tools: [{ name: 'look', input_schema: { type: 'object' } }] };
  const body = { ...said, ...asks, messages: [{ role: 'user', content: 'q' }] };
  const { fields, lost: reported } = await asked(kind, '/v1/messages', body);
  expect({ ...fields }).toEqual({ ...said, ...asks, ...sends });
  expect(reported).toEqual(lost);
});

test.each<['deepseek' | 'moonshot' | 'glm', string, JsonObject]>([
  ['deepseek', 'deepseek-v4-pro', { tool_choice: NAMED, thinking: OFF }],
  ['deepseek', 'deepseek-v4-pro', { tool_choice: AUTO }],
  ['deepseek', 'deepseek-chat', { tool_choice: NAMED }],
  ['moonshot', 'kimi-k3', { tool_choice: { type: 'any' } }],
  ['glm', 'glm-5.2', { tool_choice: NAMED }],
])('%s: %s with %j passes as it came', async (kind, model, asks) => {
  const body = { ...history({ type: 'text', text: 'a' }), model, ...asks };
  expect((await asked(kind, '/v1/messages', body)).sent).toBe(JSON.stringify(body));
});

test('a forced call that turns thinking off spares the history its stand-in, for clients of other dialects too', async () => {
  const { fields, types, lost } = await asked('deepseek', '/v1/chat/completions', {
    model: 'deepseek-v4-pro',
    tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    tool_choice: 'required',
    messages: [
      { role: 'user', content: 'q' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"id":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'r' },
    ],
  });
  expect(fields).toMatchObject({ tool_choice: { type: 'any' }, thinking: OFF });
  expect(types).toEqual(['tool_use']);
  expect(lost).toEqual([THINKING_OFF]);
});
