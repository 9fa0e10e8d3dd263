// Runs a decoder or encoder over whole inputs, and folds the events for comparison.
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import type { Part } from '../../../src/model/content.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { type JsonObject, parseObject } from '../../../src/model/json/json.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { readEvents } from '../../support/read-events.ts';
import type { Recording } from '../../support/recordings.ts';

export const CONTEXT: AnswerContext = {
  requestId: 'req1',
  model: 'served-model',
  created: 1_700_000_000,
  includeUsage: true,
};

/** The events of a recorded stream; of one that is a JSON array, its elements. */
export function eventsOf(recording: Recording): SseEvent[] {
  const text = new TextDecoder().decode(recording.body).trim();
  if (!text.startsWith('[')) return readEvents(recording.body);
  return (JSON.parse(text) as unknown[]).map((chunk) => ({ event: '', data: JSON.stringify(chunk) }));
}

export function wireEvents(wire: string): SseEvent[] {
  return readEvents(new TextEncoder().encode(wire));
}

export function decode(events: readonly SseEvent[]): StreamEvent[] {
  const decoded: StreamEvent[] = [];
  const decoder = gemini.provider.createStreamDecoder(decoded);
  for (const event of events) decoder.decode(event);
  decoder.end();
  return decoded;
}

export function decodeChunks(...chunks: unknown[]): StreamEvent[] {
  return decode(chunks.map((chunk) => ({ event: '', data: JSON.stringify(chunk) })));
}

/** A chunk with those parts. */
export function chunk(
  parts: JsonObject[],
  finishReason?: string | number,
  more: JsonObject = {},
): JsonObject {
  const candidate = { content: { role: 'model', parts }, index: 0, ...(finishReason && { finishReason }) };
  return { candidates: [candidate], modelVersion: 'gemini-m', responseId: 'r1', ...more };
}

export function encode(events: readonly StreamEvent[], context: AnswerContext = CONTEXT): string {
  const encoder = gemini.client.createStreamEncoder(context);
  return events.map((event) => encoder.encode(event)).join('');
}

/** The chunks that the events become. */
export function encodedChunks(events: readonly StreamEvent[], context?: AnswerContext): JsonObject[] {
  return wireEvents(encode(events, context)).map(({ data }) => parseObject(data) ?? {});
}

/** The answer that the events tell, or the error they end in. */
export function answerOf(events: readonly StreamEvent[]): NeutralResponse | GatewayError {
  const collector = createResponseCollector();
  for (const event of events) collector.push(event);
  try {
    return collector.response();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
}

export function wholeAnswer(events: readonly StreamEvent[]): NeutralResponse {
  const answer = answerOf(events);
  if (answer instanceof GatewayError) throw answer;
  return answer;
}

export function textOf(parts: readonly Part[], type: 'text' | 'reasoning'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('');
}

export function callsOf(parts: readonly Part[]): { name: string; arguments: JsonObject | undefined }[] {
  return parts.flatMap((part) =>
    part.type === 'tool-call' && part.kind === 'function'
      ? [{ name: part.name, arguments: parseObject(part.arguments) }]
      : [],
  );
}

/** Every token, in order, as its provider wrote it. */
export function signaturesOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    const token =
      part.type === 'reasoning' || part.type === 'tool-call' ? part.signature : resultSignature(part);
    return token === undefined ? [] : [token.replace(/^gemini:/, '')];
  });
}

/** A result of a tool that Google runs is kept as it came, signature and all. */
function resultSignature(part: Part): string | undefined {
  const signature = part.type === 'server-tool-result' ? part.value.thoughtSignature : undefined;
  return typeof signature === 'string' ? signature : undefined;
}
