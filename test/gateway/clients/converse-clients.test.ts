// Clients of Amazon's Converse, with Amazon's own SDK, whoever serves.
import {
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  CountTokensCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { createAmazonLab } from '../../support/amazon-lab.ts';
import { asArray, asObject, asString, type JsonObject } from '../../../src/model/json/json.ts';
import { converseViolations } from '../../support/amazon-grammar.ts';
import { concat, eventMessage, exceptionMessage, readMessages } from '../../support/event-stream.ts';
import { CHAT, MESSAGE, utf8, wholeChat, wholeMessage } from '../../support/message-stream.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const OWN = 'claude-sonnet-4-5-20250929';
const ASK: ConverseCommandInput = {
  modelId: MODEL,
  messages: [{ role: 'user', content: [{ text: 'hi' }] }],
  inferenceConfig: { maxTokens: 50 },
};

/** The events of a stream, each under its name, and the exception at which it broke off. */
async function readAll(stream: AsyncIterable<ConverseStreamOutput> | undefined) {
  const events: ConverseStreamOutput[] = [];
  let failure: unknown;
  try {
    for await (const event of stream ?? []) events.push(event);
  } catch (thrown) {
    failure = thrown;
  }
  return { events, names: events.map((event) => Object.keys(event)[0]), failure };
}

const failureOf = (asked: Promise<unknown>) => asked.catch((thrown: unknown) => thrown);
const sse = (...events: { type: string }[]) =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');

const FORMAT = { type: 'json_schema' as const, structure: { jsonSchema: { schema: '{}' } } };

describe('a request', () => {
  const asked = async (ask: Partial<ConverseCommandInput>) => {
    const lab = createAmazonLab(jsonReply(wholeMessage('Hi')));
    await lab.client.send(new ConverseCommand({ ...ASK, ...ask }));
    const [request] = lab.upstream.requests;
    return { body: request?.json(), headers: request?.headers, row: await lab.row(0) };
  };

  test('reaches Anthropic in its own words', async () => {
    const png = new Uint8Array([137, 80, 78, 71]);
    const { body, headers, row } = await asked({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default' } }],
      messages: [
        {
          role: 'user',
          content: [
            { image: { format: 'png', source: { bytes: png } } },
            { document: { format: 'pdf', name: 'a', source: { bytes: png }, citations: { enabled: true } } },
            { document: { format: 'txt', name: 'b', source: { bytes: utf8('Grüße') } } },
            { document: { format: 'txt', name: 'c', source: { text: 'plain' } } },
            {
              document: {
                format: 'txt',
                name: 'd',
                source: { content: [{ text: 'in ' }, { text: 'parts' }] },
              },
            },
            { image: { format: 'png', source: { s3Location: { uri: 's3://bucket/a.png' } } } },
            { guardContent: { text: { text: 'guarded' } } },
            { text: 'hi' },
            { cachePoint: { type: 'default', ttl: '1h' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'c2ln' } } },
            { text: 'I look.' },
            { toolUse: { toolUseId: 'call_1', name: 'look', input: { at: 'it' } } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 'call_1',
                content: [{ text: 'no' }, { json: { a: 1 } }],
                status: 'error',
              },
            },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 9_000, temperature: 1, stopSequences: ['END'] },
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: 'look',
              description: 'looks',
              inputSchema: { json: { type: 'object', properties: { at: { type: 'string' } } } },
            },
          },
          { cachePoint: { type: 'default' } },
        ],
        toolChoice: { auto: {} },
      },
      additionalModelRequestFields: {
        thinking: { type: 'enabled', budget_tokens: 2_000 },
        anthropic_beta: ['interleaved-thinking-2025-05-14'],
      },
    });
    expect(body).toMatchObject({
      model: OWN,
      max_tokens: 9_000,
      stop_sequences: ['END'],
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      tools: [
        {
          name: 'look',
          description: 'looks',
          input_schema: { type: 'object', properties: { at: { type: 'string' } } },
          cache_control: { type: 'ephemeral' },
        },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
            {
              type: 'document',
              title: 'a',
              source: { type: 'base64', media_type: 'application/pdf', data: 'iVBORw==' },
              citations: { enabled: true },
            },
            {
              type: 'document',
              title: 'b',
              source: { type: 'text', media_type: 'text/plain', data: 'Grüße' },
            },
            {
              type: 'document',
              title: 'c',
              source: { type: 'text', media_type: 'text/plain', data: 'plain' },
            },
            {
              type: 'document',
              title: 'd',
              source: { type: 'text', media_type: 'text/plain', data: 'in parts' },
            },
            { type: 'image', source: { type: 'url', url: 's3://bucket/a.png' } },
            { type: 'text', text: 'guarded' },
            { type: 'text', text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'it' } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'call_1',
              content: [
                { type: 'text', text: 'no' },
                { type: 'text', text: '{"a":1}' },
              ],
              is_error: true,
            },
          ],
        },
      ],
    });
    expect(headers?.get('anthropic-beta')).toContain('interleaved-thinking-2025-05-14');
    expect(row).toMatchObject({ requestedModel: MODEL, status: 'success', lost: [] });
  });

  test('with search results, also of a tool, reaches Anthropic and others with them', async () => {
    const found = {
      source: 'https://a.test',
      title: 'A',
      content: [{ text: 'It rains.' }],
      citations: { enabled: true },
    };
    const ask: Partial<ConverseCommandInput> = {
      messages: [
        { role: 'user', content: [{ searchResult: found }, { text: 'hi' }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'call_1', name: 'look', input: {} } }] },
        {
          role: 'user',
          content: [{ toolResult: { toolUseId: 'call_1', content: [{ searchResult: found }] } }],
        },
      ],
      toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }] },
    };
    const { body, row } = await asked(ask);
    const block = { type: 'search_result', ...found, content: [{ type: 'text', text: 'It rains.' }] };
    expect(body).toMatchObject({
      messages: [{ content: [block, { text: 'hi' }] }, {}, { content: [{ content: [block] }] }],
    });
    expect(row.lost).toEqual([]);
    const lab = createAmazonLab(replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end));
    await lab.client.send(new ConverseCommand({ ...ASK, ...ask, modelId: 'gpt/fast' }));
    expect(JSON.stringify(lab.upstream.requests[0]?.json())).toContain('https://a.test\\n\\nIt rains.');
  });

  test('without a limit of tokens gets that of the model', async () => {
    expect((await asked({ inferenceConfig: {} })).body).toMatchObject({ max_tokens: expect.any(Number) });
  });

  test('for JSON, and for one tool', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const textFormat = {
      type: 'json_schema' as const,
      structure: { jsonSchema: { schema: JSON.stringify(schema), name: 'answer' } },
    };
    const { body } = await asked({
      outputConfig: { textFormat },
      toolConfig: {
        tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }],
        toolChoice: { tool: { name: 'look' } },
      },
    });
    expect(body).toMatchObject({
      output_config: { format: { type: 'json_schema', schema } },
      tool_choice: { type: 'tool', name: 'look' },
    });
  });

  test.each([
    [undefined, undefined, { effort: 'xhigh' }],
    [{ output_config: { effort: 'low', task_budget: 1 } }, undefined, { effort: 'xhigh', task_budget: 1 }],
    [undefined, FORMAT, { effort: 'xhigh', format: { type: 'json_schema', schema: {} } }],
  ])('for an effort, beside %j and %j', async (fields, textFormat, expected) => {
    const { body, row } = await asked({
      modelId: 'anthropic/claude-opus-4-8',
      outputConfig: { effort: 'xhigh', ...(textFormat && { textFormat }) },
      ...(fields && { additionalModelRequestFields: fields }),
    });
    expect(body).toHaveProperty('output_config', expected);
    expect(row.lost).toEqual([]);
  });

  const changes = (model: string): Partial<ConverseCommandInput> => ({
    modelId: model,
    toolConfig: {
      tools: ['look', 'move'].map((name) => ({
        toolSpec: { name, inputSchema: { json: { type: 'object' } } },
      })),
    },
    messages: [
      { role: 'user', content: [{ text: 'hi' }] },
      { role: 'system', content: [{ toolRemoval: { tool: { name: 'move' } } }, { text: 'Stand still.' }] },
    ],
  });

  test('that takes a tool away reaches Anthropic with the name of the beta that this needs', async () => {
    const { body, headers, row } = await asked({
      ...changes('anthropic/claude-opus-4-8'),
      additionalModelRequestFields: { anthropic_beta: ['context-1m-2025-08-07'] },
    });
    expect(body).toMatchObject({
      tools: [{ name: 'look' }, { name: 'move' }],
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'system',
          content: [
            { type: 'tool_removal', tool: { type: 'tool_reference', name: 'move' } },
            { type: 'text', text: 'Stand still.' },
          ],
        },
      ],
    });
    expect(headers?.get('anthropic-beta')).toBe(
      'context-1m-2025-08-07,mid-conversation-tool-changes-2026-07-01',
    );
    expect(row.lost).toEqual([]);
  });

  test('that takes a tool away, or gives it back, offers a provider of another dialect what is left', async () => {
    const chat = async (ask: Partial<ConverseCommandInput>) => {
      const lab = createAmazonLab(replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end));
      await lab.client.send(new ConverseCommand({ ...ASK, ...ask }));
      return { body: lab.upstream.requests[0]?.json(), lost: (await lab.row(0)).lost };
    };
    const namesOf = (body: unknown) =>
      asArray(asObject(body as JsonObject)?.tools)?.map((tool) => asObject(asObject(tool)?.function)?.name);
    const taken = changes('gpt/some-model');
    const { body, lost } = await chat(taken);
    expect(namesOf(body)).toEqual(['look']);
    expect(lost.filter((name) => !name.includes(' (approximated'))).toEqual([]);
    const given = { tool: { name: 'move' } };
    const back = [
      ...(taken.messages ?? []),
      { role: 'assistant' as const, content: [{ text: 'I stand.' }] },
      { role: 'user' as const, content: [{ text: 'Go.' }] },
      { role: 'system' as const, content: [{ toolAddition: given }] },
    ];
    expect(namesOf((await chat({ ...taken, messages: back })).body)).toEqual(['look', 'move']);
    const ofServer = [
      ...(taken.messages ?? []),
      { role: 'system' as const, content: [{ toolAddition: { tool: { name: 'a', serverName: 'wiki' } } }] },
    ];
    expect((await chat({ ...taken, messages: ofServer })).lost).toContain('messages.content.toolAddition');
  });

  test('with tools in both places, as a shell has to be, reaches Anthropic with all of them', async () => {
    const { body, headers } = await asked({
      toolConfig: { tools: [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }] },
      additionalModelRequestFields: {
        tools: [{ type: 'bash_20250124', name: 'bash' }],
        anthropic_beta: ['computer-use-2025-01-24'],
      },
    });
    expect(body).toMatchObject({ tools: [{ name: 'look' }, { type: 'bash_20250124', name: 'bash' }] });
    expect(headers?.get('anthropic-beta')).toBe('computer-use-2025-01-24');
  });

  test('for one call at a time, which only the model has a word for', async () => {
    const tools = [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object' } } } }];
    const single = { disable_parallel_tool_use: true };
    const choices = [
      [{ tools, toolChoice: { any: {} } }, single, { type: 'any', ...single }],
      [{ tools, toolChoice: { auto: {} } }, single, { type: 'auto', ...single }],
      [{ tools }, { type: 'auto', ...single }, { type: 'auto', ...single }],
    ] as const;
    for (const [toolConfig, own, expected] of choices) {
      const { body } = await asked({
        toolConfig: { ...toolConfig, tools: [...tools] },
        additionalModelRequestFields: { tool_choice: own },
      });
      expect(body).toHaveProperty('tool_choice', expected);
    }
  });

  const claudes = { type: 'enabled', budget_tokens: 2_000 };
  const adaptive = { type: 'adaptive' };
  test.each([
    [{ reasoning_config: claudes }, { thinking: claudes }],
    [{ reasoning_config: claudes, thinking: { type: 'disabled' } }, { thinking: { type: 'disabled' } }],
    [
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } },
      { thinking: adaptive, output_config: { effort: 'low' } },
    ],
    [{ reasoningConfig: { type: 'disabled' } }, { thinking: { type: 'disabled' } }],
    [{ reasoning_effort: 'high' }, { thinking: adaptive, output_config: { effort: 'high' } }],
    [
      { reasoning: { effort: 'minimal', summary: 'auto' } },
      { thinking: { ...adaptive, display: 'summarized' }, output_config: { effort: 'low' } },
    ],
    [{ reasoning: { effort: 'none' } }, { thinking: { type: 'disabled' } }],
    [
      { reasoning_effort: 'high', output_config: { effort: 'max' } },
      { thinking: adaptive, output_config: { effort: 'max' } },
    ],
    [{ inferenceConfig: { topK: 20 } }, { top_k: 20 }],
  ])('for thinking and more in the words of any model of Amazon’s: %j', async (fields, expected) => {
    const { body, row } = await asked({
      modelId: 'anthropic/claude-opus-4-6',
      inferenceConfig: { maxTokens: 9_000 },
      additionalModelRequestFields: fields,
    });
    const { model: _, max_tokens: __, messages: ___, ...rest } = body as Record<string, unknown>;
    expect(rest).toEqual(expected);
    expect(row.lost).toEqual('thinking' in fields ? ['reasoning_config'] : []);
  });

  test('for thinking by Amazon’s name reaches a provider of another dialect', async () => {
    const { client, upstream, row } = createAmazonLab(jsonReply(wholeChat('Hi')));
    const fields = { reasoning_config: claudes };
    await client.send(
      new ConverseCommand({ ...ASK, modelId: 'gpt/fast', additionalModelRequestFields: fields }),
    );
    expect(upstream.requests[0]?.json()).toHaveProperty('reasoning_effort');
    expect((await row(0)).lost).not.toContain('reasoning_config');
  });

  test('for what only Amazon has is answered without it, and says so', async () => {
    const { body, row } = await asked({
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' },
      performanceConfig: { latency: 'optimized' },
      messages: [
        {
          role: 'user',
          content: [{ text: 'hi' }, { video: { format: 'mp4', source: { bytes: new Uint8Array(3) } } }],
        },
      ],
    });
    expect(row.lost).toEqual(['guardrailConfig', 'performanceConfig', 'messages.content.video']);
    expect(body).toMatchObject({ messages: [{ role: 'user', content: 'hi' }] });
    expect(Object.keys(body as object)).not.toContain('guardrailConfig');
  });

  test.each([
    ['default', 'standard_only', []],
    ['flex', undefined, ['service_tier']],
  ] as const)('for the service tier %s reaches Anthropic with %p', async (type, tier, lost) => {
    const { body, row } = await asked({ serviceTier: { type } });
    expect((body as { service_tier?: string }).service_tier).toBe(tier);
    expect(row.lost).toEqual([...lost]);
  });

  test('for a service tier reaches OpenAI with it', async () => {
    const lab = createAmazonLab(replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end));
    await lab.client.send(
      new ConverseCommand({ ...ASK, modelId: 'gpt/fast', serviceTier: { type: 'flex' } }),
    );
    expect(lab.upstream.requests[0]?.json()).toMatchObject({ service_tier: 'flex' });
  });

  test('names what it does not get of earlier sources, and of fields of the answer', async () => {
    const cited = {
      citationsContent: {
        content: [{ text: 'It rains.' }],
        citations: [{ title: 'Weather', location: { web: { url: 'https://weather.test' } } }],
      },
    };
    const after = (content: ContentBlock[]) => [
      { role: 'user' as const, content: [{ text: 'hi' }] },
      { role: 'assistant' as const, content },
      { role: 'user' as const, content: [{ text: 'And now?' }] },
    ];
    const messages = after([cited]);
    const { body, row } = await asked({ messages, additionalModelResponseFieldPaths: ['/usage'] });
    expect(row.lost).toEqual(['additionalModelResponseFieldPaths', 'citations']);
    expect(JSON.stringify(body)).toContain('It rains.');
    const { citations } = cited.citationsContent;
    const again = await asked({
      messages: after([{ text: 'It rains.' }, { citationsContent: { citations } }]),
    });
    expect(again.row.lost).toEqual(['citations']);
    expect(again.body).toMatchObject({ messages: [{}, { content: 'It rains.' }, {}] });
    const paths = {
      additionalModelResponseFieldPaths: [
        '/stop_sequence',
        '/delta/stop_sequence',
        '/usage/output_tokens_details',
      ],
    };
    expect((await asked(paths)).row.lost).toEqual([]);
  });

  test('of which a part cannot be read is refused, or answered without it', async () => {
    const { post, upstream, row } = createAmazonLab(jsonReply(wholeMessage('Hi')));
    const path = `/model/${MODEL}/converse`;
    const format = { type: 'json_schema', structure: { jsonSchema: { schema: 'no JSON' } } };
    const refused = await post(path, { messages: ASK.messages, outputConfig: { textFormat: format } });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { message: 'outputConfig.textFormat.structure.jsonSchema.schema: must be a JSON Schema as text' },
    ]);
    const inner = { toolResult: { toolUseId: 'c', content: [{ text: 'x' }] } };
    const messages = [
      { role: 'user', content: [{ text: 'hi' }] },
      { role: 'assistant', content: [{ toolUse: { toolUseId: 'c', name: 'look', input: {} } }] },
      { role: 'user', content: [{ toolResult: { toolUseId: 'c', content: [{ text: 'y' }, inner] } }] },
    ];
    const odd = { constructor: 1, maxTokens: 5 };
    await post(path, { messages, inferenceConfig: odd, toolConfig: { tools: [], toolChoice: { none: {} } } });
    expect((await row(1)).lost).toEqual([
      'inferenceConfig.constructor',
      'messages.content.toolResult.toolResult',
    ]);
    expect(upstream.requests).toHaveLength(1);
    // Nested more deeply than can be written.
    const deep = `{"toolUse":{"toolUseId":"c","name":"x","input":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}}`;
    const nested = await post(path, `{"messages":[{"role":"assistant","content":[${deep}]}]}`);
    expect(nested.status).toBe(400);
  });

  test('that is none says where', async () => {
    const { client } = createAmazonLab(jsonReply({}));
    const failure = await failureOf(client.send(new ConverseCommand({ modelId: 'gpt/fast', messages: [] })));
    expect(failure).toMatchObject({
      name: 'ValidationException',
      message: 'messages: must contain at least one message',
    });
  });

  test.each([
    [{ inferenceConfig: { maxTokens: 'many' } }, /^inferenceConfig\.maxTokens: /],
    [{ inferenceConfig: { stopSequences: [1] } }, /^inferenceConfig\.stopSequences/],
    [{ toolConfig: { tools: [{ toolSpec: { inputSchema: {} } }] } }, /^toolConfig\.tools\.0\.name: /],
    [
      { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 'x' } } },
      /^additionalModelRequestFields\.thinking/,
    ],
  ])('says it in the places of Converse: %j', async (fault, words) => {
    const { post } = createAmazonLab(jsonReply({}));
    const response = await post('/model/gpt%2Ffast/converse', { messages: ASK.messages, ...fault });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toMatch(words);
  });
});

describe('a whole answer', () => {
  const answered = async (content: object[], more: object = {}) => {
    const lab = createAmazonLab(jsonReply({ ...wholeMessage(''), content, ...more }));
    const answer = await lab.client.send(new ConverseCommand(ASK));
    return { answer, row: await lab.row(0) };
  };

  test('of Claude', async () => {
    const { answer, row } = await answered(
      [
        { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'hidden' },
        {
          type: 'text',
          text: 'Hi',
          citations: [
            {
              type: 'page_location',
              cited_text: 'so',
              document_index: 0,
              document_title: 'a',
              start_page_number: 1,
              end_page_number: 2,
            },
          ],
        },
        { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'it' } },
      ],
      { stop_reason: 'tool_use', usage: { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: 2 } },
    );
    expect(answer.output?.message?.content).toEqual([
      { reasoningContent: { reasoningText: { text: 'hm', signature: 'c2ln' } } },
      { reasoningContent: { redactedContent: utf8('hidden') } },
      {
        citationsContent: {
          content: [{ text: 'Hi' }],
          citations: [
            {
              title: 'a',
              sourceContent: [{ text: 'so' }],
              location: { documentPage: { documentIndex: 0, start: 1, end: 2 } },
            },
          ],
        },
      },
      { toolUse: { toolUseId: 'call_1', name: 'look', input: { at: 'it' } } },
    ] as ContentBlock[]);
    expect(answer).toMatchObject({
      stopReason: 'tool_use',
      usage: { inputTokens: 7, outputTokens: 3, totalTokens: 12, cacheReadInputTokens: 2 },
      metrics: { latencyMs: expect.any(Number) },
    });
    expect(row).toMatchObject({ status: 'success', usage: { inputTokens: 7 } });
    // As Anthropic's own clients would have it.
    expect(JSON.parse(row.responseBody ?? '')).toMatchObject({ type: 'message', stop_reason: 'tool_use' });
  });

  test('says what of the prompt is kept for an hour', async () => {
    const cache_creation = { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 };
    const usage = { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: 5, cache_creation };
    const { answer } = await answered([{ type: 'text', text: 'Hi' }], { usage });
    expect(answer.usage).toMatchObject({
      cacheWriteInputTokens: 5,
      cacheDetails: [
        { ttl: '1h', inputTokens: 3 },
        { ttl: '5m', inputTokens: 2 },
      ],
    });
  });

  test('that cites pages of the web says its text as Amazon does, beside them', async () => {
    const page = { type: 'web_search_result_location', url: 'https://weather.test', title: 'Weather' };
    const { answer } = await answered([{ type: 'text', text: 'It rains.', citations: [page] }]);
    const web = { title: 'Weather', location: { web: { url: 'https://weather.test' } } };
    expect(answer.output?.message?.content).toEqual([
      { text: 'It rains.' },
      { citationsContent: { citations: [web] } },
    ] as ContentBlock[]);
  });

  test.each([
    ['end_turn', null, 'end_turn', undefined],
    ['max_tokens', null, 'max_tokens', undefined],
    ['stop_sequence', 'END', 'stop_sequence', { stop_sequence: 'END', delta: { stop_sequence: 'END' } }],
    ['refusal', null, 'content_filtered', undefined],
    ['model_context_window_exceeded', null, 'model_context_window_exceeded', undefined],
    ['pause_turn', null, 'end_turn', undefined],
  ])('that ended by %s', async (stop_reason, stop_sequence, stopReason, fields) => {
    const { answer } = await answered([{ type: 'text', text: 'Hi' }], { stop_reason, stop_sequence });
    expect(answer.stopReason).toBe(stopReason as typeof answer.stopReason);
    expect(answer.additionalModelResponseFields).toEqual(fields);
  });

  test('long numbers keep their digits, and what has no place is named', async () => {
    const text = JSON.stringify({
      ...wholeMessage(''),
      content: [
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
        { type: 'tool_use', id: 'call_1', name: 'look', input: { id: 0 } },
      ],
    }).replace('"id":0', '"id":12345678901234567890');
    const lab = createAmazonLab(replyWith(text, { headers: { 'content-type': 'application/json' } }));
    const answer = await lab.post(`/model/${MODEL}/converse`, { messages: ASK.messages });
    expect(await answer.text()).toContain('"input":{"id":12345678901234567890}');
    expect((await lab.row(0)).lost).toEqual(['server_tool_use']);
  });
});

test('how much of an answer was thinking is told where Amazon tells it, whole and streamed', async () => {
  const usage = { input_tokens: 3, output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } };
  const told = { usage: { output_tokens_details: { thinking_tokens: 4 } } };
  const whole = createAmazonLab(jsonReply({ ...wholeMessage('Hi'), usage }));
  const answer = await whole.client.send(new ConverseCommand(ASK));
  expect(answer.additionalModelResponseFields).toEqual(told);
  const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage };
  const streamed = createAmazonLab(
    replyWith(MESSAGE.start + MESSAGE.delta('Hi') + sse(delta, { type: 'message_stop' })),
  );
  const { stream } = await streamed.client.send(new ConverseStreamCommand(ASK));
  const { events } = await readAll(stream);
  expect(events.find(({ messageStop }) => messageStop)?.messageStop).toMatchObject({
    additionalModelResponseFields: told,
  });
});

describe('a stream', () => {
  test('of Claude', async () => {
    const delta = (index: number, fields: object) => ({ type: 'content_block_delta', index, delta: fields });
    const start = (index: number, content_block: object) => ({
      type: 'content_block_start',
      index,
      content_block,
    });
    const stop = (index: number) => ({ type: 'content_block_stop', index });
    const { client, upstream, row } = createAmazonLab(
      replyWith(
        MESSAGE.start +
          sse(
            start(0, { type: 'thinking', thinking: '', signature: '' }),
            delta(0, { type: 'thinking_delta', thinking: 'hm' }),
            delta(0, { type: 'signature_delta', signature: 'c2ln' }),
            stop(0),
            start(1, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
            stop(1),
            start(2, { type: 'text', text: '' }),
            { type: 'ping' },
            delta(2, { type: 'text_delta', text: 'Grüße' }),
            stop(2),
            start(3, { type: 'tool_use', id: 'call_1', name: 'look', input: {} }),
            delta(3, { type: 'input_json_delta', partial_json: '{"at":' }),
            delta(3, { type: 'input_json_delta', partial_json: '"it"}' }),
            stop(3),
            { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } } as {
              type: string;
            },
            { type: 'message_stop' },
          ),
      ),
    );
    const { stream } = await client.send(new ConverseStreamCommand(ASK));
    const { events, failure } = await readAll(stream);
    expect(failure).toBeUndefined();
    const toolUse = { toolUseId: 'call_1', name: 'look' };
    const known: object[] = events.filter((event) => event.$unknown === undefined);
    expect(known).toEqual([
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'c2ln' } } } },
      { contentBlockStop: { contentBlockIndex: 0 } },
      { contentBlockDelta: { contentBlockIndex: 1, delta: { text: 'Grüße' } } },
      { contentBlockStop: { contentBlockIndex: 1 } },
      { contentBlockStart: { contentBlockIndex: 2, start: { toolUse } } },
      { contentBlockDelta: { contentBlockIndex: 2, delta: { toolUse: { input: '{"at":' } } } },
      { contentBlockDelta: { contentBlockIndex: 2, delta: { toolUse: { input: '"it"}' } } } },
      { contentBlockStop: { contentBlockIndex: 2 } },
      { messageStop: { stopReason: 'tool_use' } },
      {
        metadata: {
          usage: {
            inputTokens: 7,
            outputTokens: 3,
            totalTokens: 10,
            cacheReadInputTokens: 0,
            cacheWriteInputTokens: 0,
          },
          metrics: { latencyMs: expect.any(Number) },
        },
      },
    ]);
    expect(upstream.requests[0]?.json()).toMatchObject({ model: OWN, stream: true });
    expect(await row(0)).toMatchObject({
      status: 'success',
      lost: ['server_tool_use'],
      responseBody: expect.stringContaining('Grüße'),
    });
  });

  test('whose calls come at once, with long numbers', async () => {
    const call = { type: 'tool_use', id: 'call_1', name: 'look', input: { id: 0 } };
    const started = { type: 'content_block_start', index: 0, content_block: call };
    const ending = { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } };
    const stream = sse(started, { type: 'content_block_stop', ...{ index: 0 } }, ending, {
      type: 'message_stop',
    });
    const { client } = createAmazonLab(
      replyWith(MESSAGE.start + stream.replace('"id":0', '"id":12345678901234567890')),
    );
    const { events } = await readAll((await client.send(new ConverseStreamCommand(ASK))).stream);
    const inputs = events.map((event) => event.contentBlockDelta?.delta?.toolUse?.input ?? '');
    expect(inputs.join('')).toBe('{"id":12345678901234567890}');
  });

  test('of Claude with an event that cannot be read, so that a call is broken, fails', async () => {
    const [start, piece, lost, ...rest] = [
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: 'call_1', name: 'pay' },
      },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'input_json_delta', partial_json: '{"usd":1' },
      },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '00}' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } },
      { type: 'message_stop' },
    ].map((event) => sse(event));
    const { client, row } = createAmazonLab(
      replyWith([MESSAGE.start, start, piece, lost?.replace(/.{9}\n\n$/, '\n\n'), ...rest].join('')),
    );
    const { names, failure } = await readAll((await client.send(new ConverseStreamCommand(ASK))).stream);
    expect(names).not.toContain('messageStop');
    expect(failure).toMatchObject({ name: 'ModelStreamErrorException' });
    expect(await row(0)).toMatchObject({
      status: 'error',
      errorCode: 'upstream_malformed',
      malformedEvents: 1,
    });
  });

  test('of a chat, and of the simulator', async () => {
    const { client } = createAmazonLab(replyWith(CHAT.start + CHAT.delta('Hi') + CHAT.end));
    const { stream } = await client.send(new ConverseStreamCommand({ ...ASK, modelId: 'gpt/fast' }));
    expect((await readAll(stream)).names).toEqual([
      'messageStart',
      'contentBlockDelta',
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]);
    const simulated = createAmazonLab(replyWith(''), { config: { providers: { simulator: {} } } });
    const tools = [{ toolSpec: { name: 'look', inputSchema: { json: { type: 'object', properties: {} } } } }];
    const more = { modelId: 'simulator/fast', inferenceConfig: { maxTokens: 9_000 }, toolConfig: { tools } };
    const thinking = { thinking: { type: 'enabled', budget_tokens: 2_000 } };
    const ask = { ...ASK, ...more, additionalModelRequestFields: thinking };
    const { events } = await readAll((await simulated.client.send(new ConverseStreamCommand(ask))).stream);
    const { output, stopReason } = await simulated.client.send(new ConverseCommand(ask));
    expect(stopReason).toBe('tool_use');
    const kinds = (output?.message?.content ?? []).map((block) => Object.keys(block)[0]);
    expect(kinds).toEqual(['reasoningContent', 'text', 'toolUse']);
    expect(events.at(-2)).toMatchObject({ messageStop: { stopReason: 'tool_use' } });
  });

  test.each([
    ['overloaded_error', 'ServiceUnavailableException'],
    ['rate_limit_error', 'ThrottlingException'],
    ['api_error', 'ModelStreamErrorException'],
  ])('that fails by %s', async (type, name) => {
    const { client, row } = createAmazonLab(
      replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('a') + MESSAGE.error(type, 'because')),
    );
    const { names, failure } = await readAll((await client.send(new ConverseStreamCommand(ASK))).stream);
    expect(names).toEqual(['messageStart', 'contentBlockDelta']);
    expect(failure).toMatchObject({ name, message: 'because' });
    expect(await row(0)).toMatchObject({ status: 'error' });
  });

  test('that falls silent: by an exception that these streams have, with its words', async () => {
    const { client } = createAmazonLab(replyWith(''), {
      config: { providers: { simulator: { timeouts: { idle: '50ms' } } } },
    });
    const ask = new ConverseStreamCommand({ ...ASK, modelId: 'simulator/fast,fault=stall:3' });
    expect((await readAll((await client.send(ask)).stream)).failure).toMatchObject({
      name: 'ModelStreamErrorException',
      message: expect.stringContaining('stream timed out'),
    });
  });

  test('that is cut, and an answer that is refused', async () => {
    const cut = createAmazonLab(replyWith(CHAT.start + CHAT.delta('a')));
    const ask = new ConverseStreamCommand({ ...ASK, modelId: 'gpt/fast' });
    const { names, failure } = await readAll((await cut.client.send(ask)).stream);
    expect(names).not.toContain('messageStop');
    expect(failure).toMatchObject({ name: 'ModelStreamErrorException' });
    const refused = createAmazonLab(
      jsonReply({ type: 'error', error: { type: 'rate_limit_error', message: 'slow' } }, { status: 429 }),
    );
    expect(await failureOf(refused.client.send(new ConverseStreamCommand(ASK)))).toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('slow'),
    });
  });
});

describe('to Amazon', () => {
  const config: ConfigInput = {
    providers: { bedrock: { options: { region: 'us-east-1' }, api_key: 'key-for-bedrock', max_retries: 0 } },
  };
  const EVENTS: [string, Record<string, string | number | object>][] = [
    ['messageStart', { role: 'assistant', p: 'ab' }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hi' }, p: 'abc' }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['messageStop', { stopReason: 'end_turn' }],
    ['metadata', { usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 }, metrics: { latencyMs: 5 } }],
  ];
  const stream = (...messages: Uint8Array[]) =>
    replyWith(concat(messages), { headers: { 'content-type': 'application/vnd.amazon.eventstream' } });
  const message = ([name, fields]: (typeof EVENTS)[number]) =>
    eventMessage(name, fields as Record<string, string>);

  test('a stream in place of a whole answer is made one', async () => {
    const { client } = createAmazonLab(stream(...EVENTS.map(message)), { config });
    const ask = new ConverseCommand({ ...ASK, modelId: 'us.amazon.nova-lite-v1:0' });
    expect(await client.send(ask)).toMatchObject({
      output: { message: { content: [{ text: 'Hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 7, outputTokens: 3 },
    });
  });

  test('requests and events pass', async () => {
    const lab = createAmazonLab(stream(...EVENTS.map(message)), { config });
    const body = {
      messages: ASK.messages,
      guardrailConfig: { guardrailIdentifier: 'g' },
      unknown: { kept: 1 },
    };
    const path = '/model/us.amazon.nova-lite-v1:0/converse-stream';
    const answer = await lab.post(path, { ...body, agent_type: 'mine' });
    expect(Buffer.from(await answer.bytes())).toEqual(Buffer.from(concat(EVENTS.map(message))));
    const [request] = lab.upstream.requests;
    expect(request?.path).toBe('/model/us.amazon.nova-lite-v1%3A0/converse-stream');
    expect(request?.json()).toEqual(body);
    expect(await lab.row(0)).toMatchObject({
      agentType: 'mine',
      status: 'success',
      lost: [],
      usage: { inputTokens: 7, outputTokens: 3 },
    });
  });

  test('a stream that breaks off is continued by another target in Converse’s events and numbers', async () => {
    const thought = [
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
    ] as const;
    const text = (index: number) =>
      ['contentBlockDelta', { contentBlockIndex: index, delta: { text: 'Hi' } }] as const;
    const stop = ['contentBlockStop', { contentBlockIndex: 1 }] as const;
    for (const begun of [[text(0)], [...thought, text(1)], [...thought, text(1), stop]]) {
      const sent = [['messageStart', { role: 'assistant' }] as const, ...begun].map(([name, fields]) =>
        eventMessage(name, fields),
      );
      const lab = createAmazonLab(
        ({ path }) =>
          path.startsWith('/model/')
            ? stream(...sent)
            : replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta(' there') + MESSAGE.end),
        {
          config: {
            providers: { ...config.providers, anthropic: { api_key: 'key-of-the-gateway' } },
            routing: { continue_streams: true, fallback_chain: [`anthropic/${OWN}`] },
          },
        },
      );
      const answer = await lab.post('/model/bedrock%2Fus.amazon.nova-lite-v1:0/converse-stream', {
        messages: ASK.messages,
      });
      const { messages } = readMessages(await answer.bytes());
      expect(converseViolations(messages)).toEqual([]);
      const said = messages.map(({ fields }) => asString(asObject(fields.delta)?.text) ?? '');
      expect(said.join('')).toBe('Hi there');
      expect(await lab.row(0)).toMatchObject({ status: 'success', provider: 'anthropic' });
    }
  });

  test('Claude does not get thinking that another provider left unsigned, which it refuses', async () => {
    const sent = async (model: string) => {
      const lab = createAmazonLab(stream(...EVENTS.map(message)), { config });
      const thought = { reasoningContent: { reasoningText: { text: 'hm' } } };
      const messages = [
        { role: 'user', content: [{ text: 'hi' }] },
        { role: 'assistant', content: [thought, { text: 'Hi' }] },
        { role: 'user', content: [{ text: 'so' }] },
      ];
      await (await lab.post(`/model/${model}/converse-stream`, { messages })).bytes();
      const body = lab.upstream.requests[0]?.json() as { messages: { content: object[] }[] };
      return { answer: body.messages[1]?.content, lost: (await lab.row(0)).lost };
    };
    expect(await sent(MODEL)).toEqual({ answer: [{ text: 'Hi' }], lost: ['reasoning'] });
    expect(await sent('us.amazon.nova-2-lite-v1:0')).toMatchObject({ answer: { length: 2 }, lost: [] });
  });

  test('so does a whole answer, and its exceptions', async () => {
    const whole = {
      output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
      stopReason: 'guardrail_intervened',
      usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
      metrics: { latencyMs: 5 },
      trace: { guardrail: {} },
    };
    const lab = createAmazonLab(jsonReply(whole), { config });
    const answer = await lab.post(`/model/${MODEL}/converse`, { messages: ASK.messages });
    expect(await answer.json()).toEqual(whole);
    const broken = createAmazonLab(
      stream(...EVENTS.slice(0, 2).map(message), exceptionMessage('throttlingException', 'slow')),
      { config },
    );
    const { failure } = await readAll((await broken.client.send(new ConverseStreamCommand(ASK))).stream);
    expect(failure).toMatchObject({ name: 'ThrottlingException', message: 'slow' });
  });
});

test('the counts are those of the answer, without the summary that was billed besides', async () => {
  const written = { cache_creation_input_tokens: 50, cache_creation: { ephemeral_1h_input_tokens: 40 } };
  const turn = { input_tokens: 9_000, output_tokens: 400, ...written };
  const iterations = [
    { type: 'compaction', ...turn },
    { type: 'message', input_tokens: 7, output_tokens: 3 },
  ];
  const usage = { input_tokens: 7, output_tokens: 3, iterations };
  const { client, row } = createAmazonLab(jsonReply({ ...wholeMessage('Hi'), usage }));
  const answer = await client.send(new ConverseCommand(ASK));
  expect(answer.usage).toMatchObject({ inputTokens: 7, outputTokens: 3, totalTokens: 10 });
  const billed = { inputTokens: 9_007, outputTokens: 403, cacheWriteTokens: 50, cacheWrite1hTokens: 40 };
  expect(await row(0)).toMatchObject({ usage: billed });
});

test('tokens of a conversation are counted', async () => {
  const { client, upstream } = createAmazonLab(jsonReply({ input_tokens: 12 }));
  const { messages } = ASK;
  const count = new CountTokensCommand({ modelId: MODEL, input: { converse: { messages } } });
  expect((await client.send(count)).inputTokens).toBe(12);
  expect(upstream.requests[0]?.json()).toEqual({
    model: OWN,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  });
});
