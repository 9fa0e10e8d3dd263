// What the data of an event says, in streams of chat and of text completions alike.
import type { GatewayError } from '../../model/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import { MalformedEvent, malformedData } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { errorOf } from '../openai/errors.ts';
import { errorInList } from '../shared/answer-list.ts';
import { errorInBody } from './errors.ts';

/** A chunk, the failure that it reports, or that the stream is over. Throws MalformedEvent where it is none of these. */
export function readChunk({ event, data }: SseEvent, quirks: Quirks): JsonObject | GatewayError | 'done' {
  if (data === '[DONE]') return 'done';
  let value: unknown;
  try {
    value = parseJson(data);
  } catch {
    if (data.trim() === '[DONE]') return 'done';
    if (event === 'error') return errorOf(data, quirks);
    throw malformedData('not JSON', data);
  }
  if (isObject(value))
    return event === 'error' ? (errorInBody(value, quirks) ?? errorOf(value, quirks)) : value;
  const error = errorInList(value, (entry) => errorInBody(entry, quirks));
  if (error === undefined) throw new MalformedEvent('the chunk is not an object');
  return error;
}
