// What Bedrock is asked: Converse's own shape, the fields of each family of models, and what is lost on the way.
import { createResponseCollector } from '../../../src/model/replay.ts';
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { jsonReply } from '../../support/reply.ts';
import { concat, eventMessage } from '../../support/event-stream.ts';
import { bedrockLab, streamReply } from './lab.ts';

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NEWEST = 'us.anthropic.claude-opus-4-8-v1';
const NOVA = 'amazon.nova-pro-v1:0';
const LLAMA = 'meta.llama3-8b-instruct-v1:0';
const ANSWER = {
  output: { message: { role: 'assistant', content: [{ text: 'ok' }] } },
  stopReason: 'stop_sequence',
  additionalModelResponseFields: { stop_sequence: 'END' },
  usage: {
    inputTokens: 3,
    outputTokens: 1,
    cacheReadInputTokens: 5,
    cacheWriteInputTokens: 9,
    cacheDetails: [
      { ttl: '5m', inputTokens: 2 },
      { ttl: '1h', inputTokens: 3 },
      { ttl: '1h', inputTokens: 4 },
    ],
  },
};

async function asked(path: string, body: JsonObject, kind = 'bedrock', answer: unknown = ANSWER) {
  const lab = bedrockLab(jsonReply(answer), kind);
  const response = await lab.post(path, body);
  const lost = response.headers.get('x-sluice-lost') ?? '';
  return { response, lost, sent: lab.sent(), request: lab.upstream.requests[0], row: await lab.row(0) };
}

const messages = (body: JsonObject) => asked('/v1/messages', { model: CLAUDE, max_tokens: 99, ...body });
const chat = (model: string, body: JsonObject) =>
  asked('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hi' }], ...body });

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const HI = [{ role: 'user', content: 'hi' }];

test('the path names the model whole, whatever is in it, and the key goes as Bearer', async () => {
  const arn = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-x';
  for (const model of [CLAUDE, arn]) {
    const { request } = await asked('/v1/messages', { model, max_tokens: 9, messages: HI });
    expect(request?.path).toBe(`/model/${encodeURIComponent(model)}/converse`);
    expect(request?.headers.get('authorization')).toBe('Bearer lab-key');
  }
});

test('a whole conversation: system, images, documents, calls, results, cache points', async () => {
  const { sent, lost, response, row } = await messages({
    temperature: 0.5,
    stop_sequences: ['END'],
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    tools: [
      { name: 'look', description: 'Looks.', input_schema: SCHEMA, cache_control: { type: 'ephemeral' } },
    ],
    tool_choice: { type: 'tool', name: 'look' },
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } },
          {
            type: 'document',
            title: 'a/b: c',
            source: { type: 'text', media_type: 'text/plain', data: 'Hé' },
          },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' } },
          { type: 'text', text: 'see', cache_control: { type: 'ephemeral' } },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: { city: 'Köln' } }],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'no cat' },
          { type: 'text', text: 'and?' },
        ],
      },
    ],
  });
  expect(sent).toEqual({
    system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
    inferenceConfig: { maxTokens: 99, temperature: 0.5, stopSequences: ['END'] },
    additionalModelResponseFieldPaths: ['/stop_sequence', '/delta/stop_sequence'],
    toolConfig: {
      tools: [
        { toolSpec: { name: 'look', description: 'Looks.', inputSchema: { json: SCHEMA } } },
        { cachePoint: { type: 'default' } },
      ],
      toolChoice: { tool: { name: 'look' } },
    },
    messages: [
      {
        role: 'user',
        content: [
          { image: { format: 'jpeg', source: { bytes: 'AAAA' } } },
          { document: { format: 'txt', name: 'a b c', source: { bytes: 'SMOp' } } },
          { document: { format: 'pdf', name: 'document 2', source: { bytes: 'BBBB' } } },
          { text: 'see' },
          { cachePoint: { type: 'default' } },
        ],
      },
      {
        role: 'assistant',
        content: [{ toolUse: { toolUseId: 'toolu_1', name: 'look', input: { city: 'Köln' } } }],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'toolu_1', status: 'error', content: [{ text: 'no cat' }] } },
          { text: 'and?' },
        ],
      },
    ],
  });
  expect(lost).toBe('');
  expect(await response.json()).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
  expect(row.usage).toMatchObject({ cacheReadTokens: 5, cacheWriteTokens: 9, cacheWrite1hTokens: 7 });
});

for (const [raw, sent] of [
  ['end_turn', 'end_turn'],
  ['tool_use', 'tool_use'],
  ['max_tokens', 'max_tokens'],
  ['content_filtered', 'refusal'],
  ['guardrail_intervened', 'refusal'],
  ['model_context_window_exceeded', 'model_context_window_exceeded'],
] as const)
  test(`an answer that ended with ${raw}`, async () => {
    const body = { model: NOVA, max_tokens: 9, messages: HI };
    const call = { toolUse: { toolUseId: 'toolu_1', name: 'look', input: {} } };
    const content = raw === 'tool_use' ? [call] : [{ text: 'ok' }];
    const output = { message: { role: 'assistant', content } };
    const answer = { ...ANSWER, output, stopReason: raw, additionalModelResponseFields: null };
    const { response, row } = await asked('/v1/messages', body, 'bedrock', answer);
    expect(await response.json()).toMatchObject({ stop_reason: sent, stop_sequence: null });
    expect(row.finishReason).toBe(raw);
  });

describe('what a family of models takes', () => {
  test('Claude thinks by a budget, then neither samples nor is obliged', async () => {
    const { sent, lost } = await messages({
      max_tokens: 4_000,
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      top_k: 5,
      tools: [{ name: 'look', input_schema: SCHEMA }],
      messages: HI,
    });
    expect(sent.additionalModelRequestFields).toEqual({
      thinking: { type: 'enabled', budget_tokens: 2_000 },
    });
    expect(lost).toBe('top_k');
  });

  test('Claude, in a tool loop that it began without thinking, goes on without: else Amazon refuses the loop', async () => {
    const call = { id: 't', type: 'function', function: { name: 'look', arguments: '{}' } };
    const loop = [
      ...HI,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 't', content: 'seen' },
    ];
    const ask = (more: JsonObject[]) =>
      chat(CLAUDE, { reasoning_effort: 'high', messages: [...loop, ...more] });
    const within = await ask([]);
    expect(within.sent).not.toHaveProperty('additionalModelRequestFields');
    expect(within.lost).toBe('reasoning_effort');
    const behind = await ask([{ role: 'assistant', content: 'done' }, ...HI]);
    expect(behind.sent).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 16_384 } },
    });
  });

  test('Claude writes as much as it can where the client sets no limit, and not the 4,096 tokens that are Amazon’s default', async () => {
    const limit = async (model: string, body: JsonObject) => (await chat(model, body)).sent.inferenceConfig;
    expect(await limit(CLAUDE, {})).toEqual({ maxTokens: 64_000 });
    expect(await limit('anthropic.claude-3-5-haiku-20241022-v1:0', {})).toEqual({ maxTokens: 8_192 });
    expect(await limit(CLAUDE, { max_completion_tokens: 7 })).toEqual({ maxTokens: 7 });
    expect(await limit(LLAMA, {})).toBeUndefined();

    // A budget that is not below the limit is refused.
    const { sent } = await chat(CLAUDE, { reasoning_effort: 'high' });
    expect(sent).toMatchObject({
      inferenceConfig: { maxTokens: 64_000 },
      additionalModelRequestFields: { thinking: { budget_tokens: 16_384 } },
    });
  });

  test('Claude has top_k among its own fields until 4.7, which refuses it, Nova among its own, others not', async () => {
    const top = async (model: string, topK = 7) => {
      const body = { model, max_tokens: 9, top_k: topK, messages: HI };
      const { sent, lost } = await asked('/v1/messages', body);
      return [sent.additionalModelRequestFields, lost];
    };
    expect(await top(CLAUDE)).toEqual([{ top_k: 7 }, '']);
    expect(await top(NEWEST)).toEqual([undefined, 'top_k']);
    expect(await top(NOVA)).toEqual([{ inferenceConfig: { topK: 7 } }, '']);
    expect((await top(NOVA, 250))[0]).toEqual({ inferenceConfig: { topK: 128 } });
    expect(await top(LLAMA)).toEqual([undefined, 'top_k']);
  });

  test.each([
    [
      'global.anthropic.claude-opus-4-6-v1',
      'high',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    ],
    [
      'us.amazon.nova-2-lite-v1:0',
      'minimal',
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } },
    ],
    ['openai.gpt-oss-120b-1:0', 'xhigh', { reasoning_effort: 'high' }],
    [NOVA, 'none', undefined],
  ])('%s asked for effort %s', async (model, effort, fields) => {
    const { sent, lost } = await chat(model, { reasoning_effort: effort });
    expect(sent.additionalModelRequestFields).toEqual(fields as JsonObject | undefined);
    expect(lost).toBe('');
  });

  test.each([
    ['us.openai.gpt-5.6-sol', { reasoning_effort: 'max' }, { reasoning: { effort: 'max' } }, ''],
    ['global.openai.gpt-5.6-luna', { reasoning_effort: 'none' }, { reasoning: { effort: 'none' } }, ''],
    ['us.openai.gpt-6-astra', { reasoning_effort: 'none' }, { reasoning: { effort: 'low' } }, ''],
    [
      'us.openai.gpt-6-astra',
      { reasoning: { effort: 'high', summary: 'auto' }, temperature: 0.2 },
      { reasoning: { effort: 'high', summary: 'auto' } },
      'temperature',
    ],
    ['us.openai.gpt-6-astra', { temperature: 0.2 }, undefined, 'temperature'],
    ['openai.gpt-oss-120b-1:0', { reasoning: { max_tokens: 2_000 } }, { reasoning_effort: 'low' }, ''],
    // Who hides thinking asks for none.
    ['us.amazon.nova-2-lite-v1:0', { include_reasoning: false }, undefined, ''],
    ['openai.gpt-oss-120b-1:0', { include_reasoning: false }, undefined, ''],
    [NOVA, { include_reasoning: false }, undefined, ''],
  ])('%s asked with %j', async (model, body, fields, named) => {
    const { sent, lost } = await chat(model, body);
    expect(sent.additionalModelRequestFields).toEqual(fields as JsonObject | undefined);
    expect(sent).not.toHaveProperty('inferenceConfig');
    expect(lost).toBe(named);
  });

  test('gpt-oss, which always thinks, thinks little where it is to think not at all, and this is named', async () => {
    const { sent, row } = await chat('openai.gpt-oss-120b-1:0', { reasoning_effort: 'none' });
    expect(sent.additionalModelRequestFields).toEqual({ reasoning_effort: 'low' });
    expect(row.lost).toContain('thinking (approximated: the model always thinks: sent as effort `low`)');
  });

  test('Nova 2 is not asked for high effort beside a limit of tokens, which it refuses', async () => {
    const effort = async (body: JsonObject) => {
      const { sent, row } = await chat('us.amazon.nova-2-lite-v1:0', { reasoning_effort: 'high', ...body });
      const named = row.lost.filter((each) => each.startsWith('reasoning_effort'));
      return [sent.inferenceConfig, sent.additionalModelRequestFields, named];
    };
    const fields = (maxReasoningEffort: string) => ({
      reasoningConfig: { type: 'enabled', maxReasoningEffort },
    });
    expect(await effort({})).toEqual([undefined, fields('high'), []]);
    const named = ['reasoning_effort (approximated: medium)'];
    const limited = [{ maxTokens: 9_000 }, fields('medium'), named];
    expect(await effort({ max_completion_tokens: 9_000 })).toEqual(limited);
    expect(await effort({ max_completion_tokens: 9_000, reasoning_effort: 'xhigh' })).toEqual(limited);
  });

  const samplers: [model: string, asked: JsonObject, sent: JsonObject, lost: string][] = [
    [
      NOVA,
      { temperature: 1.5, top_p: 0.9, stop: ['A', ''] },
      { temperature: 1, topP: 0.9, stopSequences: ['A'] },
      '',
    ],
    // Either of them.
    [CLAUDE, { temperature: 0.4, top_p: 0.9 }, { maxTokens: 64_000, temperature: 0.4 }, 'top_p'],
    [CLAUDE, { temperature: 0.4, top_p: 1 }, { maxTokens: 64_000, temperature: 0.4 }, ''],
    [CLAUDE, { top_p: 0.9 }, { maxTokens: 64_000, topP: 0.9 }, ''],
    // While it thinks, neither.
    [CLAUDE, { top_p: 0.9, temperature: 1, reasoning_effort: 'low' }, { maxTokens: 64_000 }, 'top_p'],
  ];
  for (const [model, asked, sent, lost] of samplers)
    test(`how ${model} samples, asked for ${JSON.stringify(asked)}`, async () => {
      const built = await chat(model, asked);
      expect(built.sent.inferenceConfig).toEqual(sent);
      expect(built.lost).toBe(lost);
      const isTold = built.row.lost.includes('temperature (approximated: 1, the highest)');
      expect(isTold).toBe(asked.temperature === 1.5);
    });

  test('effort of a model that has none is lost', async () => {
    expect((await chat(LLAMA, { reasoning_effort: 'high' })).lost).toBe('reasoning_effort');
  });

  test('cache points and failed results are for those that know them', async () => {
    const { sent, lost } = await asked('/v1/messages', {
      model: LLAMA,
      max_tokens: 9,
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content: '' }] },
      ],
    });
    expect(JSON.stringify(sent)).not.toContain('cachePoint');
    expect(lost.split(', ').sort()).toEqual(['cache_control', 'is_error']);
    expect(sent.messages).toContainEqual({
      role: 'user',
      content: [{ toolResult: { toolUseId: 't', content: [{ text: '(no output)' }] } }],
    });
    // A conversation with calls must offer tools.
    expect(sent.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } }],
    });
  });
});

describe('the answer’s format', () => {
  const format = {
    type: 'json_schema',
    json_schema: {
      name: 'City',
      description: 'Where it is.',
      schema: { ...SCHEMA, additionalProperties: false },
    },
  };

  test('is Converse’s own where the model knows it', async () => {
    const { sent } = await chat(CLAUDE, { response_format: format });
    expect(sent.outputConfig).toEqual({
      textFormat: {
        type: 'json_schema',
        structure: { jsonSchema: { name: 'City', description: 'Where it is.', schema: expect.any(String) } },
      },
    });
    expect(sent.system).toBeUndefined();
  });

  test('is an instruction elsewhere', async () => {
    const { sent, row } = await chat(LLAMA, { response_format: format });
    expect(JSON.stringify(sent.system)).toContain('JSON Schema');
    expect(sent.outputConfig).toBeUndefined();
    expect(row.lost).toContain('response_format (approximated: an instruction in the system prompt)');
  });
});

test('what Converse cannot say is named', async () => {
  const { lost, sent } = await chat(NOVA, {
    seed: 1,
    frequency_penalty: 0.5,
    user: 'u',
    parallel_tool_calls: false,
    service_tier: 'flex',
    tools: [{ type: 'function', function: { name: 'f', parameters: SCHEMA, strict: true } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image_url', image_url: { url: 'https://x.test/cat.png' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
    ],
  });
  expect(lost.split(', ').sort()).toEqual(
    [
      'frequency_penalty',
      'image.url',
      'input_audio',
      'parallel_tool_calls',
      'seed',
      'tools.strict',
      'user',
    ].sort(),
  );
  expect(sent.serviceTier).toEqual({ type: 'flex' });
  const unread = { text: '(an image of a kind that cannot be read here)' };
  expect(sent.messages).toEqual([{ role: 'user', content: [{ text: 'hi' }, unread] }]);
});

test('turns alternate, blank text is left out, instructions become user text', async () => {
  const { sent } = await chat(NOVA, {
    messages: [
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
      { role: 'system', content: 'Be brief.' },
      { role: 'assistant', content: ' ' },
      { role: 'user', content: 'three' },
    ],
  });
  expect(sent.messages).toEqual([
    {
      role: 'user',
      content: [
        { text: 'one' },
        { text: 'two' },
        { text: '<system-reminder>\nBe brief.\n</system-reminder>' },
        { text: 'three' },
      ],
    },
  ]);
  expect(sent.system).toBeUndefined();
});

test('instructions between turns stay what they are for models that take them, where these do', async () => {
  const messages = [
    { role: 'user', content: 'one' },
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'two' },
    { role: 'assistant', content: 'So.' },
    { role: 'system', content: 'Be long.' },
    { role: 'user', content: 'three' },
    { role: 'system', content: 'Be kind.' },
  ];
  const { sent, row } = await chat(NEWEST, { messages });
  expect(sent.messages).toEqual([
    { role: 'user', content: [{ text: 'one' }, { text: 'two' }] },
    { role: 'system', content: [{ text: 'Be brief.' }] },
    { role: 'assistant', content: [{ text: 'So.' }] },
    { role: 'user', content: [{ text: 'three' }] },
    { role: 'system', content: [{ text: 'Be long.' }, { text: 'Be kind.' }] },
  ]);
  expect(row.lost.filter((name) => name.startsWith('messages'))).toEqual([]);
  const ended = await chat(NEWEST, { messages: messages.slice(0, 5) });
  expect(JSON.stringify(ended.sent.messages)).toContain('<system-reminder>\\nBe long.');
  const older = await chat(CLAUDE, { messages });
  expect(JSON.stringify(older.sent.messages)).not.toContain('"system"');
});

test('a conversation that the model begins, which Amazon refuses, is begun by the user', async () => {
  const messages = [
    { role: 'assistant', content: 'How can I help?' },
    { role: 'user', content: 'Like this.' },
  ];
  const { sent, row } = await chat(NOVA, { messages });
  expect(sent.messages).toEqual([
    { role: 'user', content: [{ text: 'You speak first.' }] },
    { role: 'assistant', content: [{ text: 'How can I help?' }] },
    { role: 'user', content: [{ text: 'Like this.' }] },
  ]);
  expect(row.lost.join()).toContain('a user turn is put in front');
});

test('names of tools are of at most 64 letters, digits, dashes and underscores', async () => {
  const names = ['mcp.files/read', 'n'.repeat(65), 'n'.repeat(64)];
  const tools = names.map((name) => ({ type: 'function', function: { name, parameters: SCHEMA } }));
  const { sent } = await chat(NOVA, { tools });
  const specs = (sent.toolConfig as { tools: { toolSpec: { name: string } }[] }).tools;
  const sentNames = specs.map(({ toolSpec }) => toolSpec.name);
  for (const name of sentNames) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  expect(new Set(sentNames).size).toBe(3);
  expect(sentNames[2]).toBe('n'.repeat(64));
});

test('long ids of other providers get a stand-in, the same for call and result', async () => {
  const id = `call_${'x'.repeat(90)}|fc_1`;
  const { sent } = await chat(NOVA, {
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: id, content: 'ok' },
    ],
  });
  const ids = [...JSON.stringify(sent).matchAll(/"toolUseId":"([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(ids).toHaveLength(2);
  expect(ids[0]).toBe(ids[1] ?? '');
  expect(ids[0]).toMatch(/^[\w-]{1,64}$/);
});

describe('counting', () => {
  const COUNT = { model: CLAUDE, system: 'Be brief.', messages: HI };

  test('is asked of Converse, with what bears on the prompt alone', async () => {
    const { response, sent, request } = await asked('/v1/messages/count_tokens', COUNT, 'bedrock', {
      inputTokens: 12,
    });
    expect(await response.json()).toEqual({ input_tokens: 12 });
    expect(request?.path).toBe(`/model/${encodeURIComponent(CLAUDE)}/count-tokens`);
    expect(sent).toEqual({
      input: {
        converse: {
          messages: [{ role: 'user', content: [{ text: 'hi' }] }],
          system: [{ text: 'Be brief.' }],
        },
      },
    });
  });

  test('is estimated for models that do not count', async () => {
    const message = "The provided model doesn't support counting tokens.";
    const lab = bedrockLab(jsonReply({ message }, { status: 400 }));
    const response = await lab.post('/v1/messages/count_tokens', { ...COUNT, model: NOVA });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-sluice-estimate')).toBe('tokenizer');
  });

  test('of InvokeModel counts the body that would be sent', async () => {
    const { sent } = await asked('/v1/messages/count_tokens', COUNT, 'bedrock-anthropic', {
      inputTokens: 12,
    });
    const { body } = (sent.input as JsonObject).invokeModel as JsonObject;
    expect(JSON.parse(atob(String(body)))).toMatchObject({
      anthropic_version: 'bedrock-2023-05-31',
      system: 'Be brief.',
      messages: HI,
    });
  });
});

/** What InvokeModel answers. */
const MESSAGE_ANSWER = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};

test('InvokeModel gets Anthropic’s own body, model and streaming in its path', async () => {
  const answer = MESSAGE_ANSWER;
  const body = {
    model: CLAUDE,
    max_tokens: 99,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    thinking: { type: 'disabled' },
    messages: HI,
  };
  const asksForTier = { ...body, service_tier: 'standard_only' };
  const exchanged = await asked('/v1/messages', asksForTier, 'bedrock-anthropic', answer);
  const { sent, request, response } = exchanged;
  expect(request?.headers.get('x-amzn-bedrock-service-tier')).toBe('default');
  expect(request?.headers.get('authorization')).toBe('Bearer lab-key');
  expect(request?.path).toBe(`/model/${encodeURIComponent(CLAUDE)}/invoke`);
  const { model: _, ...rest } = body;
  expect(sent).toEqual({ anthropic_version: 'bedrock-2023-05-31', ...rest });
  expect(await response.json()).toMatchObject({ content: answer.content, stop_reason: 'end_turn' });
  const streamed = bedrockLab(jsonReply(answer), 'bedrock-anthropic');
  await streamed.post('/v1/messages', { ...body, stream: true });
  expect(streamed.upstream.requests[0]?.path).toEndWith('/invoke-with-response-stream');
  expect(streamed.sent().stream).toBeUndefined();
});

test('InvokeModel gets no tool that Anthropic itself would run, and a choice only among those that are left', async () => {
  const answer = MESSAGE_ANSWER;
  const bash = { type: 'bash_20250124', name: 'bash' };
  const search = { type: 'web_search_20250305', name: 'web_search' };
  const servers = [{ type: 'url', name: 'notes', url: 'https://mcp.test/' }];
  const ask = { model: CLAUDE, max_tokens: 99, messages: HI, tool_choice: { type: 'any' } };
  const mixed = await asked(
    '/v1/messages',
    { ...ask, tools: [search, bash], mcp_servers: servers },
    'bedrock-anthropic',
    answer,
  );
  expect(mixed.sent.tools).toEqual([bash]);
  expect(mixed.sent.tool_choice).toEqual({ type: 'any' });
  expect(mixed.sent.mcp_servers).toBeUndefined();
  expect(mixed.response.headers.get('x-sluice-lost')).toBe('tools.web_search, mcp_servers');
  expect(mixed.sent).not.toHaveProperty('anthropic_beta');
  const memory = { type: 'memory_20250818', name: 'memory' };
  const named = await asked('/v1/messages', { ...ask, tools: [memory] }, 'bedrock-anthropic', answer);
  expect(named.sent.anthropic_beta).toEqual(['context-management-2025-06-27']);
  const none = await asked('/v1/messages', { ...ask, tools: [search] }, 'bedrock-anthropic', answer);
  expect(none.sent.tools).toBeUndefined();
  expect(none.sent.tool_choice).toBeUndefined();
});

test('the place that Claude cites in a document is reported in Anthropic’s form', async () => {
  const cited = {
    citationsContent: {
      content: [{ text: 'In 1993.' }],
      citations: [
        {
          title: 'facts',
          sourceContent: [{ text: 'created in 1993' }],
          location: { documentPage: { documentIndex: 1, start: 2, end: 3 } },
        },
      ],
    },
  };
  const answer = {
    output: { message: { role: 'assistant', content: [cited] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
  };
  const document = { type: 'base64', media_type: 'application/pdf', data: 'AA==' };
  const content = [{ type: 'document', source: document, citations: { enabled: true } }];
  const ask = { model: CLAUDE, max_tokens: 99, messages: [{ role: 'user', content }] };
  const { sent, response } = await asked('/v1/messages', ask, 'bedrock', answer);
  // Words must stand beside a document.
  const words = { text: 'See the document.' };
  expect(sent.messages).toMatchObject([{ content: [{ document: { citations: { enabled: true } } }, words] }]);
  expect(await response.json()).toMatchObject({
    content: [
      {
        type: 'text',
        text: 'In 1993.',
        citations: [
          {
            type: 'page_location',
            cited_text: 'created in 1993',
            document_index: 1,
            document_title: 'facts',
            start_page_number: 2,
            end_page_number: 3,
          },
        ],
      },
    ],
  });
});

test('the last turn of Claude does not end in white space, which it refuses', async () => {
  const { sent, row } = await messages({ messages: [...HI, { role: 'assistant', content: 'Once \n' }] });
  expect(sent.messages).toContainEqual({ role: 'assistant', content: [{ text: 'Once' }] });
  expect(row.lost).toContain('messages (approximated: white space at the end of the last turn is removed)');
});

test('a call that the provider ran is lost by the name of its tool alone', async () => {
  const { lost } = await asked('/v1/responses', {
    model: CLAUDE,
    input: [
      ...HI,
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
      { role: 'assistant', content: 'found' },
      ...HI,
    ],
  });
  expect(lost).toBe('tools.web_search');
});

test('what only Anthropic itself knows, and the sources of earlier text, are lost by name', async () => {
  const cited = {
    type: 'text',
    text: 'It rains.',
    citations: [{ type: 'web_search_result_location', url: 'https://x.test', title: 'x', cited_text: 'y' }],
  };
  const uncited = { type: 'text', text: 'It snows.', citations: [] };
  const ask = (said: JsonObject, more: JsonObject[] = []) =>
    messages({
      messages: [
        ...HI,
        { role: 'assistant', content: [said] },
        { role: 'user', content: [{ type: 'text', text: 'hi' }, ...more] },
      ],
    });
  const upload = { type: 'container_upload', file_id: 'file_1' };
  const { lost, sent } = await ask(cited, [upload]);
  expect(lost.split(', ').sort()).toEqual(['citations', 'container_upload']);
  expect(JSON.stringify(sent)).not.toContain('file_1');
  expect((await ask(uncited)).lost).toBe('');
});

test('a long name of a document is cut to what is taken, without two spaces in a row', async () => {
  const document = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } };
  const title = `${'a'.repeat(179)} and so on`;
  const { sent } = await messages({
    messages: [{ role: 'user', content: [document, { ...document, title }, { type: 'text', text: 'hi' }] }],
  });
  expect(sent.messages).toMatchObject([
    { content: [{ document: { name: 'document 1' } }, { document: { name: `${'a'.repeat(179)} (2)` } }, {}] },
  ]);
});

// "Messages can't contain duplicate document names."
test.each<[JsonObject, JsonObject]>([
  [{ title: 'x (2)' }, { title: 'x' }],
  [{ title: 'document 2' }, {}],
])('documents of %j and %j go by two names', async (...titles) => {
  const source = { type: 'text', media_type: 'text/plain', data: 'x' };
  const documents = titles.map((title) => ({ type: 'document', source, ...title }));
  const { sent } = await messages({
    messages: [{ role: 'user', content: [...documents, { type: 'text', text: 'hi' }] }],
  });
  const [turn] = sent.messages as { content: { document?: { name: string } }[] }[];
  const names = turn?.content.flatMap(({ document }) => document?.name ?? []) ?? [];
  expect(names).toHaveLength(2);
  expect(new Set(names).size).toBe(2);
});

test('a cache point stands behind what goes out, never before it: Amazon refuses a turn that begins with one', async () => {
  const marked = { cache_control: { type: 'ephemeral' } };
  const { sent } = await messages({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: ' ', ...marked },
          { type: 'text', text: 'hi', ...marked },
        ],
      },
    ],
  });
  expect(sent.messages).toEqual([
    { role: 'user', content: [{ text: 'hi' }, { cachePoint: { type: 'default' } }] },
  ]);
});

describe('breakpoints that Amazon refuses are left out, and reported', () => {
  const marked = (ttl?: string) => ({
    cache_control: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) },
  });
  /** As Claude Code sends them: behind the tools, the system prompt, a text and a result. */
  const agent = (model: string, ttl?: string): JsonObject => ({
    model,
    max_tokens: 9,
    tools: [{ name: 'look', input_schema: SCHEMA, ...marked(ttl) }],
    system: [{ type: 'text', text: 'Be brief.', ...marked(ttl) }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'hi', ...marked(ttl) }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: { city: 'Bonn' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'sun', ...marked(ttl) }] },
    ],
  });
  const KINDS = ['bedrock', 'bedrock-anthropic'] as const;
  const ask = (kind: (typeof KINDS)[number], body: JsonObject) =>
    asked('/v1/messages', body, kind, kind === 'bedrock' ? ANSWER : MESSAGE_ANSWER);
  const points = (body: JsonObject) =>
    JSON.stringify(body).match(/"(cachePoint|cache_control)":\{[^}]*\}/g) ?? [];

  for (const kind of KINDS) {
    test.each(['anthropic.claude-3-haiku-20240307-v1:0', 'us.anthropic.claude-3-5-sonnet-20240620-v1:0'])(
      `${kind}: all for %s`,
      async (model) => {
        const { sent, lost } = await ask(kind, agent(model));
        expect(points(sent)).toEqual([]);
        expect(lost).toBe('cache_control');
      },
    );

    test.each(['anthropic.claude-3-5-haiku-20241022-v1:0', 'eu.anthropic.claude-sonnet-4-20250514-v1:0'])(
      `${kind}: how long they are kept for %s`,
      async (model) => {
        const { sent, row } = await ask(kind, agent(model, '1h'));
        expect(points(sent)).toHaveLength(4);
        expect(JSON.stringify(sent)).not.toContain('ttl');
        expect(row.lost).toContain('cache_control (approximated: kept for five minutes)');
        const { sent: default5m, row: nothing } = await ask(kind, agent(model, '5m'));
        expect(JSON.stringify(default5m)).not.toContain('ttl');
        expect(nothing.lost).toEqual([]);
      },
    );

    test(`${kind}: none for newer ones`, async () => {
      const { sent, row } = await ask(kind, agent(CLAUDE, '1h'));
      expect(points(sent).filter((point) => point.includes('"ttl":"1h"'))).toHaveLength(4);
      expect(row.lost).toEqual([]);
    });
  }

  test.each(KINDS)('%s: what Claude Code says of who shares what is kept', async (kind) => {
    const body = JSON.parse(
      JSON.stringify(agent(CLAUDE, '1h')).replaceAll('"ttl":"1h"', '"ttl":"1h","scope":"global"'),
    );
    const { sent, lost } = await ask(kind, body);
    expect(points(sent).filter((point) => point.includes('"ttl":"1h"'))).toHaveLength(4);
    expect(JSON.stringify(sent)).not.toContain('scope');
    const places = ['tools', 'system', 'messages.content'];
    expect(lost).toBe(places.map((place) => `${place}.cache_control.scope`).join(', '));
  });

  test('for Nova, but behind texts', async () => {
    const { sent, lost } = await ask('bedrock', agent(NOVA, '1h'));
    const point = { cachePoint: { type: 'default' } };
    expect(sent.system).toEqual([{ text: 'Be brief.' }, point]);
    expect(sent.messages).toMatchObject([
      { content: [{ text: 'hi' }, point] },
      {},
      { content: [{ toolResult: {} }] },
    ]);
    expect(points(sent)).toHaveLength(2);
    expect(lost).toBe('cache_control');
  });
});

const PNG = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } };

test('InvokeModel fetches no image and no document: what is given by an address or an id is reported as lost, and the model gets a note', async () => {
  const content = [
    {
      type: 'image',
      source: { type: 'url', url: 'https://a.test/a.png' },
      cache_control: { type: 'ephemeral' },
    },
    { type: 'document', source: { type: 'file', file_id: 'f' } },
    PNG,
  ];
  const result = { type: 'tool_result', tool_use_id: 'c', content };
  const { sent, lost } = await asked(
    '/v1/messages',
    {
      model: 'm',
      max_tokens: 9,
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      messages: [
        { role: 'user', content },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] },
        { role: 'user', content: [result] },
      ],
    },
    'bedrock-anthropic',
    MESSAGE_ANSWER,
  );
  const kept = [
    {
      type: 'text',
      text: '(an image of a kind that cannot be read here)',
      cache_control: { type: 'ephemeral' },
    },
    { type: 'text', text: '(a document of a kind that cannot be read here)' },
    PNG,
  ];
  const [asks, , results] = sent.messages as JsonObject[];
  expect(asks).toEqual({ role: 'user', content: kept });
  expect(results).toEqual({ role: 'user', content: [{ ...result, content: kept }] });
  expect(lost.split(', ')).toEqual(['image.url', 'document.file_id']);
});

const CLAUDE_4_5 = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const INTERLEAVED = 'interleaved-thinking-2025-05-14';
const THINKS = { max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 2048 }, messages: HI };

test.each<[string, string, JsonObject, string, string[] | undefined]>([
  ['bedrock', CLAUDE_4_5, THINKS, `claude-code-20250219,${INTERLEAVED}`, [INTERLEAVED]],
  ['bedrock-anthropic', CLAUDE_4_5, THINKS, INTERLEAVED, [INTERLEAVED]],
  ['bedrock', 'anthropic.claude-opus-4-20250514-v1:0', THINKS, INTERLEAVED, [INTERLEAVED]],
  ['bedrock', CLAUDE_4_5, THINKS, 'claude-code-20250219', undefined],
  ['bedrock', CLAUDE_4_5, { ...THINKS, thinking: { type: 'disabled' } }, INTERLEAVED, undefined],
  // Refused there: these models think so by themselves.
  ['bedrock', 'anthropic.claude-opus-4-8', THINKS, INTERLEAVED, undefined],
  ['bedrock', 'anthropic.claude-3-7-sonnet-20250219-v1:0', THINKS, INTERLEAVED, undefined],
])(
  'thinking between calls that a client of Anthropic asks for: %s, %s',
  async (kind, model, ask, betas, sent) => {
    const lab = bedrockLab(jsonReply(kind === 'bedrock' ? ANSWER : MESSAGE_ANSWER), kind);
    await lab.post('/v1/messages', { ...ask, model }, { headers: { 'anthropic-beta': betas } });
    const body = lab.sent();
    const fields = kind === 'bedrock' ? ((body.additionalModelRequestFields ?? {}) as JsonObject) : body;
    expect(fields.anthropic_beta as unknown).toEqual(sent);
  },
);

test('thinking after results alone is asked of the models that take it', async () => {
  const ask = {
    max_tokens: 99,
    thinking: { type: 'between_tools' },
    output_config: { effort: 'max' },
    messages: HI,
  };
  const { sent, lost } = await asked('/v1/messages', { ...ask, model: 'anthropic.claude-sonnet-5-5' });
  expect(sent.additionalModelRequestFields).toEqual({
    thinking: { type: 'between_tools' },
    output_config: { effort: 'high' },
  });
  expect(lost).toBe('');
  const other = await asked('/v1/messages', { ...ask, model: 'anthropic.claude-opus-4-8' });
  expect(other.lost).toBe('thinking');
});

test('the stop sequence of a stream, which Amazon has below `delta`, reaches clients of Anthropic', async () => {
  const stream = concat([
    eventMessage('messageStart', { role: 'assistant' }),
    eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hi' } }),
    eventMessage('contentBlockStop', { contentBlockIndex: 0 }),
    eventMessage('messageStop', {
      stopReason: 'stop_sequence',
      additionalModelResponseFields: { delta: { stop_sequence: 'END' } },
    }),
    eventMessage('metadata', { usage: { inputTokens: 1, outputTokens: 1 } }),
  ]);
  const ask = { model: CLAUDE, max_tokens: 99, messages: HI, stop_sequences: ['END'], stream: true };
  const streamed = await bedrockLab(streamReply(stream)).post('/v1/messages', ask);
  expect(await streamed.text()).toContain('"stop_reason":"stop_sequence","stop_sequence":"END"');
});

test('what Claude cleared of the conversation is told to clients of Anthropic, whole and streamed', async () => {
  const context_management = { applied_edits: [{ type: 'clear_tool_uses_20250919', cleared_tool_uses: 3 }] };
  const told = { additionalModelResponseFields: { context_management } };
  const ask = {
    model: CLAUDE,
    max_tokens: 99,
    messages: HI,
    context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
  };
  const { sent, response, lost } = await asked('/v1/messages', ask, 'bedrock', { ...ANSWER, ...told });
  expect(sent).toMatchObject({
    additionalModelRequestFields: {
      context_management: ask.context_management,
      anthropic_beta: ['context-management-2025-06-27'],
    },
    additionalModelResponseFieldPaths: ['/context_management'],
  });
  expect(lost).toBe('');
  expect(await response.json()).toMatchObject({ context_management });
  const stream = concat([
    eventMessage('messageStart', { role: 'assistant' }),
    eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hi' } }),
    eventMessage('contentBlockStop', { contentBlockIndex: 0 }),
    eventMessage('messageStop', { stopReason: 'end_turn', ...told }),
    eventMessage('metadata', { usage: { inputTokens: 1, outputTokens: 1 } }),
  ]);
  const streamed = await bedrockLab(streamReply(stream)).post('/v1/messages', { ...ask, stream: true });
  expect(await streamed.text()).toContain(JSON.stringify(context_management));
});

test('the trace of a guardrail is a named loss beside what Claude cleared, whole and of a stream read whole', async () => {
  const context_management = { applied_edits: [{ type: 'clear_tool_uses_20250919', cleared_tool_uses: 3 }] };
  const told = { additionalModelResponseFields: { context_management } };
  const trace = { guardrail: { modelOutput: ['x'] } };
  const ask = { model: CLAUDE, max_tokens: 99, messages: HI };
  const whole = await asked('/v1/messages', ask, 'bedrock', { ...ANSWER, ...told, trace });
  expect(whole.row.lost).toEqual(['trace']);
  expect(await whole.response.json()).toMatchObject({ context_management });
  const collector = createResponseCollector();
  collector.push({ type: 'start', id: null, model: null });
  const edits = {
    dialect: 'anthropic-messages',
    name: 'context_management',
    value: context_management,
  } as const;
  collector.push({ type: 'extension', ...edits });
  collector.push({ type: 'extension', dialect: 'bedrock-converse', name: 'trace', value: trace });
  collector.push({ type: 'finish', finish: { unified: 'end_turn', raw: 'end_turn' } });
  expect(collector.response()).toMatchObject({
    extension: { dialect: 'anthropic-messages', fields: { context_management } },
    parts: [{ type: 'opaque', name: 'trace', value: trace }],
  });
});
