// Log probabilities in the form of OpenAI's two dialects, which differ only in how they write unknown bytes.
// https://platform.openai.com/docs/api-reference/chat/object
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { TokenChance, TokenLogprob } from '../../model/logprobs.ts';

/** Undefined if there are none, or if they cannot be read. */
export function parseLogprobs(value: JsonValue | undefined): TokenLogprob[] | undefined {
  const entries = asArray(value);
  if (entries === undefined || entries.length === 0) return undefined;
  const tokens: TokenLogprob[] = [];
  for (const entry of entries) {
    const chance = parseChance(entry);
    const top = (asArray(asObject(entry)?.top_logprobs) ?? []).map(parseChance);
    if (chance === undefined || !top.every((each) => each !== undefined)) return undefined;
    tokens.push({ ...chance, top });
  }
  return tokens;
}

/** Whether there are log probabilities that `parseLogprobs` cannot read. */
export function isUnreadable(value: JsonValue | undefined): boolean {
  return (asArray(value)?.length ?? 0) > 0 && parseLogprobs(value) === undefined;
}

/** @param unknownBytes the value for bytes that the provider did not state. */
export function buildLogprobs(tokens: readonly TokenLogprob[], unknownBytes: null | []): JsonObject[] {
  const build = ({ token, logprob, bytes }: TokenChance): JsonObject => ({
    token,
    logprob,
    bytes: bytes ?? unknownBytes,
  });
  return tokens.map((each) => ({ ...build(each), top_logprobs: each.top.map(build) }));
}

function parseChance(value: JsonValue): TokenChance | undefined {
  const fields = asObject(value);
  const token = asString(fields?.token);
  const logprob = asNumber(fields?.logprob);
  if (token === undefined || logprob === undefined) return undefined;
  const bytes = asArray(fields?.bytes)?.filter((byte) => typeof byte === 'number');
  return { token, logprob, ...(bytes !== undefined && (bytes.length > 0 || token === '') && { bytes }) };
}
