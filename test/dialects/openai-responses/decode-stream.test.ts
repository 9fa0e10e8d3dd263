// What servers of this dialect leave out, number differently or say twice.
import { describe, expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { openToken } from '../../../src/model/opaque-token.ts';
import { cpuTimeOf } from '../../support/cpu-time.ts';
import { answerOf, callsOf, decode, sse, textsOf } from './events.ts';

const CREATED = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt-x', status: 'in_progress' },
};

function completed(output: JsonObject[] = [], more: JsonObject = {}): JsonObject {
  return {
    type: 'response.completed',
    response: { id: 'resp_1', model: 'gpt-x', status: 'completed', output, ...more },
  };
}

function run(...payloads: JsonObject[]) {
  return answerOf(decode(sse(CREATED, ...payloads)));
}

function message(text: string, annotations: JsonObject[] = []): JsonObject {
  return {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations }],
  };
}

const CALL = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'read', arguments: '{"a":1}' };
const CITED = { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 };

describe('text that is repeated', () => {
  const added = {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'message', id: 'msg_1', content: [] },
  };
  const where = { output_index: 0, content_index: 0, item_id: 'msg_1' };
  const delta = (text: string) => ({ type: 'response.output_text.delta', ...where, delta: text });
  const done = (text: string) => ({ type: 'response.output_text.done', ...where, text });
  const itemDone = { type: 'response.output_item.done', output_index: 0, item: message('Hello') };

  test.each([
    [
      'deltas and all that repeats them',
      [added, delta('Hel'), delta('lo'), done('Hello'), itemDone, completed([message('Hello')])],
    ],
    ['deltas alone', [added, delta('Hel'), delta('lo'), completed()]],
    ['deltas without the item', [delta('Hel'), delta('lo'), completed([message('Hello')])]],
    ['the done text alone', [added, done('Hello'), itemDone, completed([message('Hello')])]],
    ['the done item alone', [itemDone, completed()]],
    ['the terminal alone', [completed([message('Hello')])]],
    [
      'a first delta, the rest in the done text',
      [added, delta('Hel'), done('Hello'), completed([message('Hello')])],
    ],
    ['a first delta, the rest in the terminal', [added, delta('Hel'), completed([message('Hello')])]],
  ])('is told once: %s', (_, payloads) => {
    const answer = run(...payloads);
    expect(answer.parts).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(answer.finish).toEqual({ unified: 'end_turn', raw: 'completed' });
  });

  test('a done text that does not begin like the deltas adds nothing', () => {
    expect(textsOf(run(added, delta('Help'), done('Hello there'), completed()).parts, 'text')).toEqual([
      'Help',
    ]);
  });

  test('is found by the item where events have no place', () => {
    const bare = (text: string) => ({ type: 'response.output_text.delta', item_id: 'msg_1', delta: text });
    const other = {
      type: 'response.output_item.added',
      output_index: 1,
      item: { type: 'reasoning', id: 'rs_1' },
    };
    const thought = { type: 'response.reasoning_text.delta', item_id: 'rs_1', delta: 'hm' };
    const answer = run(added, other, bare('Hel'), thought, bare('lo'), completed([message('Hello')]));
    expect(textsOf(answer.parts, 'text')).toEqual(['Hello']);
    expect(textsOf(answer.parts, 'reasoning')).toEqual(['hm']);
  });

  test('parts are numbered as the server likes', () => {
    const second = (text: string) => ({ ...delta(text), content_index: 1 });
    expect(textsOf(run(added, second('Hel'), second('lo'), itemDone, completed()).parts, 'text')).toEqual([
      'Hello',
    ]);
  });

  test('two parts are two texts', () => {
    const item = {
      ...message('one'),
      content: [
        { type: 'output_text', text: 'one' },
        { type: 'refusal', refusal: 'two' },
      ],
    };
    const payloads = [added, delta('one'), { type: 'response.output_item.done', output_index: 0, item }];
    const answer = run(...payloads, completed([item]));
    expect(answer.parts).toEqual([
      { type: 'text', text: 'one' },
      { type: 'refusal', text: 'two' },
    ]);
  });

  test('annotations of a second part are not counted as those of the first', () => {
    const finished = (content_index: number, text: string) => ({
      type: 'response.content_part.done',
      ...where,
      content_index,
      part: { type: 'output_text', text, annotations: [CITED] },
    });
    const answer = run(added, finished(0, 'one'), finished(1, 'two'), completed());
    expect(answer.parts.map((part) => part.type === 'text' && part.citations?.length)).toEqual([1, 1]);
  });

  test('annotations are emitted once, wherever they are', () => {
    const event = { type: 'response.output_text.annotation.added', ...where, annotation: CITED };
    const part = {
      type: 'response.content_part.done',
      ...where,
      part: { type: 'output_text', text: 'Hello', annotations: [CITED] },
    };
    const cited = [
      {
        kind: 'url',
        url: 'https://a.example',
        title: 'A',
        start: 0,
        end: 2,
        extension: { dialect: 'openai-responses', fields: CITED },
      },
    ];
    for (const payloads of [
      [added, delta('Hello'), event, part],
      [added, delta('Hello'), part],
      [added, delta('Hello')],
    ]) {
      const answer = run(...payloads, completed([message('Hello', [CITED])]));
      expect(answer.parts).toEqual([{ type: 'text', text: 'Hello', citations: cited as never }]);
    }
  });

  test('a refusal is no text', () => {
    const refusal = { type: 'response.refusal.delta', ...where, delta: 'No.' };
    const item = { type: 'message', id: 'msg_1', content: [{ type: 'refusal', refusal: 'No.' }] };
    expect(run(added, refusal, completed([item])).parts).toEqual([{ type: 'refusal', text: 'No.' }]);
  });
});

describe('reasoning', () => {
  const added = {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [] },
  };
  const summary = (index: number, text: string) => ({
    type: 'response.reasoning_summary_text.delta',
    output_index: 0,
    summary_index: index,
    delta: text,
  });
  const content = (text: string) => ({
    type: 'response.reasoning_text.delta',
    output_index: 0,
    content_index: 0,
    delta: text,
  });
  const done = (item: JsonObject) => ({
    type: 'response.output_item.done',
    output_index: 0,
    item: { type: 'reasoning', id: 'rs_1', summary: [], ...item },
  });

  test('summary parts are one text', () => {
    const answer = run(added, summary(0, 'One'), summary(0, '.'), summary(1, 'Two.'), done({}), completed());
    expect(textsOf(answer.parts, 'reasoning')).toEqual(['One.\n\nTwo.']);
  });

  test('the token comes with the finished item, and holds its id', () => {
    const answer = run(added, summary(0, 'Hm'), done({ encrypted_content: 'ENC' }), completed());
    const [part] = answer.parts;
    if (part?.type !== 'reasoning' || part.signature === undefined) throw new Error('no token');
    expect(JSON.parse(openToken('openai-responses', part.signature) ?? '')).toEqual({
      id: 'rs_1',
      encrypted_content: 'ENC',
    });
  });

  test('encrypted reasoning without a word of text is emitted', () => {
    const answer = run(added, done({ encrypted_content: 'ENC' }), completed());
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: '', signature: expect.stringContaining('ENC') },
    ]);
  });

  test('an item that says nothing is no block', () => {
    expect(run(added, done({}), completed([{ type: 'reasoning', id: 'rs_1', summary: [] }])).parts).toEqual(
      [],
    );
  });

  test('raw reasoning is marked as such, so that it goes back as it came', () => {
    const answer = run(
      added,
      content('let me '),
      content('see'),
      done({ content: [{ type: 'reasoning_text', text: 'let me see' }] }),
      completed(),
    );
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: 'let me see', signature: expect.stringContaining('in_content') },
    ]);
  });

  test('of raw text and summary, the first to arrive is used', () => {
    const answer = run(
      added,
      content('raw'),
      summary(0, 'short'),
      content('!'),
      done({ summary: [{ type: 'summary_text', text: 'short' }] }),
      completed(),
    );
    expect(textsOf(answer.parts, 'reasoning')).toEqual(['raw!']);
  });

  test('is emitted from the finished item where no delta came', () => {
    const item = {
      summary: [
        { type: 'summary_text', text: 'A' },
        { type: 'summary_text', text: 'B' },
      ],
    };
    expect(textsOf(run(done(item), completed()).parts, 'reasoning')).toEqual(['A\n\nB']);
  });

  test('a done summary part adds what no delta contained', () => {
    const part = (index: number, text: string) => ({
      type: 'response.reasoning_summary_text.done',
      output_index: 0,
      summary_index: index,
      text,
    });
    const answer = run(added, summary(0, 'A'), part(0, 'A'), part(1, 'B'), done({}), completed());
    expect(textsOf(answer.parts, 'reasoning')).toEqual(['A\n\nB']);
  });

  test('interleaved with a message, its token comes before the message does', () => {
    const text = { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 'Hi' };
    const late = done({ content: [{ type: 'reasoning_text', text: 'raw' }] });
    const events = decode(sse(CREATED, added, content('raw'), text, late, completed()));
    const types = events.map((event) => event.type);
    const signed = events.find((event) => event.type === 'reasoning-signature');
    expect(JSON.stringify(signed)).toContain(added.item.id);
    expect(types.indexOf('reasoning-signature')).toBeLessThan(types.indexOf('text-start'));
    expect(types.filter((type) => type === 'reasoning-signature')).toHaveLength(1);
  });
});

describe('calls', () => {
  const added = (item: JsonObject) => ({ type: 'response.output_item.added', output_index: 0, item });
  const delta = (text: string) => ({
    type: 'response.function_call_arguments.delta',
    output_index: 0,
    delta: text,
  });
  const done = { type: 'response.output_item.done', output_index: 0, item: CALL };
  const expectedCalls = [{ id: 'call_1', name: 'read', text: '{"a":1}', kind: 'function' }];

  test.each([
    [
      'added, deltas, done',
      [added({ ...CALL, arguments: '' }), delta('{"a"'), delta(':1}'), done, completed([CALL])],
    ],
    [
      'arguments only in their done event',
      [
        added({ ...CALL, arguments: '' }),
        { type: 'response.function_call_arguments.done', output_index: 0, arguments: '{"a":1}' },
        done,
        completed([CALL]),
      ],
    ],
    ['arguments only in the done item', [added({ ...CALL, arguments: '' }), done, completed([CALL])]],
    ['only the done item', [done, completed([CALL])]],
    ['only the terminal', [completed([CALL])]],
    ['fragments before the name is known', [delta('{"a"'), delta(':1}'), done, completed([CALL])]],
    ['whole arguments already in the beginning', [added(CALL), delta('{"a":1}'), done, completed([CALL])]],
    [
      'never done, repeated by the terminal',
      [added({ ...CALL, arguments: '' }), delta('{"a"'), completed([CALL])],
    ],
  ])('%s', (_, payloads) => {
    const answer = run(...payloads);
    expect(callsOf(answer.parts)).toEqual(expectedCalls as never);
    expect(answer.finish).toEqual({ unified: 'tool_use', raw: 'completed' });
  });

  test('begin as soon as id and name are known', () => {
    const events = decode(sse(CREATED, added({ ...CALL, arguments: '' })));
    expect(events.at(-1)).toEqual({
      type: 'tool-start',
      block: 0,
      id: 'call_1',
      name: 'read',
      kind: 'function',
    });
  });

  test('a custom call is free text', () => {
    const item = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_2', name: 'patch', input: 'a\nb' };
    const input = { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: 'a\nb' };
    const answer = run(
      added({ ...item, input: '' }),
      input,
      { type: 'response.output_item.done', output_index: 0, item },
      completed([item]),
    );
    expect(callsOf(answer.parts)).toEqual([{ id: 'call_2', name: 'patch', text: 'a\nb', kind: 'custom' }]);
    expect(answer.finish?.unified).toBe('tool_use');
  });

  test.each([
    ['null', '{}'],
    ['\n "{\\"x\\": 1}" ', '{"x": 1}'],
    [' {"a":1}', ' {"a":1}'],
    ['"x"', '"x"'],
    ['nil', 'nil'],
  ])('arguments %p of models and servers that write them in another form are %p, whole', (text, expected) => {
    const item = { ...CALL, arguments: text };
    const [call] = openaiResponses.provider.parseResponse({ status: 'completed', output: [item] }).parts;
    expect(call?.type === 'tool-call' && call.arguments).toBe(expected);
  });

  test('a namespace is part of the name', () => {
    const item = { ...CALL, namespace: 'crm' };
    expect(callsOf(run(completed([item])).parts)[0]?.name).toBe('crm__read');
    expect(callsOf(run(completed([{ ...CALL, namespace: 'read' }])).parts)[0]?.name).toBe('read');
  });

  test('two calls at once keep their arguments apart', () => {
    const second = { ...CALL, id: 'fc_2', call_id: 'call_2' };
    const place = (index: number, text: string) => ({
      type: 'response.function_call_arguments.delta',
      output_index: index,
      delta: text,
    });
    const answer = run(
      added({ ...CALL, arguments: '' }),
      { type: 'response.output_item.added', output_index: 1, item: { ...second, arguments: '' } },
      place(1, '{"a"'),
      place(0, '{"a"'),
      place(0, ':1}'),
      place(1, ':2}'),
      completed([CALL, { ...second, arguments: '{"a":2}' }]),
    );
    expect(callsOf(answer.parts).map((call) => call.text)).toEqual(['{"a":1}', '{"a":2}']);
  });

  test('the id of the item stands in for a missing call_id', () => {
    const { call_id: _, ...bare } = CALL;
    expect(callsOf(run(completed([bare])).parts)[0]?.id).toBe('fc_1');
  });

  test('a call that never gets its name is an error, not an answer', () => {
    const answer = run(delta('{}'), completed());
    expect(answer.error?.code).toBe('upstream_malformed');
  });
});

describe('hosted items', () => {
  test('are calls that the provider ran, complete, and need no result', () => {
    const item = {
      type: 'web_search_call',
      id: 'ws_1',
      status: 'completed',
      action: { type: 'search', query: 'q' },
    };
    const answer = run(
      { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress' } },
      { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' },
      { type: 'response.output_item.done', output_index: 0, item },
      completed([item]),
    );
    expect(answer.parts).toEqual([
      {
        type: 'tool-call',
        id: 'ws_1',
        name: 'web_search',
        kind: 'server',
        arguments: '{"type":"search","query":"q"}',
        extension: { dialect: 'openai-responses', fields: item },
      },
    ]);
    expect(answer.finish?.unified).toBe('end_turn');
  });

  test('a generated image is media', () => {
    const item = {
      type: 'image_generation_call',
      id: 'ig_1',
      status: 'completed',
      output_format: 'webp',
      result: 'UklG',
    };
    const events = decode(sse(CREATED, completed([item])));
    expect(events).toContainEqual({
      type: 'media',
      block: 0,
      mediaType: 'image/webp',
      data: 'UklG',
      extension: {
        dialect: 'openai-responses',
        fields: { type: 'image_generation_call', id: 'ig_1', status: 'completed', output_format: 'webp' },
        // Told by the event itself.
        defaults: ['type', 'id', 'status', 'output_format'],
      },
    });
  });

  test('a generated image of an unstated format is PNG, as is the default', () => {
    const item = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBO' };
    const events = decode(sse(CREATED, completed([item])));
    expect(events).toContainEqual(expect.objectContaining({ type: 'media', mediaType: 'image/png' }));
  });

  test('an unknown item is an extension with the whole item', () => {
    const item = { type: 'compaction', id: 'cmp_1', encrypted_content: 'ENC' };
    const events = decode(sse(CREATED, completed([item])));
    expect(events).toContainEqual({
      type: 'extension',
      dialect: 'openai-responses',
      name: 'compaction',
      value: { value: item },
    });
  });
});

describe('what one event alone says is told, whether the item and the terminal repeat it or not', () => {
  const at = { output_index: 0, content_index: 0 };
  const added = (item: JsonObject) => ({ type: 'response.output_item.added', output_index: 0, item });
  const text = added({ type: 'message', id: 'msg_1', content: [] });
  const thought = added({ type: 'reasoning', id: 'rs_1', summary: [] });
  const custom = added({
    type: 'custom_tool_call',
    id: 'ctc_1',
    call_id: 'call_2',
    name: 'patch',
    input: '',
  });
  const said = { type: 'response.output_text.delta', ...at, delta: 'Hi' };

  test.each<[string, JsonObject[], JsonObject]>([
    ['response.output_text.done', [text], { text: 'Hi' }],
    ['response.refusal.delta', [text], { delta: 'Hi' }],
    ['response.refusal.done', [text], { refusal: 'Hi' }],
    ['response.output_text.annotation.added', [text, said], { annotation: CITED }],
    ['response.reasoning_text.delta', [thought], { delta: 'Hi' }],
    ['response.reasoning_text.done', [thought], { text: 'Hi' }],
    ['response.function_call_arguments.done', [added({ ...CALL, arguments: '' })], { arguments: '{"a":1}' }],
    ['response.custom_tool_call_input.done', [custom], { input: 'Hi' }],
  ])('%s', (type, before, fields) => {
    const answer = run(...before, { type, ...at, ...fields }, completed());
    const told = JSON.stringify(answer.parts);
    for (const value of Object.values(fields))
      expect(told).toContain(typeof value === 'string' ? JSON.stringify(value) : 'https://a.example');
    expect(answer.error).toBeNull();
  });
});

test('a start may be missing: the terminal names the answer', () => {
  expect(answerOf(decode(sse(completed([message('Hello')]))))).toMatchObject({
    id: 'resp_1',
    model: 'gpt-x',
  });
});

test('events of other kinds than the dialect has are counted, since an error may be among them', () => {
  const decoder = openaiResponses.provider.createStreamDecoder([]);
  for (const type of ['response.new_thing', 'keepalive', 'ping', 'failure'])
    decoder.decode({ event: type, data: JSON.stringify({ type }) });
  expect(decoder.strangers).toBe(1);
});

test('an error in a list is one', () => {
  const data = JSON.stringify([{ error: { message: 'it broke' } }]);
  expect(answerOf(decode([{ event: '', data }])).error?.message).toContain('it broke');
});

describe('the end', () => {
  test.each([
    ['max_output_tokens', { unified: 'max_tokens' }],
    ['content_filter', { unified: 'refusal' }],
    ['max_messages', { unified: 'max_tokens', isCut: true }],
    ['something_new', { unified: 'max_tokens', isCut: true }],
  ])('incomplete because of %s', (reason, finish) => {
    const response = {
      id: 'r',
      status: 'incomplete',
      incomplete_details: { reason },
      output: [message('Hel')],
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    const answer = run({ type: 'response.incomplete', response });
    expect(answer.finish).toEqual({ ...finish, raw: reason } as never);
    expect(answer.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  });

  test('incomplete with a call is still incomplete', () => {
    const response = {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [CALL],
    };
    expect(run({ type: 'response.incomplete', response }).finish?.unified).toBe('max_tokens');
  });

  test.each([
    ['rate_limit_exceeded', 'upstream_rate_limited', 429],
    ['insufficient_quota', 'upstream_rate_limited', 429],
    ['context_length_exceeded', 'context_too_long', 400],
    ['invalid_prompt', 'upstream_rejected', 400],
    ['invalid_image_url', 'upstream_rejected', 400],
    ['server_is_overloaded', 'upstream_overloaded', 503],
    ['slow_down', 'upstream_overloaded', 503],
    ['server_error', 'upstream_failed', 502],
    ['vector_store_timeout', 'upstream_failed', 502],
  ] as const)('failed with %s', (code, expected, status) => {
    const response = {
      status: 'failed',
      error: { code, message: 'because' },
      output: [],
      usage: { input_tokens: 9, output_tokens: 0 },
    };
    const { error, usage } = run({ type: 'response.failed', response });
    expect(error).toMatchObject({ code: expected, status, reason: { code } });
    expect(error?.message).toContain('because');
    expect(usage.inputTokens).toBe(9);
  });

  test.each([
    [
      'nested',
      { type: 'error', error: { type: 'tokens', code: 'rate_limit_exceeded', message: 'slow', param: null } },
    ],
    [
      'flat',
      { type: 'error', code: 'rate_limit_exceeded', message: 'slow', param: null, sequence_number: 3 },
    ],
    ['without a type', { error: { code: 'rate_limit_exceeded', message: 'slow' } }],
  ])('an error event, %s', (_, payload: JsonObject) => {
    const answer = run(payload);
    expect(answer.error).toMatchObject({ code: 'upstream_rate_limited', status: 429 });
    expect(answer.error?.message).toContain('slow');
  });

  test('an error event first is the whole answer', () => {
    const events = decode(sse({ type: 'error', error: { code: 'server_error', message: 'no' } }));
    expect(events.map((event) => event.type)).toEqual(['error']);
  });

  test('an error event of plain text is an error', () => {
    const events = decode([{ event: 'error', data: 'it broke' }]);
    expect(events).toMatchObject([{ type: 'error' }]);
  });

  test('a terminal that says failed is an error whatever it is called', () => {
    expect(
      run(completed([], { status: 'failed', error: { code: 'server_error', message: 'x' } })).error?.code,
    ).toBe('upstream_failed');
  });

  test('the type of the terminal says how it ended where nothing else does', () => {
    const response = { id: 'resp_1', model: 'gpt-x', output: [] };
    expect(run({ type: 'response.incomplete', response }).finish).toMatchObject({ raw: 'incomplete' });
    expect(run({ type: 'response.failed', response })).toMatchObject({ finish: null });
    expect(run({ type: 'response.failed', response }).error?.code).toBe('upstream_failed');
  });

  test('events after the terminal are ignored', () => {
    const answer = run(completed([message('Hi')]), CREATED, completed([message('again')]));
    expect(textsOf(answer.parts, 'text')).toEqual(['Hi']);
  });

  test('[DONE] is no event, before or behind the terminal', () => {
    const done = { event: '', data: '[DONE]' };
    const events = decode([...sse(CREATED), done]);
    expect(events.map((event) => event.type)).toEqual(['start']);
    expect(answerOf(decode([...sse(CREATED, completed()), done])).finish?.unified).toBe('end_turn');
  });

  test('EOF without a terminal is no finish', () => {
    const item = { type: 'response.output_item.done', output_index: 0, item: message('Hello') };
    expect(run(item)).toMatchObject({ finish: null, error: null });
  });
});

describe('what cannot be read', () => {
  test.each([
    ['no JSON', '{"type":'],
    ['no object', '[]'],
    ['no type', '{"x":1}'],
    ['text that is none', '{"type":"response.output_text.delta","delta":{}}'],
    ['an item that is none', '{"type":"response.output_item.done","output_index":0}'],
  ])('%s throws, and the decoder goes on', (_, data) => {
    const events: StreamEvent[] = [];
    const decoder = openaiResponses.provider.createStreamDecoder(events);
    expect(() => decoder.decode({ event: '', data })).toThrow(MalformedEvent);
    for (const event of sse(CREATED, completed([message('Hello')]))) decoder.decode(event);
    expect(answerOf(events).parts).toEqual([{ type: 'text', text: 'Hello' }]);
  });

  test('unknown events are passed over', () => {
    expect(run({ type: 'response.new_thing.delta', output_index: 7, delta: 'x' }, completed()).parts).toEqual(
      [],
    );
  });

  test('the event name stands in for a missing type', () => {
    const { type, ...rest } = completed([message('Hello')]);
    const events = decode([...sse(CREATED), { event: String(type), data: JSON.stringify(rest) }]);
    expect(answerOf(events).finish?.unified).toBe('end_turn');
  });
});

describe('counts', () => {
  test('cached and written tokens are part of the input, searches are counted apart', () => {
    const usage = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 30, cache_write_tokens: 50 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 5 },
    };
    const answer = run(completed([], { usage, tool_usage: { web_search: { num_requests: 2 } } }));
    expect(answer.usage).toMatchObject({
      inputTokens: 20,
      cacheReadTokens: 30,
      cacheWriteTokens: 50,
      outputTokens: 20,
      reasoningTokens: 5,
      webSearches: 2,
    });
  });

  test('more cached than input tokens are counted apart', () => {
    const usage = { input_tokens: 10, input_tokens_details: { cached_tokens: 30 }, output_tokens: 1 };
    expect(run(completed([], { usage })).usage).toMatchObject({ inputTokens: 10, cacheReadTokens: 30 });
  });
});

describe('classify', () => {
  const { classify } = openaiResponses.provider;
  test.each([
    [{ event: 'response.completed', data: '{}' }, 'terminal'],
    [{ event: 'response.incomplete', data: '{}' }, 'terminal'],
    [{ event: 'response.failed', data: '{}' }, 'terminal'],
    // OpenAI tells the failed response behind it.
    [{ event: 'error', data: '{}' }, 'other'],
    [{ event: 'keepalive', data: '{"type":"keepalive"}' }, 'ping'],
    [{ event: '', data: '{"sequence_number":14,"type":"keepalive"}' }, 'ping'],
    [{ event: '', data: '{"type":"response.completed","response":{}}' }, 'terminal'],
    [
      {
        event: '',
        data: `{"response":{"x":"${'y'.repeat(200)}"},"sequence_number":14,"type":"response.completed"}`,
      },
      'terminal',
    ],
    [{ event: '', data: '{"type":"response.output_text.delta","delta":"x"}' }, 'other'],
    [{ event: '', data: '[DONE]' }, 'ping'],
  ] as const)('%j is %s', (event, kind) => {
    expect(classify(event)).toBe(kind);
  });
});

test('items whose places are left out are emitted once each, in their order', () => {
  const second = { ...message('there'), id: 'msg_2' };
  const call = { ...CALL, id: 'fc_2', call_id: 'call_2' };
  const begin = (item: JsonObject) => ({
    type: 'response.output_item.added',
    item: { ...item, ...(item.type === 'message' ? { content: [] } : { arguments: '' }) },
  });
  const end = (item: JsonObject) => ({ type: 'response.output_item.done', item });
  const said = (item_id: string, delta: string) => ({ type: 'response.output_text.delta', item_id, delta });
  const asked = (item_id: string) => ({
    type: 'response.function_call_arguments.delta',
    item_id,
    delta: '{"a":1}',
  });
  const all = [message('Hello'), CALL, call, second];
  const streams = [
    [begin(message('')), said('msg_1', 'Hello'), end(message('Hello'))],
    [begin(CALL), asked('fc_1'), end(CALL)],
    [begin(call), asked('fc_2'), end(call)],
    [begin(second), said('msg_2', 'there'), end(second)],
  ].flat();
  for (const payloads of [streams, all.map(end)]) {
    for (const output of [all, []]) {
      const answer = run(...payloads, completed(output));
      expect(textsOf(answer.parts, 'text')).toEqual(['Hello', 'there']);
      expect(callsOf(answer.parts).map(({ id }) => id)).toEqual(['call_1', 'call_2']);
    }
  }
});

test('an unknown event is reported once, the progress of hosted tools is not', () => {
  const events = decode(
    sse(
      CREATED,
      { type: 'response.odour.delta', delta: 'a' },
      { type: 'response.odour.delta', delta: 'b' },
      { type: 'response.code_interpreter_call_code.delta', delta: 'c' },
      { type: 'response.odour.done' },
      completed(),
    ),
  );
  const named = events.flatMap((event) => (event.type === 'extension' ? [event.name] : []));
  expect(named).toEqual(['response.odour.delta']);
});

test('what moderation found is emitted by the last event', () => {
  const moderation = { input: { type: 'error', code: 'failed', message: 'no result' } };
  const response = { id: 'r', status: 'completed', output: [], moderation };
  expect(decode(sse({ type: 'response.completed', response }))).toContainEqual(
    expect.objectContaining({ type: 'extension', name: 'moderation' }),
  );
});

test('thousands of calls in one answer take no time out of proportion to their number', () => {
  // With a search through all items for each of them, it would take seven seconds.
  const calls = Array.from({ length: 20_000 }, (_, at) => ({
    ...CALL,
    id: `fc_${at}`,
    call_id: `call_${at}`,
  }));
  const added = calls.map((item, output_index) => ({
    type: 'response.output_item.added',
    output_index,
    item,
  }));
  const stream = sse(CREATED, ...added, completed(calls));
  const { result, cpuMs } = cpuTimeOf(() => decode(stream));
  expect(result.filter(({ type }) => type === 'tool-end')).toBeArrayOfSize(calls.length);
  expect(cpuMs).toBeLessThan(2_000);
});

test('thousands of parts in one message take no time out of proportion to their number', () => {
  const added = {
    type: 'response.output_item.added',
    output_index: 0,
    item: { type: 'message', id: 'msg_1', content: [] },
  };
  const deltas = Array.from({ length: 50_000 }, (_, content_index) => ({
    type: 'response.output_text.delta',
    output_index: 0,
    content_index,
    delta: 'a',
  }));
  // The first one again, which has ended.
  const stream = sse(CREATED, added, ...deltas, ...deltas.slice(0, 1), completed());
  const { result, cpuMs } = cpuTimeOf(() => decode(stream));
  expect(result.filter(({ type }) => type === 'text-delta')).toBeArrayOfSize(deltas.length);
  expect(result.filter(({ type }) => type === 'text-end')).toBeArrayOfSize(deltas.length);
  expect(cpuMs).toBeLessThan(2_000);
});
