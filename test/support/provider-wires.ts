// A small answer in each wire format that providers speak, in pieces, for tests that break it or make it an error.
import { PROVIDER_DIALECT_IDS, type ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import type { ConfigInput } from '../../src/index.ts';
import { CONVERSE, invokeWire } from './bedrock-wires.ts';
import { CHAT, MESSAGE, wholeChat, wholeMessage } from './message-stream.ts';
import { LAB_PROVIDERS } from './test-gateway.ts';

export type ErrorKind = 'overloaded' | 'rate-limited' | 'invalid';

export interface ProviderWire {
  config: NonNullable<ConfigInput['providers']>[string];
  contentType: string;
  /** Where streams are binary: the bytes that the pieces, joined, stand for. */
  bytes?(pieces: string): Uint8Array;
  /** The beginning of a stream, before any content. */
  start: string;
  text(text: string): string;
  /** A call of `lookup` begins, where the wire has beginnings, as number `nth` of the answer. */
  callStart(nth: number): string;
  /** A fragment of its arguments; wires without fragments take the whole here. */
  callArguments(nth: number, fragment: string): string;
  /** What ends a call, then the answer: with a call in it, or with text. */
  callEnd: string;
  textEnd: string;
  /** The event that tells a failure; undefined where the wire cannot tell this kind. */
  failure(kind: ErrorKind, message: string): string | undefined;
  whole(text: string): JsonObject;
  /** The body of an answer with an error status. */
  errorBody(status: number, message: string): JsonObject;
}

const named = (data: JsonObject) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const plain = (data: JsonObject) => `data: ${JSON.stringify(data)}\n\n`;
const line = (data: JsonObject) => `${JSON.stringify(data)}\n`;

const TYPES = {
  overloaded: 'overloaded_error',
  'rate-limited': 'rate_limit_error',
  invalid: 'invalid_request_error',
} as const;

const ANTHROPIC: ProviderWire = {
  config: LAB_PROVIDERS.claude,
  contentType: 'text/event-stream',
  start: MESSAGE.start,
  text: (text) => MESSAGE.block + MESSAGE.delta(text),
  callStart: (nth) =>
    named({
      type: 'content_block_start',
      index: nth,
      content_block: { type: 'tool_use', id: `toolu_${nth}`, name: 'lookup', input: {} },
    }),
  callArguments: (nth, partial_json) =>
    named({ type: 'content_block_delta', index: nth, delta: { type: 'input_json_delta', partial_json } }),
  callEnd:
    named({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } }) +
    named({ type: 'message_stop' }),
  textEnd: MESSAGE.end,
  failure: (kind, message) => MESSAGE.error(TYPES[kind], message),
  whole: wholeMessage,
  errorBody: (status, message) => ({ type: 'error', error: { type: anthropicType(status), message } }),
};

function anthropicType(status: number): string {
  const types: Record<number, string> = {
    401: 'authentication_error',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}

const chatChunk = (delta: JsonObject, finish_reason: string | null = null) =>
  plain({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'served',
    choices: [{ index: 0, delta, finish_reason }],
  });

const openaiError = (status: number, message: string) => ({
  error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null },
});

const OPENAI_CHAT: ProviderWire = {
  config: LAB_PROVIDERS.gpt,
  contentType: 'text/event-stream',
  start: CHAT.start,
  text: CHAT.delta,
  callStart: (nth) =>
    chatChunk({
      tool_calls: [
        { index: nth, id: `call_${nth}`, type: 'function', function: { name: 'lookup', arguments: '' } },
      ],
    }),
  callArguments: (nth, fragment) =>
    chatChunk({ tool_calls: [{ index: nth, function: { arguments: fragment } }] }),
  callEnd: `${chatChunk({}, 'tool_calls')}data: [DONE]\n\n`,
  textEnd: CHAT.end,
  failure: (kind, message) => plain({ error: { message, type: TYPES[kind] } }),
  whole: wholeChat,
  errorBody: openaiError,
};

const response = (status: string, more: JsonObject = {}): JsonObject => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  model: 'served',
  status,
  output: [],
  usage: null,
  ...more,
});
const RESPONSES_USAGE = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
const RESPONSES_CODES = {
  overloaded: 'server_is_overloaded',
  'rate-limited': 'rate_limit_exceeded',
  invalid: 'invalid_prompt',
} as const;

const OPENAI_RESPONSES: ProviderWire = {
  config: LAB_PROVIDERS.responses,
  contentType: 'text/event-stream',
  start:
    named({ type: 'response.created', sequence_number: 0, response: response('in_progress') }) +
    named({ type: 'response.in_progress', sequence_number: 1, response: response('in_progress') }),
  text: (delta) =>
    named({
      type: 'response.output_item.added',
      sequence_number: 2,
      output_index: 0,
      item: { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] },
    }) +
    named({
      type: 'response.output_text.delta',
      sequence_number: 3,
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta,
    }),
  callStart: (nth) =>
    named({
      type: 'response.output_item.added',
      sequence_number: 4,
      output_index: nth,
      item: { id: `fc_${nth}`, type: 'function_call', call_id: `call_${nth}`, name: 'lookup', arguments: '' },
    }),
  callArguments: (nth, delta) =>
    named({
      type: 'response.function_call_arguments.delta',
      sequence_number: 5,
      item_id: `fc_${nth}`,
      output_index: nth,
      delta,
    }),
  callEnd: named({
    type: 'response.completed',
    sequence_number: 6,
    response: response('completed', { usage: RESPONSES_USAGE }),
  }),
  textEnd: named({
    type: 'response.completed',
    sequence_number: 6,
    response: response('completed', { usage: RESPONSES_USAGE }),
  }),
  failure: (kind, message) =>
    named({ type: 'error', sequence_number: 4, code: RESPONSES_CODES[kind], message, param: null }),
  whole: (text) =>
    response('completed', {
      output: [
        {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text, annotations: [] }],
        },
      ],
      usage: RESPONSES_USAGE,
    }),
  errorBody: openaiError,
};

const GEMINI_USAGE = { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 };
const geminiChunk = (parts: JsonObject[], more: JsonObject = {}): JsonObject => ({
  candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }],
  usageMetadata: GEMINI_USAGE,
  modelVersion: 'served',
  responseId: 'resp-1',
});
const GEMINI_KINDS = {
  overloaded: [503, 'UNAVAILABLE'],
  'rate-limited': [429, 'RESOURCE_EXHAUSTED'],
  invalid: [400, 'INVALID_ARGUMENT'],
} as const;

const GEMINI: ProviderWire = {
  config: LAB_PROVIDERS.gemini,
  contentType: 'text/event-stream',
  start: plain({ usageMetadata: { promptTokenCount: 7 }, modelVersion: 'served', responseId: 'resp-1' }),
  text: (text) => plain(geminiChunk([{ text }])),
  callStart: () => '',
  callArguments: (nth, whole) =>
    plain(geminiChunk([{ functionCall: { id: `call_${nth}`, name: 'lookup', args: JSON.parse(whole) } }])),
  callEnd: plain(geminiChunk([{ text: '' }], { finishReason: 'STOP' })),
  textEnd: plain(geminiChunk([{ text: '' }], { finishReason: 'STOP' })),
  failure(kind, message) {
    const [code, status] = GEMINI_KINDS[kind];
    return plain({ error: { code, message, status } });
  },
  whole: (text) => geminiChunk([{ text }], { finishReason: 'STOP' }),
  errorBody: (code, message) => ({ error: { code, message, status: googleStatus(code) } }),
};

function googleStatus(code: number): string {
  const names: Record<number, string> = {
    401: 'UNAUTHENTICATED',
    429: 'RESOURCE_EXHAUSTED',
    503: 'UNAVAILABLE',
  };
  return names[code] ?? (code < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}

const ollamaLine = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
  model: 'served',
  created_at: '2026-01-01T00:00:00Z',
  message: { role: 'assistant', ...message },
  done: false,
  ...more,
});
const OLLAMA_END = { done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 3 };

const OLLAMA: ProviderWire = {
  config: { kind: 'ollama', base_url: 'http://upstream.test', max_retries: 0 },
  contentType: 'application/x-ndjson',
  start: line(ollamaLine({ content: '' })),
  text: (content) => line(ollamaLine({ content })),
  callStart: () => '',
  callArguments: (nth, whole) =>
    line(
      ollamaLine({
        content: '',
        tool_calls: [{ id: `call_${nth}`, function: { name: 'lookup', arguments: JSON.parse(whole) } }],
      }),
    ),
  callEnd: line(ollamaLine({ content: '' }, OLLAMA_END)),
  textEnd: line(ollamaLine({ content: '' }, OLLAMA_END)),
  // It has words, and no kinds.
  failure: (kind, message) =>
    kind === 'overloaded' ? line({ error: `server busy, please try again: ${message}` }) : undefined,
  whole: (content) => ollamaLine({ content }, OLLAMA_END),
  errorBody: (_status, error) => ({ error }),
};

/** Each event in an envelope; errors come without. */
export const inEnvelope = (events: string) =>
  events.replace(/^data: ([^\r\n]*)/gm, 'data: {"response":$1,"traceId":"t"}');

const CODE_ASSIST: ProviderWire = {
  ...GEMINI,
  config: {
    kind: 'antigravity',
    base_url: 'http://upstream.test',
    options: { project: 'p' },
    api_key: 'lab-key-google',
    max_retries: 0,
  },
  start: inEnvelope(GEMINI.start),
  text: (text) => inEnvelope(GEMINI.text(text)),
  callArguments: (nth, whole) => inEnvelope(GEMINI.callArguments(nth, whole)),
  callEnd: inEnvelope(GEMINI.callEnd),
  textEnd: inEnvelope(GEMINI.textEnd),
  whole: (text) => ({ response: GEMINI.whole(text), traceId: 't' }),
};

export const PROVIDER_WIRES: Record<ProviderDialectId, ProviderWire> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': OPENAI_CHAT,
  'openai-responses': OPENAI_RESPONSES,
  gemini: GEMINI,
  'ollama-chat': OLLAMA,
  'bedrock-converse': CONVERSE,
  'bedrock-invoke': invokeWire(ANTHROPIC),
  'code-assist': CODE_ASSIST,
};

export const WIRE_IDS: readonly ProviderDialectId[] = PROVIDER_DIALECT_IDS;
