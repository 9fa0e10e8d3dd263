// Histories of calls that their clients' own providers take, and others hold to an order: ids that come again, results that come
// late or never.
import { describe, expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { pairCalls } from '../../src/dialects/shared/tools/pair-calls.ts';
import { LossReport } from '../../src/dialects/shared/losses/loss-report.ts';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { Message, NeutralRequest } from '../../src/model/request.ts';

const call = (id: string, name = 'f') => ({
  id,
  type: 'function',
  function: { name, arguments: '{}' },
});
const result = (id: string, content: string) => ({ role: 'tool', tool_call_id: id, content });

function chat(messages: JsonObject[]): NeutralRequest {
  return DIALECTS['openai-chat'].client.parseRequest(
    { model: 'm', messages },
    { operation: 'generate', model: 'm' },
  );
}

function responses(input: JsonObject[]): NeutralRequest {
  return DIALECTS['openai-responses'].client.parseRequest(
    { model: 'm', input },
    { operation: 'generate', model: 'm' },
  );
}

function paired(request: NeutralRequest) {
  const losses = new LossReport('anthropic-messages');
  return { messages: pairCalls(request, losses).messages, lost: losses.list().map(({ feature }) => feature) };
}

/** What is told of calls and results, in order. */
function summaryOf(messages: readonly Message[]): string[] {
  return messages.map(({ role, parts }) => {
    const said = parts.map((part) => {
      if (part.type === 'tool-call') return `${part.name} ${part.id}`;
      if (part.type === 'text') return part.text;
      const [first] = part.type === 'tool-result' ? part.content : [];
      return part.type === 'tool-result'
        ? `${part.callId}=${first?.type === 'text' && first.text}`
        : part.type;
    });
    return `${role}: ${said.join(', ')}`;
  });
}

test('a history in order is the same', () => {
  const request = chat([
    { role: 'user', content: 'q' },
    { role: 'assistant', tool_calls: [call('a'), call('b')] },
    result('b', '2'),
    result('a', '1'),
    { role: 'assistant', content: 'done' },
  ]);
  expect(pairCalls(request, new LossReport('gemini'))).toBe(request);
});

test('calls whose numbering starts over in each turn get ids of their own, and so do their results', () => {
  const { messages, lost } = paired(
    chat([
      { role: 'user', content: 'q' },
      {
        role: 'assistant',
        tool_calls: [call('call_0', 'one'), call('call_1', 'two'), call('call_0_2', 'three')],
      },
      result('call_0', '1'),
      result('call_1', '2'),
      result('call_0_2', '3'),
      { role: 'assistant', tool_calls: [call('call_0', 'four')] },
      result('call_0', '4'),
    ]),
  );
  expect(summaryOf(messages)).toEqual([
    'user: q',
    'assistant: one call_0, two call_1, three call_0_2',
    'user: call_0=1, call_1=2, call_0_2=3',
    'assistant: four call_0_3',
    'user: call_0_3=4',
  ]);
  expect(lost).toEqual([]);
});

test('two messages of the model in a row are one turn, whose results stay where they are', () => {
  const { messages, lost } = paired(
    chat([
      { role: 'user', content: 'q' },
      { role: 'assistant', tool_calls: [call('a', 'one')] },
      { role: 'assistant', content: 'wait', tool_calls: [call('a', 'two')] },
      result('a', '1'),
      result('a', '2'),
      { role: 'assistant', tool_calls: [call('b', 'three')] },
      result('b', '3'),
    ]),
  );
  expect(summaryOf(messages)).toEqual([
    'user: q',
    'assistant: one a',
    'assistant: wait, two a_2',
    'user: a=1, a_2=2',
    'assistant: three b',
    'user: b=3',
  ]);
  expect(lost).toEqual([]);
});

test('a call that never got its result does not take that of a later one with its id', () => {
  const { messages, lost } = paired(
    chat([
      { role: 'assistant', tool_calls: [call('c', 'one')] },
      { role: 'user', content: 'Not that.' },
      { role: 'assistant', tool_calls: [call('c', 'two')] },
      result('c', '2'),
      { role: 'assistant', tool_calls: [call('c', 'three')] },
      result('c', '3'),
    ]),
  );
  expect(summaryOf(messages)).toEqual([
    'assistant: one c',
    'user: c=(no output), Not that.',
    'assistant: two c_2',
    'user: c_2=2',
    'assistant: three c_3',
    'user: c_3=3',
  ]);
  expect(lost).toEqual(['messages']);
});

describe('a call that never gets its result', () => {
  const made = { role: 'assistant', tool_calls: [call('a'), call('b')] };
  const user = (content: string) => ({ role: 'user', content });

  test('gets an empty one once the conversation has gone on', () => {
    const { messages, lost } = paired(chat([user('q'), made, result('b', '2'), user('And?')]));
    expect(summaryOf(messages)).toEqual([
      ...['user: q', 'assistant: f a, f b'],
      ...['user: a=(no output), b=2', 'user: And?'],
    ]);
    expect(lost).toEqual(['messages']);
    const answered = { role: 'assistant', content: 'Well.' };
    expect(summaryOf(paired(chat([user('q'), made, answered, user('And?')])).messages)).toEqual([
      'user: q',
      ...['assistant: f a, f b', 'assistant: Well.'],
      'user: a=(no output), b=(no output), And?',
    ]);
  });

  // As in a history that Anthropic once took.
  test('is left as it is where a result of another id stands in its place', () => {
    const asked = [user('q'), { role: 'assistant', tool_calls: [call('a')] }, result('z', '1')];
    const request = chat(asked);
    expect(pairCalls(request, new LossReport('gemini'))).toBe(request);
    const again = [...asked, { role: 'assistant', tool_calls: [call('b'), call('b')] }];
    expect(summaryOf(paired(chat(again)).messages)).toEqual([
      ...['user: q', 'assistant: f a', 'user: z=1'],
      'assistant: f b, f b_2',
    ]);
  });

  test('waits for it at the end', () => {
    const request = chat([user('q'), made]);
    expect(pairCalls(request, new LossReport('gemini'))).toBe(request);
    const repeated = chat([user('q'), made, result('a', '1'), result('b', '2'), made]);
    expect(summaryOf(paired(repeated).messages).at(-1)).toBe('assistant: f a_2, f b_2');
  });
});

test('two calls of a turn with one id are answered in their order', () => {
  const history = [
    { role: 'assistant', tool_calls: [call('c', 'one'), call('c', 'two')] },
    result('c', '1'),
    result('c', '2'),
  ];
  expect(summaryOf(paired(chat(history)).messages)).toEqual([
    'assistant: one c, two c_2',
    'user: c=1, c_2=2',
  ]);
});

describe('a result that comes after further turns', () => {
  const output = (id: string, text: string) => ({ type: 'function_call_output', call_id: id, output: text });
  const made = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
  const said = (text: string) => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text }],
  });

  test('stands behind its call', () => {
    const items = [made('a'), made('b'), output('b', '2'), said('Still at it.'), output('a', '1')];
    const { messages, lost } = paired(responses([{ role: 'user', content: 'q' }, ...items]));
    expect(summaryOf(messages)).toEqual([
      'user: q',
      'assistant: f a, f b',
      'user: a=1, b=2',
      'assistant: Still at it.',
      'user: (The result of an earlier call has come: it stands behind that call.)',
    ]);
    expect(lost).toEqual(['messages']);
  });

  test('stands behind its call where an instruction stands between', () => {
    const system = { role: 'developer', content: 'Hurry.' };
    const items = [
      made('a'),
      system,
      said('Still at it.'),
      output('a', '1'),
      { role: 'user', content: 'And?' },
    ];
    expect(summaryOf(paired(responses([{ role: 'user', content: 'q' }, ...items])).messages)).toEqual([
      'user: q',
      'assistant: f a',
      'user: a=1',
      'system: Hurry.',
      'assistant: Still at it.',
      'user: (The result of an earlier call has come: it stands behind that call.)',
      'user: And?',
    ]);
  });
});

describe('a result that comes again', () => {
  const asked = [
    { role: 'user', content: 'q' },
    { role: 'assistant', tool_calls: [call('a'), call('b')] },
    result('a', '1'),
    result('b', '2'),
  ];

  test('in the same turn stands once', () => {
    const { messages, lost } = paired(chat([...asked, result('a', '1'), { role: 'user', content: 'And?' }]));
    expect(summaryOf(messages)).toEqual(['user: q', 'assistant: f a, f b', 'user: a=1, b=2', 'user: And?']);
    expect(lost).toEqual([]);
  });

  test('and says something else holds, in the place of the first', () => {
    const later = [{ role: 'assistant', content: 'Hm.' }, result('a', 'no, 3'), result('a', 'no, 4')];
    const { messages, lost } = paired(chat([...asked, ...later]));
    expect(summaryOf(messages)).toEqual([
      'user: q',
      'assistant: f a, f b',
      'user: a=no, 4, b=2',
      'assistant: Hm.',
      'user: (The result of an earlier call has come: it stands behind that call.)',
    ]);
    expect(lost).toEqual(['messages']);
  });
});

describe("a result in the turn of the model's own call", () => {
  const use = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
  const found = (id: string, content: string) => ({ type: 'tool_result', tool_use_id: id, content });
  const claude = (messages: JsonObject[]) =>
    DIALECTS['anthropic-messages'].client.parseRequest(
      { model: 'm', max_tokens: 9, messages },
      { operation: 'generate', model: 'm' },
    );

  test('stands behind it', () => {
    const content = [use('a'), found('a', '1'), use('b'), { type: 'text', text: 'So.' }];
    const history = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content },
      { role: 'user', content: [found('b', '2'), { type: 'text', text: 'And?' }] },
    ];
    const { messages, lost } = paired(claude(history));
    expect(summaryOf(messages)).toEqual(['user: q', 'assistant: f a, f b, So.', 'user: a=1, b=2, And?']);
    expect(lost).toEqual(['messages']);
  });

  test('stands behind it at the end, too, and so does that of a call that nobody made', () => {
    const history = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: [use('a'), found('a', '1'), found('z', '2')] },
    ];
    expect(summaryOf(paired(claude(history)).messages)).toEqual([
      'user: q',
      'assistant: f a',
      'user: a=1, z=2',
    ]);
  });

  test.each<ProviderDialectId[]>([
    ['openai-chat'],
    ['openai-responses'],
    ['gemini'],
    ['ollama-chat'],
    ['bedrock-converse'],
  ])('%s gets it after the call', (wire) => {
    const history = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: [use('a'), found('a', 'found it')] },
      { role: 'user', content: 'And?' },
    ];
    const { body } = PROVIDER_SIDES[wire].buildRequest(claude(history), { model: 'm', quirks: {} });
    const sent = JSON.stringify(body);
    expect(sent.indexOf('found it')).toBeGreaterThan(sent.indexOf('"f"'));
    expect(sent.indexOf('And?')).toBeGreaterThan(sent.indexOf('found it'));
  });
});

test.each<[ProviderDialectId, string, RegExp]>([
  ['anthropic-messages', 'claude-opus-4-8', /"(?:tool_use_)?id":"(c\w*)"/g],
  ['bedrock-converse', 'anthropic.claude-opus-4-8', /"toolUseId":"(c\w*)"/g],
  ['openai-chat', 'gpt-4.1', /"(?:tool_call_)?id":"(c\w*)"/g],
  ['openai-responses', 'gpt-5', /"call_id":"(c\w*)"/g],
  ['gemini', 'gemini-3-pro', /"id":"(c\w*)"/g],
])('%s is told each id once, by call and by result', (wire, model, ids) => {
  const request = chat([
    { role: 'user', content: 'q' },
    { role: 'assistant', tool_calls: [call('c')] },
    result('c', '1'),
    { role: 'assistant', tool_calls: [call('c')] },
    result('c', '2'),
  ]);
  const { body } = PROVIDER_SIDES[wire].buildRequest(request, { model, quirks: {} });
  expect([...JSON.stringify(body).matchAll(ids)].map(([, id]) => id)).toEqual(['c', 'c', 'c_2', 'c_2']);
});

test('of many calls and results that are out of order it takes no time out of proportion to their number', () => {
  const count = 30_000;
  const parts = Array.from({ length: count }, (_, at) => ({
    type: 'tool-call' as const,
    id: `c${at}`,
    name: 'f',
    arguments: '{}',
    kind: 'function' as const,
  }));
  const more: Message[] = parts.flatMap(({ id }) => [
    { role: 'assistant', parts: [{ type: 'text', text: 'wait' }] },
    { role: 'user', parts: [{ type: 'tool-result', callId: id, content: [] }] },
  ]);
  const messages: Message[] = [{ role: 'assistant', parts }, { role: 'user', parts: [] }, ...more];
  const request = { model: 'm', stream: false, system: [], messages, tools: [] };
  const { messages: pairedMessages } = pairCalls(request, new LossReport('gemini'));
  expect(pairedMessages[1]?.parts).toBeArrayOfSize(count);
});

test('ids that come again and again next to those that would distinguish them take no time out of proportion to their number', () => {
  const count = 20_000;
  const ids = Array.from({ length: count }, (_, at) => `c_${at + 2}`);
  const messages = [{ role: 'assistant', tool_calls: [...ids, ...ids.map(() => 'c')].map((id) => call(id)) }];
  const { messages: all } = paired(chat(messages));
  const made = all.flatMap(({ parts }) => parts.map((part) => (part.type === 'tool-call' ? part.id : '')));
  expect(new Set(made).size).toBe(2 * count);
});
