// The events that clients of this dialect get for neutral ones.
import { describe, expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import { parseSearchTool } from '../../../src/dialects/openai-responses/tool-search.ts';
import type { Citation } from '../../../src/model/content.ts';
import { type ErrorCode, GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { UnifiedFinish } from '../../../src/model/finish.ts';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import { callIdFromWire, ownToken } from '../../../src/model/opaque-token.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import type { Tool } from '../../../src/model/request.ts';
import { readEvents } from '../../support/read-events.ts';
import { CONTEXT, decode, encode, payloads, sse, violations } from './events.ts';

const START: StreamEvent = { type: 'start', id: 'resp_up', model: 'gpt-x' };
const FINISH: StreamEvent = { type: 'finish', finish: { unified: 'end_turn', raw: null } };
const USAGE: StreamEvent = {
  type: 'usage',
  usage: { inputTokens: 10, cacheReadTokens: 30, cacheWriteTokens: 5, outputTokens: 7, reasoningTokens: 2 },
};

function text(block: number, ...deltas: string[]): StreamEvent[] {
  return [
    { type: 'text-start', block },
    ...deltas.map((each): StreamEvent => ({ type: 'text-delta', block, text: each })),
    { type: 'text-end', block },
  ];
}

function call(
  block: number,
  start: Partial<StreamEvent & { type: 'tool-start' }>,
  ...fragments: string[]
): StreamEvent[] {
  return [
    { type: 'tool-start', block, id: 'call_1', name: 'read', kind: 'function', ...start },
    ...fragments.map((each): StreamEvent => ({ type: 'tool-delta', block, arguments: each })),
    { type: 'tool-end', block },
  ];
}

/** The wire of a sound stream of these blocks. */
function wire(blocks: StreamEvent[], tools?: Tool[]): JsonObject[] {
  const events = encode(
    [START, ...blocks, USAGE, FINISH],
    tools === undefined ? CONTEXT : { ...CONTEXT, tools },
  );
  expect(violations(events)).toEqual([]);
  return payloads(events);
}

function output(events: JsonObject[]): JsonObject[] {
  return (asArray(asObject(events.at(-1)?.response)?.output) ?? []) as JsonObject[];
}

function items(blocks: StreamEvent[], tools?: Tool[]): JsonObject[] {
  return output(wire(blocks, tools));
}

test('a text, event by event', () => {
  const events = wire(text(0, 'Hel', 'lo'));
  expect(events.map((event) => event.type)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const where = { item_id: 'msg_req1_0', output_index: 0, content_index: 0 };
  expect(events[4]).toEqual({
    type: 'response.output_text.delta',
    ...where,
    delta: 'Hel',
    logprobs: [],
    sequence_number: 4,
  });
  expect(events[6]).toMatchObject({ ...where, text: 'Hello' });
  expect(events[9]?.response).toMatchObject({
    id: 'resp_up',
    object: 'response',
    created_at: CONTEXT.created,
    status: 'completed',
    model: 'gpt-x',
    error: null,
    incomplete_details: null,
    output: [
      {
        id: 'msg_req1_0',
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
      },
    ],
    usage: {
      input_tokens: 45,
      input_tokens_details: { cached_tokens: 30, cache_write_tokens: 5 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 52,
    },
  });
});

test('every event is named by its type, and the stream has no [DONE]', () => {
  const encoder = openaiResponses.client.createStreamEncoder(CONTEXT);
  const written = [START, ...text(0, 'x'), FINISH].map((event) => encoder.encode(event)).join('');
  for (const block of written.trimEnd().split('\n\n')) {
    const [name, data] = block.split('\n');
    expect(JSON.parse(data?.slice('data: '.length) ?? '').type).toBe(name?.slice('event: '.length) ?? '');
  }
  expect(written).not.toContain('[DONE]');
});

test('without id and model of the upstream, the gateway names both', () => {
  const [created] = payloads(encode([{ type: 'start', id: null, model: null }, FINISH]));
  expect(created?.response).toMatchObject({ id: 'resp_req1', model: CONTEXT.model });
});

test("the id of another dialect's answer begins as OpenAI's do, by which clients know one to continue from", () => {
  const events = payloads(encode([{ type: 'start', id: 'msg_up', model: null }, FINISH]));
  const ids = events.map(({ response }) => asObject(response)?.id);
  expect(ids.filter((id) => id !== undefined)).toEqual(Array(3).fill('resp_msg_up'));
});

test('texts and refusals in a row are one message, what comes between makes two', () => {
  const refusal: StreamEvent[] = [
    { type: 'refusal-start', block: 1 },
    { type: 'refusal-delta', block: 1, text: 'No.' },
    { type: 'refusal-end', block: 1 },
  ];
  const [first, second, third] = items([...text(0, 'a'), ...refusal, ...call(2, {}, '{}'), ...text(3, 'b')]);
  expect(first?.content).toMatchObject([
    { type: 'output_text', text: 'a' },
    { type: 'refusal', refusal: 'No.' },
  ]);
  expect(second?.type).toBe('function_call');
  expect(third?.content).toMatchObject([{ text: 'b' }]);
});

test('citations become annotations of their text', () => {
  const [start, delta, end] = text(0, 'Hello');
  if (start === undefined || delta === undefined || end === undefined) throw new Error('no text');
  const own = { type: 'file_citation', file_id: 'f', filename: 'a.pdf', index: 3 };
  const events = wire([
    start,
    { type: 'citation', block: 0, citation: { kind: 'url', url: 'https://a.example', title: 'A' } },
    delta,
    { type: 'citation', block: 0, citation: { kind: 'url', url: 'https://b.example', start: 1, end: 3 } },
    { type: 'citation', block: 0, citation: { kind: 'document', title: 'no form here' } },
    {
      type: 'citation',
      block: 0,
      citation: { kind: 'document', extension: { dialect: 'openai-responses', fields: own } },
    },
    end,
  ]);
  const annotations = [
    { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 5 },
    {
      type: 'url_citation',
      url: 'https://b.example',
      title: 'https://b.example',
      start_index: 1,
      end_index: 3,
    },
    own,
  ];
  const added = events.filter((event) => event.type === 'response.output_text.annotation.added');
  expect(added.map((event) => event.annotation_index)).toEqual([0, 1, 2]);
  expect(added.map((event) => event.annotation)).toEqual(annotations);
  expect(output(events)[0]?.content).toMatchObject([{ annotations }]);
});

describe('texts in a row', () => {
  const source: Citation = { kind: 'url', url: 'https://a.example', title: 'A' };
  const cited = (block: number, said: string, citation: Citation): StreamEvent[] =>
    text(block, said).toSpliced(2, 0, { type: 'citation', block, citation });

  test('are one part, whose annotations follow the text that they cite, as OpenAI’s do', () => {
    const events = wire([
      ...text(0, 'It says: '),
      ...cited(1, 'rain', source),
      ...text(2, ' and '),
      ...cited(3, 'more rain', { ...source, start: 5, end: 9 }),
    ]);
    const annotations = [
      { type: 'url_citation', start_index: 9, end_index: 13, url: 'https://a.example', title: 'A' },
      { type: 'url_citation', start_index: 23, end_index: 27, url: 'https://a.example', title: 'A' },
    ];
    const said = 'It says: rain and more rain';
    const parts = events.filter(({ content_index }) => content_index !== undefined);
    expect(parts.map(({ content_index, type, delta }) => [content_index, delta ?? type])).toEqual([
      [0, 'response.content_part.added'],
      [0, 'It says: '],
      [0, 'rain'],
      [0, 'response.output_text.annotation.added'],
      [0, ' and '],
      [0, 'more rain'],
      [0, 'response.output_text.annotation.added'],
      [0, 'response.output_text.done'],
      [0, 'response.content_part.done'],
    ]);
    expect(parts.flatMap(({ annotation }) => annotation ?? [])).toEqual(annotations);
    expect(parts.flatMap(({ annotation_index: index }) => index ?? [])).toEqual([0, 1]);
    expect(parts.at(-2)?.text).toBe(said);
    expect(output(events)[0]?.content).toEqual([
      { type: 'output_text', text: said, annotations, logprobs: [] },
    ]);
  });

  test('have the places of an annotation of this dialect counted from where their part begins', () => {
    const fields = {
      type: 'url_citation',
      start_index: 0,
      end_index: 4,
      url: 'https://a.example',
      title: 'A',
    };
    const unknown = { ...fields, end_index: 0 };
    const own = (annotation: JsonObject): StreamEvent[] =>
      cited(1, 'rain', { ...source, extension: { dialect: 'openai-responses', fields: annotation } });
    const [item] = items([...text(0, 'It says: '), ...own(fields)]);
    expect(item?.content).toMatchObject([{ annotations: [{ ...fields, start_index: 9, end_index: 13 }] }]);
    const [unplaced] = items([...text(0, 'It says: '), ...own(unknown)]);
    expect(unplaced?.content).toMatchObject([{ annotations: [unknown] }]);
  });

  test('stay apart where an annotation of this dialect refers to its part, and where something was said between', () => {
    const fields = {
      type: 'url_citation',
      start_index: 0,
      end_index: 1,
      url: 'https://a.example',
      title: '',
    };
    const own = cited(0, 'a', { ...source, extension: { dialect: 'openai-responses', fields } });
    const code = call(2, { kind: 'server', name: 'code_execution' }, '{}');
    const [item] = items([...own, ...text(1, 'b'), ...code, ...text(3, 'c')]);
    expect(item?.content).toMatchObject([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  });
});

describe('reasoning', () => {
  const signature = ownToken('anthropic-messages', 'SIG');

  test('is a summary, its foreign token marked in encrypted_content', () => {
    const events = wire([
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'Hm' },
      { type: 'reasoning-signature', block: 0, signature },
      { type: 'reasoning-end', block: 0 },
    ]);
    expect(events.slice(2, -1).map((event) => event.type)).toEqual([
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
    ]);
    expect(output(events)).toEqual([
      {
        id: 'rs__sluice_req1_0',
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Hm' }],
        encrypted_content: 'sluice:anthropic-messages:SIG',
      },
    ]);
  });

  test('without a token it has none', () => {
    const [item] = items([
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'Hm' },
      { type: 'reasoning-end', block: 0 },
    ]);
    expect(item).not.toHaveProperty('encrypted_content');
  });

  test('that only its provider can read is an item without summary', () => {
    const redacted = ownToken('anthropic-messages', 'DATA');
    expect(
      items([
        { type: 'reasoning-start', block: 0, redacted },
        { type: 'reasoning-end', block: 0 },
      ]),
    ).toEqual([
      {
        id: 'rs__sluice_req1_0',
        type: 'reasoning',
        summary: [],
        encrypted_content: 'sluice:anthropic-messages:DATA:redacted',
      },
    ]);
  });

  test('of this dialect has its own id and content again', () => {
    const own = ownToken('openai-responses', '{"id":"rs_up","encrypted_content":"ENC"}');
    const block: StreamEvent[] = [
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-signature', block: 0, signature: own },
      { type: 'reasoning-end', block: 0 },
    ];
    expect(items(block)).toEqual([{ id: 'rs_up', type: 'reasoning', summary: [], encrypted_content: 'ENC' }]);
  });

  test('that is a signature alone is never the last item of a client that shows that alone', () => {
    const seal = (block: number): StreamEvent[] => [
      { type: 'reasoning-start', block },
      { type: 'reasoning-signature', block, signature: ownToken('gemini', `s${block}`) },
      { type: 'reasoning-end', block },
    ];
    const typesOf = (blocks: StreamEvent[], showsLastItem: boolean) => {
      const events = [START, ...blocks, FINISH];
      const lost: string[] = [];
      const context = { ...CONTEXT, showsLastItem, lost: (name: string) => lost.push(name) };
      const sent = encode(events, context);
      expect(violations(sent)).toEqual([]);
      const collector = createResponseCollector();
      for (const event of events) collector.push(event);
      const whole = openaiResponses.client.buildResponse(collector.response(), { ...context, lost() {} });
      const types = output(payloads(sent)).map(({ type }) => type);
      expect(asArray(whole.output)?.map((item) => asObject(item)?.type)).toEqual(types);
      return { types, lost };
    };
    const answer = [...text(0, 'done'), ...seal(1), ...seal(2)];
    expect(typesOf(answer, false)).toEqual({ types: ['message', 'reasoning', 'reasoning'], lost: [] });
    expect(typesOf(answer, true)).toEqual({ types: ['message'], lost: ['thought_signature'] });
    for (const behind of [call(3, {}, '{}'), text(3, 'more')])
      expect(typesOf([...answer, ...behind], true)).toEqual(typesOf([...answer, ...behind], false));
    const thought: StreamEvent[] = [
      { type: 'reasoning-start', block: 3 },
      { type: 'reasoning-delta', block: 3, text: 'hm' },
      { type: 'reasoning-end', block: 3 },
    ];
    expect(typesOf([...answer, ...thought], true)).toEqual(typesOf([...answer, ...thought], false));
    expect(typesOf(seal(0), true)).toEqual({ types: ['reasoning'], lost: [] });
    const called = [...call(0, {}, '{}'), ...seal(1)];
    expect(typesOf(called, true)).toEqual({ types: ['function_call', 'reasoning'], lost: [] });
    const redacted: StreamEvent[] = [
      { type: 'reasoning-start', block: 3, redacted: ownToken('openai-chat', 'r') },
      { type: 'reasoning-end', block: 3 },
    ];
    expect(typesOf([...answer, ...redacted], true)).toEqual({
      types: ['message'],
      lost: ['thought_signature'],
    });
  });

  test('that says nothing is no item', () => {
    expect(
      items([
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-end', block: 0 },
      ]),
    ).toEqual([]);
  });
});

describe('calls', () => {
  test('a function call, event by event', () => {
    const events = wire(call(0, {}, '{"a"', ':1}'));
    expect(events.slice(2, -1)).toEqual([
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: {
          id: 'fc_req1_0',
          type: 'function_call',
          status: 'in_progress',
          call_id: 'call_1',
          name: 'read',
          arguments: '',
        },
        sequence_number: 2,
      },
      {
        type: 'response.function_call_arguments.delta',
        item_id: 'fc_req1_0',
        output_index: 0,
        delta: '{"a"',
        sequence_number: 3,
      },
      {
        type: 'response.function_call_arguments.delta',
        item_id: 'fc_req1_0',
        output_index: 0,
        delta: ':1}',
        sequence_number: 4,
      },
      {
        type: 'response.function_call_arguments.done',
        item_id: 'fc_req1_0',
        output_index: 0,
        name: 'read',
        arguments: '{"a":1}',
        sequence_number: 5,
      },
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: {
          id: 'fc_req1_0',
          type: 'function_call',
          status: 'completed',
          call_id: 'call_1',
          name: 'read',
          arguments: '{"a":1}',
        },
        sequence_number: 6,
      },
    ]);
  });

  test('no arguments are {}', () => {
    expect(items(call(0, {}))).toMatchObject([{ arguments: '{}' }]);
  });

  test("a signed call carries the token on its id, for the call's way back", () => {
    const signature = ownToken('gemini', 'SIGN/+=');
    const [item] = items(call(0, { signature }, '{}'));
    expect(callIdFromWire(String(item?.call_id))).toEqual({ id: 'call_1', token: signature });
  });

  test('a signed search for tools that the client runs carries the token on its id', () => {
    const signature = ownToken('gemini', 'SIGN/+=');
    const search = parseSearchTool({ type: 'tool_search', execution: 'client', parameters: {} });
    if (search === undefined) throw new Error('it is no tool');
    const [item] = items(call(0, { name: search.name, signature }, '{"query":"crm"}'), [search]);
    expect(item).toMatchObject({ type: 'tool_search_call', arguments: { query: 'crm' } });
    expect(callIdFromWire(String(item?.call_id))).toEqual({ id: 'call_1', token: signature });
  });

  test('a custom call is text', () => {
    const events = wire(call(0, { kind: 'custom', name: 'patch' }, 'a\n', 'b'));
    expect(events.map((event) => event.type)).toContain('response.custom_tool_call_input.delta');
    expect(output(events)).toEqual([
      {
        id: 'ctc_req1_0',
        type: 'custom_tool_call',
        status: 'completed',
        call_id: 'call_1',
        name: 'patch',
        input: 'a\nb',
      },
    ]);
  });

  test('a custom tool that the provider knew as a function is called as the client knows it', () => {
    const tools: Tool[] = [{ type: 'custom', name: 'patch' }];
    const events = wire(
      call(0, { name: 'patch' }, '{"in', 'put": "*** Be', 'gin\\n+\\u00e', '4\\"', '"}'),
      tools,
    );
    const deltas = events.filter((event) => event.type === 'response.custom_tool_call_input.delta');
    expect(deltas.map((event) => event.delta)).toEqual(['*** Be', 'gin\n+', 'ä"']);
    expect(output(events)).toMatchObject([
      { type: 'custom_tool_call', name: 'patch', input: '*** Begin\n+ä"' },
    ]);
  });

  test('a tool of a namespace is called by both its names', () => {
    const tools: Tool[] = [{ type: 'function', name: 'crm__find', namespace: { name: 'crm', tool: 'find' } }];
    expect(items(call(0, { name: 'crm__find' }, '{}'), tools)).toMatchObject([
      { name: 'find', namespace: 'crm' },
    ]);
  });

  test('a search by another provider is a web search call, other hosted calls have no item', () => {
    const search = call(0, { kind: 'server', name: 'web_search', id: 'srv_1' }, '{"query":"q"}');
    const fetch = call(1, { kind: 'server', name: 'web_fetch', id: 'srv_2' }, '{"url":"https://a.example"}');
    const code = call(2, { kind: 'server', name: 'code_execution', id: 'srv_3' }, '{}');
    const part = {
      type: 'server-tool-result',
      callId: 'srv_1',
      dialect: 'anthropic-messages',
      value: {},
    } as const;
    const result: StreamEvent = { type: 'server-tool-result', block: 3, part };
    expect(items([...text(9, 'a'), ...search, ...fetch, ...code, result])).toMatchObject([
      { type: 'message' },
      {
        type: 'web_search_call',
        id: 'ws_req1_1',
        status: 'completed',
        action: { type: 'search', query: 'q' },
      },
      { type: 'web_search_call', id: 'ws_req1_2', action: { type: 'open_page', url: 'https://a.example' } },
    ]);
  });

  test('a hosted call without an item does not cut a message in two', () => {
    const code = call(1, { kind: 'server', name: 'code_execution' }, '{}');
    expect(items([...text(0, 'a'), ...code, ...text(2, 'b')])).toHaveLength(1);
  });
});

test('hosted items of this dialect are sent as they were', () => {
  const search = {
    id: 'ws_up',
    type: 'web_search_call',
    status: 'completed',
    action: { type: 'search', query: 'q' },
  };
  const compaction = { id: 'cmp_up', type: 'compaction', encrypted_content: 'ENC' };
  const dialect = 'openai-responses' as const;
  const own = call(0, { kind: 'server', name: 'web_search', extension: { dialect, fields: search } }, '{}');
  const extension: StreamEvent = {
    type: 'extension',
    dialect,
    name: 'compaction',
    value: { value: compaction },
  };
  const foreign: StreamEvent = {
    type: 'extension',
    dialect: 'openai-chat',
    name: 'logprobs',
    value: { value: {} },
  };
  expect(items([...own, extension, foreign])).toEqual([search, compaction]);
});

test('an image is an image generation call, audio has no item', () => {
  const image: StreamEvent = { type: 'media', block: 0, mediaType: 'image/png', data: 'iVBO' };
  const audio: StreamEvent = { type: 'media', block: 1, mediaType: 'audio/wav', data: 'UklG' };
  expect(items([image, audio])).toEqual([
    {
      id: 'ig_req1_0',
      type: 'image_generation_call',
      status: 'completed',
      output_format: 'png',
      result: 'iVBO',
    },
  ]);
});

describe('the end', () => {
  test.each([
    ['end_turn', 'completed', null],
    ['tool_use', 'completed', null],
    ['stop_sequence', 'completed', null],
    ['pause_turn', 'completed', null],
    ['other', 'completed', null],
    ['max_tokens', 'incomplete', 'max_output_tokens'],
    ['context_window_exceeded', 'incomplete', 'max_output_tokens'],
    ['refusal', 'incomplete', 'content_filter'],
  ] as [UnifiedFinish, string, string | null][])('%s is %s', (unified, status, reason) => {
    const events = encode([START, ...text(0, 'Hel'), { type: 'finish', finish: { unified, raw: null } }]);
    expect(violations(events)).toEqual([]);
    const last = payloads(events).at(-1);
    expect(last?.type).toBe(`response.${status}`);
    const details = reason === null ? null : { reason };
    expect(last?.response).toMatchObject({ status, incomplete_details: details, output: [{ status }] });
  });

  test('a call that was cut short is incomplete, streamed and whole, as text is', () => {
    const cut: StreamEvent[] = [
      START,
      { type: 'tool-start', block: 0, id: 'call_1', name: 'read', kind: 'function' },
      { type: 'tool-delta', block: 0, arguments: '{"path":"a' },
      { type: 'tool-end', block: 0, incomplete: true },
      { type: 'finish', finish: { unified: 'max_tokens', raw: null } },
    ];
    const events = encode(cut);
    expect(violations(events)).toEqual([]);
    const sent = payloads(events);
    const item = { type: 'function_call', status: 'incomplete', arguments: '{"path":"a' };
    expect(sent.find(({ type }) => type === 'response.output_item.done')?.item).toMatchObject(item);
    expect(sent.at(-1)?.response).toMatchObject({ output: [item] });
    const collector = createResponseCollector();
    for (const event of cut) collector.push(event);
    expect(openaiResponses.client.buildResponse(collector.response(), CONTEXT)).toMatchObject({
      output: [item],
    });
  });

  test('counts that no one stated are null', () => {
    const last = payloads(encode([START, FINISH])).at(-1);
    expect(last?.response).toMatchObject({ usage: null });
  });

  test('searches by the provider are counted', () => {
    const events = encode([START, { type: 'usage', usage: { webSearches: 3 } }, FINISH]);
    expect(payloads(events).at(-1)?.response).toMatchObject({
      // The type of the SDKs has the counts of images, too.
      tool_usage: { web_search: { num_requests: 3 }, image_gen: { input_tokens: 0, total_tokens: 0 } },
    });
  });

  test.each([
    ['upstream_truncated', 'server_error'],
    ['upstream_overloaded', 'server_error'],
    ['upstream_timeout', 'server_error'],
    ['upstream_rate_limited', 'rate_limit_exceeded'],
    ['context_too_long', 'context_length_exceeded'],
    ['upstream_rejected', 'invalid_prompt'],
    ['upstream_unauthorized', 'invalid_prompt'],
    ['cancelled', 'invalid_prompt'],
  ] as [ErrorCode, string][])('an error in the answer, %s, fails the response with %s', (code, expected) => {
    const error: StreamEvent = { type: 'error', error: new GatewayError(code, 'it broke') };
    const events = encode([START, ...text(0, 'done'), ...call(1, {}, '{"a"').slice(0, 2), error]);
    expect(violations(events)).toEqual([]);
    const last = payloads(events).at(-1);
    expect(last?.type).toBe('response.failed');
    expect(last?.response).toMatchObject({
      status: 'failed',
      error: { code: expected, message: expect.stringMatching(/it broke$/) },
      // Only what was whole is repeated.
      output: [{ type: 'message' }],
    });
    // What OpenAI's SDKs throw for.
    expect(last?.error).toMatchObject({
      code: expected,
      message: expect.stringMatching(/it broke$/),
      param: null,
    });
  });

  test('an account without credit, in the code that Codex knows it by', () => {
    const error = new GatewayError('upstream_unauthorized', 'no credit', { status: 402, exhausted: true });
    expect(payloads(encode([START, { type: 'error', error }])).at(-1)?.response).toMatchObject({
      error: { code: 'insufficient_quota' },
    });
  });

  test.each<[string, GatewayError]>([
    ['no credit', new GatewayError('upstream_unauthorized', 'm', { status: 402, exhausted: true })],
    ['a day', new GatewayError('rate_limited', 'm', { retryAfterMs: 86_400_000, exhausted: true })],
  ])('what is used up (%s) ends it: for Codex with the message that it shows', (_, error) => {
    const codeFor = (needsFailedResponse: boolean) =>
      payloads(encode([START, { type: 'error', error }], { ...CONTEXT, needsFailedResponse })).at(-1)
        ?.response;
    expect(codeFor(false)).toMatchObject({ error: { code: 'insufficient_quota', message: 'm' } });
    expect(codeFor(true)).toMatchObject({ error: { code: 'invalid_prompt', message: 'm' } });
  });

  test('an error before the answer fails a response, for Codex, which takes no notice of an error event', () => {
    const error = new GatewayError('upstream_overloaded', 'it broke');
    const events = encode([{ type: 'error', error }], { ...CONTEXT, needsFailedResponse: true });
    expect(violations(events)).toEqual([]);
    const sent = payloads(events);
    expect(sent.map(({ type }) => type)).toEqual([
      ...['response.created', 'response.in_progress', 'response.failed'],
    ]);
    expect(sent.at(-1)?.response).toMatchObject({ error: { code: 'server_error', message: 'it broke' } });
  });

  test('an error before the answer is an error event, flat and nested', () => {
    const error = new GatewayError('upstream_rejected', 'it broke', {
      reason: { code: 'bad', param: 'input' },
    });
    const events = encode([{ type: 'error', error }]);
    expect(violations(events)).toEqual([]);
    expect(payloads(events)).toEqual([
      {
        type: 'error',
        code: 'bad',
        message: 'it broke',
        param: 'input',
        error: { type: 'invalid_request_error', code: 'bad', message: 'it broke', param: 'input' },
        sequence_number: 0,
      },
    ]);
  });
});

test('a ping is a comment', () => {
  expect(openaiResponses.client.createStreamEncoder(CONTEXT).ping()).toBe(': ping\n\n');
});

test('the wire grows with the text, not faster', () => {
  const grow = (count: number) => {
    const deltas = Array.from(
      { length: count },
      (): StreamEvent => ({ type: 'text-delta', block: 0, text: 'abcdefgh' }),
    );
    const encoder = openaiResponses.client.createStreamEncoder(CONTEXT);
    const [start, end] = text(0) as [StreamEvent, StreamEvent];
    return [START, start, ...deltas, end, FINISH].reduce(
      (sum, event) => sum + encoder.encode(event).length,
      0,
    );
  };
  const [small, large] = [grow(1_000), grow(10_000)];
  expect(large / small).toBeLessThan(11);
});

test('log probabilities of a refusal have no place, and are named', () => {
  const lost: string[] = [];
  const context = { ...CONTEXT, lost: (feature: string) => void lost.push(feature) };
  const encoder = openaiResponses.client.createStreamEncoder(context);
  for (const event of [START, { type: 'refusal-start', block: 0 } as const]) encoder.encode(event);
  encoder.encode({ type: 'refusal-delta', block: 0, text: 'a' });
  expect(lost).toEqual([]);
  encoder.encode({ type: 'refusal-delta', block: 0, text: 'b', logprobs: [] });
  expect(lost).toEqual(['logprobs']);
});

test('an item that went by before is part of the answer that it ends with', () => {
  const encoder = openaiResponses.client.createStreamEncoder(CONTEXT);
  const item = { type: 'reasoning', id: 'rs_1', summary: [] };
  for (const data of [
    { type: 'response.created', response: { id: 'resp_up' } },
    { type: 'response.output_item.done', output_index: 0, item },
  ])
    encoder.follow?.({ event: data.type, data: JSON.stringify(data) });
  const wire = [START, ...text(1, 'Hi'), FINISH].map((event) => encoder.encode(event)).join('');
  expect(wire.slice(wire.indexOf('event: response.completed'))).toContain(JSON.stringify(item));
});

describe('an answer that goes on behind what the provider itself has sent', () => {
  const item = (status: string) => ({ id: 'msg_0', type: 'message', role: 'assistant', status, content: [] });
  const part = (said: string, content_index: number): JsonObject[] => {
    const place = { item_id: 'msg_0', output_index: 0, content_index };
    const of = (words: string) => ({ type: 'output_text', text: words, annotations: [], logprobs: [] });
    return [
      { type: 'response.content_part.added', ...place, part: of('') },
      { type: 'response.output_text.delta', ...place, delta: said },
      { type: 'response.output_text.done', ...place, text: said },
      { type: 'response.content_part.done', ...place, part: of(said) },
    ];
  };
  const begun: JsonObject[] = [
    { type: 'response.created', response: { id: 'resp_up', status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: item('in_progress') },
  ];
  const more: StreamEvent = { type: 'text-delta', block: 1, text: 'more' };
  const thought = (summary: JsonObject[]) => ({ id: 'rs_0', type: 'reasoning', summary });
  const thoughtFirst = [
    begun[0] ?? {},
    { type: 'response.output_item.added', output_index: 0, item: thought([]) },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: thought([{ type: 'summary_text', text: 'Hm.' }]),
    },
    { type: 'response.output_item.added', output_index: 1, item: item('in_progress') },
  ];
  const partAdded = { ...part('', 0)[0], output_index: 1 };
  const thoughts: StreamEvent[] = [
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'Hm.' },
    { type: 'reasoning-end', block: 0 },
  ];

  const ended = (...said: string[]): JsonObject[] => {
    const content = said.map((each, at) => part(each, at)[3]?.part ?? null);
    return [{ type: 'response.output_item.done', output_index: 0, item: { ...item('completed'), content } }];
  };
  const second: JsonObject[] = [
    { type: 'response.output_item.added', output_index: 1, item: { ...item('in_progress'), id: 'msg_1' } },
    ...part('Two, ', 0)
      .slice(0, 2)
      .map((event) => ({ ...event, item_id: 'msg_1', output_index: 1 })),
  ];
  const behind = { type: 'text-start', message: {} } as const;

  test.each<[string, JsonObject[], StreamEvent[], StreamEvent[]]>([
    [
      'in the second part of its message',
      [...begun, ...part('One. ', 0), ...part('Two, ', 1).slice(0, 2)],
      [...text(0, 'One. '), ...text(1, 'Two, ').slice(0, 2)],
      [more, { type: 'text-end', block: 1 }],
    ],
    [
      'behind its message, in another one',
      [...[...begun, ...part('One. ', 0), ...ended('One. ')]],
      text(0, 'One. '),
      text(1, 'more'),
    ],
    ['behind its thoughts, in the message that has begun', thoughtFirst, thoughts, text(1, 'more')],
    ['in the part that has begun', [...thoughtFirst, partAdded], thoughts, text(1, 'more')],
    [
      'in a message directly behind another',
      [...begun, ...part('One. ', 0), ...ended('One. '), ...second],
      [...text(0, 'One. '), { ...behind, block: 1 }, { ...more, text: 'Two, ' }],
      [more, { type: 'text-end', block: 1 }],
    ],
    [
      'in a message behind one that says nothing',
      [...begun, ...ended(), ...second],
      [
        { ...behind, block: 0 },
        { ...more, block: 0, text: 'Two, ' },
      ],
      [
        { ...more, block: 0 },
        { type: 'text-end', block: 0 },
      ],
    ],
    [
      'in a message directly behind one of two parts',
      [...begun, ...part('One. ', 0), ...part('Two. ', 1), ...ended('One. ', 'Two. '), ...second],
      [
        ...text(0, 'One. '),
        ...text(1, 'Two. '),
        { ...behind, block: 2 },
        { ...more, block: 2, text: 'Two, ' },
      ],
      [
        { ...more, block: 2 },
        { type: 'text-end', block: 2 },
      ],
    ],
    [
      'behind a message of two parts',
      [...begun, ...part('One. ', 0), ...part('Two. ', 1), ...ended('One. ', 'Two. ')],
      [...text(0, 'One. '), ...text(1, 'Two. ')],
      text(2, 'more'),
    ],
  ])('%s', (_, sent, had, rest) => {
    const received = sse(...sent.map((event, at) => ({ ...event, sequence_number: at })));
    const encoder = openaiResponses.client.createStreamEncoder(CONTEXT);
    for (const event of received) encoder.follow?.(event);
    for (const event of [START, ...had]) encoder.encode(event);
    const last = received.at(-1);
    if (last !== undefined) encoder.follow?.(last);
    const wire = [...rest, FINISH].map((event) => encoder.encode(event)).join('');
    expect(violations([...received, ...readEvents(new TextEncoder().encode(wire))])).toEqual([]);
  });
});

test('messages in a row stay apart, each with its phase', () => {
  const message = (id: string, phase: string, said: string): JsonObject => {
    const content = [{ type: 'output_text', text: said, annotations: [], logprobs: [] }];
    return { id, type: 'message', status: 'completed', role: 'assistant', content, phase };
  };
  const output = [message('msg_0', 'commentary', 'I look.'), message('msg_1', 'final_answer', 'It is 4.')];
  const whole = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output };
  const streamed = sse(
    ...output.flatMap((item, output_index) => [
      {
        type: 'response.output_item.added',
        output_index,
        item: { ...item, status: 'in_progress', content: [] },
      },
      { type: 'response.output_item.done', output_index, item },
    ]),
    { type: 'response.completed', response: whole },
  );
  const lost: string[] = [];
  const context = { ...CONTEXT, lost: (feature: string) => void lost.push(feature) };
  const events = encode(decode(streamed), context);
  expect(violations(events)).toEqual([]);
  const begun = payloads(events).filter(({ type }) => type === 'response.output_item.added');
  expect(begun).toMatchObject([{ item: { phase: 'commentary' } }, { item: { phase: 'final_answer' } }]);
  const collector = createResponseCollector();
  for (const event of decode(streamed)) collector.push(event);
  const said = output.map(({ content, phase }) => ({ content, phase }));
  expect(payloads(events).at(-1)?.response).toMatchObject({ output: said });
  for (const answer of [collector.response(), openaiResponses.provider.parseResponse(whole)])
    expect(openaiResponses.client.buildResponse(answer, context)).toMatchObject({ output: said });
  expect(lost).toEqual([]);
});
