// One provider per dialect that answers with signed reasoning and two calls, and what it must get back.
import type { Quirks } from '../../../src/dialects/quirks.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json/json.ts';

export interface CarryProvider {
  baseUrl: string;
  model: string;
  quirks: Quirks;
  /** The stream of its answer. */
  answer: string;
  /** What a request brings back of that answer: opaque tokens, ids, and which call each result belongs to. */
  held(body: JsonObject): JsonValue;
  expected: JsonValue;
}

/** Base64, as some dialects demand, and with what is special in JSON or URLs. */
const SIGNATURE = 'U2lnbmVkK3JlYXNvbmluZy8=';
const REDACTED = 'UmVkYWN0ZWQ/cmVhc29uaW5n';
const CALL_1 = 'Q2FsbCsxLw==';
const CALL_2 = 'Q2FsbCsyLw==';

/** What the two calls ask for, and what clients answer. */
export const CITIES = ['Köln', 'Łódź'] as const;

/** GitHub Copilot, which has fields of its own: one seal for all that was thought, with the first call or the text. */
export const COPILOT: CarryProvider = {
  baseUrl: 'https://api.githubcopilot.com',
  model: 'gemini-3-pro-preview',
  quirks: {},
  answer: `${plain(
    [
      { role: 'assistant', content: null, reasoning_text: 'Both ' },
      { role: 'assistant', content: null, reasoning_text: 'at once.' },
      {
        content: null,
        tool_calls: [{ index: 0, ...bareCall('call_01', CITIES[0]) }],
        reasoning_opaque: SIGNATURE,
      },
      { content: null, tool_calls: [{ index: 1, ...bareCall('call_02', CITIES[1]) }] },
    ].map((delta) => chatChunk(delta, null)),
  )}${plain([chatChunk({}, 'tool_calls')])}data: [DONE]\n\n`,
  held: (body) =>
    objects(body.messages)
      .filter(({ role }) => role !== 'user' && role !== 'system')
      .map(({ role: _, content, ...fields }) => (content ? { content, ...fields } : fields)),
  expected: [
    {
      reasoning_text: 'Both at once.',
      reasoning_opaque: SIGNATURE,
      tool_calls: [bareCall('call_01', CITIES[0]), bareCall('call_02', CITIES[1])],
    },
    { content: answerFor(CITIES[0]), tool_call_id: 'call_01' },
    { content: answerFor(CITIES[1]), tool_call_id: 'call_02' },
  ],
};

export const CARRY_PROVIDERS: Record<DialectId, CarryProvider> = {
  'anthropic-messages': {
    baseUrl: 'http://upstream.test',
    model: 'claude-3-7-sonnet-20250219',
    quirks: {},
    answer: named([
      {
        type: 'message_start',
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 3, output_tokens: 1 },
        },
      },
      ...block(0, { type: 'thinking', thinking: '', signature: '' }, [
        { type: 'thinking_delta', thinking: 'Both ' },
        { type: 'thinking_delta', thinking: 'at once.' },
        { type: 'signature_delta', signature: SIGNATURE },
      ]),
      ...block(1, { type: 'redacted_thinking', data: REDACTED }, []),
      ...block(2, { type: 'text', text: '' }, [{ type: 'text_delta', text: 'I look.' }]),
      ...block(3, { type: 'tool_use', id: 'toolu_01', name: 'weather', input: {} }, inputOf(CITIES[0])),
      ...block(4, { type: 'tool_use', id: 'toolu_02', name: 'weather', input: {} }, inputOf(CITIES[1])),
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use', stop_sequence: null },
        usage: { output_tokens: 9 },
      },
      { type: 'message_stop' },
    ]),
    held: (body) =>
      objects(body.messages).flatMap((message) =>
        objects(message.content).flatMap((item): JsonValue[] => {
          const { type, thinking, signature, data, id, tool_use_id: callId } = item;
          if (type === 'thinking') return [[type, thinking ?? null, signature ?? null]];
          if (type === 'redacted_thinking') return [[type, data ?? null]];
          if (type === 'tool_use') return [[type, id ?? null, cityIn(item.input)]];
          return type === 'tool_result' ? [[type, callId ?? null, resultText(item.content)]] : [];
        }),
      ),
    expected: [
      ['thinking', 'Both at once.', SIGNATURE],
      ['redacted_thinking', REDACTED],
      ['tool_use', 'toolu_01', CITIES[0]],
      ['tool_use', 'toolu_02', CITIES[1]],
      ['tool_result', 'toolu_01', answerFor(CITIES[0])],
      ['tool_result', 'toolu_02', answerFor(CITIES[1])],
    ],
  },
  'openai-chat': {
    baseUrl: 'http://upstream.test/v1',
    model: 'some/model',
    quirks: { replaysReasoningDetails: true },
    answer: `${plain(
      [
        { role: 'assistant', content: '' },
        { reasoning: 'Both ' },
        { reasoning: 'at once.' },
        { reasoning_details: [{ type: 'reasoning.text', text: '', signature: SIGNATURE, index: 0 }] },
        { reasoning_details: [{ type: 'reasoning.encrypted', data: REDACTED, index: 1 }] },
        { content: 'I look.' },
        { tool_calls: [{ index: 0, ...chatCall('call_01', CITIES[0], CALL_1) }] },
        { tool_calls: [{ index: 1, ...chatCall('call_02', CITIES[1], CALL_2) }] },
      ].map((delta) => chatChunk(delta, null)),
    )}${plain([chatChunk({}, 'tool_calls')])}data: [DONE]\n\n`,
    held: (body) =>
      objects(body.messages).flatMap((message): JsonValue[] => {
        if (message.role === 'tool') return [[message.tool_call_id ?? null, message.content ?? null]];
        if (message.role !== 'assistant') return [];
        return [
          ...objects(message.reasoning_details).map(({ text, signature, data }) => [
            text ?? null,
            signature ?? data ?? null,
          ]),
          ...objects(message.tool_calls).map((call) => {
            const google = asObject(asObject(call.extra_content)?.google);
            const city = cityIn(asObject(call.function)?.arguments);
            return [call.id ?? null, city, google?.thought_signature ?? null];
          }),
        ];
      }),
    expected: [
      ['Both at once.', SIGNATURE],
      [null, REDACTED],
      ['call_01', CITIES[0], CALL_1],
      ['call_02', CITIES[1], CALL_2],
      ['call_01', answerFor(CITIES[0])],
      ['call_02', answerFor(CITIES[1])],
    ],
  },
  'openai-responses': {
    baseUrl: 'http://upstream.test/v1',
    model: 'gpt-5',
    quirks: {},
    answer: responsesStream([
      {
        id: 'rs_01',
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Both at once.' }],
        encrypted_content: SIGNATURE,
      },
      responsesCall('fc_01', 'call_01', CITIES[0]),
      responsesCall('fc_02', 'call_02', CITIES[1]),
    ]),
    held: (body) =>
      objects(body.input).flatMap((item): JsonValue[] => {
        const { type, id, call_id: callId } = item;
        if (type === 'reasoning') return [[type, id ?? null, item.encrypted_content ?? null]];
        if (type === 'function_call') return [[type, callId ?? null, cityIn(item.arguments)]];
        return type === 'function_call_output' ? [[type, callId ?? null, resultText(item.output)]] : [];
      }),
    expected: [
      ['reasoning', 'rs_01', SIGNATURE],
      ['function_call', 'call_01', CITIES[0]],
      ['function_call', 'call_02', CITIES[1]],
      ['function_call_output', 'call_01', answerFor(CITIES[0])],
      ['function_call_output', 'call_02', answerFor(CITIES[1])],
    ],
  },
  gemini: {
    baseUrl: 'http://upstream.test',
    model: 'gemini-3-pro-preview',
    quirks: {},
    answer: plain([
      geminiChunk([{ text: 'Both at once.', thought: true }]),
      geminiChunk([{ text: 'I look.' }]),
      geminiChunk([{ text: '', thoughtSignature: SIGNATURE }]),
      geminiChunk([{ functionCall: weather(CITIES[0]), thoughtSignature: CALL_1 }]),
      geminiChunk([{ functionCall: weather(CITIES[1]), thoughtSignature: CALL_2 }], 'STOP'),
    ]),
    held: (body) =>
      objects(body.contents).flatMap((content) =>
        objects(content.parts).flatMap((part): JsonValue[] => {
          const { text, thought, thoughtSignature, functionCall: call, functionResponse: response } = part;
          if (call !== undefined) return [[cityIn(asObject(call)?.args), thoughtSignature ?? null]];
          if (response !== undefined) {
            return [[asObject(response)?.name ?? null, findAnswer(JSON.stringify(response))]];
          }
          return content.role === 'model' && thought !== true
            ? [[text ?? null, thoughtSignature ?? null]]
            : [];
        }),
      ),
    expected: [
      ['I look.', SIGNATURE],
      [CITIES[0], CALL_1],
      [CITIES[1], CALL_2],
      ['weather', answerFor(CITIES[0])],
      ['weather', answerFor(CITIES[1])],
    ],
  },
  'ollama-chat': {
    baseUrl: 'http://upstream.test',
    model: 'qwen3',
    quirks: {},
    answer: lines([
      { message: { role: 'assistant', content: '', thinking: 'Both at once.' }, done: false },
      {
        message: {
          role: 'assistant',
          content: '',
          tool_calls: CITIES.map((city, at) => ({
            id: `call_0${at + 1}`,
            function: { ...called(city), index: at },
          })),
        },
        done: false,
      },
      { message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 9 },
    ]),
    held: (body) =>
      objects(body.messages).flatMap((message): JsonValue[] => {
        const { role, thinking, tool_calls: calls, tool_call_id: id, content } = message;
        if (role === 'tool') return [[id ?? null, resultText(content)]];
        return [
          ...(thinking === undefined ? [] : [thinking]),
          ...objects(calls).map((call) => [call.id ?? null, cityIn(asObject(call.function)?.arguments)]),
        ];
      }),
    expected: [
      'Both at once.',
      ['call_01', CITIES[0]],
      ['call_02', CITIES[1]],
      ['call_01', answerFor(CITIES[0])],
      ['call_02', answerFor(CITIES[1])],
    ],
  },
};

function lines(values: JsonObject[]): string {
  const head = { model: 'qwen3', created_at: '2026-01-02T03:04:05Z' };
  return values.map((value) => `${JSON.stringify({ ...head, ...value })}\n`).join('');
}

function called(city: string): JsonObject {
  return { name: 'weather', arguments: { city } };
}

/** What a client's tool says. */
export function answerFor(city: string): string {
  return `sun over ${city}`;
}

function weather(city: string): JsonObject {
  return { name: 'weather', args: { city } };
}

function named(events: JsonObject[]): string {
  return events.map((data) => `event: ${String(data.type)}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

function plain(chunks: JsonObject[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
}

function block(index: number, content: JsonObject, deltas: JsonObject[]): JsonObject[] {
  return [
    { type: 'content_block_start', index, content_block: content },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function inputOf(city: string): JsonObject[] {
  const text = JSON.stringify({ city });
  return [text.slice(0, 5), text.slice(5)].map((part) => ({ type: 'input_json_delta', partial_json: part }));
}

function chatChunk(delta: JsonObject, finish: string | null): JsonObject {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return { id: 'gen-1', object: 'chat.completion.chunk', created: 1, model: 'some/model', choices };
}

function chatCall(id: string, city: string, token: string): JsonObject {
  return { ...bareCall(id, city), extra_content: { google: { thought_signature: token } } };
}

function bareCall(id: string, city: string): JsonObject {
  return { id, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ city }) } };
}

function responsesCall(id: string, callId: string, city: string): JsonObject {
  const text = JSON.stringify({ city });
  return {
    id,
    type: 'function_call',
    call_id: callId,
    name: 'weather',
    arguments: text,
    status: 'completed',
  };
}

function responsesStream(output: JsonObject[]): string {
  const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5', error: null };
  const usage = { input_tokens: 3, output_tokens: 9, total_tokens: 12 };
  const events: JsonObject[] = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    ...output.flatMap((item, at) => responsesItem(item, at)),
    { type: 'response.completed', response: { ...response, status: 'completed', output, usage } },
  ];
  return named(events.map((event, at) => ({ ...event, sequence_number: at })));
}

function responsesItem(item: JsonObject, at: number): JsonObject[] {
  const place = { output_index: at, item_id: item.id };
  const done = { type: 'response.output_item.done', output_index: at, item };
  if (item.type === 'reasoning') {
    const text = asString(asObject(asArray(item.summary)?.[0])?.text) ?? '';
    const part = { ...place, summary_index: 0 };
    const { encrypted_content: _, ...bare } = item;
    return [
      { type: 'response.output_item.added', output_index: at, item: { ...bare, summary: [] } },
      {
        type: 'response.reasoning_summary_part.added',
        ...part,
        part: { type: 'summary_text', text: '' },
      },
      { type: 'response.reasoning_summary_text.delta', ...part, delta: text },
      { type: 'response.reasoning_summary_text.done', ...part, text },
      { type: 'response.reasoning_summary_part.done', ...part, part: { type: 'summary_text', text } },
      done,
    ];
  }
  const opened = { ...item, arguments: '', status: 'in_progress' };
  return [
    { type: 'response.output_item.added', output_index: at, item: opened },
    { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
    { type: 'response.function_call_arguments.done', ...place, name: item.name, arguments: item.arguments },
    done,
  ];
}

function geminiChunk(parts: JsonObject[], finishReason?: string): JsonObject {
  const candidate = { index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) };
  const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 9, totalTokenCount: 12 };
  return { candidates: [candidate], usageMetadata, modelVersion: 'gemini-3-pro-preview', responseId: 'r1' };
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return (asArray(value) ?? []).filter(isObject);
}

/** Of arguments as text or as an object. */
function cityIn(value: JsonValue | undefined): JsonValue {
  const args: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  return asObject(args as JsonValue)?.city ?? null;
}

function resultText(content: JsonValue | undefined): string | null {
  return findAnswer(typeof content === 'string' ? content : JSON.stringify(content ?? null));
}

/** Whatever form a result has, the tool's words are in it. */
function findAnswer(text: string): string | null {
  return CITIES.map(answerFor).find((answer) => text.includes(answer)) ?? null;
}
