// Bedrock's wires for tests that break them: each piece a line of `event`, tab and JSON, made messages at the end.
import type { JsonObject } from '../../src/model/json/json.ts';
import { concat, eventMessage, exceptionMessage } from './event-stream.ts';
import type { ErrorKind, ProviderWire } from './provider-wires.ts';

const CONFIG = {
  kind: 'bedrock',
  base_url: 'http://upstream.test',
  api_key: 'lab-key-bedrock',
  max_retries: 0,
} as const;
const CONTENT_TYPE = 'application/vnd.amazon.eventstream';
const EXCEPTION = 'exception ';

const line = (event: string, fields: JsonObject) => `${event}\t${JSON.stringify(fields)}\n`;

const KINDS: Record<ErrorKind, string> = {
  overloaded: 'serviceUnavailableException',
  'rate-limited': 'throttlingException',
  invalid: 'validationException',
};

const failure = (kind: ErrorKind, message: string) => line(EXCEPTION + KINDS[kind], { message });

export function inEventStream(pieces: string): Uint8Array {
  const lines = pieces.split('\n').filter((each) => each !== '');
  return concat(
    lines.map((each) => {
      const [event = '', json = '{}'] = each.split('\t');
      const fields: JsonObject = JSON.parse(json);
      return event.startsWith(EXCEPTION)
        ? exceptionMessage(event.slice(EXCEPTION.length), String(fields.message))
        : eventMessage(event, fields);
    }),
  );
}

const TYPES: Record<number, string> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
};

const errorBody = (status: number, message: string): JsonObject => ({
  __type: TYPES[status] ?? (status < 500 ? 'ValidationException' : 'InternalServerException'),
  message,
});

const USAGE = { inputTokens: 7, outputTokens: 3, totalTokens: 10 };
const end = (stopReason: string) => line('messageStop', { stopReason }) + line('metadata', { usage: USAGE });

export const CONVERSE: ProviderWire = {
  config: CONFIG,
  contentType: CONTENT_TYPE,
  bytes: inEventStream,
  start: line('messageStart', { role: 'assistant' }),
  text: (text) => line('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
  callStart: (nth) =>
    line('contentBlockStart', {
      contentBlockIndex: nth,
      start: { toolUse: { toolUseId: `tooluse_${nth}`, name: 'lookup' } },
    }),
  callArguments: (nth, input) =>
    line('contentBlockDelta', { contentBlockIndex: nth, delta: { toolUse: { input } } }),
  callEnd: end('tool_use'),
  textEnd: end('end_turn'),
  failure,
  whole: (text) => ({
    output: { message: { role: 'assistant', content: [{ text }] } },
    stopReason: 'end_turn',
    usage: USAGE,
  }),
  errorBody,
};

/** Events of another wire, each in InvokeModel's envelope. */
export const chunked = (events: string) =>
  [...events.matchAll(/^data: (.*)$/gm)]
    .map(([, data = '']) => line('chunk', { bytes: Buffer.from(data).toString('base64') }))
    .join('');

/** Another wire in InvokeModel's envelope. */
export function invokeWire(inner: ProviderWire): ProviderWire {
  return {
    ...inner,
    config: { ...CONFIG, kind: 'bedrock-anthropic' },
    contentType: CONTENT_TYPE,
    bytes: inEventStream,
    start: chunked(inner.start),
    text: (text) => chunked(inner.text(text)),
    callStart: (nth) => chunked(inner.callStart(nth)),
    callArguments: (nth, fragment) => chunked(inner.callArguments(nth, fragment)),
    callEnd: chunked(inner.callEnd),
    textEnd: chunked(inner.textEnd),
    failure,
    errorBody,
  };
}
