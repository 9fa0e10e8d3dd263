// A request for a text completion → NeutralRequest, for routing and for transformers; its own bytes are what is sent.
// https://platform.openai.com/docs/api-reference/completions/create
import {
  asArray,
  asBoolean,
  asNumber,
  asObject,
  asString,
  type JsonObject,
} from '../../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../../model/request.ts';
import { optionalBoolean, requiredString } from '../../shared/read-field.ts';
import { type NumberFields, readNumbers } from '../../shared/settings/numbers.ts';
import { ID } from '../wire.ts';

/** Fields with a neutral form; the others are kept as they are. */
const NEUTRAL_FIELDS: ReadonlySet<string> = new Set([
  ...['model', 'stream', 'stream_options', 'prompt', 'suffix'],
  ...['max_tokens', 'temperature', 'top_p', 'top_k', 'seed', 'stop', 'user'],
  ...['frequency_penalty', 'presence_penalty'],
]);

const NUMBERS: NumberFields = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  // As servers of open models have it.
  ['topK', 'top_k'],
  ['seed', 'seed'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presence_penalty'],
];

/** The suffix comes first, so that the last message is the prompt, which rules look at. */
export function parseRequest(body: JsonObject): NeutralRequest {
  const model = requiredString(body, 'model', 'model', 'name the model to use');
  const messages: Message[] = [];
  if (asString(body.suffix)) messages.push(said([body.suffix as string]));
  const prompts = textsIn(body);
  if (prompts !== undefined) messages.push(said(prompts));
  const request: NeutralRequest = {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    system: [],
    messages,
    tools: [],
  };
  if (asBoolean(asObject(body.stream_options)?.include_usage) === true) request.includeUsage = true;
  const limit = asNumber(body.max_tokens);
  if (limit !== undefined && limit > 0) request.maxOutputTokens = limit;
  readNumbers(request, NUMBERS, (field) => asNumber(body[field]));
  const user = asString(body.user);
  if (user !== undefined) request.user = user;
  const stop = typeof body.stop === 'string' ? [body.stop] : asArray(body.stop);
  const stopSequences = stop?.filter((sequence) => typeof sequence === 'string') ?? [];
  if (stopSequences.length > 0) request.stopSequences = stopSequences;
  // A prompt of token ids is not text, nor is anything that a server may accept in its place.
  const kept = Object.entries(body).filter(
    ([field]) => !NEUTRAL_FIELDS.has(field) || (field === 'prompt' && prompts === undefined),
  );
  if (kept.length > 0) request.extension = { dialect: ID, fields: Object.fromEntries(kept) };
  return request;
}

function said(texts: readonly string[]): Message {
  return { role: 'user', parts: texts.map((text) => ({ type: 'text', text })) };
}

/** The prompts; undefined if they are not texts. */
function textsIn({ prompt }: JsonObject): string[] | undefined {
  if (typeof prompt === 'string') return [prompt];
  const prompts = asArray(prompt)?.filter((each) => typeof each === 'string');
  return prompts === undefined || prompts.length === 0 || prompts.length < (asArray(prompt)?.length ?? 0)
    ? undefined
    : prompts;
}
