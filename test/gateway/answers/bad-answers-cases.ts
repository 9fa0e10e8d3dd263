// Answers that break their dialect, one list for each wire, and what must become of each.
import { PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import type { ErrorCode } from '../../../src/index.ts';
import type { ProviderDialectId } from '../../../src/model/dialect-id.ts';
import type { JsonObject, JsonValue } from '../../../src/model/json/json.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { inEnvelope, PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { type Reply, replyWith } from '../../support/reply.ts';

/** Frames of bytes, with checksums, break in other ways: those wires have tests of their own. */
export type TextWire = Exclude<ProviderDialectId, 'bedrock-converse' | 'bedrock-invoke'>;

type Outcome =
  | { says: { text?: string; calls?: [string, JsonObject][] }; tokens?: [number, number]; malformed?: number }
  /** `afterContent`: the client may have seen a part, then it is told in the stream. */
  | { code: ErrorCode; afterContent?: boolean };

export interface BadAnswer {
  name: string;
  text: string;
  reply: Reply;
  outcome: Outcome;
  /** Clients of the same dialect get it as it came. */
  passes?: boolean;
  /** False where it only makes sense as the answer to what was asked. */
  crosses?: boolean;
}

interface Options {
  type?: string;
  passes?: boolean;
  crosses?: boolean;
}

function bad(name: string, text: string, outcome: Outcome, options: Options & { type: string }): BadAnswer {
  const { type, ...rest } = options;
  return { name, text, outcome, reply: replyWith(text, { headers: { 'content-type': type } }), ...rest };
}

const HTML = '<!doctype html><html><title>Bad gateway</title></html>';
const CALLS: [string, JsonObject][] = [
  ['lookup', { a: 1 }],
  ['lookup', { b: [2, '}'] }],
];

/** What fits into one piece of the socket is held already: the limit is for what does not. */
function inPieces(answer: BadAnswer): BadAnswer {
  const bytes = new TextEncoder().encode(answer.text);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 16 * 1024) pieces.push(bytes.subarray(at, at + 16 * 1024));
  return { ...answer, reply: { ...answer.reply, pieces } };
}

/** `\ufffd` stands for a byte that no UTF-8 text has. */
function notUtf8(answer: BadAnswer): BadAnswer {
  const bytes = [...new TextEncoder().encode(answer.text)];
  for (let at = bytes.indexOf(0xef); at !== -1; at = bytes.indexOf(0xef, at)) bytes.splice(at, 3, 0xff);
  return { ...answer, reply: { ...answer.reply, pieces: [new Uint8Array(bytes)] } };
}

/** Wires whose events are JSON in the same framing. */
const SSE_WIRES: readonly TextWire[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'];

function othersOf(wire: TextWire): TextWire[] {
  // Some of Code Assist's servers answer as Gemini's do, without the envelope.
  const own = wire === 'code-assist' ? 'gemini' : wire;
  return SSE_WIRES.includes(own) ? SSE_WIRES.filter((other) => other !== own) : [];
}

/** What any wire can do. */
function anyStream(wire: TextWire): BadAnswer[] {
  const { start, text, textEnd, callStart, callArguments, callEnd, contentType } = PROVIDER_WIRES[wire];
  const isLines = contentType === 'application/x-ndjson';
  const stream = (name: string, body: string, outcome: Outcome, options: Options = {}) =>
    bad(name, body, outcome, { type: contentType, ...options });
  const whole = start + text('Hello') + textEnd;
  const endless = { code: 'upstream_truncated', afterContent: true } as const;
  const unreadable = isLines ? '{"half":\n' : 'data: {"half":\n\n';
  const long = 'x'.repeat(80 * 1024);
  return [
    stream('nothing at all', '', { code: 'upstream_truncated' }, { crosses: false }),
    stream('an HTML page', HTML, { code: 'upstream_malformed' }, { type: 'text/html' }),
    stream('an HTML page that calls itself a stream', HTML, { code: 'upstream_malformed' }),
    stream(
      'a stream that calls itself JSON',
      whole,
      { says: { text: 'Hello' }, tokens: [7, 3] },
      {
        type: 'application/json',
        passes: isLines,
      },
    ),
    stream(
      'a stream that calls itself text',
      whole,
      { says: { text: 'Hello' }, tokens: [7, 3] },
      {
        type: 'text/plain',
        passes: true,
      },
    ),
    stream('no ending', start + text('Hello'), endless),
    stream(
      'an unreadable event',
      start + unreadable + text('Hello') + textEnd,
      { says: { text: 'Hello' }, malformed: 1 },
      { passes: true },
    ),
    stream(
      'nothing that can be read',
      start + unreadable + textEnd,
      { code: 'upstream_malformed' },
      { passes: true },
    ),
    ...othersOf(wire).map((other) => {
      const { start, text, textEnd } = PROVIDER_WIRES[other];
      return stream(`a stream of ${other}`, start + text('Hello') + textEnd, { code: 'upstream_malformed' });
    }),
    stream('two endings', whole + textEnd, { says: { text: 'Hello' }, tokens: [7, 3] }),
    stream(
      'content behind the ending',
      whole + text(' more'),
      // Gemini's answers end with the stream.
      { says: { text: wire === 'gemini' || wire === 'code-assist' ? 'Hello more' : 'Hello' } },
      { passes: wire === 'gemini' },
    ),
    stream(
      'two beginnings',
      start + start + text('Hello') + textEnd,
      { says: { text: 'Hello' }, tokens: [7, 3] },
      { passes: true },
    ),
    stream(
      'a beginning in the middle',
      start + text('Hel') + start + text('lo') + textEnd,
      { says: { text: 'Hello' } },
      { passes: true },
    ),
    inPieces(
      stream('one event over the limit', start + text(long) + textEnd, {
        code: 'upstream_malformed',
        afterContent: true,
      }),
    ),
    notUtf8(
      stream(
        'bytes that are no UTF-8',
        start + text('a\ufffd\ufffdb') + textEnd,
        { says: { text: 'a\ufffd\ufffdb' } },
        { passes: true },
      ),
    ),
    stream(
      'a NUL and what looks like markup in a text',
      start + text('a\u0000b\r\n\r\ndata: {}\u2028c') + textEnd,
      {
        says: { text: 'a\u0000b\r\n\r\ndata: {}\u2028c' },
      },
      { passes: true },
    ),
    stream(
      'two calls, each whole',
      start +
        callStart(1) +
        callArguments(1, '{"a":1}') +
        callStart(2) +
        callArguments(2, '{"b":[2,"}"]}') +
        callEnd,
      { says: { calls: CALLS } },
      { passes: true },
    ),
  ];
}

const UNREADABLE = 'data: {"half":\n\n';

/** Of wires that send arguments in fragments. */
function fragments(wire: TextWire): BadAnswer[] {
  const { start, text, callStart, callArguments, callEnd, contentType } = PROVIDER_WIRES[wire];
  const stream = (name: string, body: string, outcome: Outcome) =>
    bad(name, body, outcome, { type: contentType, passes: true });
  const broken = { code: 'upstream_malformed', afterContent: true } as const;
  return [
    stream(
      'fragments of two calls among each other',
      start +
        callStart(1) +
        callStart(2) +
        callArguments(1, '{"a"') +
        callArguments(2, '{"b":[2') +
        callArguments(1, ':1}') +
        callArguments(2, ',"}"]}') +
        callEnd,
      { says: { calls: CALLS } },
    ),
    ...['{"a":', '{a:1}', 'no JSON', '{"a":1}}', '[1]'].map((argument) =>
      stream(
        `arguments ${argument}`,
        start + text('Hello') + callStart(1) + callArguments(1, argument) + callEnd,
        broken,
      ),
    ),
    stream(
      'a call whose beginning cannot be read',
      start + text('Hello') + UNREADABLE + callArguments(1, '{"a":1}') + callEnd,
      broken,
    ),
    stream('a call without arguments', start + callStart(1) + callEnd, { says: { calls: [['lookup', {}]] } }),
  ];
}

/** The answer once for each list in it: with null in place of the list's first entry. */
function listsOf(answer: JsonObject): [path: string, text: string][] {
  const found: [string, string][] = [];
  const visit = (value: JsonValue | undefined, path: string): void => {
    if (Array.isArray(value)) {
      const [first] = value;
      if (first === undefined) return;
      value[0] = null;
      found.push([`${path}[0]`, JSON.stringify(answer)]);
      value[0] = first;
    }
    if (typeof value !== 'object' || value === null) return;
    for (const [key, field] of Object.entries(value)) visit(field, path === '' ? key : `${path}.${key}`);
  };
  visit(answer, '');
  return found;
}

/** The answer once for each list in it, and for its text: with something else in that place. */
function otherTypes(answer: JsonObject): [path: string, text: string][] {
  const found: [string, string][] = [];
  const visit = (holder: JsonObject | JsonValue[], path: string): void => {
    for (const [key, value] of Object.entries(holder)) {
      const at = Array.isArray(holder) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (value === 'Hello' || (Array.isArray(value) && value.length > 0)) {
        for (const other of value === 'Hello' ? [7, {}, ['Hello']] : [7, true, {}]) {
          Object.assign(holder, { [key]: other });
          found.push([`${JSON.stringify(other)} in place of ${at}`, JSON.stringify(answer)]);
        }
        Object.assign(holder, { [key]: value });
      }
      if (typeof value === 'object' && value !== null) visit(value, at);
    }
  };
  visit(answer, '');
  return found;
}

function anyWhole(wire: TextWire): BadAnswer[] {
  const { whole, contentType } = PROVIDER_WIRES[wire];
  const malformed: Outcome = { code: 'upstream_malformed' };
  const json = (name: string, body: string, outcome: Outcome, options: Options = {}) =>
    bad(name, body, outcome, { type: 'application/json', ...options });
  const answer = JSON.stringify(whole('Hello'));
  return [
    json('nothing at all', '', malformed),
    json('half an answer', answer.slice(0, -9), malformed),
    json('an HTML page', HTML, malformed, { type: 'text/html' }),
    json('an HTML page that calls itself JSON', HTML, malformed),
    // A stream of some may be one.
    ...(PROVIDER_SIDES[wire].listsEvents === true ? [] : [json('a list', `[${answer}]`, malformed)]),
    ...['null', 'true', '7', '"text"'].map((body) => json(`the value ${body}`, body, malformed)),
    json('an empty object', '{}', malformed),
    json(
      'an answer that calls itself text',
      answer,
      { says: { text: 'Hello' }, tokens: [7, 3] },
      { type: 'text/plain', passes: true },
    ),
    json(
      'an answer that calls itself a stream',
      answer,
      { says: { text: 'Hello' }, tokens: [7, 3] },
      // A line is a stream of one event: it is read as one, and told whole.
      { type: contentType, passes: wire !== 'ollama-chat' },
    ),
    ...listsOf(whole('Hello')).map(([path, body]) => json(`null in place of ${path}`, body, malformed)),
    ...otherTypes(whole('Hello')).map(([name, body]) => json(name, body, malformed)),
    json('an answer over the limit', JSON.stringify(whole('x'.repeat(80 * 1024))), malformed),
  ];
}

const chat = (choice: JsonObject, more: JsonObject = {}) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'served', choices: [{ index: 0, finish_reason: null, ...choice }], ...more })}\n\n`;
const chatEmpty =
  'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[]}\n\n';
const chatUsage = (completion_tokens: number) => ({
  usage: { prompt_tokens: 7, completion_tokens, total_tokens: 7 + completion_tokens },
});
const chatCall = (call: JsonObject) =>
  chat({ delta: { tool_calls: [{ index: 0, type: 'function', ...call }] } });
const chatEnd = (finish_reason: string) => chat({ delta: {}, finish_reason });
const DONE = 'data: [DONE]\n\n';
const hello = { says: { text: 'Hello' }, tokens: [7, 3] } satisfies Outcome;
const helloUncounted = { says: { text: 'Hello' } } satisfies Outcome;
const called = { says: { calls: [['lookup', { a: 1 }]] } } satisfies Outcome;
const nameless: Outcome = { code: 'upstream_malformed', afterContent: true };

const CHAT_STREAMS: BadAnswer[] = (
  [
    [
      'empty choices, here and there',
      chatEmpty +
        chat({ delta: { content: 'Hel' } }) +
        chatEmpty +
        chat({ delta: { content: 'lo' } }) +
        chatEnd('stop') +
        chatEmpty +
        DONE,
      helloUncounted,
    ],
    ['nothing but empty choices', chatEmpty + chatEmpty + DONE, { code: 'upstream_truncated' }],
    ['no event that can be read', UNREADABLE + UNREADABLE, { code: 'upstream_malformed' }],
    [
      'half of its first event',
      chat({ delta: { content: 'Hello' } }).slice(0, 40),
      { code: 'upstream_truncated' },
    ],
    ['no [DONE]', chat({ delta: { content: 'Hello' } }) + chatEnd('stop'), helloUncounted],
    ['[DONE] without a reason', chat({ delta: { content: 'Hello' } }) + DONE, helloUncounted],
    [
      'usage in every chunk',
      chat({ delta: { content: 'Hel' } }, chatUsage(1)) +
        chat({ delta: { content: 'lo' } }, chatUsage(2)) +
        chat({ delta: {}, finish_reason: 'stop' }, chatUsage(3)) +
        DONE,
      hello,
    ],
    [
      'a reason in every chunk',
      chat({ delta: { content: 'Hel' }, finish_reason: 'stop' }) +
        chat({ delta: { content: 'lo' }, finish_reason: 'stop' }) +
        DONE,
      helloUncounted,
    ],
    [
      'a call without an id',
      chatCall({ function: { name: 'lookup', arguments: '{"a":1}' } }) + chatEnd('tool_calls') + DONE,
      called,
    ],
    [
      'a call without a name',
      chatCall({ id: 'c', function: { arguments: '{"a":1}' } }) + chatEnd('tool_calls') + DONE,
      nameless,
    ],
    [
      'arguments that are an object',
      chatCall({ id: 'c', function: { name: 'lookup', arguments: { a: 1 } } }) + chatEnd('tool_calls') + DONE,
      called,
    ],
    [
      'the name in every fragment',
      chatCall({ id: 'c', function: { name: 'lookup', arguments: '{"a"' } }) +
        chatCall({ id: 'c', function: { name: 'lookup', arguments: ':1}' } }) +
        chatEnd('tool_calls') +
        DONE,
      called,
    ],
    [
      'a call of which nothing can be read',
      chat({ delta: { content: 'Hello' } }) + UNREADABLE + chatEnd('tool_calls') + DONE,
      nameless,
    ],
    [
      'calls that are no list',
      chat({ delta: { content: 'Hello', tool_calls: { a: 1 } } }) + chatEnd('tool_calls') + DONE,
      nameless,
    ],
    [
      'a reason to stop beside what cannot be read',
      chat({ delta: { content: 'Hello' } }) + chat({ delta: { content: 7 }, finish_reason: 'stop' }) + DONE,
      { says: { text: 'Hello' }, malformed: 1 },
    ],
    [
      'nulls in a delta',
      chat({ delta: { role: null, content: null, tool_calls: null, refusal: null } }) +
        chat({ delta: { content: 'Hello' } }) +
        chatEnd('stop') +
        DONE,
      helloUncounted,
    ],
  ] as [string, string, Outcome][]
).map(([name, text, outcome]) =>
  bad(name, text, outcome, {
    type: 'text/event-stream',
    // What cannot be read at all is no business of who passes it.
    passes: 'says' in outcome || /nothing can be read|no list/.test(name),
  }),
);

const event = (data: JsonObject) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const anthropicCall = (block: JsonObject) =>
  PROVIDER_WIRES['anthropic-messages'].start +
  event({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', input: {}, ...block } }) +
  PROVIDER_WIRES['anthropic-messages'].callArguments(0, '{"a":1}') +
  event({ type: 'content_block_stop', index: 0 }) +
  PROVIDER_WIRES['anthropic-messages'].callEnd;
const anthropicCount = (output_tokens: number) =>
  event({
    type: 'message_delta',
    delta: { stop_reason: null, stop_sequence: null },
    usage: { output_tokens },
  });
const A = PROVIDER_WIRES['anthropic-messages'];

const ANTHROPIC_STREAMS: BadAnswer[] = (
  [
    ['a call without an id', anthropicCall({ name: 'lookup' }), called],
    ['a call without a name', anthropicCall({ id: 'toolu_1' }), nameless],
    [
      'usage in every event',
      A.start + anthropicCount(1) + A.text('Hello') + anthropicCount(2) + A.textEnd,
      hello,
    ],
    ['no message_start', A.text('Hello') + A.textEnd, helloUncounted],
    [
      'a text whose beginning cannot be read',
      A.start + UNREADABLE + MESSAGE.delta('Hello') + A.textEnd,
      { says: { text: 'Hello' }, malformed: 1 },
    ],
    ['a call of which nothing can be read', A.start + A.text('Hello') + UNREADABLE + A.callEnd, nameless],
    ['a block that is never closed', A.start + A.text('Hello') + A.callEnd, helloUncounted],
  ] as [string, string, Outcome][]
).map(([name, text, outcome]) => bad(name, text, outcome, { type: 'text/event-stream', passes: true }));

const R = PROVIDER_WIRES['openai-responses'];
const responsesCall = (item: JsonObject) =>
  R.start +
  event({
    type: 'response.output_item.added',
    output_index: 0,
    item: { id: 'fc_0', type: 'function_call', arguments: '', ...item },
  }) +
  event({
    type: 'response.function_call_arguments.delta',
    item_id: 'fc_0',
    output_index: 0,
    delta: '{"a":1}',
  }) +
  event({
    type: 'response.output_item.done',
    output_index: 0,
    item: { id: 'fc_0', type: 'function_call', arguments: '{"a":1}', ...item },
  }) +
  R.callEnd;

const RESPONSES_STREAMS: BadAnswer[] = (
  [
    ['a call without an id', responsesCall({ name: 'lookup' }), called],
    ['a call without a name', responsesCall({ call_id: 'call_1' }), nameless],
    [
      'arguments that are an object',
      R.start +
        event({
          type: 'response.output_item.done',
          output_index: 0,
          item: {
            id: 'fc_0',
            type: 'function_call',
            call_id: 'c',
            name: 'lookup',
            arguments: { a: 1 },
          },
        }) +
        R.callEnd,
      called,
    ],
    ['[DONE] behind the ending', R.start + R.text('Hello') + R.textEnd + DONE, hello],
    [
      'nothing but an ending with null in place of an item',
      R.start + event({ type: 'response.completed', response: { ...R.whole(''), output: [null] } }),
      { code: 'upstream_truncated', afterContent: true },
    ],
    [
      '[DONE] in place of the ending',
      R.start + R.text('Hello') + DONE,
      { code: 'upstream_truncated', afterContent: true },
    ],
  ] as [string, string, Outcome][]
).map(([name, text, outcome]) =>
  bad(name, text, outcome, {
    type: 'text/event-stream',
    passes: 'says' in outcome,
  }),
);

const gemini = (data: JsonObject) => `data: ${JSON.stringify(data)}\n\n`;
const candidate = (parts: JsonObject[], more: JsonObject = {}) => ({
  candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }],
});
const STOP = { finishReason: 'STOP' };

const GEMINI_STREAMS: BadAnswer[] = (
  [
    [
      'empty candidates, here and there',
      gemini({ candidates: [] }) +
        gemini(candidate([{ text: 'Hello' }])) +
        gemini({ candidates: [] }) +
        gemini(candidate([{ text: '' }], STOP)),
      helloUncounted,
    ],
    ['nothing but empty candidates', gemini({ candidates: [] }), { code: 'upstream_truncated' }],
    [
      'a reason in every event',
      gemini(candidate([{ text: 'Hel' }], STOP)) + gemini(candidate([{ text: 'lo' }], STOP)),
      helloUncounted,
    ],
    [
      'a call without an id',
      gemini(candidate([{ functionCall: { name: 'lookup', args: { a: 1 } } }], STOP)),
      called,
    ],
    [
      'a call without arguments',
      gemini(candidate([{ functionCall: { name: 'lookup' } }], STOP)),
      { says: { calls: [['lookup', {}]] } },
    ],
    ['a call without a name', gemini(candidate([{ functionCall: { args: { a: 1 } } }], STOP)), nameless],
  ] as [string, string, Outcome][]
).map(([name, text, outcome]) =>
  bad(name, text, outcome, {
    type: 'text/event-stream',
    passes: 'says' in outcome,
  }),
);

const line = (message: JsonObject, more: JsonObject = {}) =>
  `${JSON.stringify({ model: 'served', created_at: 'now', message: { role: 'assistant', content: '', ...message }, done: false, ...more })}\n`;
const OLLAMA_END = line({}, { done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 3 });

const OLLAMA_STREAMS: BadAnswer[] = (
  [
    [
      'a call without an id',
      line({ tool_calls: [{ function: { name: 'lookup', arguments: { a: 1 } } }] }) + OLLAMA_END,
      called,
    ],
    [
      'a call without a name',
      line({ tool_calls: [{ function: { arguments: { a: 1 } } }] }) + OLLAMA_END,
      nameless,
    ],
    [
      'counts in every line',
      line({ content: 'Hello' }, { prompt_eval_count: 7, eval_count: 1 }) + OLLAMA_END,
      hello,
    ],
    ['blank lines', `\n\n${line({ content: 'Hello' })}\n\r\n${OLLAMA_END}\n`, hello],
  ] as [string, string, Outcome][]
).map(([name, text, outcome]) => bad(name, text, outcome, { type: 'application/x-ndjson', passes: true }));

export const BAD_STREAMS: Record<TextWire, BadAnswer[]> = {
  'anthropic-messages': [
    ...anyStream('anthropic-messages'),
    ...fragments('anthropic-messages'),
    ...ANTHROPIC_STREAMS,
  ],
  'openai-chat': [...anyStream('openai-chat'), ...fragments('openai-chat'), ...CHAT_STREAMS],
  'openai-responses': [
    ...anyStream('openai-responses'),
    ...fragments('openai-responses'),
    ...RESPONSES_STREAMS,
  ],
  gemini: [...anyStream('gemini'), ...GEMINI_STREAMS],
  'ollama-chat': [...anyStream('ollama-chat'), ...OLLAMA_STREAMS],
  'code-assist': [
    ...anyStream('code-assist'),
    ...GEMINI_STREAMS.map(({ name, text, outcome }) =>
      bad(name, inEnvelope(text), outcome, { type: 'text/event-stream' }),
    ),
  ],
};

const answer = (value: JsonObject, name: string, outcome: Outcome, passes = true) =>
  bad(name, JSON.stringify(value), outcome, { type: 'application/json', passes });
const chatWhole = (message: JsonObject, finish_reason = 'tool_calls') => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'served',
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
});
const broken: Outcome = { code: 'upstream_malformed', afterContent: false };

export const BAD_WHOLES: Record<TextWire, BadAnswer[]> = {
  'anthropic-messages': [
    ...anyWhole('anthropic-messages'),
    answer(
      {
        ...A.whole(''),
        content: [{ type: 'tool_use', name: 'lookup', input: { a: 1 } }],
        stop_reason: 'tool_use',
      },
      'a call without an id',
      called,
    ),
    answer(
      { ...A.whole(''), content: [{ type: 'tool_use', id: 'x', input: {} }], stop_reason: 'tool_use' },
      'a call without a name',
      broken,
      false,
    ),
  ],
  'openai-chat': [
    ...anyWhole('openai-chat'),
    answer({ ...chatWhole({}), choices: [] }, 'empty choices', broken, false),
    answer(
      chatWhole({ tool_calls: [{ type: 'function', function: { name: 'lookup', arguments: '{"a":1}' } }] }),
      'a call without an id',
      called,
    ),
    answer(
      chatWhole({ tool_calls: [{ id: 'c', type: 'function', function: { arguments: '{"a":1}' } }] }),
      'a call without a name',
      broken,
      false,
    ),
    answer(
      chatWhole({
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'lookup', arguments: '{"a":' } }],
      }),
      'arguments that are no JSON',
      broken,
    ),
    answer(chatWhole({ tool_calls: [null] }), 'null in place of a call', broken, false),
    answer(chatWhole({ content: [null] }, 'stop'), 'null in place of a content part', broken, false),
  ],
  'openai-responses': [
    ...anyWhole('openai-responses'),
    answer(
      { ...R.whole(''), output: [{ type: 'function_call', name: 'lookup', arguments: '{"a":1}' }] },
      'a call without an id',
      called,
    ),
    answer(
      {
        ...R.whole(''),
        output: [{ type: 'function_call', call_id: 'c', name: 'lookup', arguments: { a: 1 } }],
      },
      'arguments that are an object',
      called,
    ),
    answer(
      { ...R.whole(''), output: [{ type: 'function_call', call_id: 'c', arguments: '{"a":1}' }] },
      'a call without a name',
      broken,
      false,
    ),
    answer(
      {
        ...R.whole(''),
        output: [{ type: 'function_call', call_id: 'c', name: 'lookup', arguments: 'no JSON' }],
      },
      'arguments that are no JSON',
      broken,
    ),
  ],
  gemini: [
    ...anyWhole('gemini'),
    answer({ candidates: [] }, 'empty candidates', broken, false),
    answer(candidate([{ functionCall: { args: {} } }], STOP), 'a call without a name', broken, false),
  ],
  'code-assist': [
    ...anyWhole('code-assist'),
    answer({ response: { candidates: [] } }, 'empty candidates', broken, false),
    answer(
      { response: candidate([{ functionCall: { args: {} } }], STOP) },
      'a call without a name',
      broken,
      false,
    ),
    answer({ traceId: 't' }, 'an empty envelope', broken, false),
  ],
  'ollama-chat': [
    ...anyWhole('ollama-chat'),
    answer(
      { model: 'm', done: true, message: { role: 'assistant', tool_calls: [null] } },
      'null in place of a call',
      broken,
      false,
    ),
    answer(
      {
        model: 'm',
        done: true,
        message: { role: 'assistant', tool_calls: [{ function: { arguments: {} } }] },
      },
      'a call without a name',
      broken,
    ),
  ],
};
