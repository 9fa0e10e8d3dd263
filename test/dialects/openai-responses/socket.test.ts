// What is posted for the messages of a WebSocket, and what of earlier ones goes with it.
import { describe, expect, test } from 'bun:test';
import { responsesSocket } from '../../../src/dialects/openai-responses/socket.ts';
import type { SocketConversation } from '../../../src/dialects/socket.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';

const CONTEXT = { requestId: 'r', created: 1, stop() {} };
const create = (fields: JsonObject) => JSON.stringify({ type: 'response.create', model: 'm', ...fields });

/** What is posted for a message, which is then answered with these items. */
function turn(conversation: SocketConversation, text: string, id: string, output: JsonObject[] = []): string {
  const message = conversation.read(text);
  const begun = message.begin(CONTEXT);
  if (!('body' in begun)) throw new Error('nothing is posted');
  for (const [index, item] of output.entries()) {
    const done = { type: 'response.output_item.done', output_index: index, item };
    message.event({ event: done.type, data: JSON.stringify(done) });
  }
  const completed = { type: 'response.completed', response: { id, output: [] } };
  message.event({ event: completed.type, data: JSON.stringify(completed) });
  return begun.body;
}

const REASONING = { type: 'reasoning', id: 'rs_1', summary: [] };
const CALL = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'f', arguments: '{}' };

describe('what is posted', () => {
  test('the message without its envelope, every other byte as it was sent', () => {
    const text =
      '{ "type" : "response.create", "model":"m",  "input": [ {"role":"user","content":"\\u00e9"} ], "temperature": 1.0, "stream_id":"a" }';
    expect(turn(responsesSocket.open(), text, 'resp_1')).toBe(
      '{ "model":"m",  "input": [ {"role":"user","content":"\\u00e9"} ], "temperature": 1.0,"stream":true}',
    );
  });

  test('a continued message has the items before it as they were sent, and loses the id', () => {
    const conversation = responsesSocket.open();
    turn(conversation, '{"type":"response.create","model":"m","input":[{"n":1.0}]}', 'resp_1', [CALL]);
    const next =
      '{"type":"response.create","model":"m","previous_response_id":"resp_1","input":[ {"n":1e400} ]}';
    expect(turn(conversation, next, 'resp_2')).toBe(
      `{"model":"m","stream":true,"input":[{"n":1.0},${JSON.stringify(CALL)},{"n":1e400}]}`,
    );
    const last = create({ previous_response_id: 'resp_2' });
    expect(JSON.parse(turn(conversation, last, 'resp_3').replace('1e400', '2')).input).toEqual([
      { n: 1 },
      CALL,
      { n: 2 },
    ]);
  });

  test('an answer that failed is not continued', () => {
    const conversation = responsesSocket.open();
    const message = conversation.read(create({ input: 'x' }));
    message.begin(CONTEXT);
    const failed = { type: 'response.failed', response: { id: 'resp_1' } };
    message.event({ event: failed.type, data: JSON.stringify(failed) });
    const next = turn(conversation, create({ previous_response_id: 'resp_1', input: 'y' }), 'resp_2');
    expect(JSON.parse(next)).toMatchObject({ previous_response_id: 'resp_1', input: 'y' });
  });

  test('only the latest answers are kept', () => {
    const conversation = responsesSocket.open();
    for (let index = 0; index < 40; index++) turn(conversation, create({ input: 'x' }), `resp_${index}`);
    const after = (id: string) =>
      JSON.parse(turn(conversation, create({ previous_response_id: id }), 'resp_x'));
    expect(after('resp_39').previous_response_id).toBeUndefined();
    expect(after('resp_0').previous_response_id).toBe('resp_0');
  });
});

test('long conversations are forgotten sooner, but never the last', () => {
  const conversation = responsesSocket.open();
  const input = 'x'.repeat(40_000_000);
  for (const id of ['resp_1', 'resp_2']) turn(conversation, create({ input }), id);
  const after = (id: string) =>
    JSON.parse(turn(conversation, create({ previous_response_id: id, input: 'y' }), 'resp_3'));
  expect(after('resp_1').previous_response_id).toBe('resp_1');
  turn(conversation, create({ input }), 'resp_2');
  expect(after('resp_2').previous_response_id).toBeUndefined();
});

describe('reasoning', () => {
  const output = [REASONING, CALL];
  const input = 'x';
  const continued = (fields: JsonObject, items: JsonObject[]) => {
    const conversation = responsesSocket.open();
    turn(conversation, create({ input, ...fields }), 'resp_1', items);
    return JSON.parse(
      turn(conversation, create({ previous_response_id: 'resp_1', input: [] }), 'resp_2'),
    ).input.slice(1);
  };

  test('that the provider stores is sent again by its id', () => {
    expect(continued({}, output)).toEqual(output);
  });

  test('that nobody stores is sent again where it is encrypted', () => {
    const encrypted = [{ ...REASONING, encrypted_content: 'e' }, CALL];
    expect(continued({ store: false }, encrypted)).toEqual(encrypted);
  });

  test('that nobody stores and nobody encrypted is left out, and so are the ids that belong to it', () => {
    const { id: _, ...call } = CALL;
    expect(continued({ store: false }, output)).toEqual([call]);
  });

  test.each([
    [{ store: false, reasoning: { effort: 'low' } }, ['reasoning.encrypted_content']],
    [{ store: false, reasoning: {}, include: ['a'] }, ['a', 'reasoning.encrypted_content']],
    [
      { store: false, reasoning: {}, include: ['reasoning.encrypted_content'] },
      ['reasoning.encrypted_content'],
    ],
    [{ store: false }, undefined],
    [{ reasoning: { effort: 'low' } }, undefined],
  ])('%j asks for it to be encrypted: %j', (fields, include) => {
    const body = turn(responsesSocket.open(), create({ input, ...fields }), 'resp_1');
    expect(JSON.parse(body).include).toEqual(include);
  });
});

describe('what the client gets', () => {
  const message = (fields: JsonObject = {}) => responsesSocket.open().read(create({ input: 'x', ...fields }));

  test('an event as it is, with the lane if the message has one', () => {
    const data = '{"type":"x" , "delta":"}"}';
    expect(message().event({ event: 'x', data })).toEqual([data]);
    expect(message({ stream_id: 'a"b' }).event({ event: '', data })).toEqual([
      '{"type":"x" , "delta":"}","stream_id":"a\\"b"}',
    ]);
  });

  test('nothing of what ends a stream elsewhere', () => {
    const asked = message();
    expect(asked.event({ event: '', data: '[DONE]' })).toEqual([]);
    expect(asked.end()).toEqual([]);
  });

  describe('an error that ends the answer, with what errors have on a WebSocket', () => {
    const flat = { type: 'error', code: 'rate_limit_exceeded', message: 'slow', param: null };
    const nested = { type: 'server_error', code: 'upstream_truncated', message: 'lost', param: null };
    test.each([
      [
        'of a provider',
        flat,
        429,
        { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'slow', param: null },
      ],
      ['of the gateway', { type: 'error', code: 'upstream_timeout', error: nested }, 504, nested],
      ['that has a status already', { type: 'error', status: 418, error: nested }, 418, nested],
    ])('%s', (_, event: JsonObject, status, error) => {
      const asked = message({ stream_id: 'a' });
      expect(asked.event({ event: '', data: JSON.stringify(event) })).toEqual([]);
      const sent = asked.end();
      expect(sent.map((text) => JSON.parse(text))).toEqual([{ ...event, status, error, stream_id: 'a' }]);
      expect(asked.end()).toEqual([]);
    });

    test('but not one that the failed answer follows', () => {
      const asked = message();
      const error = JSON.stringify(flat);
      const failed = '{"type":"response.failed"}';
      expect(asked.event({ event: 'error', data: error })).toEqual([]);
      expect(asked.event({ event: 'response.failed', data: failed })).toEqual([error, failed]);
      expect(asked.end()).toEqual([]);
    });
  });
});

test('of a message only its items are kept, not what came with them', () => {
  const conversation = responsesSocket.open();
  const held = () => {
    Bun.gc(true);
    return process.memoryUsage().rss;
  };
  const prepare = (count: number) => {
    for (let index = 0; index < count; index++) {
      // Read from a socket, a text is in one piece.
      const bytes = new TextEncoder().encode(
        create({ generate: false, instructions: 'x'.repeat(10_000_000), input: [{ role: 'user' }] }),
      );
      conversation.read(new TextDecoder().decode(bytes)).begin({ ...CONTEXT, requestId: `r${index}` });
    }
  };
  prepare(4);
  const before = held();
  prepare(30);
  expect(held() - before).toBeLessThan(100_000_000);
});

test('an endless answer is not kept', () => {
  const conversation = responsesSocket.open();
  const item = { type: 'message', content: 'y'.repeat(16 * 1024 * 1024) };
  turn(conversation, create({ input: 'x' }), 'resp_1', [item, item, item, item]);
  const next = turn(conversation, create({ previous_response_id: 'resp_1', input: 'y' }), 'resp_2');
  expect(JSON.parse(next)).toMatchObject({ previous_response_id: 'resp_1', input: 'y' });
});

describe('an answer that its client interrupts', () => {
  const say = (conversation: SocketConversation, message: JsonObject) =>
    conversation.read(JSON.stringify(message)).begin(CONTEXT);
  const interrupt = (id: string) => ({
    type: 'response.interrupt',
    response_id: id,
    mode: 'discard_partial_items',
  });

  /** One that has begun with these events; `stops` counts how often what was posted is cancelled. */
  function begun(conversation: SocketConversation, events: JsonObject[], more: JsonObject = {}) {
    const message = conversation.read(create({ input: [{ n: 1 }], ...more }));
    const seen = { message, stops: 0 };
    message.begin({ ...CONTEXT, stop: () => seen.stops++ });
    for (const [sequence_number, event] of events.entries())
      message.event({ event: String(event.type), data: JSON.stringify({ ...event, sequence_number }) });
    return seen;
  }

  const created = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', model: 'm' } };
  const added = (output_index: number, item: JsonObject) => ({
    type: 'response.output_item.added',
    output_index,
    item,
  });
  const done = (output_index: number, item: JsonObject) => ({
    type: 'response.output_item.done',
    output_index,
    item,
  });
  const TEXT = { type: 'message', id: 'msg_1', role: 'assistant', content: [] };

  test('is stopped, and ends with what it had said whole; the next message goes on from there', () => {
    const conversation = responsesSocket.open();
    const seen = begun(conversation, [created, added(0, CALL), done(0, CALL), added(1, TEXT)]);
    expect(say(conversation, interrupt('resp_1'))).toEqual({ events: [] });
    say(conversation, interrupt('resp_1'));
    expect(seen.stops).toBe(1);
    expect(seen.message.end().map((text) => JSON.parse(text))).toEqual([
      { type: 'response.interrupt.accepted', response_id: 'resp_1', sequence_number: 4 },
      {
        type: 'response.output_item.interrupted',
        response_id: 'resp_1',
        item_id: 'msg_1',
        output_index: 1,
        sequence_number: 5,
      },
      {
        type: 'response.incomplete',
        response: {
          id: 'resp_1',
          status: 'incomplete',
          model: 'm',
          incomplete_details: { reason: 'interrupted' },
          output: [CALL],
        },
        sequence_number: 6,
      },
    ]);
    const next = turn(conversation, create({ previous_response_id: 'resp_1', input: [{ n: 2 }] }), 'resp_2');
    expect(JSON.parse(next).input).toEqual([{ n: 1 }, CALL, { n: 2 }]);
  });

  test('is not continued by a thought that nothing follows, which OpenAI refuses', () => {
    const conversation = responsesSocket.open();
    const thought = { ...REASONING, encrypted_content: 'sealed' };
    const { message } = begun(conversation, [created, done(0, CALL), done(1, thought), added(2, TEXT)]);
    say(conversation, interrupt('resp_1'));
    const last = JSON.parse(message.end().at(-1) ?? '');
    expect(last.response.output).toEqual([CALL, thought]);
    const next = turn(conversation, create({ previous_response_id: 'resp_1', input: [{ n: 2 }] }), 'resp_2');
    expect(JSON.parse(next).input).toEqual([{ n: 1 }, CALL, { n: 2 }]);
  });

  test('says so in its lane', () => {
    const conversation = responsesSocket.open();
    const { message } = begun(conversation, [created], { stream_id: 'a' });
    say(conversation, interrupt('resp_1'));
    const ends = message.end().map((text) => JSON.parse(text));
    expect(ends.map(({ type, stream_id }) => [type, stream_id])).toEqual([
      ['response.interrupt.accepted', 'a'],
      ['response.incomplete', 'a'],
    ]);
  });

  test.each([
    ['is over', 'resp_1', [created, { type: 'response.completed', response: { id: 'resp_1', output: [] } }]],
    ['has failed', 'resp_1', [created, { type: 'response.failed', response: { id: 'resp_1' } }]],
    ['is another', 'resp_2', [created]],
  ])('one that %s is left as it is', (_, id, events) => {
    const conversation = responsesSocket.open();
    const seen = begun(conversation, events);
    expect(say(conversation, interrupt(id))).toEqual({ events: [] });
    expect(seen.stops).toBe(0);
    expect(seen.message.end()).toEqual([]);
  });
});
