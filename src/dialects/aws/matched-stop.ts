// Where Converse says which stop sequence Claude met: in a field of Claude's own that a request has to name.
//
// The path leads into Claude's own answer: there the field is at the top, and in a stream below the `delta` of an event. A path
// that leads nowhere is ignored. https://github.com/vercel/ai/pull/11410
import { asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';

/** As a request names them (`additionalModelResponseFieldPaths`). */
export const STOP_PATHS: readonly string[] = ['/stop_sequence', '/delta/stop_sequence'];

/** @param fields `additionalModelResponseFields` of an answer or of its last event. */
export function readMatchedStop(fields: JsonValue | undefined): string | undefined {
  const { stop_sequence: atTop, delta } = asObject(fields) ?? {};
  return asString(atTop) ?? asString(asObject(delta)?.stop_sequence);
}

/** In both places, since it is not known any more which the request named. */
export function buildMatchedStop(stop_sequence: string): JsonObject {
  return { stop_sequence, delta: { stop_sequence } };
}
