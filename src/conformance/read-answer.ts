// Reads the bytes of an answer, streamed or whole, as a neutral answer, so that two answers can be compared.
import type { Dialect } from '../dialects/dialect.ts';
import { isObject, type JsonObject, parseObject } from '../model/json/json.ts';
import { createResponseCollector } from '../model/replay.ts';
import type { NeutralResponse } from '../model/response.ts';
import { FRAME_FORMATS } from '../sse/frame-format.ts';

/** The most bytes of one event; bodies kept for the audit are far smaller. */
const LARGEST_EVENT = 32 * 1024 * 1024;

/** Throws the failure that the answer reports, or an error that says why it cannot be read. */
export function readAnswer(dialect: Dialect, text: string): NeutralResponse {
  const whole = parseObject(text);
  if (whole !== undefined) {
    const error = dialect.provider.errorInBody(whole);
    if (error !== undefined) throw error;
    return dialect.provider.parseResponse(whole);
  }
  const collector = createResponseCollector();
  const decoder = dialect.provider.createStreamDecoder({
    push(event) {
      if (event.type === 'error') throw event.error;
      collector.push(event);
    },
  });
  for (const data of eventsOf(dialect, text)) decoder.decode(data);
  decoder.end();
  return collector.response();
}

/** The text of a stream up to where it breaks off or cannot be read. */
export function readPart(dialect: Dialect, text: string): string {
  let received = '';
  const decoder = dialect.provider.createStreamDecoder({
    push(event) {
      if (event.type === 'text-delta' || event.type === 'refusal-delta') received += event.text;
    },
  });
  try {
    for (const data of eventsOf(dialect, text)) decoder.decode(data);
  } catch {
    // The stream breaks off here; the text before it is the result.
  }
  return received;
}

function eventsOf({ provider }: Dialect, text: string) {
  const listed = text.trimStart().startsWith('[') ? parseList(text) : undefined;
  if (listed !== undefined) return listed.map((value) => ({ event: '', data: JSON.stringify(value) }));
  const { createSplitter, parse } = FRAME_FORMATS[provider.framing ?? 'sse'];
  const splitter = createSplitter(LARGEST_EVENT);
  const frames = [...splitter.push(new TextEncoder().encode(text)).frames, splitter.flush()];
  return frames.flatMap((frame) => parse(frame) ?? []);
}

/** A stream framed as one JSON array. */
function parseList(text: string): JsonObject[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isObject) : undefined;
  } catch {
    return undefined;
  }
}
