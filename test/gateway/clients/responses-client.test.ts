// A coding agent that speaks Responses (Codex) in front of providers of the other dialects: its kinds of tools,
// its stateless history, and what only a provider with a store could answer.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../../src/model/json/json.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PATCH = '*** Begin Patch\n+"x"\n*** End Patch';

/** What the agent sends: never stored, reasoning to be sent back, four kinds of tools. */
const ASKED = {
  model: 'any-model',
  stream: true,
  store: false,
  include: ['reasoning.encrypted_content'],
  instructions: 'You are a coding agent.',
  parallel_tool_calls: true,
  tool_choice: 'auto',
  reasoning: { effort: 'medium', summary: 'auto' },
  prompt_cache_key: 'session-1',
  tools: [
    { type: 'function', name: 'shell', parameters: { type: 'object', properties: {} }, strict: false },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: x' },
    },
    {
      type: 'namespace',
      name: 'mcp__crm__',
      description: 'CRM',
      tools: [{ type: 'function', name: 'find', parameters: { type: 'object', properties: {} } }],
    },
    { type: 'web_search' },
  ],
  input: [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be careful.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix it.' }] },
    { type: 'reasoning', summary: [], content: null, encrypted_content: 'sluice:anthropic-messages:SIG' },
    { type: 'function_call', name: 'find', namespace: 'mcp__crm__', arguments: '{}', call_id: 'call_0' },
    { type: 'function_call_output', call_id: 'call_0', output: 'nothing' },
  ],
};

function messagesEvents(...blocks: [JsonObject, ...JsonObject[]][]): string {
  const events: JsonObject[] = [
    {
      type: 'message_start',
      message: { id: 'msg_1', model: 'served', usage: { input_tokens: 3, output_tokens: 1 } },
    },
  ];
  for (const [index, [start, ...deltas]] of blocks.entries()) {
    events.push({ type: 'content_block_start', index, content_block: start });
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
    events.push({ type: 'content_block_stop', index });
  }
  events.push({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } });
  events.push({ type: 'message_stop' });
  return events.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

const json = (text: string) => ({ type: 'input_json_delta', partial_json: text });
const patchArguments = JSON.stringify({ input: PATCH });
const ANSWER = messagesEvents(
  [
    { type: 'thinking', thinking: '', signature: '' },
    { type: 'thinking_delta', thinking: 'Hm' },
    { type: 'signature_delta', signature: 'SIG2' },
  ],
  [
    { type: 'tool_use', id: 'toolu_1', name: 'apply_patch', input: {} },
    json(patchArguments.slice(0, 15)),
    json(patchArguments.slice(15)),
  ],
  [{ type: 'tool_use', id: 'toolu_2', name: 'mcp__crm__find', input: {} }, json('{"q":1}')],
);

function setup(provider: keyof typeof LAB_PROVIDERS, answer: string) {
  const upstream = createReplayFetch(replyWith(answer));
  const config = { providers: { lab: LAB_PROVIDERS[provider] }, routing: { default_provider: 'lab' } };
  const gateway = createTestGateway({ config, fetch: upstream.fetch });
  return { ...gateway, upstream };
}

describe('in front of a Messages provider', () => {
  test('each call comes back as the tool that the agent knows, its thinking sealed for the way back', async () => {
    const { gateway } = setup('claude', ANSWER);
    const sdk = new OpenAI({
      apiKey: 'test',
      baseURL: 'http://127.0.0.1:8088/v1',
      fetch: (input, init) => gateway.fetch(new Request(input, init)),
    });
    const { stream: _, ...params } = ASKED;
    const response = await sdk.responses.stream(params as never).finalResponse();
    expect(response.output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm' }], encrypted_content: 'sluice:anthropic-messages:SIG2' },
      { type: 'custom_tool_call', call_id: 'toolu_1', name: 'apply_patch', input: PATCH },
      {
        type: 'function_call',
        call_id: 'toolu_2',
        name: 'find',
        namespace: 'mcp__crm__',
        arguments: '{"q":1}',
      },
    ]);
    expect(response).toMatchObject({
      status: 'completed',
      model: 'served',
      usage: { input_tokens: 3, output_tokens: 9 },
    });
  });

  test('the same, asked whole', async () => {
    const content = [
      { type: 'tool_use', id: 'toolu_1', name: 'apply_patch', input: { input: PATCH } },
      { type: 'tool_use', id: 'toolu_2', name: 'mcp__crm__find', input: { q: 1 } },
    ];
    const body = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'served',
      content,
      stop_reason: 'tool_use',
      usage: { input_tokens: 3, output_tokens: 9 },
    };
    const upstream = createReplayFetch(
      replyWith(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }),
    );
    const config = { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } };
    const response = await createTestGateway({ config, fetch: upstream.fetch }).post('/v1/responses', {
      ...ASKED,
      stream: false,
    });
    expect(await response.json()).toMatchObject({
      output: [
        { type: 'custom_tool_call', name: 'apply_patch', input: PATCH },
        { type: 'function_call', name: 'find', namespace: 'mcp__crm__', arguments: '{"q":1}' },
      ],
    });
  });

  test('the provider gets one flat list of tools and its own thinking; what it lacks is named', async () => {
    const { post, upstream } = setup('claude', ANSWER);
    const response = await post('/v1/responses', ASKED);
    await response.arrayBuffer();
    const sent = upstream.requests[0]?.json() as JsonObject;
    expect(asArray(sent.tools)?.map((tool) => asObject(tool)?.name)).toEqual([
      'shell',
      'apply_patch',
      'mcp__crm__find',
    ]);
    expect(asArray(sent.tools)?.at(-1)).toMatchObject({
      description: 'About all tools of "mcp__crm__": CRM',
    });
    expect(sent.messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', signature: 'SIG' },
          { type: 'tool_use', id: 'call_0', name: 'mcp__crm__find' },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_0' }] },
    ]);
    const lost = response.headers.get('x-sluice-lost')?.split(', ');
    expect(lost).toContain('tools.web_search');
    expect(lost).not.toContain('include');
    expect(lost).not.toContain('store');
    expect(lost).not.toContain('namespace');
  });
});

test.each(['claude', 'gpt', 'gemini', 'ollama'] as const)(
  '%s reads once what all tools of a group have in common',
  async (provider) => {
    const member = (name: string) => ({
      type: 'function',
      name,
      description: `It can ${name}.`,
      parameters: {},
    });
    const group = (name: string, ...tools: JsonObject[]) => ({
      type: 'namespace',
      name,
      description: `The ${name}.`,
      tools,
    });
    const tools = [group('crm', member('find'), member('keep')), group('wiki', member('read'))];
    const { post, upstream } = setup(provider, '');
    await (await post('/v1/responses', { model: 'm', input: 'hi', tools })).arrayBuffer();
    const said = JSON.stringify(upstream.requests[0]?.json());
    for (const text of [
      'About all tools of \\"crm\\": The crm.\\n\\nIt can find.',
      '"It can keep."',
      'About all tools of \\"wiki\\": The wiki.\\n\\nIt can read.',
    ])
      expect(said.split(text)).toHaveLength(2);
  },
);

describe('an agent whose tools come within its conversation', () => {
  test('has them at a Messages provider, and gets its calls in their namespace', async () => {
    const [tools, rest] = [ASKED.tools.slice(0, 3), { ...ASKED, tools: undefined }];
    const { post, upstream } = setup('claude', ANSWER);
    const input = [{ type: 'additional_tools', role: 'developer', tools }, ...ASKED.input];
    const response = await post('/v1/responses', { ...rest, input });
    const text = await response.text();
    const sent = upstream.requests[0]?.json() as JsonObject;
    expect(asArray(sent.tools)?.map((tool) => asObject(tool)?.name)).toEqual([
      'shell',
      'apply_patch',
      'mcp__crm__find',
    ]);
    expect(response.headers.get('x-sluice-lost')).not.toContain('additional_tools');
    const completed = JSON.parse(text.slice(text.lastIndexOf('data: ') + 'data: '.length));
    expect(completed.response.output.slice(1)).toMatchObject([
      { type: 'custom_tool_call', name: 'apply_patch', input: PATCH },
      { type: 'function_call', name: 'find', namespace: 'mcp__crm__' },
    ]);
  });
});

describe('an agent that finds further tools by a search of its own', () => {
  const parameters = { type: 'object', properties: { query: { type: 'string' } } };
  const search = { type: 'tool_search', execution: 'client', description: 'Finds tools.', parameters };
  const found = {
    type: 'namespace',
    name: 'mcp__crm__',
    tools: [{ type: 'function', name: 'find', parameters, strict: false, defer_loading: true }],
  };
  const tools = [search, ...ASKED.tools.slice(0, 1)];
  const searches = messagesEvents([
    { type: 'tool_use', id: 'toolu_1', name: 'tool_search', input: {} },
    json('{"query":'),
    json('"customers"}'),
  ]);

  test.each([[true], [false]])('is asked for it by a Messages provider (streamed: %s)', async (stream) => {
    const { post, upstream } = setup('claude', searches);
    const response = await post('/v1/responses', { ...ASKED, stream, input: 'Find it.', tools });
    const sent = upstream.requests[0]?.json() as JsonObject;
    expect(sent.tools).toMatchObject([
      { name: 'tool_search', description: 'Finds tools.', input_schema: parameters },
      { name: 'shell' },
    ]);
    expect(response.headers.get('x-sluice-lost')).not.toContain('tool_search');
    const call = {
      type: 'tool_search_call',
      status: 'completed',
      execution: 'client',
      call_id: 'toolu_1',
      arguments: { query: 'customers' },
    };
    if (!stream) {
      expect(await response.json()).toMatchObject({ output: [call] });
      return;
    }
    const events = readEvents(await response.bytes()).map(({ data }) => asObject(JSON.parse(data)) ?? {});
    const ofCall = events.filter((event) => event.output_index === 0);
    expect(ofCall).toMatchObject([
      { type: 'response.output_item.added', item: call },
      { type: 'response.output_item.done', item: call },
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { output: [call] } });
  });

  const input = (tool: JsonObject[]): JsonObject[] => [
    { type: 'message', role: 'user', content: 'Find it.' },
    {
      type: 'tool_search_call',
      id: 'tsc_1',
      execution: 'client',
      status: 'completed',
      call_id: 'call_0',
      arguments: { query: 'customers' },
    },
    { type: 'tool_search_output', execution: 'client', status: 'completed', call_id: 'call_0', tools: tool },
  ];

  test('is offered what it found, behind the tools that were there', async () => {
    const { post, upstream } = setup('claude', ANSWER);
    const response = await post('/v1/responses', { ...ASKED, input: input([found]), tools });
    const events = readEvents(await response.bytes()).map(({ data }) => asObject(JSON.parse(data)));
    const sent = upstream.requests[0]?.json() as JsonObject;
    const names = asArray(sent.tools)?.map((tool) => asObject(tool)?.name);
    expect(names).toEqual(['tool_search', 'shell', 'mcp__crm__find']);
    const [, call, result] = asArray(sent.messages) ?? [];
    expect(asObject(call)?.content).toMatchObject([
      { type: 'tool_use', id: 'call_0', name: 'tool_search', input: { query: 'customers' } },
    ]);
    expect(JSON.stringify(result)).toContain('The tool mcp__crm__find can be called now.');
    expect(response.headers.get('x-sluice-lost')).not.toMatch(/tool_search|defer_loading/);
    expect(events.at(-1)).toMatchObject({
      response: { output: [{}, {}, { type: 'function_call', name: 'find', namespace: 'mcp__crm__' }] },
    });
  });

  /** The bodies that Anthropic gets of a conversation before it searched, and after. */
  async function atAnthropic(model: string, more: JsonObject = {}) {
    const { fetch, requests } = createReplayFetch(replyWith(ANSWER));
    const { post } = createTestGateway({
      config: { providers: { anthropic: { api_key: 'k' } }, routing: { default_provider: 'anthropic' } },
      fetch,
    });
    const [task = {}, ...searched] = input([found]);
    for (const items of [[task], [task, ...searched], [task, ...searched, task]])
      await (await post('/v1/responses', { ...ASKED, model, tools, input: items, ...more })).text();
    return requests.map((request) => asObject(request.json() as JsonObject) ?? {});
  }
  const isHeldBack = (tool: JsonValue) => asObject(tool)?.defer_loading === true;

  test('is read where it was found by Claude, behind tools that stay as they were', async () => {
    const [before, after, later] = await atAnthropic('claude-opus-5-5');
    const [kept, added] = Object.values(
      Object.groupBy(asArray(after?.tools) ?? [], (tool) => String(isHeldBack(tool))),
    );
    expect(kept).toEqual(asArray(before?.tools) ?? []);
    expect(added).toMatchObject([{ name: 'mcp__crm__find', input_schema: parameters, defer_loading: true }]);
    expect(asArray(asObject(asArray(after?.messages)?.[2])?.content)).toMatchObject([
      { type: 'tool_result', content: [{ type: 'tool_reference', tool_name: 'mcp__crm__find' }] },
    ]);
    expect(later?.tools).toEqual(after?.tools);
  });

  test('is an ordinary tool where Claude could not be asked so', async () => {
    const older = await atAnthropic('claude-opus-4-1');
    const forced = await atAnthropic('claude-opus-4-8', {
      tool_choice: { type: 'function', name: 'find', namespace: 'mcp__crm__' },
    });
    for (const bodies of [older, forced]) {
      expect(asArray(bodies[1]?.tools)?.some(isHeldBack)).toBe(false);
      expect(JSON.stringify(bodies[1])).toContain('The tool mcp__crm__find can be called now.');
    }
  });

  test('is not held back where it was declared from the start', async () => {
    const [, after] = await atAnthropic('claude-opus-5-5', { tools: [...tools, found] });
    expect(asArray(after?.tools)?.some(isHeldBack)).toBe(false);
  });

  test('reads nothing into a search that found nothing', async () => {
    const { post, upstream } = setup('claude', ANSWER);
    await (await post('/v1/responses', { ...ASKED, input: input([]), tools })).text();
    expect(JSON.stringify(upstream.requests[0]?.json())).toContain('No tool was found.');
  });

  test('goes on at a Responses provider with call and output as they are', async () => {
    const { post, upstream } = setup('responses', ANSWER);
    const items = input([found]);
    // Thinking of another dialect's provider, for which the request is written anew.
    const thought = { type: 'reasoning', summary: [], encrypted_content: 'sluice:anthropic-messages:SIG' };
    const response = await post('/v1/responses', { ...ASKED, tools, input: [...items, thought] });
    const sent = upstream.requests[0]?.json() as JsonObject;
    const [, call = {}, output = {}] = items;
    const { id: _, ...rest } = call;
    expect(asArray(sent.input)?.filter((item) => asObject(item)?.call_id !== undefined)).toEqual([
      rest,
      output,
    ]);
    expect(sent.tools).toEqual(tools);
    expect(response.headers.get('x-sluice-lost')).not.toMatch(/tool_search|defer_loading/);
  });
});

describe('an agent that works with others', () => {
  const parameters = {
    type: 'object',
    properties: { message: { type: 'string', encrypted: true }, task_name: { type: 'string' } },
  };
  const spawn = { type: 'function', name: 'spawn_agent', strict: false, parameters };
  const task = (text: string): JsonObject => ({
    type: 'agent_message',
    id: 'amsg_1',
    author: '/root',
    recipient: '/root/look',
    content: [
      { type: 'input_text', text: 'Message Type: NEW_TASK\nPayload:\n' },
      { type: 'encrypted_content', encrypted_content: text },
    ],
  });
  const ask = (text: string) => ({ ...ASKED, tools: [spawn], input: [...ASKED.input, task(text)] });
  const ciphertext = `gAAAAABp${'Zm9v'.repeat(20)}==`;

  test('is told its task at a Messages provider, as the model of the other wrote it', async () => {
    const { post, upstream } = setup('claude', ANSWER);
    const response = await post('/v1/responses', ask('Look around.'));
    await response.text();
    const { messages, tools } = asObject(upstream.requests[0]?.json() as JsonObject) ?? {};
    expect(asArray(messages)?.at(-1)).toMatchObject({
      role: 'user',
      content: [
        { type: 'tool_result' },
        { type: 'text', text: 'Message Type: NEW_TASK\nPayload:\n' },
        { type: 'text', text: 'Look around.' },
      ],
    });
    expect(JSON.stringify(tools)).toContain('"message":{"type":"string"}');
    expect(response.headers.get('x-sluice-lost')).not.toMatch(/agent_message|encrypted_content|parameters/);
  });

  test('reads that a task is encrypted by OpenAI, which is named', async () => {
    const { post, upstream } = setup('claude', ANSWER);
    const response = await post('/v1/responses', ask(ciphertext));
    await response.text();
    const sent = JSON.stringify(upstream.requests[0]?.json());
    expect(sent).toContain('This text is encrypted for models of OpenAI.');
    expect(sent).not.toContain(ciphertext);
    expect(response.headers.get('x-sluice-lost')).toContain('content.encrypted_content');
  });

  const text = (words: string) => ({ type: 'input_text', text: words });
  const [head = ''] = asArray(task('').content) ?? [];
  const asMessage = (...content: JsonValue[]) => ({ type: 'message', role: 'user', content });
  test.each<[string, JsonObject, JsonObject]>([
    ['gpt-6.2-sol', task(ciphertext), task(ciphertext)],
    // OpenAI could not decrypt it.
    ['gpt-6.2-sol', task('Look around.'), { ...task(''), content: [head, text('Look around.')] }],
    // May be OpenAI's under another name.
    ['fast', task(ciphertext), task(ciphertext)],
    // Other servers know no such item.
    ['grok-4.7', task('Look around.'), asMessage(head, text('Look around.'))],
    ['grok-4.7', { ...task(''), content: [head] }, asMessage(head)],
    ['grok-4.7', { ...task(''), content: 'Done.' }, asMessage(text('Done.'))],
    ['gpt-6.2-sol', { ...task(''), content: 'Done.' }, { ...task(''), content: 'Done.' }],
  ])('has it in the form that %s takes at a Responses provider: %j', async (model, given, taken) => {
    const { post, upstream } = setup('responses', ANSWER);
    const asked = { ...ASKED, model, tools: [spawn], input: [...ASKED.input, given] };
    const response = await post('/v1/responses', asked);
    await response.text();
    const { input, tools } = asObject(upstream.requests[0]?.json() as JsonObject) ?? {};
    expect(asArray(input)?.at(-1)).toEqual(taken);
    expect(tools).toEqual([spawn]);
    expect(response.headers.get('x-sluice-lost')).not.toMatch(/agent_message|encrypted_content|parameters/);
  });
});

test('an answer of Gemini, which is signed at its end, ends with its message for Copilot, which shows what comes last', async () => {
  const parts = [{ text: 'Done.' }, { text: '', thoughtSignature: 'SIG' }];
  const chunk = { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] };
  const lastFor = async (headers: Record<string, string>) => {
    const { post } = setup('gemini', `data: ${JSON.stringify(chunk)}\n\n`);
    const events = readEvents(await (await post('/v1/responses', ASKED, { headers })).bytes());
    const { response } = asObject(JSON.parse(events.at(-1)?.data ?? '{}')) ?? {};
    return asObject(asArray(asObject(response)?.output)?.at(-1))?.type;
  };
  expect(await lastFor({})).toBe('reasoning');
  expect(await lastFor({ 'x-initiator': 'user' })).toBe('message');
});

describe('a conversation that moves to a Responses provider', () => {
  test('leaves behind thinking without a signature, which that provider would look up by its id', async () => {
    const parts = [
      { text: 'Hm', thought: true },
      { functionCall: { name: 'shell', args: {} }, thoughtSignature: 'SIG' },
    ];
    const chunk = { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] };
    const first = setup('gemini', `data: ${JSON.stringify(chunk)}\n\n`);
    const text = await (await first.post('/v1/responses', { ...ASKED, input: 'Fix it.' })).text();
    const completed = text.slice(text.lastIndexOf('data: ') + 'data: '.length);
    const output = asArray(asObject(asObject(JSON.parse(completed))?.response)?.output) ?? [];
    expect(output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Hm' }] },
      { type: 'function_call', name: 'shell' },
    ]);

    const second = setup('responses', ANSWER);
    const callId = asObject(output[1])?.call_id;
    const result = { type: 'function_call_output', call_id: callId, output: 'done' };
    const asked = { ...ASKED, input: [{ role: 'user', content: 'Fix it.' }, ...output, result] };
    const response = await second.post('/v1/responses', asked);
    await response.arrayBuffer();
    const sent = second.upstream.requests[0]?.json() as JsonObject;
    expect(asArray(sent.input)?.map((item) => asObject(item)?.type ?? 'message')).toEqual([
      'message',
      'function_call',
      'function_call_output',
    ]);
    expect(JSON.stringify(sent)).not.toContain('sluice');
    expect(response.headers.get('x-sluice-lost')).toContain('reasoning');

    // Its own provider gets it back as what it was.
    const third = setup('gemini', `data: ${JSON.stringify(chunk)}\n\n`);
    await (await third.post('/v1/responses', asked)).arrayBuffer();
    const sentBack = third.upstream.requests[0]?.json() as JsonObject;
    expect(asObject(asArray(sentBack.contents)?.[1])?.parts).toMatchObject(parts);
  });
});

// The AI SDK asks for encrypted content where nothing is stored, and then sends back no thought without it.
describe('thinking that its provider did not encrypt', () => {
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'shell', arguments: '{}' } };
  const said = { role: 'assistant', reasoning_content: 'Hm', tool_calls: [call] };
  const outputOf = async (stream: boolean, more: JsonObject = {}) => {
    const choice = { index: 0, [stream ? 'delta' : 'message']: said, finish_reason: 'tool_calls' };
    const text = JSON.stringify({ id: 'c', model: 'm', choices: [choice] });
    const upstream = createReplayFetch(replyWith(stream ? `data: ${text}\n\ndata: [DONE]\n\n` : text));
    const provider = { kind: 'deepseek', api_key: 'k', max_retries: 0 };
    const config = { providers: { lab: provider }, routing: { default_provider: 'lab' } };
    const { post } = createTestGateway({ config, fetch: upstream.fetch });
    const answer = await (await post('/v1/responses', { ...ASKED, ...more, stream })).text();
    const last = answer.slice(answer.lastIndexOf('data: ') + 'data: '.length);
    const whole = asObject(JSON.parse(stream ? last : answer));
    const response = stream ? asObject(whole?.response) : whole;
    return { output: (asArray(response?.output) ?? []).map((item) => asObject(item) ?? {}), upstream };
  };

  test.each([[true], [false]])(
    'has something in its place, and comes back (streamed: %s)',
    async (stream) => {
      const { output } = await outputOf(stream);
      const kept = output.filter((item) => item.type !== 'reasoning' || item.encrypted_content);
      expect(kept).toMatchObject([{ type: 'reasoning', summary: [{ text: 'Hm' }] }, { call_id: 'call_1' }]);
      const result = { type: 'function_call_output', call_id: 'call_1', output: 'done' };
      const input = [{ role: 'user', content: 'Fix it.' }, ...kept, result];
      const { upstream } = await outputOf(stream, { input });
      const sent = upstream.requests[0]?.json() as JsonObject | undefined;
      expect(asArray(sent?.messages)?.map((message) => asObject(message)?.reasoning_content)).toContain('Hm');
      expect(JSON.stringify(sent)).not.toContain('sluice');
    },
  );

  test('also where nothing is stored, and has nothing for a client that did not ask', async () => {
    const { output } = await outputOf(true, { include: [] });
    expect(output[0]).toHaveProperty('encrypted_content');
    for (const item of (await outputOf(true, { include: [], store: undefined })).output)
      expect(item).not.toHaveProperty('encrypted_content');
  });
});

describe('a request that rests on what a provider keeps', () => {
  const asked = { model: 'any-model', input: 'Go on.', previous_response_id: 'resp_1' };

  test.each(['claude', 'gpt', 'gemini'] as const)(
    'is refused in front of %s, before anything is sent',
    async (provider) => {
      const { post, upstream } = setup(provider, ANSWER);
      const response = await post('/v1/responses', asked);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: JsonObject };
      expect(error).toMatchObject({
        code: 'previous_response_not_found',
        param: 'previous_response_id',
        type: 'invalid_request_error',
      });
      expect(error.message).toContain('send the whole conversation as `input`');
      expect(upstream.requests).toHaveLength(0);
    },
  );

  test('passes to a provider that speaks the same', async () => {
    const { post, upstream } = setup('responses', ANSWER);
    await (await post('/v1/responses', asked)).arrayBuffer();
    expect(upstream.requests[0]?.json()).toEqual(asked);
  });
});

describe('the form that was asked for is repeated in the answer, by which LangChain knows what to parse', () => {
  const format = {
    type: 'json_schema',
    name: 'person',
    schema: { type: 'object', properties: { age: { type: 'integer' } } },
    strict: true,
  };
  const answer = messagesEvents([
    { type: 'text', text: '' },
    { type: 'text_delta', text: '{"age":36}' },
  ]);

  test.each([[format], [{ type: 'json_object' }], [{ type: 'text' }]])(
    'streamed and whole: %j',
    async (form) => {
      const { post } = setup('claude', answer);
      const asked = { model: 'any-model', input: 'Who?', text: { format: form } };
      const streamed = readEvents(
        new Uint8Array(await (await post('/v1/responses', { ...asked, stream: true })).arrayBuffer()),
      ).map(({ data }) => JSON.parse(data) as JsonObject);
      const responses = streamed
        .map(({ response }) => asObject(response))
        .filter((each) => each !== undefined);
      expect(responses.map(({ status, text }) => [status, text])).toEqual([
        ['in_progress', { format: form }],
        ['in_progress', { format: form }],
        ['completed', { format: form }],
      ]);

      const whole = (await (await post('/v1/responses', asked)).json()) as JsonObject;
      expect(whole.text).toEqual({ format: form });
    },
  );
});

test('a setting of the thinking that others do not have is named by itself, since the thinking is not lost', async () => {
  const reasoning = { effort: 'medium', context: 'all_turns' };
  const text = { verbosity: 'low', new_setting: 1 };
  const { post } = setup(
    'gemini',
    `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] })}\n\n`,
  );
  const response = await post('/v1/responses', {
    model: 'any-model',
    input: 'Fix it.',
    stream: true,
    reasoning,
    text,
  });
  await response.arrayBuffer();
  expect(response.headers.get('x-sluice-lost')?.split(', ').sort()).toEqual([
    'reasoning.context',
    'text.new_setting',
    'verbosity',
  ]);
});
