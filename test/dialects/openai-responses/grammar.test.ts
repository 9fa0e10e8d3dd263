// Each rule of the grammar notices the stream that breaks it.
import { describe, expect, test } from 'bun:test';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { asObject, type JsonObject } from '../../../src/model/json/json.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { encode, payloads, sse, violations } from './events.ts';

const ANSWER: StreamEvent[] = [
  { type: 'start', id: 'resp_1', model: 'm' },
  { type: 'reasoning-start', block: 0 },
  { type: 'reasoning-delta', block: 0, text: 'Hm' },
  { type: 'reasoning-end', block: 0 },
  { type: 'text-start', block: 1 },
  { type: 'text-delta', block: 1, text: 'Hello' },
  { type: 'text-end', block: 1 },
  { type: 'tool-start', block: 2, id: 'call_1', name: 'read', kind: 'function' },
  { type: 'tool-delta', block: 2, arguments: '{}' },
  { type: 'tool-end', block: 2 },
  { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } },
  { type: 'finish', finish: { unified: 'tool_use', raw: null } },
];

const SOUND = payloads(encode(ANSWER));

/** The stream with its events changed; `sequence_number` is put right again. */
function changed(change: (events: JsonObject[]) => JsonObject[]): SseEvent[] {
  const events = change(structuredClone(SOUND));
  return sse(...events.map((event, at) => ({ ...event, sequence_number: at })));
}

function index(type: string): number {
  const at = SOUND.findIndex((event) => event.type === type);
  if (at === -1) throw new Error(`no ${type}`);
  return at;
}

const without = (type: string) => changed((events) => events.filter((_, at) => at !== index(type)));
const twice = (type: string) =>
  changed((events) => events.toSpliced(index(type), 0, events[index(type)] ?? {}));
const edited = (type: string, edit: (event: JsonObject) => JsonObject) =>
  changed((events) =>
    events.with(index(type), { ...events[index(type)], ...edit(events[index(type)] ?? {}) }),
  );
const item = (event: JsonObject) => asObject(event.item) ?? {};
const response = (event: JsonObject) => asObject(event.response) ?? {};

test('a sound stream has no violations, and states its end', () => {
  expect(violations(sse(...SOUND))).toEqual([]);
  const checker = openaiResponses.createGrammarChecker();
  for (const event of sse(...SOUND)) checker.check(event);
  expect(checker.summary()).toMatchObject({
    finish: 'completed',
    usage: { inputTokens: 3, outputTokens: 2 },
  });
});

test.each<[string, SseEvent[], RegExp]>([
  ['no response.created', without('response.created'), /before response.created/],
  ['response.created twice', twice('response.created'), /response.created twice/],
  [
    'a gap in the numbers',
    sse(...SOUND.map((event, at) => (at > 4 ? { ...event, sequence_number: at + 1 } : event))),
    /sequence_number 6 after 4/,
  ],
  [
    'an event without number',
    sse(...SOUND.map(({ sequence_number: _, ...event }) => event)),
    /no sequence_number/,
  ],
  ['an event with another name', [{ event: 'message', data: JSON.stringify(SOUND[0]) }], /named "message"/],
  ['no JSON', [{ event: 'x', data: '{' }], /not a JSON object/],
  [
    'another response id',
    edited('response.completed', (event) => ({ response: { ...response(event), id: 'other' } })),
    /the id changes/,
  ],
  ['an item never added', without('response.output_item.added'), /which was not added/],
  ['an item never done', without('response.output_item.done'), /is not done/],
  ['an item done twice', twice('response.output_item.done'), /is done twice/],
  [
    'an item added at a wrong place',
    edited('response.output_item.added', () => ({ output_index: 3 })),
    /added at 3 after 0/,
  ],
  [
    'an item that changes its id',
    edited('response.output_item.done', (event) => ({ item: { ...item(event), id: 'x' } })),
    /changes its id/,
  ],
  [
    'an item that changes its type',
    edited('response.output_item.done', (event) => ({ item: { ...item(event), type: 'message' } })),
    /ends as message/,
  ],
  [
    'an event of another item id',
    edited('response.output_text.delta', () => ({ item_id: 'x' })),
    /names item x/,
  ],
  ['a part never added', without('response.content_part.added'), /content 0, which was not added/],
  ['a part never done', without('response.content_part.done'), /content 0 of item 1 is not done/],
  ['a part added twice', twice('response.content_part.added'), /content 0 is added twice/],
  ['a part done twice', twice('response.content_part.done'), /content 0 is done twice/],
  [
    'a summary part never added',
    without('response.reasoning_summary_part.added'),
    /summary 0, which was not added/,
  ],
  [
    'a summary part never done',
    without('response.reasoning_summary_part.done'),
    /summary 0 of item 0 is not done/,
  ],
  ['a delta lost', without('response.output_text.delta'), /output_text.done differs from/],
  [
    'a delta behind the done text',
    changed((events) =>
      events.toSpliced(
        index('response.output_text.done') + 1,
        0,
        events[index('response.output_text.delta')] ?? {},
      ),
    ),
    /after content 0 was done/,
  ],
  ['a delta that is no text', edited('response.output_text.delta', () => ({ delta: 7 })), /without delta/],
  [
    'another text in the part',
    edited('response.content_part.done', () => ({ part: { type: 'output_text', text: 'x' } })),
    /done part differs from/,
  ],
  [
    'another text in the item',
    edited('response.output_item.done', (event) => ({ item: { ...item(event), summary: [] } })),
    /done item differs from/,
  ],
  [
    'other arguments',
    edited('response.function_call_arguments.done', () => ({ arguments: '{"a":1}' })),
    /differs from its deltas/,
  ],
  [
    'text in a call',
    edited('response.output_text.delta', () => ({ output_index: 0, item_id: 'rs_req1_0' })),
    /in a reasoning/,
  ],
  [
    'other items in the terminal',
    edited('response.completed', (event) => ({ response: { ...response(event), output: [] } })),
    /differs from the items that were sent/,
  ],
  [
    'another status in the terminal',
    edited('response.completed', (event) => ({ response: { ...response(event), status: 'failed' } })),
    /says status failed/,
  ],
  [
    'no usage',
    edited('response.completed', (event) => ({ response: { ...response(event), usage: undefined } })),
    /without usage/,
  ],
  ['no terminal', without('response.completed'), /no terminal event/],
  ['two terminals', twice('response.completed'), /response.completed after response.completed/],
  ['[DONE]', [...sse(...SOUND), { event: '', data: '[DONE]' }], /\[DONE\]/],
  ['an error without message', sse({ type: 'error', sequence_number: 0 }), /an error without message/],
])('%s', (_, events, pattern) => {
  expect(violations(events).join('\n')).toMatch(pattern);
});

describe('a call', () => {
  test.each(['call_id', 'name'])('begins with its %s', (field) => {
    const added = SOUND.findIndex((event) => item(event).type === 'function_call');
    const events = changed((all) =>
      all.with(added, { ...all[added], item: { ...item(all[added] ?? {}), [field]: '' } }),
    );
    expect(violations(events).join('\n')).toContain(`begins without ${field}`);
  });
});

describe('failures', () => {
  const error = { type: 'error', sequence_number: 0, message: 'x', code: null, param: null };
  const failed = {
    type: 'response.failed',
    sequence_number: 1,
    response: { id: 'r', status: 'failed', error: { message: 'x' } },
  };
  const created = {
    type: 'response.created',
    sequence_number: 0,
    response: { id: 'r', status: 'in_progress' },
  };

  test('an error alone is an end', () => {
    expect(violations(sse(error))).toEqual([]);
  });

  test('the failed response may follow it, as OpenAI does', () => {
    const events = sse(created, { ...error, sequence_number: 1 }, { ...failed, sequence_number: 2 });
    expect(violations(events)).toEqual([]);
  });

  test('nothing else may', () => {
    const events = sse(created, { ...error, sequence_number: 1 }, { ...created, sequence_number: 2 });
    expect(violations(events).join()).toContain('response.created after error');
  });

  test('a failed response says why', () => {
    const events = sse(created, { ...failed, response: { id: 'r', status: 'failed', error: null } });
    expect(violations(events).join()).toContain('without error.message');
  });

  test('an incomplete response says why', () => {
    const response = { id: 'r', status: 'incomplete', output: [], usage: null };
    const events = sse(created, { type: 'response.incomplete', sequence_number: 1, response });
    expect(violations(events).join()).toContain('without a reason');
  });
});
