// A full answer in each wire format of which every piece bears a mark: reasoning with its signature, text, two calls
// whose arguments come in turn where the wire has fragments, and token counts of its own.
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { chunked, CONVERSE } from './bedrock-wires.ts';
import { utf8 } from './message-stream.ts';
import { inEnvelope } from './provider-wires.ts';

/** Tokens that went in and came out. */
export interface MarkedUsage {
  input: number;
  output: number;
}

const TEXTS = 6;
const CALLS = [0, 1] as const;

const named = (events: JsonObject[]) =>
  events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
const plain = (events: JsonObject[]) => events.map((data) => `data: ${JSON.stringify(data)}\n\n`).join('');
const lines = (events: JsonObject[]) => events.map((data) => `${JSON.stringify(data)}\n`).join('');
const each = <Out>(count: number, make: (nth: number) => Out) =>
  Array.from({ length: count }, (_, nth) => make(nth));

const thought = (mark: string, nth: number) => `${mark}thought${nth} `;
const word = (mark: string, nth: number) => `${mark}text${nth} `;
const callId = (mark: string, nth: number) => `${mark}call${nth}`;
const signature = (mark: string) => Buffer.from(`${mark}signature`).toString('base64');
/** A call's arguments in two fragments; each bears the mark. */
const fragments = (mark: string, nth: number) => [`{"${mark}key${nth}":`, `"${mark}value${nth}"}`] as const;
const argumentsOf = (mark: string, nth: number): JsonObject => JSON.parse(fragments(mark, nth).join(''));

function anthropic(mark: string, { input, output }: MarkedUsage): string {
  const block = (index: number, content_block: JsonObject, deltas: JsonObject[]): JsonObject[] => [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
  return named([
    {
      type: 'message_start',
      message: {
        id: `${mark}id`,
        type: 'message',
        role: 'assistant',
        model: `${mark}model`,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: input, output_tokens: 1 },
      },
    },
    ...block(0, { type: 'thinking', thinking: '', signature: '' }, [
      ...each(TEXTS, (nth) => ({ type: 'thinking_delta', thinking: thought(mark, nth) })),
      { type: 'signature_delta', signature: signature(mark) },
    ]),
    ...block(
      1,
      { type: 'text', text: '' },
      each(TEXTS, (nth) => ({ type: 'text_delta', text: word(mark, nth) })),
    ),
    ...CALLS.flatMap((nth) =>
      block(
        2 + nth,
        { type: 'tool_use', id: callId(mark, nth), name: 'lookup', input: {} },
        fragments(mark, nth).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
      ),
    ),
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: output } },
    { type: 'message_stop' },
  ]);
}

function openaiChat(mark: string, { input, output }: MarkedUsage): string {
  const frame = { id: `${mark}id`, object: 'chat.completion.chunk', created: 1, model: `${mark}model` };
  const chunk = (delta: JsonObject, finish_reason: string | null = null): JsonObject => ({
    ...frame,
    choices: [{ index: 0, delta, finish_reason }],
  });
  const call = (index: number, more: JsonObject) => chunk({ tool_calls: [{ index, ...more }] });
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  return `${plain([
    chunk({ role: 'assistant', content: '' }),
    ...each(TEXTS, (nth) => chunk({ reasoning_content: thought(mark, nth) })),
    ...each(TEXTS, (nth) => chunk({ content: word(mark, nth) })),
    ...CALLS.map((nth) =>
      call(nth, { id: callId(mark, nth), type: 'function', function: { name: 'lookup', arguments: '' } }),
    ),
    // Both calls at once: the second waits for the first.
    ...[0, 1].flatMap((part) =>
      CALLS.map((nth) => call(nth, { function: { arguments: fragments(mark, nth)[part] ?? '' } })),
    ),
    chunk({}, 'tool_calls'),
    { ...frame, choices: [], usage },
  ])}data: [DONE]\n\n`;
}

function openaiResponses(mark: string, { input, output }: MarkedUsage): string {
  const response = { id: `${mark}id`, object: 'response', created_at: 1, model: `${mark}model`, error: null };
  const text = (make: typeof word) => each(TEXTS, (nth) => make(mark, nth)).join('');
  const content = { type: 'output_text', text: text(word), annotations: [] };
  const message = {
    type: 'message',
    id: `${mark}msg`,
    role: 'assistant',
    status: 'completed',
    content: [content],
  };
  const reasoning = {
    type: 'reasoning',
    id: `${mark}rs`,
    summary: [{ type: 'summary_text', text: text(thought) }],
    encrypted_content: signature(mark),
  };
  const call = (nth: number, made: string, status: string) => ({
    type: 'function_call',
    id: `${mark}fc${nth}`,
    call_id: callId(mark, nth),
    name: 'lookup',
    arguments: made,
    status,
  });
  const calls = CALLS.map((nth) => call(nth, fragments(mark, nth).join(''), 'completed'));
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const events: JsonObject[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'reasoning', id: reasoning.id, summary: [] },
    },
    ...each(TEXTS, (nth) => ({
      type: 'response.reasoning_summary_text.delta',
      item_id: reasoning.id,
      output_index: 0,
      summary_index: 0,
      delta: thought(mark, nth),
    })),
    { type: 'response.output_item.done', output_index: 0, item: reasoning },
    {
      type: 'response.output_item.added',
      output_index: 1,
      item: { ...message, status: 'in_progress', content: [] },
    },
    ...each(TEXTS, (nth) => ({
      type: 'response.output_text.delta',
      item_id: message.id,
      output_index: 1,
      content_index: 0,
      delta: word(mark, nth),
    })),
    { type: 'response.output_item.done', output_index: 1, item: message },
    ...CALLS.map((nth) => ({
      type: 'response.output_item.added',
      output_index: 2 + nth,
      item: call(nth, '', 'in_progress'),
    })),
    ...[0, 1].flatMap((part) =>
      CALLS.map((nth) => ({
        type: 'response.function_call_arguments.delta',
        item_id: `${mark}fc${nth}`,
        output_index: 2 + nth,
        delta: fragments(mark, nth)[part] ?? '',
      })),
    ),
    ...calls.map((item, nth) => ({ type: 'response.output_item.done', output_index: 2 + nth, item })),
    {
      type: 'response.completed',
      response: { ...response, status: 'completed', output: [reasoning, message, ...calls], usage },
    },
  ];
  return named(events.map((event, at) => ({ ...event, sequence_number: at })));
}

function gemini(mark: string, { input, output }: MarkedUsage): string {
  const chunk = (part: JsonObject, more: JsonObject = {}): JsonObject => ({
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, ...more }],
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output,
      totalTokenCount: input + output,
    },
    modelVersion: `${mark}model`,
    responseId: `${mark}id`,
  });
  return plain([
    ...each(TEXTS, (nth) => chunk({ text: thought(mark, nth), thought: true })),
    ...each(TEXTS, (nth) => chunk({ text: word(mark, nth) })),
    ...CALLS.map((nth) =>
      chunk({
        functionCall: { id: callId(mark, nth), name: 'lookup', args: argumentsOf(mark, nth) },
        thoughtSignature: signature(mark),
      }),
    ),
    chunk({ text: '' }, { finishReason: 'STOP' }),
  ]);
}

function ollama(mark: string, { input, output }: MarkedUsage): string {
  const line = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
    model: `${mark}model`,
    created_at: '2026-01-01T00:00:00Z',
    message: { role: 'assistant', content: '', ...message },
    done: false,
    ...more,
  });
  return lines([
    ...each(TEXTS, (nth) => line({ thinking: thought(mark, nth) })),
    ...each(TEXTS, (nth) => line({ content: word(mark, nth) })),
    ...CALLS.map((nth) =>
      line({
        tool_calls: [
          { id: callId(mark, nth), function: { name: 'lookup', arguments: argumentsOf(mark, nth) } },
        ],
      }),
    ),
    line({}, { done: true, done_reason: 'stop', prompt_eval_count: input, eval_count: output }),
  ]);
}

function converse(mark: string, { input, output }: MarkedUsage): string {
  const line = (event: string, fields: JsonObject) => `${event}\t${JSON.stringify(fields)}\n`;
  const delta = (contentBlockIndex: number, fields: JsonObject) =>
    line('contentBlockDelta', { contentBlockIndex, delta: fields });
  const stop = (contentBlockIndex: number) => line('contentBlockStop', { contentBlockIndex });
  return [
    line('messageStart', { role: 'assistant' }),
    ...each(TEXTS, (nth) => delta(0, { reasoningContent: { text: thought(mark, nth) } })),
    delta(0, { reasoningContent: { signature: signature(mark) } }),
    stop(0),
    ...each(TEXTS, (nth) => delta(1, { text: word(mark, nth) })),
    stop(1),
    ...CALLS.flatMap((nth) => [
      line('contentBlockStart', {
        contentBlockIndex: 2 + nth,
        start: { toolUse: { toolUseId: callId(mark, nth), name: 'lookup' } },
      }),
      ...fragments(mark, nth).map((input) => delta(2 + nth, { toolUse: { input } })),
      stop(2 + nth),
    ]),
    line('messageStop', { stopReason: 'tool_use' }),
    line('metadata', {
      usage: { inputTokens: input, outputTokens: output, totalTokens: input + output },
    }),
  ].join('');
}

const eventBytes = CONVERSE.bytes ?? utf8;

/** The bytes of the whole stream. `mark` may hold letters, digits and `-`. */
export const MARKED_ANSWERS: Record<ProviderDialectId, (mark: string, usage: MarkedUsage) => Uint8Array> = {
  'anthropic-messages': (mark, usage) => utf8(anthropic(mark, usage)),
  'openai-chat': (mark, usage) => utf8(openaiChat(mark, usage)),
  'openai-responses': (mark, usage) => utf8(openaiResponses(mark, usage)),
  gemini: (mark, usage) => utf8(gemini(mark, usage)),
  'ollama-chat': (mark, usage) => utf8(ollama(mark, usage)),
  'bedrock-converse': (mark, usage) => eventBytes(converse(mark, usage)),
  'bedrock-invoke': (mark, usage) => eventBytes(chunked(anthropic(mark, usage))),
  'code-assist': (mark, usage) => utf8(inEnvelope(gemini(mark, usage))),
};

/** What stands in what a client of any dialect gets of such an answer, but for its signature. */
export function marksOf(mark: string): string[] {
  return [
    ...each(TEXTS, (nth) => thought(mark, nth).trim()),
    ...each(TEXTS, (nth) => word(mark, nth).trim()),
    ...CALLS.flatMap((nth) => [`${mark}key${nth}`, `${mark}value${nth}`]),
  ];
}
