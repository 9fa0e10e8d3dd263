// Ollama's native wire: every recording through the gateway to two dialects' clients, the request it gets, its ends.
import { describe, expect, test } from 'bun:test';
import type { Part } from '../../src/model/content.ts';
import { ownToken } from '../../src/model/opaque-token.ts';
import { DIALECTS } from '../../src/dialects/registry.ts';
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  parseObject,
} from '../../src/model/json/json.ts';
import { readEvents } from '../support/read-events.ts';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Reply, replyOf, replyWith } from '../support/reply.ts';
import { ONE_BYTE_PIECES } from '../support/splits.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const ollamaChat = DIALECTS['ollama-chat'].provider;

const NDJSON = { 'content-type': 'application/x-ndjson' };
const MESSAGES = { model: 'qwen3:4b', max_tokens: 64, messages: [{ role: 'user', content: 'hi' }] };

function setup(reply: Reply) {
  const upstream = createReplayFetch(reply);
  const config = { providers: { ollama: { max_retries: 0 } }, routing: { default_provider: 'ollama' } };
  const gateway = createTestGateway({ config, fetch: upstream.fetch });
  return { ...gateway, sent: () => upstream.requests[0]?.json() as JsonObject, upstream };
}

/** What the recording itself says. */
function essence(recording: Recording) {
  const lines = new TextDecoder()
    .decode(recording.body)
    .split(recording.streamed ? '\n' : '\0')
    .map(parseObject)
    .filter((line) => line !== undefined);
  const messages = lines.map((line) => asObject(line.message) ?? {});
  const joined = (field: string) => messages.map((message) => asString(message[field]) ?? '').join('');
  const last = lines.at(-1) ?? {};
  const calls = messages.flatMap((message) => asArray(message.tool_calls) ?? []);
  return {
    text: joined('content'),
    thinking: joined('thinking'),
    calls: calls.map((call) => {
      const called = asObject(asObject(call)?.function);
      return { name: called?.name, input: called?.arguments };
    }),
    stop: calls.length > 0 ? 'tool_use' : last.done_reason === 'length' ? 'max_tokens' : 'end_turn',
    input: asNumber(last.prompt_eval_count),
    output: asNumber(last.eval_count),
  };
}

const answers = recordings('ollama-chat', { status: 'ok' });

test('there are recordings of both kinds', () => {
  expect(answers.some((recording) => recording.streamed)).toBe(true);
  expect(answers.some((recording) => !recording.streamed)).toBe(true);
});

for (const recording of answers) {
  const stream = recording.streamed;
  const expected = essence(recording);

  test(`${recording.id} reaches an Anthropic client as it was`, async () => {
    const { post, row } = setup(replyOf(recording));
    const response = await post('/v1/messages', { ...MESSAGES, stream });
    expect(response.status).toBe(200);
    const message = stream
      ? foldMessage(new Uint8Array(await response.arrayBuffer()))
      : ((await response.json()) as JsonObject);
    const blocks = (asArray(message.content) ?? []).map((block) => asObject(block) ?? {});
    const of = (type: string) => blocks.filter((block) => block.type === type);
    expect(
      of('text')
        .map((block) => block.text)
        .join(''),
    ).toBe(expected.text);
    expect(
      of('thinking')
        .map((block) => block.thinking)
        .join(''),
    ).toBe(expected.thinking);
    expect(of('tool_use').map(({ name, input }) => ({ name, input }) as unknown)).toEqual(expected.calls);
    const ids = of('tool_use').map((block) => block.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(message.stop_reason).toBe(expected.stop);
    expect(await row(0)).toMatchObject({
      status: 'success',
      usage: { inputTokens: expected.input, outputTokens: expected.output },
    });
  });

  test(`${recording.id} reaches an OpenAI client in its grammar`, async () => {
    const split = ONE_BYTE_PIECES;
    const { post } = setup(
      stream && recording.body.length < 20_000 ? replyOf(recording, { split }) : replyOf(recording),
    );
    const response = await post('/v1/chat/completions', {
      model: 'qwen3:4b',
      stream,
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(response.status).toBe(200);
    if (!stream) {
      const choice = asObject(asArray(((await response.json()) as JsonObject).choices)?.[0]);
      expect(asString(asObject(choice?.message)?.content) ?? '').toBe(expected.text);
      return;
    }
    const checker = DIALECTS['openai-chat'].createGrammarChecker();
    const events = readEvents(new Uint8Array(await response.arrayBuffer()));
    for (const event of events) checker.check(event);
    expect(checker.end()).toEqual([]);
    const deltas = events.map(({ data }) => {
      const choice = asObject(asArray(parseObject(data)?.choices)?.[0]);
      return asString(asObject(choice?.delta)?.content) ?? '';
    });
    expect(deltas.join('')).toBe(expected.text);
  });
}

/** A stream of Messages as the message it tells; it must be in its grammar. */
function foldMessage(bytes: Uint8Array): JsonObject {
  const checker = DIALECTS['anthropic-messages'].createGrammarChecker();
  const blocks: JsonObject[] = [];
  let stop: unknown;
  for (const event of readEvents(bytes)) {
    checker.check(event);
    const data = parseObject(event.data) ?? {};
    const delta = asObject(data.delta) ?? {};
    const block = blocks.at(-1) ?? {};
    if (data.type === 'content_block_start') blocks.push({ ...asObject(data.content_block), json: '' });
    if (typeof delta.text === 'string') block.text = `${block.text}${delta.text}`;
    if (typeof delta.thinking === 'string') block.thinking = `${block.thinking}${delta.thinking}`;
    if (typeof delta.partial_json === 'string') block.json = `${block.json}${delta.partial_json}`;
    if (delta.stop_reason !== undefined) stop = delta.stop_reason;
  }
  expect(checker.end()).toEqual([]);
  for (const block of blocks) if (block.type === 'tool_use') block.input = parseObject(`${block.json}`);
  return { content: blocks, stop_reason: stop as string };
}

describe('the request', () => {
  const ANSWER = replyWith(
    '{"model":"m","message":{"role":"assistant","content":"ok"},"done":true,"done_reason":"stop"}',
    {
      headers: { 'content-type': 'application/json' },
    },
  );

  test('has the native shape: options, calls as objects, results by tool name, images beside the text', async () => {
    const { post, sent, upstream } = setup(ANSWER);
    const response = await post('/v1/messages', {
      ...MESSAGES,
      temperature: 0.5,
      top_k: 7,
      stop_sequences: ['END'],
      system: 'Be brief.',
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'see' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: { at: [1] } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'a cat' }] },
      ],
    });
    expect(response.status).toBe(200);
    expect(upstream.requests[0]?.path).toBe('/api/chat');
    expect(upstream.requests[0]?.headers.get('authorization')).toBeNull();
    expect(sent()).toEqual({
      model: 'qwen3:4b',
      stream: false,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'see', images: ['AAAA'] },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 't1', function: { name: 'look', arguments: { at: [1] } } }],
        },
        { role: 'tool', content: 'a cat', tool_name: 'look', tool_call_id: 't1' },
      ],
      tools: [
        {
          type: 'function',
          function: { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} } },
        },
      ],
      options: { num_predict: 64, temperature: 0.5, top_k: 7, stop: ['END'] },
    });
  });

  test('asks for a schema by format, and says what it cannot carry', async () => {
    const { post, sent } = setup(ANSWER);
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const response = await post('/v1/chat/completions', {
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
      tool_choice: 'required',
      tools: [{ type: 'function', function: { name: 'f', parameters: schema } }],
    });
    expect(sent().format).toEqual(schema);
    expect(response.headers.get('x-sluice-lost')).toContain('tool_choice');
  });

  test.each([
    ['qwen3:4b', 'none', false],
    ['qwen3:4b', 'high', undefined],
    ['gpt-oss:20b', 'high', 'high'],
    ['gpt-oss:20b', 'xhigh', 'high'],
  ])('%s with effort %s thinks %p', async (model, effort, think) => {
    const { post, sent } = setup(ANSWER);
    await post('/v1/chat/completions', {
      model,
      reasoning_effort: effort,
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(sent().think).toBe(think as never);
  });
});

test('what a history cannot bring to Ollama is named: signatures of calls, arguments that are no object', () => {
  const call = (id: string, text: string) =>
    ({ type: 'tool-call', kind: 'function', id, name: 'lookup', arguments: text }) as const;
  const signature = ownToken('gemini', 'c2VhbA==');
  const parts: Part[] = [{ ...call('c1', '{"a":1}'), signature }, call('c2', '[1]'), call('c3', '')];
  const request = { model: 'm', stream: false, system: [], tools: [] };
  const { body, losses } = ollamaChat.buildRequest(
    { ...request, messages: [{ role: 'assistant', parts }] },
    { model: 'm', quirks: {} },
  );
  expect(body.messages).toEqual([
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'c1', function: { name: 'lookup', arguments: { a: 1 } } },
        { id: 'c2', function: { name: 'lookup', arguments: { arguments: '[1]' } } },
        { id: 'c3', function: { name: 'lookup', arguments: {} } },
      ],
    },
  ]);
  expect(losses.map(({ feature, outcome }) => `${outcome} ${feature}`)).toEqual([
    'lost thought_signature',
    'approximated tool_calls.arguments',
  ]);
});

test('results come in the order of their calls: models are shown their place alone', () => {
  const call = (id: string): Part => ({ type: 'tool-call', kind: 'function', id, name: 'f', arguments: '' });
  const result = (callId: string): Part => ({
    type: 'tool-result',
    callId,
    content: [{ type: 'text', text: callId }],
  });
  const messages = [
    { role: 'assistant' as const, parts: [call('a'), call('b')] },
    { role: 'user' as const, parts: [result('b'), result('a')] },
  ];
  const request = { model: 'm', stream: false, system: [], tools: [], messages };
  const { body } = ollamaChat.buildRequest(request, { model: 'm', quirks: {} });
  expect((asArray(body.messages) ?? []).slice(1)).toEqual(
    ['a', 'b'].map((id) => ({ role: 'tool', content: id, tool_name: 'f', tool_call_id: id })),
  );
});

describe('the end', () => {
  const line = (value: JsonObject) => `${JSON.stringify(value)}\n`;
  const TEXT = line({ model: 'm', message: { role: 'assistant', content: 'par' }, done: false });

  test('without done the answer is truncated', async () => {
    const { post, row } = setup(replyWith(TEXT, { headers: NDJSON }));
    const text = await (await post('/v1/messages', { ...MESSAGES, stream: true })).text();
    expect(text).toContain('event: error');
    expect(text).not.toContain('message_stop');
    expect((await row(0)).status).toBe('truncated');
  });

  test('an error line after content is an error in the stream', async () => {
    const { post, row } = setup(
      replyWith(TEXT + line({ error: 'llama runner stopped' }), { headers: NDJSON }),
    );
    const text = await (await post('/v1/messages', { ...MESSAGES, stream: true })).text();
    expect(text).toContain('llama runner stopped');
    expect(text).not.toContain('message_stop');
    expect((await row(0)).status).toBe('error');
  });

  test('an error line before content keeps a status', async () => {
    const { post } = setup(replyWith(line({ error: 'server busy, please try again' }), { headers: NDJSON }));
    expect((await post('/v1/messages', { ...MESSAGES, stream: true })).status).toBe(529);
  });

  test('a last line without its newline counts; a line that is no JSON is skipped', async () => {
    const last = JSON.stringify({ model: 'm', message: { role: 'assistant', content: 't' }, done: true });
    const { post, row } = setup(replyWith(`${TEXT}oops\n${last}`, { headers: NDJSON }));
    const message = foldMessage(
      new Uint8Array(await (await post('/v1/messages', { ...MESSAGES, stream: true })).arrayBuffer()),
    );
    expect(message).toMatchObject({ content: [{ text: 'part' }], stop_reason: 'end_turn' });
    expect((await row(0)).status).toBe('success');
  });

  test('a line without end is refused at the limit', async () => {
    const upstream = createReplayFetch(
      replyWith('{"x":"'.padEnd(4096, 'y'), { headers: NDJSON, split: ONE_BYTE_PIECES }),
    );
    const { post } = createTestGateway({
      config: { server: { max_event: '1KB' }, providers: { ollama: { max_retries: 0 } } },
      fetch: upstream.fetch,
    });
    const response = await post('/v1/messages', { ...MESSAGES, stream: true });
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('max_event');
  });

  test.each([
    [404, `{"error":"model 'x' not found"}`, 404],
    [503, '{"error":"server busy, please try again.  maximum pending requests exceeded"}', 529],
    [500, '{"error":"the input length exceeds the context length"}', 400],
  ])('HTTP %d %s', async (status, body, expected) => {
    const { post } = setup(replyWith(body, { status, headers: { 'content-type': 'application/json' } }));
    const response = await post('/v1/messages', { ...MESSAGES, stream: true });
    expect(response.status).toBe(expected);
    expect(await response.text()).toContain(asString(parseObject(body)?.error)?.slice(0, 12) ?? '');
  });
});
