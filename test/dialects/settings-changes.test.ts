// Settings that a conversation changes on its way: Claude's effort per message, and the `configuration_update` of OpenAI's
// Responses (Vercel's AI SDK sends both), and instructions that Claude is shown for a while (`clear_at`). Other models are asked by
// what is in force at the end.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { asObject, type JsonObject, type JsonValue } from '../../src/model/json/json.ts';
import type { Message } from '../../src/model/request.ts';

function sentTo(client: DialectId, wire: ProviderDialectId, body: JsonObject, model: string) {
  const route = { operation: 'generate', model, stream: false } as const;
  const request = DIALECTS[client].client.parseRequest({ model, ...body }, route);
  const built = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
  return { body: built.body, names: built.losses.map(({ feature }) => feature) };
}

const QUESTION = { role: 'user', content: 'Plan it.' };
const ANSWER = { role: 'assistant', content: 'First, export.' };
const NEXT = { role: 'user', content: 'In one sentence?' };

const effort = (level: string) => ({ role: 'system', content: [], output_config: { effort: level } });
const claude = (...messages: JsonValue[]): JsonObject => ({
  ...{ max_tokens: 9000, output_config: { effort: 'high' }, messages },
});

/** The models, and where each is told its effort. */
const EFFORTS: [ProviderDialectId, string, (body: JsonObject) => JsonValue | undefined][] = [
  ['openai-chat', 'gpt-5', ({ reasoning_effort }) => reasoning_effort],
  ['openai-responses', 'gpt-5', ({ reasoning }) => asObject(reasoning)?.effort],
  ['ollama-chat', 'gpt-oss:20b', ({ think }) => think],
  [
    'bedrock-converse',
    'anthropic.claude-opus-4-6-v1',
    (body) => effortOfClaude(asObject(body.additionalModelRequestFields)),
  ],
  // These models take no system messages between turns.
  ['anthropic-messages', 'claude-opus-4-6', effortOfClaude],
  ['bedrock-invoke', 'anthropic.claude-opus-4-6-v1', effortOfClaude],
];

function effortOfClaude(body: JsonObject | undefined): JsonValue | undefined {
  return asObject(body?.output_config)?.effort;
}

test.each(EFFORTS)(
  '%s is asked for the effort that a message of Claude’s has set',
  (wire, model, effortOf) => {
    const asked = claude(QUESTION, ANSWER, effort('low'), NEXT);
    const { body, names } = sentTo('anthropic-messages', wire, asked, model);
    expect(effortOf(body)).toBe('low');
    expect(names).toEqual([]);
    const said = JSON.stringify(body);
    // A message of settings alone is no turn.
    expect(said).not.toMatch(/cannot be read|effort_changes|"content":(""|\[\])/);
    expect(said.split('"role":"user"')).toHaveLength(3);
  },
);

test.each(EFFORTS)(
  '%s is asked for the effort of a settings change of Responses',
  (wire, model, effortOf) => {
    const change = { type: 'configuration_update', reasoning: { effort: 'low' } };
    const asked = { input: [QUESTION, ANSWER, change, NEXT], reasoning: { effort: 'high' } };
    if (wire === 'openai-responses') return;
    const { body, names } = sentTo('openai-responses', wire, asked, model);
    expect(effortOf(body)).toBe('low');
    expect(names).toEqual([]);
  },
);

const CALL = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }] };
const RESULT = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }] };

test.each([
  ['the last counts', [effort('low'), QUESTION, ANSWER, effort('medium'), NEXT], 'medium'],
  ['behind the question it counts at once', [QUESTION, effort('low')], 'low'],
  ['a result of a tool is no new question', [QUESTION, CALL, effort('low'), RESULT], 'high'],
  ['nor is it in force before the next one', [QUESTION, ANSWER, effort('low')], 'high'],
])('of efforts of Claude’s messages, %s', (_, messages, wanted) => {
  const { body } = sentTo('anthropic-messages', 'openai-chat', claude(...messages), 'gpt-5');
  expect(body.reasoning_effort).toBe(wanted);
});

test('a model of Claude’s that takes them gets the messages, and the request’s own effort', () => {
  const asked = claude(QUESTION, effort('low'), ANSWER, NEXT, { ...effort('max'), content: 'Be careful.' });
  const { body, names } = sentTo('anthropic-messages', 'anthropic-messages', asked, 'claude-fable-5-1');
  expect(body).toMatchObject({
    output_config: { effort: 'high' },
    messages: [
      QUESTION,
      { role: 'system', output_config: { effort: 'low' } },
      ANSWER,
      NEXT,
      { role: 'system', content: 'Be careful.', output_config: { effort: 'max' } },
    ],
  });
  expect(body).not.toHaveProperty('effort_changes');
  expect(names).toEqual([]);
});

const shown = (content: string, clear_at = 'next_user_message') => ({ role: 'system', content, clear_at });
const WHILE = [
  ...[QUESTION, shown('Be brief.'), ANSWER],
  ...[NEXT, shown('Be honest.', 'never'), ANSWER],
  ...[NEXT, shown('Be kind.')],
];

test.each([...EFFORTS.map(([wire, model]) => [wire, model] as const), ['gemini', 'gemini-3-pro'] as const])(
  '%s, %s: an instruction until the user’s next message is not there behind that',
  (wire, model) => {
    const { body, names } = sentTo('anthropic-messages', wire, claude(...WHILE), model);
    const said = JSON.stringify(body);
    expect(said).toContain('Be kind.');
    expect(said).toContain('Be honest.');
    expect(said).not.toMatch(/Be brief|clear_at|cleared_messages/);
    expect(names).not.toContain('messages.clear_at');
  },
);

test('Claude gets them as they came, beside an effort', () => {
  const messages = [QUESTION, { ...shown('Be brief.'), output_config: { effort: 'low' } }, ...WHILE.slice(2)];
  const { body, names } = sentTo(
    'anthropic-messages',
    'anthropic-messages',
    claude(...messages),
    'claude-fable-5-1',
  );
  expect(body.messages).toEqual(messages);
  expect(body).not.toHaveProperty('cleared_messages');
  expect(names).toEqual([]);
});

test('what a user says stays theirs where a transformer has put turns before a change', () => {
  const model = 'claude-fable-5-1';
  const asked = claude(QUESTION, { ...effort('low'), content: 'Be careful.' }, ANSWER, NEXT);
  const route = { operation: 'generate', model, stream: false } as const;
  const request = DIALECTS['anthropic-messages'].client.parseRequest({ model, ...asked }, route);
  const example: Message = { role: 'user', parts: [{ type: 'text', text: 'An example?' }] };
  request.messages.unshift(example);
  const { body } = PROVIDER_SIDES['anthropic-messages'].buildRequest(request, { model, quirks: {} });
  const said = JSON.stringify(body.messages);
  expect(said).toContain('Plan it.');
  expect(said).not.toMatch(/"role":"system","content":"(An example|Plan it)/);
});

const FORM = { type: 'json_schema', name: 'city', schema: { type: 'object', properties: {} } };

test('a changed form of the answer is asked for', () => {
  const change = { type: 'configuration_update', id: 'cu_1', text: { format: FORM } };
  const asked = { input: [QUESTION, ANSWER, change, NEXT], text: { format: { type: 'text' } } };
  const { body, names } = sentTo('openai-responses', 'openai-chat', asked, 'gpt-5');
  expect(body.response_format).toMatchObject({ type: 'json_schema', json_schema: { name: 'city' } });
  expect(names).toEqual([]);
});

test('a provider of Responses gets the changes, and the request’s own settings', () => {
  const change = {
    type: 'configuration_update',
    ...{ reasoning: { effort: 'low' }, text: { format: FORM } },
  };
  const own = { reasoning: { effort: 'high', summary: 'auto' }, text: { format: { type: 'json_object' } } };
  for (const settings of [own, {}]) {
    const asked = { input: [QUESTION, change, NEXT], ...settings };
    const { body, names } = sentTo('openai-responses', 'openai-responses', asked, 'gpt-6-astra');
    expect(body).toEqual({
      model: 'gpt-6-astra',
      input: [{ type: 'message', ...QUESTION }, change, { type: 'message', ...NEXT }],
      ...settings,
    });
    expect(names).toEqual([]);
  }
});

test('a change of settings that are not known is named', () => {
  const change = { type: 'configuration_update', reasoning: { effort: 'low', mode: 'pro' } };
  const asked = { input: [QUESTION, ANSWER, change, NEXT], reasoning: { effort: 'high' } };
  const { body, names } = sentTo('openai-responses', 'openai-chat', asked, 'gpt-5');
  expect(body.reasoning_effort).toBe('high');
  expect(names).toEqual(['configuration_update']);
});
