// The decoder against each way in which servers depart from OpenAI's stream.
import { describe, expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import { parseResponse } from '../../../src/dialects/openai-chat/parse-response.ts';
import type { Part } from '../../../src/model/content.ts';
import { asArray, asObject, type JsonObject } from '../../../src/model/json/json.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { callsOf, decode, decodeChunks, foldEvents, own, textOf } from './events.ts';

function chunk(delta: JsonObject | null, extra: JsonObject = {}, choice: JsonObject = {}): JsonObject {
  return {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: delta === null ? [] : [{ index: 0, delta, finish_reason: null, ...choice }],
    ...extra,
  };
}

function finish(reason: string, extra: JsonObject = {}, choice: JsonObject = {}): JsonObject {
  return chunk({}, extra, { finish_reason: reason, ...choice });
}

function call(fields: JsonObject): JsonObject {
  return chunk({ tool_calls: [fields] });
}

function typesOf(events: readonly StreamEvent[]): string[] {
  return events.map((event) => event.type);
}

function toolsOf(...chunks: JsonObject[]) {
  return foldEvents(decodeChunks(...chunks, finish('tool_calls'), '[DONE]')).parts.flatMap((part) =>
    part.type === 'tool-call' ? [[part.id, part.name, part.arguments]] : [],
  );
}

describe('envelope', () => {
  test('an empty first chunk with filter results does not start the answer', () => {
    const events = decodeChunks(
      { id: '', model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] },
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'hi' }),
      finish('stop'),
      '[DONE]',
    );
    expect(events[0]).toEqual({ type: 'start', id: 'c1', model: 'm' });
    expect(typesOf(events)).toEqual(['start', 'text-start', 'text-delta', 'text-end', 'finish']);
  });

  test('a model without a name is unknown, choices that are null are none', () => {
    const events = decodeChunks(
      { ...chunk({ content: 'a' }), id: '', model: '' },
      chunk(null, { choices: null, usage: { prompt_tokens: 3 } }),
    );
    expect(events[0]).toEqual({ type: 'start', id: null, model: null });
    expect(foldEvents(events).usage.inputTokens).toBe(3);
  });

  test('empty and null content open no block', () => {
    const events = decodeChunks(chunk({ content: '' }), chunk({ content: null }), finish('stop'), '[DONE]');
    expect(typesOf(events)).toEqual(['start', 'finish']);
  });

  test('finish waits for the usage behind it', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const events = decodeChunks(chunk({ content: 'a' }), finish('stop'), chunk(null, { usage }), '[DONE]');
    expect(typesOf(events).slice(-3)).toEqual(['usage', 'text-end', 'finish']);
  });

  test('a missing [DONE] is forgiven, a missing finish_reason is not', () => {
    expect(typesOf(decodeChunks(chunk({ content: 'a' }), finish('stop'))).at(-1)).toBe('finish');
    expect(typesOf(decodeChunks(chunk({ content: 'a' })))).toEqual(['start', 'text-start', 'text-delta']);
  });

  test('[DONE] without finish_reason ends an answer, but not a stream that said nothing', () => {
    const events = decodeChunks(chunk({ content: 'a' }), '[DONE]');
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { unified: 'other', raw: null } });
    expect(decodeChunks('[DONE]')).toEqual([]);
  });

  test('nothing comes after the end', () => {
    const events = decodeChunks(finish('stop'), '[DONE]', chunk({ content: 'late' }), '[DONE]');
    expect(typesOf(events)).toEqual(['start', 'finish']);
  });

  test('only choice 0 is read', () => {
    const second = { ...chunk({ content: 'B' }), choices: [{ index: 1, delta: { content: 'B' } }] };
    const both = {
      ...chunk(null),
      choices: [
        { index: 1, delta: { content: 'D' } },
        { index: 0, delta: { content: 'C' } },
      ],
    };
    const done = { ...chunk(null), choices: [{ index: 1, delta: {}, finish_reason: 'length' }] };
    const answer = foldEvents(
      decodeChunks(chunk({ content: 'A' }), second, both, finish('stop'), done, '[DONE]'),
    );
    expect(textOf(answer.parts, 'text')).toBe('AC');
    expect(answer.finish?.raw).toBe('stop');
  });

  test('a choice at no number is none of them', () => {
    // No text can be made of such a value either.
    const odd = { ...chunk(null), choices: [{ index: { toString: 1 }, delta: { content: 'B' } }] };
    const answer = foldEvents(decodeChunks(chunk({ content: 'A' }), odd, finish('stop'), '[DONE]'));
    expect(textOf(answer.parts, 'text')).toBe('A');
  });

  test('a whole message in place of a delta is read', () => {
    const whole = {
      ...chunk(null),
      choices: [{ index: 0, message: { role: 'assistant', content: 'all' }, finish_reason: 'stop' }],
    };
    expect(textOf(foldEvents(decodeChunks(whole)).parts, 'text')).toBe('all');
  });

  test('a whole message behind its pieces repeats them', () => {
    const message = { role: 'assistant', content: 'all', tool_calls: [{ id: 'a', function: { name: 'f' } }] };
    const whole = {
      ...chunk(null),
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage: { completion_tokens: 5 },
    };
    const answer = foldEvents(
      decodeChunks(
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'al' }),
        chunk({ content: 'l' }),
        chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }] }),
        whole,
      ),
    );
    expect(textOf(answer.parts, 'text')).toBe('all');
    expect(answer.parts.filter((part) => part.type === 'tool-call')).toHaveLength(1);
    expect(answer).toMatchObject({ finish: { unified: 'tool_use' }, usage: { outputTokens: 5 } });
    // Behind a piece that says nothing it is the answer.
    const alone = foldEvents(decodeChunks(chunk({ role: 'assistant', content: '' }), whole));
    expect(textOf(alone.parts, 'text')).toBe('all');
  });

  test('what moderation found is emitted', () => {
    const moderation = { input: { type: 'error', code: 'failed', message: 'no result' } };
    expect(decodeChunks({ ...chunk({ content: 'a' }), moderation })).toContainEqual(
      expect.objectContaining({ type: 'extension', name: 'moderation', value: moderation }),
    );
  });

  test('what a filter found in the prompt is emitted, and not that it found nothing', () => {
    const emitted = (filtered: boolean) => {
      const results = [{ prompt_index: 0, content_filter_results: { hate: { filtered } } }];
      const events = decodeChunks({ ...chunk({ content: 'a' }), prompt_filter_results: results });
      return events.flatMap((event) => (event.type === 'extension' ? [[event.name, event.value]] : []));
    };
    expect(emitted(false)).toEqual([]);
    const results = [{ prompt_index: 0, content_filter_results: { hate: { filtered: true } } }];
    expect(emitted(true)).toEqual([['prompt_filter_results', { results }]]);
  });

  const A = { token: 'a', logprob: -1 };
  const logprobs = [{ ...A, top: [] }];

  test('log probabilities come with their text', () => {
    const value = { content: [{ ...A, bytes: null, top_logprobs: [] }], refusal: null };
    expect(decodeChunks(chunk({ content: 'a' }, {}, { logprobs: value }))).toContainEqual(
      expect.objectContaining({ type: 'text-delta', text: 'a', logprobs }),
    );
    const refused = { content: null, refusal: value.content };
    expect(decodeChunks(chunk({ refusal: 'a' }, {}, { logprobs: refused }))).toContainEqual(
      expect.objectContaining({ type: 'refusal-delta', text: 'a', logprobs }),
    );
  });

  test('log probabilities of a piece of a letter, of which no text comes', () => {
    const value = { content: [A] };
    const piece = chunk({ content: '' }, {}, { logprobs: value });
    expect(decodeChunks(chunk({ content: 'b' }), piece)).toContainEqual(
      expect.objectContaining({ type: 'text-delta', text: '', logprobs }),
    );
  });

  test.each([
    ['of no text', { content: [A] }, { tool_calls: [{ index: 0, id: 'c', function: { name: 'f' } }] }],
    ['of another shape', { content: [{ token: 'a' }] }, { content: 'a' }],
    ['in other fields', { tokens: ['a'], token_logprobs: [-1] }, { content: 'a' }],
  ])('log probabilities %s pass as extension', (_, value, delta) => {
    const events = decodeChunks(chunk(delta, {}, { logprobs: value }));
    expect(events).toContainEqual({ type: 'extension', dialect: 'openai-chat', name: 'logprobs', value });
  });
});

describe('finish', () => {
  test.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['tool_calls', 'tool_use'],
    ['function_call', 'tool_use'],
    ['content_filter', 'refusal'],
    ['sensitive', 'refusal'],
    ['eos', 'end_turn'],
    ['model_length', 'context_window_exceeded'],
    ['model_context_window_exceeded', 'context_window_exceeded'],
    ['load_shedding', 'other'],
  ])('%s is %s', (raw, unified) => {
    const events = decodeChunks(chunk({ content: 'a' }), finish(raw), '[DONE]');
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { unified, raw } } as StreamEvent);
  });

  test.each(['stop', 'weird'])('%s after a tool call is tool_use', (raw) => {
    const events = decodeChunks(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
      finish(raw),
    );
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { unified: 'tool_use', raw } });
  });

  test('length after a tool call stays max_tokens', () => {
    const events = decodeChunks(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
      finish('length'),
    );
    expect(events.at(-1)).toEqual({ type: 'finish', finish: { unified: 'max_tokens', raw: 'length' } });
  });

  test.each(['stop_reason', 'matched_stop'])('%s names the stop sequence', (field) => {
    const events = decodeChunks(finish('stop', {}, { [field]: 'END' }));
    expect(events.at(-1)).toEqual({
      type: 'finish',
      finish: { unified: 'stop_sequence', raw: 'stop', stopSequence: 'END' },
    });
    expect(decodeChunks(finish('stop', {}, { [field]: 128009 })).at(-1)).toEqual({
      type: 'finish',
      finish: { unified: 'end_turn', raw: 'stop' },
    });
  });

  test.each(['error', 'network_error'])('%s is an error', (raw) => {
    const events = decodeChunks(chunk({ content: 'a' }), finish(raw), '[DONE]');
    expect(foldEvents(events).error?.code).toBe('upstream_failed');
  });
});

describe('tool calls', () => {
  test('fragments are joined by index, also interleaved', () => {
    const tools = toolsOf(
      call({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      call({ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: '{"y"' } }),
      call({ index: 0, function: { arguments: '{"x":1}' } }),
      call({ index: 1, function: { arguments: ':2}' } }),
    );
    expect(tools).toEqual([
      ['a', 'f', '{"x":1}'],
      ['b', 'g', '{"y":2}'],
    ]);
  });

  test('a repeated id and name begin no new call', () => {
    const part = (fragment: string) =>
      call({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: fragment } });
    expect(toolsOf(part('{"x"'), part(':1}'), part(''))).toEqual([['a', 'f', '{"x":1}']]);
  });

  test('a new id with a name at index 0 is a new call', () => {
    const tools = toolsOf(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
      call({ index: 0, id: 'b', function: { name: 'f', arguments: '{"x":' } }),
      call({ index: 0, function: { arguments: '1}' } }),
    );
    expect(tools).toEqual([
      ['a', 'f', '{}'],
      ['b', 'f', '{"x":1}'],
    ]);
  });

  test('a new id on every fragment begins no new call', () => {
    const tools = toolsOf(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '' } }),
      call({ index: 0, id: 'x1', function: { name: null, arguments: '{"x"' } }),
      call({ index: 0, id: 'x2', function: { arguments: ':1}' } }),
    );
    expect(tools).toEqual([['a', 'f', '{"x":1}']]);
  });

  test('fragments without a name go to the call with their id, whatever their index', () => {
    const tools = toolsOf(
      call({ id: 'a', function: { name: 'f', arguments: '{"x"' } }),
      call({ id: 'b', function: { name: 'g', arguments: '{"y"' } }),
      call({ id: 'a', function: { arguments: ':1' } }),
      call({ index: 7, id: 'a', function: { arguments: '}' } }),
      call({ id: 'b', function: { arguments: ':2}' } }),
    );
    expect(tools).toEqual([
      ['a', 'f', '{"x":1}'],
      ['b', 'g', '{"y":2}'],
    ]);
  });

  test('whole calls in one chunk without index or id get ids of their own', () => {
    const tools = toolsOf(
      chunk({
        tool_calls: [
          { function: { name: 'f', arguments: '{"x":1}' } },
          { function: { name: 'f', arguments: '{"x":2}' } },
        ],
      }),
    );
    expect(tools.map(([, name, text]) => [name, text])).toEqual([
      ['f', '{"x":1}'],
      ['f', '{"x":2}'],
    ]);
    expect(tools.map(([id]) => id)).toEqual(['call_0_c1', 'call_1_c1']);
  });

  test('whole calls all at index 0 without ids are distinguished', () => {
    const tools = toolsOf(
      call({ index: 0, id: '', function: { name: 'f', arguments: '{"x":1}' } }),
      call({ index: 0, id: '', function: { name: 'f', arguments: '{"x":2}' } }),
    );
    expect(tools.map(([, , text]) => text)).toEqual(['{"x":1}', '{"x":2}']);
  });

  test('a repeated name without id continues an unfinished call', () => {
    const tools = toolsOf(
      call({ index: 0, function: { name: 'f', arguments: '{"x"' } }),
      call({ index: 0, function: { name: 'f', arguments: ':1}' } }),
    );
    expect(tools.map(([, name, text]) => [name, text])).toEqual([['f', '{"x":1}']]);
  });

  test('fragments without index go to the newest call', () => {
    const tools = toolsOf(
      call({ id: 'a', function: { name: 'f', arguments: '' } }),
      call({ function: { arguments: '{"x":' } }),
      call({ id: 'a', function: { arguments: '1}' } }),
    );
    expect(tools).toEqual([['a', 'f', '{"x":1}']]);
  });

  test('null arguments are none, objects are their JSON', () => {
    const tools = toolsOf(
      call({ index: 0, id: 'a', function: { name: 'f', arguments: null } }),
      call({ index: 1, id: 'b', function: { name: 'g', arguments: { x: 1 } } }),
    );
    expect(tools).toEqual([
      ['a', 'f', ''],
      ['b', 'g', '{"x":1}'],
    ]);
  });

  test('arguments before the name are kept', () => {
    const tools = toolsOf(
      call({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
      call({ index: 0, function: { name: 'f', arguments: ':1}' } }),
    );
    expect(tools).toEqual([['a', 'f', '{"x":1}']]);
  });

  test('a call that never gets a name breaks the answer', () => {
    const events = decodeChunks(
      call({ index: 0, id: 'a', function: { arguments: '{}' } }),
      finish('tool_calls'),
    );
    expect(foldEvents(events).error?.code).toBe('upstream_malformed');
  });

  test('text before a call is ended, and text after it is a new block', () => {
    const events = decodeChunks(
      chunk({ content: 'one' }),
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
      chunk({ content: 'two' }),
      finish('tool_calls'),
    );
    expect(typesOf(events)).toEqual([
      'start',
      'text-start',
      'text-delta',
      'text-end',
      'tool-start',
      'tool-delta',
      'text-start',
      'text-delta',
      'text-end',
      'tool-end',
      'finish',
    ]);
  });

  test('custom tools have free text', () => {
    const events = decodeChunks(
      call({ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: '' } }),
      call({ index: 0, custom: { input: 'SELECT' } }),
      finish('tool_calls'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'tool-call', id: 'a', name: 'sql', arguments: 'SELECT', kind: 'custom' },
    ]);
  });

  test('an empty legacy function_call is none', () => {
    const events = decodeChunks(chunk({ content: 'a', function_call: {} }), finish('stop'));
    expect(foldEvents(events)).toMatchObject({ error: null, finish: { unified: 'end_turn' } });
  });

  test('the legacy function_call is a call', () => {
    const events = decodeChunks(
      chunk({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } }),
      chunk({ function_call: { arguments: '{"x":1}' } }),
      finish('function_call'),
    );
    const { parts, finish: ended } = foldEvents(events);
    expect(callsOf(parts)).toEqual([{ name: 'f', arguments: '{"x":1}' }]);
    expect(ended?.unified).toBe('tool_use');
  });

  test("Gemini's thought signature is kept", () => {
    const fields = { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } };
    const events = decodeChunks(
      call({ ...fields, extra_content: { google: { thought_signature: 'sig' } } }),
      finish('stop'),
    );
    expect(foldEvents(events).parts[0]).toMatchObject({ type: 'tool-call', signature: own('sig') });
  });
});

describe('reasoning', () => {
  test.each(['reasoning_content', 'reasoning'])('%s comes before the text as a block of its own', (field) => {
    const events = decodeChunks(
      chunk({ [field]: 'I ' }),
      chunk({ [field]: 'think', content: '' }),
      chunk({ [field]: null, content: 'so' }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'reasoning', text: 'I think' },
      { type: 'text', text: 'so' },
    ]);
    expect(typesOf(events)).toContain('reasoning-end');
  });

  test('the same text in several fields counts once', () => {
    const details = (text: string) => [{ type: 'reasoning.text', text, index: 0 }];
    const events = decodeChunks(
      chunk({ reasoning: 'a', reasoning_content: 'a', reasoning_details: details('a') }),
      chunk({ reasoning: 'b', reasoning_details: details('b') }),
      chunk({ reasoning_details: [{ type: 'reasoning.text', text: 'ab', signature: 'sig', index: 0 }] }),
      chunk({ content: 'x' }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'reasoning', text: 'ab', signature: own('sig') },
      { type: 'text', text: 'x' },
    ]);
  });

  test("Copilot's seal belongs to the thought before, or stands behind the text within which it came", () => {
    const thought = chunk({ content: null, reasoning_text: 'hm' });
    const seal = own('{"signature":"s","format":"copilot"}');
    const said = chunk({ content: 'x' });
    const sealed = chunk({ content: 'y', reasoning_opaque: 's' });
    expect(foldEvents(decodeChunks(thought, thought, sealed, said, finish('stop'))).parts).toEqual([
      { type: 'reasoning', text: 'hmhm', signature: seal },
      { type: 'text', text: 'yx' },
    ]);
    expect(foldEvents(decodeChunks(thought, said, sealed, finish('stop'))).parts).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'xy' },
      { type: 'reasoning', text: '', signature: seal },
    ]);
  });

  test('plain text beside details that were there first counts only where these have none', () => {
    const details = (text: string) => ({ reasoning_details: [{ type: 'reasoning.text', text, index: 0 }] });
    const events = decodeChunks(
      chunk(details('a')),
      chunk({ reasoning: 'b', ...details('b') }),
      chunk({ reasoning: 'c' }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([{ type: 'reasoning', text: 'abc' }]);
  });

  test('details alone are read, each index a block', () => {
    const detail = (fields: JsonObject) =>
      chunk({ reasoning_details: [{ type: 'reasoning.text', ...fields }] });
    const events = decodeChunks(
      detail({ text: 'a', index: 0 }),
      detail({ text: 'b', index: 0 }),
      detail({ signature: 's0', index: 0 }),
      detail({ text: 'c', index: 1 }),
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz', index: 2 }] }),
      chunk({ reasoning_details: [{ type: 'reasoning.summary', summary: 'sum', index: 3 }] }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'reasoning', text: 'ab', signature: own('s0') },
      { type: 'reasoning', text: 'c' },
      { type: 'reasoning', text: '', redacted: own('zz') },
      { type: 'reasoning', text: 'sum' },
    ]);
  });

  test('text goes on behind what is encrypted or signed within it, which is told at its end', () => {
    const sealed = (fields: JsonObject, content = '') =>
      chunk({ content, reasoning_details: [{ type: 'reasoning.encrypted', index: 0, ...fields }] });
    const signed = (signature: string) => sealed({ type: 'reasoning.text', text: '', signature, index: 1 });
    const said = chunk({ content: 'so' });
    const seals: Part[] = [
      { type: 'reasoning', text: '', redacted: own('zz') },
      { type: 'reasoning', text: '', signature: own('ab') },
    ];
    const events = [
      said,
      sealed({ data: 'zz' }),
      said,
      signed('a'),
      signed('b'),
      sealed({ data: 'zz' }, 'so'),
    ];
    expect(foldEvents(decodeChunks(...events, finish('stop'))).parts).toEqual([
      { type: 'text', text: 'sososo' },
      ...seals,
    ]);
    expect(foldEvents(decodeChunks(...events, chunk({ reasoning: 'hm' }), finish('stop'))).parts).toEqual([
      { type: 'text', text: 'sososo' },
      ...seals,
      { type: 'reasoning', text: 'hm' },
    ]);
  });

  test('signatures: pieces of one index are one, another index is another block, a repetition is none', () => {
    const detail = (fields: JsonObject) =>
      chunk({ reasoning_details: [{ type: 'reasoning.text', text: '', ...fields }] });
    const events = decodeChunks(
      chunk({ reasoning_content: 'hm' }),
      detail({ signature: 'a', index: 0 }),
      detail({ signature: 'b', index: 0 }),
      detail({ signature: 'c', index: 1 }),
      detail({ signature: 'd', format: 'f', index: 2 }),
      detail({ signature: 'e', format: 'f', index: 2 }),
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz', index: 3 }] }),
      chunk({ content: 'so' }),
      detail({ signature: 'ab', text: 'hm', index: 0 }),
      detail({ signature: 'c', index: 1 }),
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'zz', index: 2 }] }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'reasoning', text: 'hm', signature: own('ab') },
      { type: 'reasoning', text: '', signature: own('c') },
      { type: 'reasoning', text: '', signature: own('{"format":"f","signature":"de"}') },
      { type: 'reasoning', text: '', redacted: own('zz') },
      { type: 'text', text: 'so' },
    ]);
  });

  test('content arrays hold thinking and text', () => {
    const thinking = (text: string) => ({ type: 'thinking', thinking: [{ type: 'text', text }] });
    const events = decodeChunks(
      chunk({ content: [thinking('I ')] }),
      chunk({ content: [thinking('think'), { type: 'text', text: 'so' }] }),
      chunk({ content: ' it is' }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'reasoning', text: 'I think' },
      { type: 'text', text: 'so it is' },
    ]);
  });

  test('empty pieces of content open no block, those of other kinds are told once by name', () => {
    const reference = { type: 'reference', reference_ids: [1] };
    const pieces = [{ type: 'thinking', thinking: [] }, { type: 'text', text: '' }, reference];
    expect(decodeChunks(chunk({ content: pieces })).slice(1)).toEqual([
      { type: 'extension', dialect: 'openai-chat', name: 'reference', value: { value: reference } },
    ]);
    const beside = chunk({ content: 'a', mood: 'good' });
    const names = decodeChunks(beside, beside).flatMap((event) =>
      event.type === 'extension' ? [event.name] : [],
    );
    expect(names).toEqual(['message.mood']);
  });

  test('lists beside the message and the choice are told by name, what a server counts or measures is not', () => {
    const more = { related_questions: ['Why?'], images: [], timings: { ms: 1 }, prompt_token_ids: [1] };
    const [first = {}] = asArray(chunk({ content: 'a' }).choices) ?? [];
    const choice = { ...asObject(first), pictures: [{}], token_ids: [1] };
    const events = decodeChunks({ ...chunk({ content: 'a' }), ...more, choices: [choice] });
    expect(events.flatMap((event) => (event.type === 'extension' ? [event.name] : []))).toEqual([
      'related_questions',
      'choices.pictures',
    ]);
    const message = { role: 'assistant', content: 'a' };
    expect(
      parseResponse({ ...more, choices: [{ ...choice, delta: null, message }] }).extension?.fields,
    ).toEqual({
      related_questions: { value: ['Why?'] },
      'choices.pictures': { value: [{}] },
    });
  });

  test('a call of an unknown type is told by name, in as many pieces as it comes', () => {
    const events = decodeChunks(
      call({ index: 0, id: 'a', type: 'mcp', mcp: { name: 'g' } }),
      call({ index: 0, mcp: { arguments: '{' } }),
      call({ index: 0, type: 'mcp', mcp: { arguments: '}' } }),
      call({ index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } }),
      finish('tool_calls'),
    );
    expect(events.flatMap((event) => (event.type === 'extension' ? [event.name] : []))).toEqual([
      'tool_calls.mcp',
    ]);
    expect(callsOf(foldEvents(events).parts)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'finish', finish: { unified: 'tool_use' } });
  });
});

describe('refusals, citations, media', () => {
  test('a refusal is a block of its own', () => {
    const said = ['', 'No', ', never'].map((refusal) => chunk({ refusal }));
    expect(foldEvents(decodeChunks(...said, finish('stop'))).parts).toEqual([
      { type: 'refusal', text: 'No, never' },
    ]);
  });

  const annotation = {
    type: 'url_citation',
    url_citation: { url: 'https://a.example', title: 'A', start_index: 4, end_index: 6 },
  };

  test('annotations count from their text block', () => {
    const events = decodeChunks(
      chunk({ content: 'one' }),
      chunk({ reasoning_content: 'hm' }),
      chunk({ content: 'two' }),
      chunk({ annotations: [annotation] }),
      finish('stop'),
    );
    const text = foldEvents(events).parts.at(-1);
    expect(text).toMatchObject({ text: 'two', citations: [{ kind: 'url', title: 'A', start: 1, end: 3 }] });
  });

  test('annotations before the text wait for it', () => {
    const events = decodeChunks(
      chunk({ content: '', annotations: [annotation] }),
      chunk({ content: 'x' }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toMatchObject([
      { text: 'x', citations: [{ url: 'https://a.example' }] },
    ]);
    const early = chunk({ annotations: [annotation] });
    const several = decodeChunks(
      early,
      early,
      chunk({ content: 'x' }),
      chunk({ refusal: 'n' }),
      chunk({ content: 'y' }),
    );
    const cited = foldEvents(several).parts.map((part) =>
      part.type === 'text' ? part.citations?.length : null,
    );
    expect(cited).toEqual([2, null, undefined]);
    // Those that no text follows have one of their own.
    expect(foldEvents(decodeChunks(early, finish('stop'))).parts).toMatchObject([
      { text: '', citations: [{}] },
    ]);
  });

  test('listed sources belong to the text', () => {
    const listed = {
      search_results: [{ title: 'A', url: 'https://a.example' }],
      citations: ['https://a.example'],
    };
    const events = decodeChunks(chunk({ content: 'x' }, listed), finish('stop', listed), '[DONE]');
    expect(foldEvents(events).parts).toEqual([
      { type: 'text', text: 'x', citations: [{ kind: 'url', url: 'https://a.example', title: 'A' }] },
    ]);
    const bare = { citations: ['https://a.example'] };
    expect(foldEvents(decodeChunks(chunk({ content: 'x' }, bare), finish('stop'), '[DONE]')).parts).toEqual([
      { type: 'text', text: 'x', citations: [{ kind: 'url', url: 'https://a.example' }] },
    ]);
    const found = { web_search: [{ title: 'A', link: 'https://a.example', refer: 'ref_1' }] };
    expect(foldEvents(decodeChunks(chunk({ content: 'x' }), finish('stop', found), '[DONE]')).parts).toEqual([
      { type: 'text', text: 'x', citations: [{ kind: 'url', url: 'https://a.example', title: 'A' }] },
    ]);
    // Not to thoughts, nor beside annotations; an empty list takes none away.
    const both = decodeChunks(
      chunk({ reasoning_content: 'hm' }, bare),
      chunk({ content: 'x', annotations: [annotation] }, { citations: [] }),
      finish('stop'),
    );
    expect(foldEvents(both).parts).toMatchObject([{ text: 'hm' }, { text: 'x' }]);
    expect(both.filter(({ type }) => type === 'citation')).toHaveLength(1);
    const emptied = decodeChunks(chunk({ content: 'x' }, bare), finish('stop', { citations: [] }));
    expect(emptied.filter(({ type }) => type === 'citation')).toHaveLength(1);
  });

  test.each<[JsonObject, JsonObject]>([
    [{}, { web_search: [{ link: 'https://a.example' }] }],
    [{}, { citations: ['https://a.example'] }],
    [{ annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example' } }] }, {}],
    [{ executed_tools: [{ type: 'search' }] }, {}],
  ])('an answer that was searched for costs more than its tokens: %j %j', (delta, beside) => {
    const counted = chunk(null, { usage: { prompt_tokens: 1 } });
    const usages = (...chunks: JsonObject[]) =>
      decodeChunks(...chunks, counted).flatMap((event) => (event.type === 'usage' ? [event.usage] : []));
    expect(usages(chunk({ content: 'x', ...delta }, beside))).toEqual([
      { inputTokens: 1, otherCharges: true },
    ]);
    expect(usages(chunk({ content: 'x' }))).toEqual([{ inputTokens: 1 }]);
  });

  test('audio is emitted whole, its transcript as text', () => {
    const events = decodeChunks(
      chunk({ audio: { id: 'a1', transcript: 'Hel' } }),
      chunk({ audio: { data: 'UklGR' } }),
      chunk({ audio: { data: 'AAAA', transcript: 'lo' } }),
      finish('stop'),
    );
    expect(foldEvents(events).parts).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'audio', source: { kind: 'base64', mediaType: 'audio/wav', data: 'UklGRAAAA' } },
    ]);
  });

  test('audio of an answer whose bytes pass is not kept beside them, its transcript is', () => {
    const events: StreamEvent[] = [];
    const decoder = openaiChat.provider.createStreamDecoder(events, {}, 1);
    for (const data of [chunk({ audio: { data: 'UklGRAAAA', transcript: 'Hello' } }), finish('stop')])
      decoder.decode({ event: '', data: JSON.stringify(data) });
    decoder.end();
    expect(foldEvents(events).parts).toEqual([{ type: 'text', text: 'Hello' }]);
  });

  test('images are emitted as they come', () => {
    const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }];
    const events = decodeChunks(chunk({ images }), finish('stop'));
    expect(foldEvents(events).parts).toEqual([
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } },
    ]);
  });
});

describe('usage', () => {
  const counts = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };

  test.each([
    ['in the last chunk', [finish('stop'), chunk(null, { usage: counts })]],
    [
      'in every chunk',
      [
        chunk({ content: 'a' }, { usage: { prompt_tokens: 10, completion_tokens: 1 } }),
        finish('stop', { usage: counts }),
      ],
    ],
    ['in the choice', [finish('stop', {}, { usage: counts })]],
    ['in x_groq', [finish('stop', { x_groq: { id: 'r', usage: counts } })]],
  ])('%s', (_, chunks) => {
    const { usage } = foldEvents(decodeChunks(...chunks, '[DONE]'));
    expect(usage).toMatchObject({ inputTokens: 10, outputTokens: 4 });
  });

  test.each<[string, JsonObject, JsonObject]>([
    [
      'cached and written tokens are taken out of the prompt',
      {
        prompt_tokens: 100,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
      },
      { inputTokens: 10, cacheReadTokens: 60, cacheWriteTokens: 30 },
    ],
    [
      'Qwen details what it wrote',
      {
        prompt_tokens: 100,
        completion_tokens: 1,
        prompt_tokens_details: {
          cached_tokens: 60,
          cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 10 },
          cache_creation_input_tokens: 30,
          cache_type: 'ephemeral',
        },
      },
      { inputTokens: 10, cacheReadTokens: 60, cacheWriteTokens: 30, cacheWrite1hTokens: 10 },
    ],
    [
      'DeepSeek names cache hits',
      { prompt_tokens: 100, completion_tokens: 1, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 },
      { inputTokens: 36, cacheReadTokens: 64 },
    ],
    [
      "Mistral's own name",
      { prompt_tokens: 100, num_cached_tokens: 40, prompt_tokens_details: null },
      { inputTokens: 60, cacheReadTokens: 40 },
    ],
    [
      "Mistral's own name, with more than the prompt has",
      { prompt_tokens: 10, completion_tokens: 142, total_tokens: 152, num_cached_tokens: 64 },
      { inputTokens: 10, cacheReadTokens: 0 },
    ],
    [
      "Mistral's other name for the details",
      { prompt_tokens: 100, prompt_token_details: { cached_tokens: 40 } },
      { inputTokens: 60, cacheReadTokens: 40 },
    ],
    [
      'the larger of two names for cached tokens holds',
      { prompt_tokens: 100, cache_read_input_tokens: 40, prompt_tokens_details: { cached_tokens: 0 } },
      { inputTokens: 60, cacheReadTokens: 40 },
    ],
    [
      'more cached than prompt tokens are counted apart',
      { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 64 } },
      { inputTokens: 10, cacheReadTokens: 64 },
    ],
    [
      'reasoning is a part of the completion',
      {
        prompt_tokens: 10,
        completion_tokens: 9,
        total_tokens: 19,
        completion_tokens_details: { reasoning_tokens: 5 },
      },
      { outputTokens: 9, reasoningTokens: 5 },
    ],
    [
      'reasoning is added where the total shows that it is not',
      {
        prompt_tokens: 506,
        completion_tokens: 12,
        total_tokens: 556,
        completion_tokens_details: { reasoning_tokens: 38 },
      },
      { outputTokens: 50, reasoningTokens: 38 },
    ],
    [
      'and so where it is less than the completion, as at xAI',
      {
        prompt_tokens: 506,
        completion_tokens: 50,
        total_tokens: 594,
        completion_tokens_details: { reasoning_tokens: 38 },
      },
      { outputTokens: 88, reasoningTokens: 38 },
    ],
    [
      'more reasoning than completion is counted apart, whatever the total says',
      {
        prompt_tokens: 57,
        completion_tokens: 10,
        total_tokens: 67,
        completion_tokens_details: { reasoning_tokens: 37 },
      },
      { outputTokens: 47, reasoningTokens: 37 },
    ],
    [
      'audio tokens',
      {
        prompt_tokens: 10,
        prompt_tokens_details: { audio_tokens: 3 },
        completion_tokens_details: { audio_tokens: 2 },
      },
      { audioInputTokens: 3, audioOutputTokens: 2 },
    ],
    ['web searches', { server_tool_use_details: { web_search_requests: 2 } }, { webSearches: 2 }],
  ])('%s', (_, usage, expected) => {
    expect(foldEvents(decodeChunks(chunk(null, { usage }))).usage).toMatchObject(expected);
  });
});

describe('errors', () => {
  test('an error chunk ends the stream, its usage is counted', () => {
    const events = decodeChunks(
      chunk({ content: 'a' }),
      chunk({ content: '' }, { error: { code: 429, message: 'slow down' }, usage: { prompt_tokens: 7 } }),
      '[DONE]',
    );
    const { error, usage } = foldEvents(events);
    expect(error).toMatchObject({ code: 'upstream_rate_limited', status: 429 });
    expect(error?.message).toContain('slow down');
    expect(usage.inputTokens).toBe(7);
  });

  test("Groq's reason for a stream that was stopped early is an error, its id is none", () => {
    const started = chunk({ content: 'a' }, { x_groq: { id: 'req_1' } });
    expect(foldEvents(decodeChunks(started, finish('stop'), '[DONE]')).error).toBeNull();
    const stopped = finish('stop', { x_groq: { id: 'req_1', error: 'over capacity' } });
    const { error, finish: ending } = foldEvents(decodeChunks(started, stopped, '[DONE]'));
    expect(error?.message).toContain('over capacity');
    expect(ending).toBeNull();
  });

  test('an event named error is one, whatever its data', () => {
    for (const data of ['{"message":"boom"}', '{"error":{"message":"boom"}}', 'boom']) {
      const { error } = foldEvents(decode([{ event: 'error', data }]));
      expect(error?.code).toBe('upstream_failed');
      expect(error?.message).toContain('boom');
    }
    expect(foldEvents(decode([{ event: 'error', data: '{}' }])).error?.code).toBe('upstream_failed');
  });

  test('a failure in a form of its own behind content is no ending', () => {
    const { error, finish: ending } = foldEvents(
      decodeChunks(chunk({ content: 'a' }), { detail: 'boom' }, '[DONE]'),
    );
    expect(error?.message).toContain('boom');
    expect(ending).toBeNull();
    // Before content it was only news.
    expect(
      foldEvents(decodeChunks({ detail: 'queued' }, chunk({ content: 'a' }), '[DONE]')).error,
    ).toBeNull();
  });

  test("LM Studio's prompt that is too long has neither status nor code", () => {
    const message = 'The number of tokens to keep from the initial prompt is greater than the context length';
    for (const error of [message, { message }]) {
      const { error: decoded } = foldEvents(decode([{ event: 'error', data: JSON.stringify({ error }) }]));
      expect(decoded).toMatchObject({ code: 'context_too_long', status: 400 });
    }
  });

  test('a body with object error is one', () => {
    const { error } = foldEvents(
      decodeChunks({ object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }),
    );
    expect(error).toMatchObject({ code: 'upstream_rejected', status: 400 });
  });

  test.each([
    '{"id":',
    'null',
    '[]',
    '"text"',
    '{"choices":"x"}',
    '{"choices":[1]}',
    '{"choices":[{"index":0,"delta":"x"}]}',
  ])('unreadable data %s is refused, and the stream goes on', (data) => {
    const events: StreamEvent[] = [];
    const decoder = openaiChat.provider.createStreamDecoder(events);
    decoder.decode({ event: '', data: JSON.stringify(chunk({ content: 'a' })) });
    expect(() => decoder.decode({ event: '', data })).toThrow(MalformedEvent);
    decoder.decode({ event: '', data: JSON.stringify(chunk({ content: 'b' })) });
    decoder.decode({ event: '', data: JSON.stringify(finish('stop')) });
    decoder.end();
    const answer = foldEvents(events);
    expect(textOf(answer.parts, 'text')).toBe('ab');
    expect(answer.finish?.unified).toBe('end_turn');
  });

  test('surprising shapes inside a chunk never throw anything but MalformedEvent', () => {
    const strange: unknown[] = [null, 1, 'x', [], {}, [null], [[]], [{}], { a: 1 }, true];
    const fields = ['content', 'refusal', 'tool_calls', 'function_call', 'annotations', 'audio', 'images'];
    const more = ['reasoning', 'reasoning_content', 'reasoning_details', 'role'];
    for (const value of strange) {
      for (const field of [...fields, ...more]) {
        const data = JSON.stringify({ ...chunk({}), choices: [{ index: 0, delta: { [field]: value } }] });
        try {
          decode([{ event: '', data }]);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedEvent);
        }
      }
      for (const field of ['choices', 'usage', 'error', 'id', 'model', 'citations', 'x_groq']) {
        const data = JSON.stringify({ ...chunk({ content: 'a' }), [field]: value });
        try {
          decode([{ event: '', data }]);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedEvent);
        }
      }
    }
  });
});

test('thousands of calls distinguished by their ids alone take time in proportion to their number', () => {
  // With a search through all calls for each piece, it would take minutes.
  const events: StreamEvent[] = [];
  const decoder = openaiChat.provider.createStreamDecoder(events);
  for (let at = 0; at < 100_000; at++) {
    const call = { id: `call_${at}`, type: 'function', function: { name: 'f', arguments: '{}' } };
    decoder.decode({ event: '', data: JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] }) });
  }
  expect(events.filter(({ type }) => type === 'tool-start')).toBeArrayOfSize(100_000);
});
