// The encoder: chunk by chunk, and as OpenAI's own SDK reads it.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { UnifiedFinish } from '../../../src/model/finish.ts';
import {
  asArray,
  asObject,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../../src/model/json/json.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { callIdToWire, type OpaqueToken, ownToken } from '../../../src/model/opaque-token.ts';
import { CONTEXT, decode, encode, foldEvents, own, sseEvents } from './events.ts';

const START: StreamEvent = { type: 'start', id: 'c1', model: 'm' };
const FINISH: StreamEvent = { type: 'finish', finish: { unified: 'end_turn', raw: 'end_turn' } };

function chunksOf(wire: string): JsonObject[] {
  return sseEvents(wire)
    .map((event) => parseObject(event.data))
    .filter((chunk) => chunk !== undefined);
}

function deltasOf(wire: string): JsonObject[] {
  return chunksOf(wire)
    .map((chunk) => asObject(asObject(asArray(chunk.choices)?.[0])?.delta))
    .filter((delta) => delta !== undefined);
}

const TOOLS: StreamEvent[] = [
  START,
  { type: 'reasoning-start', block: 0 },
  { type: 'reasoning-delta', block: 0, text: 'hm' },
  { type: 'reasoning-signature', block: 0, signature: own('sig') },
  { type: 'reasoning-end', block: 0 },
  { type: 'reasoning-start', block: 1, redacted: own('zz') },
  { type: 'reasoning-end', block: 1 },
  { type: 'text-start', block: 2 },
  { type: 'text-delta', block: 2, text: 'Hé "quoted"\n' },
  { type: 'text-end', block: 2 },
  { type: 'tool-start', block: 3, id: 'a', name: 'f', kind: 'function' },
  { type: 'tool-delta', block: 3, arguments: '{"x":' },
  { type: 'tool-delta', block: 3, arguments: '1}' },
  { type: 'tool-end', block: 3 },
  { type: 'tool-start', block: 4, id: 'b', name: 'g', kind: 'function' },
  { type: 'tool-end', block: 4 },
  { type: 'usage', usage: { inputTokens: 5, cacheReadTokens: 4 } },
  { type: 'usage', usage: { outputTokens: 9, reasoningTokens: 2, cacheWriteTokens: 1 } },
  { type: 'finish', finish: { unified: 'tool_use', raw: 'tool_use' } },
];

test.each([undefined, true] as const)(
  'thoughts stand apart in the one text that clients have for them: %p',
  (own) => {
    const thoughts = ['First.', ' ', 'Second', 'third.', 'Fourth.'];
    const context = { ...CONTEXT, readsReasoningDetails: own };
    const parts = thoughts.map((text) => ({ type: 'reasoning', text }) as const);
    const said = 'First. Second' + 'third.' + '\n\nFourth.';
    const field = own === true ? 'reasoning' : 'reasoning_content';
    const finish = { unified: 'end_turn', raw: 'end_turn' } as const;
    const whole = openaiChat.client.buildResponse(
      { id: 'c1', model: 'm', parts, finish, usage: NO_USAGE },
      context,
    );
    const encoder = openaiChat.client.createStreamEncoder(context);
    const events = responseToEvents({ id: 'c1', model: 'm', parts, finish, usage: NO_USAGE });
    const deltas = deltasOf(events.map((event) => encoder.encode(event)).join(''));
    const message = asObject(asObject(asArray(whole.choices)?.[0])?.message);
    expect(message?.[field]).toBe(said);
    expect(deltas.map((delta) => delta[field] ?? '').join('')).toBe(said);
    // The details are those of each thought.
    if (own === true) expect(message?.reasoning_details).toMatchObject(thoughts.map((text) => ({ text })));
  },
);

test('texts with log probabilities stand apart as others do', () => {
  const texts = ['First.', 'Second.'].flatMap((text, at): StreamEvent[] => [
    { type: 'text-start', block: 2 * at },
    { type: 'text-delta', block: 2 * at, text, logprobs: [] },
    { type: 'citation', block: 2 * at, citation: { kind: 'url', url: 'https://a.example' } },
    { type: 'text-end', block: 2 * at },
  ]);
  const deltas = deltasOf(encode([START, ...texts, FINISH]));
  expect(deltas.map(({ content }) => content ?? '').join('')).toBe('First.\n\nSecond.');
  expect(deltas.flatMap(({ annotations }) => asArray(annotations) ?? [])).toMatchObject([
    { url_citation: { start_index: 0, end_index: 6 } },
    { url_citation: { start_index: 8, end_index: 15 } },
  ]);
});

/** As `accumulate_delta` of openai-python does with a list that it has already. */
function joinAsPython(known: JsonValue[], added: JsonValue[]): JsonValue[] {
  for (const entry of added) {
    const fields = asObject(entry) ?? {};
    const { index } = fields;
    if (typeof index !== 'number') throw new Error('Expected list delta entry to have an `index` key');
    const at = asObject(known[index]);
    if (at === undefined) known.splice(index, 0, entry);
    else
      for (const [name, value] of Object.entries(fields)) {
        const before = at[name];
        const isJoined = name !== 'index' && name !== 'type' && typeof before === 'string';
        at[name] = isJoined ? `${before}${String(value)}` : value;
      }
  }
  return known;
}

describe('chunks', () => {
  test('the envelope is the same in each, the role comes first', () => {
    const chunks = chunksOf(encode(TOOLS));
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'c1',
        object: 'chat.completion.chunk',
        created: 1_700_000_000,
        model: 'm',
      });
    }
    expect(deltasOf(encode(TOOLS))[0]).toEqual({ role: 'assistant', content: '' });
  });

  test('what the upstream does not name comes from the context', () => {
    const [chunk] = chunksOf(encode([{ type: 'start', id: null, model: null }]));
    expect(chunk).toMatchObject({ id: 'chatcmpl-req1', model: 'served-model' });
  });

  test('each event goes out when it comes', () => {
    const encoder = openaiChat.client.createStreamEncoder(CONTEXT);
    const silent = new Set(['text-start', 'text-end', 'reasoning-start', 'reasoning-signature', 'usage']);
    for (const event of TOOLS) {
      const wire = encoder.encode(event);
      if (!silent.has(event.type) && event.type !== 'tool-end') expect(wire).toEndWith('\n\n');
    }
  });

  test('reasoning is sent as text, and once more with its signature', () => {
    const deltas = deltasOf(encode(TOOLS)).filter(
      (delta) => delta.reasoning_content || delta.reasoning_details,
    );
    expect(deltas).toEqual([
      { reasoning_content: 'hm' },
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'sig', index: 0 }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz', index: 1 }] },
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'hm', signature: 'sig', index: 2 },
          { type: 'reasoning.encrypted', data: 'zz', index: 3 },
        ],
      },
    ]);
  });

  test('one entry comes once, also where text follows: readers that join texts would spoil its signature', () => {
    const wire = encode([
      START,
      { type: 'reasoning-start', block: 0 },
      { type: 'reasoning-delta', block: 0, text: 'hm' },
      { type: 'reasoning-signature', block: 0, signature: own('sig') },
      { type: 'reasoning-end', block: 0 },
      { type: 'text-start', block: 1 },
      { type: 'text-delta', block: 1, text: 'so' },
      { type: 'text-end', block: 1 },
      FINISH,
    ]);
    expect(deltasOf(wire).flatMap((delta) => asArray(delta.reasoning_details) ?? [])).toEqual([
      { type: 'reasoning.text', text: 'hm', signature: 'sig', index: 0 },
    ]);
  });

  test('a client that reads OpenRouter’s fields gets the text in both as it comes, and the seal in a last piece', () => {
    const CLAUDES = ownToken('anthropic-messages', 'sig');
    const wire = encode(
      [
        START,
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-delta', block: 0, text: 'so' },
        { type: 'reasoning-end', block: 0 },
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-delta', block: 1, text: 'h' },
        { type: 'reasoning-delta', block: 1, text: 'm' },
        { type: 'reasoning-signature', block: 1, signature: CLAUDES },
        { type: 'reasoning-end', block: 1 },
        { type: 'reasoning-start', block: 2, redacted: own('zz') },
        { type: 'reasoning-end', block: 2 },
        { type: 'text-start', block: 3 },
        { type: 'text-delta', block: 3, text: 'yes' },
        { type: 'text-end', block: 3 },
        FINISH,
      ],
      { ...CONTEXT, readsReasoningDetails: true },
    );
    const piece = (text: string, index: number, more = {}) => ({
      type: 'reasoning.text',
      text,
      ...more,
      index,
    });
    const deltas = deltasOf(wire).filter((delta) => delta.reasoning_details !== undefined);
    expect(deltas).toEqual([
      { reasoning: 'so', reasoning_details: [piece('so', 0)] },
      { reasoning_details: [piece('', 0, { format: 'unknown' })] },
      { reasoning: 'h', reasoning_details: [piece('h', 1)] },
      { reasoning: 'm', reasoning_details: [piece('m', 1)] },
      { reasoning_details: [piece('', 1, { signature: 'sluice:anthropic-messages:sig' })] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz', index: 2 }] },
    ]);
    expect(wire).not.toContain('reasoning_content');
    const lists = deltas.map((delta) => asArray(delta.reasoning_details) ?? []);
    // Some clients append what they get, others join it by its index.
    for (const reasoning_details of [lists.flat(), structuredClone(lists).reduce(joinAsPython)]) {
      const echo = { role: 'assistant', content: 'yes', reasoning: 'sohm', reasoning_details };
      const { messages } = openaiChat.client.parseRequest(
        { model: 'm', messages: [echo] },
        { operation: 'generate' },
      );
      expect(messages[0]?.parts).toEqual([
        { type: 'reasoning', text: 'so' },
        { type: 'reasoning', text: 'hm', signature: CLAUDES },
        { type: 'reasoning', text: '', redacted: own('zz') },
        { type: 'text', text: 'yes' },
      ]);
    }
  });

  test('only one piece of an entry says its format: clients keep the first, or join them', () => {
    const signed = own('{"signature":"s","format":"anthropic-claude-v1"}');
    const wire = encode(
      [
        START,
        { type: 'reasoning-start', block: 0 },
        { type: 'reasoning-delta', block: 0, text: 'h' },
        { type: 'reasoning-delta', block: 0, text: 'm' },
        { type: 'reasoning-signature', block: 0, signature: signed },
        { type: 'reasoning-end', block: 0 },
        FINISH,
      ],
      { ...CONTEXT, readsReasoningDetails: true },
    );
    const details = deltasOf(wire).flatMap((delta) => asArray(delta.reasoning_details) ?? []);
    expect(details.map((detail) => asObject(detail)?.format)).toEqual([
      undefined,
      undefined,
      'anthropic-claude-v1',
    ]);
  });

  test('a signature of another dialect that seals the text says so; more text takes that back', () => {
    const signature = ownToken('anthropic-messages', 't');
    const events: StreamEvent[] = [
      START,
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'so' },
      { type: 'text-end', block: 0 },
      { type: 'reasoning-start', block: 1 },
      { type: 'reasoning-signature', block: 1, signature },
      { type: 'reasoning-end', block: 1 },
    ];
    const more: StreamEvent[] = [
      { type: 'text-start', block: 2 },
      { type: 'text-delta', block: 2, text: ' it is' },
      { type: 'text-end', block: 2 },
    ];
    const detailsIn = (wire: string) =>
      deltasOf(wire).flatMap((delta) => asArray(delta.reasoning_details) ?? []) as JsonObject[];
    const entry = { type: 'reasoning.text', text: '', signature: 'sluice:anthropic-messages:t', index: 0 };
    expect(detailsIn(encode([...events, FINISH]))).toEqual([{ ...entry, id: 'after-text-0' }]);
    expect(detailsIn(encode([...events, ...more, FINISH]))).toEqual([
      { ...entry, id: 'after-text-0' },
      { ...entry, index: 1 },
    ]);
  });

  test("a call's own token has a field, another dialect's rides on the id", () => {
    const call = (block: number, signature: OpaqueToken): StreamEvent[] => [
      { type: 'tool-start', block, id: `c${block}`, name: 'f', kind: 'function', signature },
      { type: 'tool-end', block },
    ];
    const foreign = ownToken('anthropic-messages', 't');
    const wire = encode([START, ...call(0, own('g')), ...call(1, foreign), FINISH]);
    const calls = deltasOf(wire).flatMap((delta) => asArray(delta.tool_calls) ?? []) as JsonObject[];
    expect(calls.filter((each) => each.id !== undefined)).toMatchObject([
      { id: 'c0', extra_content: { google: { thought_signature: 'g' } } },
      { id: callIdToWire('c1', foreign) },
    ]);
    expect(wire.split('extra_content')).toHaveLength(2);
  });

  test('tools are numbered from 0, and one without arguments gets an empty object', () => {
    const calls = deltasOf(encode(TOOLS)).flatMap((delta) => asArray(delta.tool_calls) ?? []);
    expect(calls).toEqual([
      { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 0, function: { arguments: '{"x":' } },
      { index: 0, function: { arguments: '1}' } },
      { index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
    ]);
  });

  test('custom tools have input, provider-run tools are left out', () => {
    const wire = encode([
      START,
      { type: 'tool-start', block: 0, id: 's', name: 'web_search', kind: 'server' },
      { type: 'tool-delta', block: 0, arguments: '{"q":1}' },
      { type: 'tool-end', block: 0 },
      { type: 'tool-start', block: 1, id: 'a', name: 'sql', kind: 'custom' },
      { type: 'tool-delta', block: 1, arguments: 'SELECT' },
      { type: 'tool-end', block: 1 },
      FINISH,
    ]);
    expect(deltasOf(wire).flatMap((delta) => asArray(delta.tool_calls) ?? [])).toEqual([
      { index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: '' } },
      { index: 0, custom: { input: 'SELECT' } },
    ]);
  });

  test('a client that declared `functions` reads one call, in their form', () => {
    const tools = ['f', 'g'].map((name) => ({ type: 'function', name, legacy: true }) as const);
    const lost: string[] = [];
    const wire = encode(TOOLS, { ...CONTEXT, tools, lost: (name) => lost.push(name) });
    const deltas = deltasOf(wire);
    expect(deltas.flatMap((delta) => asArray(delta.tool_calls) ?? [])).toEqual([]);
    expect(deltas.flatMap((delta) => asObject(delta.function_call) ?? [])).toEqual([
      { name: 'f', arguments: '' },
      { arguments: '{"x":' },
      { arguments: '1}' },
    ]);
    expect(wire).toContain('"finish_reason":"function_call"');
    expect(lost).toContain('tool_calls');
    const empty = encode([START, ...TOOLS.slice(-5)], { ...CONTEXT, tools });
    expect(deltasOf(empty).at(2)).toEqual({ function_call: { arguments: '{}' } });
  });

  test('usage comes behind finish_reason, only when asked for', () => {
    const chunks = chunksOf(encode(TOOLS));
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 9,
        total_tokens: 19,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
    expect(chunks.at(-2)).toMatchObject({
      usage: null,
      choices: [{ finish_reason: 'tool_calls', delta: {} }],
    });
    expect(encode(TOOLS, { ...CONTEXT, includeUsage: false })).not.toContain('usage');
  });

  test('no counts are made up', () => {
    const chunks = chunksOf(encode([START, FINISH]));
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  test.each<[UnifiedFinish, string]>([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'tool_calls'],
    ['pause_turn', 'stop'],
    ['refusal', 'content_filter'],
    ['context_window_exceeded', 'length'],
    ['other', 'stop'],
  ])('%s is %s, then [DONE]', (unified, reason) => {
    const wire = encode([START, { type: 'finish', finish: { unified, raw: null } }]);
    expect(wire).toContain(`"finish_reason":"${reason}"`);
    expect(wire).toEndWith('data: [DONE]\n\n');
  });

  test('citations count from the start of the content', () => {
    const wire = encode([
      START,
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'one ' },
      { type: 'text-end', block: 0 },
      { type: 'text-start', block: 1 },
      { type: 'citation', block: 1, citation: { kind: 'url', url: 'https://a.example', title: 'A' } },
      { type: 'text-delta', block: 1, text: 'two' },
      { type: 'citation', block: 1, citation: { kind: 'url', url: 'https://b.example', start: 1, end: 2 } },
      { type: 'citation', block: 1, citation: { kind: 'document', title: 'no form here' } },
      { type: 'text-end', block: 1 },
      FINISH,
    ]);
    expect(deltasOf(wire).flatMap((delta) => asArray(delta.annotations) ?? [])).toEqual([
      {
        type: 'url_citation',
        url_citation: { url: 'https://a.example', title: 'A', start_index: 4, end_index: 7 },
      },
      {
        type: 'url_citation',
        url_citation: { url: 'https://b.example', title: 'https://b.example', start_index: 5, end_index: 6 },
      },
    ]);
  });

  describe("OpenAI's SDK of JavaScript keeps the last list of sources", () => {
    const cited = (block: number): StreamEvent[] => [
      { type: 'text-start', block },
      { type: 'text-delta', block, text: 'x' },
      { type: 'citation', block, citation: { kind: 'url', url: `https://a.test/${block}` } },
      { type: 'text-end', block },
    ];
    const call = (block: number, kind: 'function' | 'server'): StreamEvent[] => [
      { type: 'tool-start', block, id: `call_${block}`, name: 'f', kind },
      { type: 'tool-end', block },
    ];
    const citedIn = (events: StreamEvent[]) =>
      deltasOf(encode([START, ...events, FINISH]))
        .filter((delta) => delta.annotations !== undefined || delta.tool_calls !== undefined)
        .map((delta) => (asArray(delta.annotations) ?? ['call']).length);

    test('those of several texts, with searches between, are one', () => {
      expect(citedIn([...cited(0), ...call(1, 'server'), ...cited(2), ...cited(3)])).toEqual([3]);
    });

    test('they come before a call, while the text is known', () => {
      const events = [...cited(0), ...cited(1), ...call(2, 'function'), ...cited(3)];
      expect(citedIn(events)).toEqual([2, 1, 1, 1]);
      const joined = deltasOf(encode([START, ...events, FINISH]))
        .map((delta) => asArray(delta.annotations) ?? [])
        .filter((list) => list.length > 0)
        .reduce(joinAsPython);
      expect(joined).toMatchObject([
        { url_citation: { url: 'https://a.test/0' } },
        { url_citation: { url: 'https://a.test/1' } },
        { url_citation: { url: 'https://a.test/3' } },
      ]);
    });
  });

  test('also behind text that came with log probabilities', () => {
    const wire = encode([
      START,
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'one ', logprobs: [] },
      { type: 'text-end', block: 0 },
      { type: 'text-start', block: 1 },
      { type: 'text-delta', block: 1, text: 'two' },
      { type: 'citation', block: 1, citation: { kind: 'url', url: 'https://a.example' } },
      { type: 'text-end', block: 1 },
      FINISH,
    ]);
    expect(deltasOf(wire).flatMap((delta) => asArray(delta.annotations) ?? [])).toMatchObject([
      { url_citation: { start_index: 4, end_index: 7 } },
    ]);
  });

  test('two signed blocks come back as two', () => {
    const events: StreamEvent[] = [START];
    for (const block of [0, 1]) {
      events.push({ type: 'reasoning-start', block });
      events.push({ type: 'reasoning-delta', block, text: `text ${block}` });
      events.push({ type: 'reasoning-signature', block, signature: own(`sig ${block}`) });
      events.push({ type: 'reasoning-end', block });
    }
    events.push(FINISH);
    expect(foldEvents(decode(sseEvents(encode(events)))).parts).toEqual([
      { type: 'reasoning', text: 'text 0', signature: own('sig 0') },
      { type: 'reasoning', text: 'text 1', signature: own('sig 1') },
    ]);
  });

  test('a ping is a comment', () => {
    expect(openaiChat.client.createStreamEncoder(CONTEXT).ping()).toBe(': ping\n\n');
  });

  test('an error is the last word, without [DONE]', () => {
    const error = new GatewayError('upstream_truncated', 'cut short');
    const wire = encode([START, { type: 'error', error }]);
    expect(wire).not.toContain('[DONE]');
    expect(chunksOf(wire).at(-1)).toEqual({
      error: { message: 'cut short', type: 'server_error', param: null, code: 'upstream_truncated' },
    });
    expect(chunksOf(encode([{ type: 'error', error }]))).toHaveLength(1);
  });

  test("another provider's audio has the fields without which OpenAI's SDK for Java builds no choice, each once", () => {
    const audio = (block: number, data: string): StreamEvent => ({
      type: 'media',
      block,
      mediaType: 'audio/wav',
      data,
    });
    const deltas = deltasOf(encode([START, audio(0, 'UklGRg=='), audio(1, 'AAAA'), FINISH]));
    expect(deltas.map((delta) => delta.audio).filter((said) => said !== undefined)).toEqual([
      { id: 'audio-req1', expires_at: 1_700_000_000, transcript: '', data: 'UklGRg==' },
      { data: 'AAAA' },
    ]);
  });

  test("what OpenAI's SDK of Python joins is one list: by place, strings of two at the same place into one", () => {
    const cited = (block: number, text: string): StreamEvent[] => [
      { type: 'text-start', block },
      { type: 'text-delta', block, text },
      { type: 'citation', block, citation: { kind: 'url', url: `https://a.test/${block}` } },
      { type: 'text-end', block },
    ];
    const image = (block: number): StreamEvent => ({
      type: 'media',
      block,
      mediaType: 'image/png',
      data: `${block}`,
    });
    const events = [...TOOLS.slice(0, -3), ...cited(5, 'x'), image(6), ...cited(7, 'y'), image(8), FINISH];
    const deltas = deltasOf(encode(events));
    const joined = (field: string) =>
      deltas
        .map((delta) => asArray(delta[field]) ?? [])
        .filter((list) => list.length > 0)
        .reduce(joinAsPython);
    expect(joined('annotations')).toMatchObject([
      { url_citation: { url: 'https://a.test/5' } },
      { url_citation: { url: 'https://a.test/7' } },
    ]);
    expect(joined('images')).toMatchObject([
      { image_url: { url: 'data:image/png;base64,6' } },
      { image_url: { url: 'data:image/png;base64,8' } },
    ]);
    const { messages } = openaiChat.client.parseRequest(
      {
        model: 'm',
        messages: [{ role: 'assistant', content: 'xy', reasoning_details: joined('reasoning_details') }],
      },
      { operation: 'generate' },
    );
    expect(messages[0]?.parts).toMatchObject([
      { type: 'reasoning', text: 'hm', signature: own('sig') },
      { type: 'reasoning', redacted: own('zz') },
      { type: 'text', text: 'xy' },
    ]);
  });

  test('what tool and reasoning clients echo is parsed back', () => {
    const answer = foldEvents(decode(sseEvents(encode(TOOLS))));
    const request = openaiChat.client.parseRequest(
      {
        model: 'm',
        messages: [
          { role: 'user', content: 'hi' },
          {
            role: 'assistant',
            content: 'Hé "quoted"\n',
            reasoning_content: 'hm',
            reasoning_details: [
              { type: 'reasoning.text', text: 'hm', signature: 'sig', index: 0 },
              { type: 'reasoning.encrypted', data: 'zz', index: 1 },
            ],
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
              { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
            ],
          },
        ],
      },
      { operation: 'generate' },
    );
    expect(request.messages[1]?.parts).toEqual(answer.parts);
  });
});

/** The SDK with an upstream that answers `wire`. */
function sdkReading(wire: string, status = 200): OpenAI {
  const answer = () => new Response(wire, { status, headers: { 'content-type': 'text/event-stream' } });
  return new OpenAI({
    apiKey: 'unused',
    baseURL: 'http://local.invalid/v1',
    maxRetries: 0,
    fetch: async () => answer(),
  });
}

const ASK = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }], stream: true as const };

describe("OpenAI's SDK", () => {
  test('assembles the answer', async () => {
    const stream = sdkReading(encode(TOOLS)).chat.completions.stream({
      ...ASK,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    const message = completion.choices[0]?.message;
    expect(message?.content).toBe('Hé "quoted"\n');
    expect(message?.tool_calls).toMatchObject([
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
    ]);
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
    expect(completion.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 9 });
  });

  test('throws the error of a stream that broke', async () => {
    const error = new GatewayError('upstream_timeout', 'silent for 60 s');
    const text: StreamEvent[] = [
      START,
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'a' },
    ];
    const stream = await sdkReading(encode([...text, { type: 'error', error }])).chat.completions.create(ASK);
    let seen = '';
    const read = async () => {
      for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(seen).toBe('a');
  });

  test('reads the error body', async () => {
    const error = new GatewayError('upstream_rate_limited', 'slow down', { reason: { code: 'tokens' } });
    const body = JSON.stringify(openaiChat.client.buildError(error, 'req1'));
    const ask = async () => await sdkReading(body, error.status).chat.completions.create(ASK);
    await expect(ask()).rejects.toMatchObject({
      status: 429,
      code: 'tokens',
      type: 'rate_limit_error',
    });
  });
});
