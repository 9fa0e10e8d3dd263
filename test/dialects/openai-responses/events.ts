// Runs the decoder and the encoder over whole inputs, and folds their events for comparison.
import type { AnswerContext } from '../../../src/dialects/dialect.ts';
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts';
import type { Part } from '../../../src/model/content.ts';
import type { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { Finish } from '../../../src/model/finish.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../../src/model/usage.ts';
import type { SseEvent } from '../../../src/sse/event.ts';
import { readEvents } from '../../support/read-events.ts';

export const CONTEXT: AnswerContext = {
  requestId: 'req1',
  model: 'served-model',
  created: 1_700_000_000,
  includeUsage: true,
};

export function decode(events: readonly SseEvent[]): StreamEvent[] {
  const decoded: StreamEvent[] = [];
  const decoder = openaiResponses.provider.createStreamDecoder(decoded);
  for (const event of events) decoder.decode(event);
  decoder.end();
  return decoded;
}

/** Objects, sent as a server would: the event is named by its type. */
export function sse(...payloads: JsonObject[]): SseEvent[] {
  return payloads.map((payload) => ({ event: String(payload.type ?? ''), data: JSON.stringify(payload) }));
}

export function encode(events: readonly StreamEvent[], context: AnswerContext = CONTEXT): SseEvent[] {
  const encoder = openaiResponses.client.createStreamEncoder(context);
  return readEvents(new TextEncoder().encode(events.map((event) => encoder.encode(event)).join('')));
}

/** Violations of the grammar, none for a sound stream. */
export function violations(events: readonly SseEvent[]): string[] {
  const checker = openaiResponses.createGrammarChecker();
  for (const event of events) checker.check(event);
  return checker.end();
}

export function payloads(events: readonly SseEvent[]): JsonObject[] {
  return events.map((event) => JSON.parse(event.data) as JsonObject);
}

export interface Answer {
  id: string | null;
  model: string | null;
  parts: Part[];
  /** Names of what only this dialect can replay. */
  extensions: string[];
  usage: Usage;
  finish: Finish | null;
  error: GatewayError | null;
}

/** What an encoder of this dialect names as lost instead of saying it again. */
const UNREPEATED: ReadonlySet<string> = new Set(['phase', 'logprobs']);

/** The answer that the events tell. Throws where they break the order of neutral events. */
export function answerOf(events: readonly StreamEvent[]): Answer {
  const answer: Answer = {
    id: null,
    model: null,
    parts: [],
    extensions: [],
    usage: { ...NO_USAGE },
    finish: null,
    error: null,
  };
  const collector = createResponseCollector();
  const open = new Set<number>();
  const used = new Set<number>();
  for (const event of events) {
    if (answer.finish !== null || answer.error !== null) throw new Error(`${event.type} after the end`);
    if ('block' in event) {
      const isSingle = event.type === 'media' || event.type === 'server-tool-result';
      if (event.type.endsWith('-start') || isSingle) {
        if (used.has(event.block)) throw new Error(`block ${event.block} begins twice`);
        used.add(event.block);
        if (!isSingle) open.add(event.block);
      } else if (!open.has(event.block)) throw new Error(`${event.type} for block ${event.block}, not open`);
      if (event.type.endsWith('-end')) open.delete(event.block);
    }
    if (event.type === 'start') Object.assign(answer, { id: event.id, model: event.model });
    else if (event.type === 'usage') answer.usage = mergeUsage(answer.usage, event.usage);
    else if (event.type === 'extension') {
      if (!UNREPEATED.has(event.name)) answer.extensions.push(event.name);
    } else if (event.type === 'finish') answer.finish = event.finish;
    else if (event.type === 'error') answer.error = event.error;
    if (event.type !== 'error' && event.type !== 'extension') collector.push(event);
  }
  if (answer.finish !== null && open.size > 0) throw new Error(`blocks ${[...open]} are not ended`);
  collector.push({ type: 'finish', finish: { unified: 'other', raw: null } });
  answer.parts = collector.response().parts;
  return answer;
}

export function textsOf(parts: readonly Part[], type: 'text' | 'reasoning' | 'refusal'): string[] {
  return parts.flatMap((part) => (part.type === type && part.text !== '' ? [part.text] : []));
}

export function callsOf(parts: readonly Part[]) {
  return parts.flatMap((part) =>
    part.type === 'tool-call' && part.kind !== 'server'
      ? [{ id: part.id, name: part.name, text: part.arguments, kind: part.kind }]
      : [],
  );
}
