// Whole answers; those of recorded messages are in recordings.test.ts.
import { describe, expect, test } from 'bun:test';
import { encodeStreamed, encodeWhole } from '../../../scripts/fidelity/probe-answer.ts';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import type { Part } from '../../../src/model/content.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { callIdToWire, ownToken, UNSEALED } from '../../../src/model/opaque-token.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { CONTEXT } from './streams.ts';

const { client, provider } = anthropicMessages;

const answer = (fields: Partial<NeutralResponse>): NeutralResponse => ({
  id: 'x1',
  model: 'm',
  parts: [],
  finish: { unified: 'end_turn', raw: 'stop' },
  usage: NO_USAGE,
  ...fields,
});

test('the answer of another dialect', () => {
  const parts: Part[] = [
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'see that', citations: [{ kind: 'url', url: 'https://e.test', start: 4, end: 8 }] },
    { type: 'tool-call', id: 'call.1', name: 'f', arguments: '{"a":1}', kind: 'function' },
    { type: 'tool-call', id: 'c2', name: 'g', arguments: '', kind: 'function' },
    { type: 'refusal', text: 'no' },
    { type: 'image', source: { kind: 'file', id: 'f', dialect: 'openai-chat' } },
  ];
  const usage = { ...NO_USAGE, inputTokens: 1, outputTokens: 2, cacheReadTokens: 3 };
  expect(
    client.buildResponse(
      answer({ parts, usage, finish: { unified: 'tool_use', raw: 'tool_calls' } }),
      CONTEXT,
    ),
  ).toEqual({
    id: 'x1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [
      { type: 'thinking', thinking: 'hm', signature: UNSEALED },
      {
        type: 'text',
        text: 'see that',
        citations: [
          {
            type: 'web_search_result_location',
            cited_text: '',
            url: 'https://e.test',
            encrypted_index: '',
            title: 'https://e.test',
          },
        ],
      },
      { type: 'tool_use', id: 'call.1', name: 'f', input: { a: 1 } },
      { type: 'tool_use', id: 'c2', name: 'g', input: {} },
      { type: 'text', text: 'no' },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 0 },
  });
});

test.each(['end_turn', 'max_tokens'] as const)('a refusal in words, ended by %s', (unified) => {
  const parts: Part[] = [{ type: 'refusal', text: 'no' }];
  const finish = { unified, raw: null };
  const stopReason = unified === 'end_turn' ? 'refusal' : unified;
  const whole = client.buildResponse(answer({ parts, finish }), CONTEXT);
  expect(whole).toMatchObject({ content: [{ type: 'text', text: 'no' }], stop_reason: stopReason });
  const encoder = client.createStreamEncoder(CONTEXT);
  const stream = responseToEvents(answer({ parts, finish })).map((event) => encoder.encode(event));
  expect(stream.join('')).toContain(`"stop_reason":"${stopReason}"`);
});

test.each([
  [{ type: 'direct' }, ['tools.web_search']],
  [{ type: 'code_execution_20250825', tool_id: 'srvtoolu_1' }, ['caller', 'tools.web_search']],
])('who called for a search is named where another client is told of the search: %j', (caller, named) => {
  const call = {
    type: 'server_tool_use',
    id: 'srvtoolu_2',
    name: 'web_search',
    input: { query: 'q' },
    caller,
  };
  const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_2', content: [] };
  const read = provider.parseResponse({
    ...{ id: 'm', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
    content: [call, found, { type: 'text', text: 'so' }],
  });
  for (const { body, lost } of [
    encodeWhole('openai-responses', read),
    encodeStreamed('openai-responses', read),
  ]) {
    expect(JSON.stringify(body)).toContain('"query":"q"');
    expect(lost.toSorted()).toEqual(named);
  }
});

test("another dialect's tokens stand marked in the opaque fields and on the ids", () => {
  const token = ownToken('openai-chat', 't');
  const parts: Part[] = [
    { type: 'reasoning', text: 'hm', signature: token },
    { type: 'reasoning', text: '', redacted: token },
    { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}', kind: 'function', signature: token },
    { type: 'reasoning', text: '', signature: token },
    { type: 'text', text: 'so' },
  ];
  const { content } = client.buildResponse(answer({ parts }), CONTEXT);
  const wire = 'sluice:openai-chat:t';
  expect(content).toEqual([
    { type: 'thinking', thinking: 'hm', signature: wire },
    { type: 'redacted_thinking', data: wire },
    { type: 'tool_use', id: callIdToWire('c1', token), name: 'f', input: {} },
    { type: 'thinking', thinking: '', signature: wire },
    { type: 'text', text: 'so' },
  ]);
});

test("another provider's search stands before the text that cites what it found", () => {
  const tools = [
    {
      type: 'server' as const,
      name: 'web_search',
      definition: { dialect: 'anthropic-messages' as const, fields: {} },
      search: { others: [] },
    },
  ];
  const parts: Part[] = [
    { type: 'reasoning', text: 'hm' },
    { type: 'tool-call', id: 'ws_1', name: 'web_search', arguments: '{"queries":["sun"]}', kind: 'server' },
    { type: 'text', text: 'so', citations: [{ kind: 'url', url: 'https://a.test/' }] },
  ];
  const response: NeutralResponse = {
    id: 'r',
    model: 'm',
    parts,
    finish: { unified: 'end_turn', raw: null },
    usage: NO_USAGE,
  };
  const { content } = anthropicMessages.client.buildResponse(response, { ...CONTEXT, tools });
  expect(content).toMatchObject([
    { type: 'thinking' },
    { type: 'server_tool_use', name: 'web_search', input: { query: 'sun' } },
    {
      type: 'web_search_tool_result',
      content: [{ type: 'web_search_result', url: 'https://a.test/', title: 'https://a.test/' }],
    },
    { type: 'text', text: 'so' },
  ]);
});

test('a signature behind the last text is not reported, so that the answer ends with its text', () => {
  const lost: string[] = [];
  const parts: Part[] = [
    { type: 'text', text: 'so' },
    { type: 'reasoning', text: '', signature: ownToken('gemini', 't') },
  ];
  const { content } = client.buildResponse(answer({ parts }), {
    ...CONTEXT,
    lost: (name) => lost.push(name),
  });
  expect(content).toEqual([{ type: 'text', text: 'so' }]);
  expect(lost).toEqual(['thought_signature']);
});

test('what a provider says is its own, however it looks', () => {
  const id = callIdToWire('c1', ownToken('openai-chat', 't'));
  const { parts } = provider.parseResponse({
    content: [
      { type: 'thinking', thinking: '', signature: 'sluice:openai-chat:t' },
      { type: 'tool_use', id, name: 'f', input: {} },
    ],
  });
  expect(parts).toEqual([
    { type: 'reasoning', text: '', signature: ownToken('anthropic-messages', 'sluice:openai-chat:t') },
    { type: 'tool-call', id, name: 'f', arguments: '{}', kind: 'function' },
  ]);
});

test('id and model where the provider gave none', () => {
  expect(client.buildResponse(answer({ id: null, model: null }), CONTEXT)).toMatchObject({
    id: 'msg_req_1',
    model: 'some-model',
  });
});

describe('bodies that are no message', () => {
  const BAD: [JsonObject, string][] = [
    [{}, 'content: is required'],
    [{ content: 'a' }, 'content: must be an array'],
    [{ content: [{ type: 'text' }] }, 'content.0.text: is required'],
  ];
  test.each(BAD)('%j', (body, problem) => {
    expect(() => provider.parseResponse(body)).toThrow(
      expect.objectContaining({ code: 'upstream_malformed', message: expect.stringContaining(problem) }),
    );
  });
});
