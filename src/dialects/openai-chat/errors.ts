// Where this dialect's servers put an error that came with HTTP 200. What it means is in ../openai/errors.ts.
import type { GatewayError } from '../../model/errors.ts';
import { asArray, asObject, type JsonObject } from '../../model/json/json.ts';
import type { Quirks } from '../quirks.ts';
import { baseRespIn } from '../shared/failures/base-resp.ts';
import { failureIn, errorOf, hasError } from '../openai/errors.ts';

/** The error in a body; `error: null` is not one. */
export function errorInBody(body: JsonObject, quirks: Quirks = {}): GatewayError | undefined {
  return errorInChunk(body, quirks) ?? failureIn(body, quirks);
}

/** The same for a chunk, which need not contain anything of an answer. */
export function errorInChunk(body: JsonObject, quirks: Quirks): GatewayError | undefined {
  if (hasError(body.error)) return errorOf(body, quirks);
  const choice = asObject(asArray(body.choices)?.[0]);
  const said = asObject(choice?.delta ?? choice?.message);
  // Groq says why it stopped a stream early: https://console.groq.com/docs/api-reference#chat-create
  for (const error of [choice?.error, said?.error, asObject(body.x_groq)?.error])
    if (error !== undefined && hasError(error)) return errorOf({ error }, quirks);
  // Even after content: the code of a successful answer is 0.
  if (baseRespIn(body) !== undefined) return errorOf(body, quirks);
  return body.object === 'error' && body.choices === undefined ? errorOf(body, quirks) : undefined;
}
