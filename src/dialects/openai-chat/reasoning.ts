// Reasoning of a message ↔ `reasoning_content` / `reasoning` (plain text) and `reasoning_details[]`
// (text with signatures, encrypted pieces). https://openrouter.ai/docs/use-cases/reasoning-tokens
import type { ReasoningPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json.ts';
import { type OpaqueToken, openToken, tokenToWire } from '../../model/opaque-token.ts';
import type { LossReport } from './losses.ts';

/** The plain text of a message or delta, '' where there is none. Servers use either name, some both. */
export function reasoningText(message: JsonObject): string {
  return asString(message.reasoning_content) || asString(message.reasoning) || '';
}

/** Of the ids of entries that stood behind the answer's text: the form has no other place for the order. */
const AFTER_TEXT = 'after-text-';

export interface ReasoningDetail {
  text: string;
  signature?: OpaqueToken;
  redacted?: OpaqueToken;
  index?: number;
  afterText: boolean;
}

/** @param token what an opaque field holds: a provider's own token, or one that a client was given. */
export function parseReasoningDetails(
  value: JsonValue | undefined,
  token: (text: string) => OpaqueToken,
): ReasoningDetail[] {
  const details: ReasoningDetail[] = [];
  for (const item of asArray(value) ?? []) {
    const entry = asObject(item);
    if (entry === undefined) continue;
    const { signature, data, index } = entry;
    const detail: ReasoningDetail = {
      text: asString(entry.text) || asString(entry.summary) || '',
      afterText: asString(entry.id)?.startsWith(AFTER_TEXT) === true,
    };
    if (typeof signature === 'string' && signature !== '') detail.signature = token(signature);
    if (typeof data === 'string' && data !== '') detail.redacted = token(data);
    if (typeof index === 'number') detail.index = index;
    if (detail.text !== '' || detail.signature !== undefined || detail.redacted !== undefined) {
      details.push(detail);
    }
  }
  return details;
}

export interface PlacedReasoning {
  part: ReasoningPart;
  /** It stood behind all text of the answer: a signature without text then seals that text. */
  afterText: boolean;
}

/** The reasoning of a whole message. Where both forms tell the same, the details win: they have the signatures. */
export function parseReasoning(
  message: JsonObject,
  token: (text: string) => OpaqueToken,
): { before: ReasoningPart[]; after: ReasoningPart[] } {
  const plain = reasoningText(message);
  const before: ReasoningPart[] = [];
  const after: ReasoningPart[] = [];
  let last: { part: ReasoningPart; detail: ReasoningDetail } | undefined;
  const details = parseReasoningDetails(message.reasoning_details, token);
  // Clients that append echo what the stream's encoder told twice: the later one knows its place.
  const lastWith = new Map(details.map((detail) => [detail.redacted ?? detail.signature, detail]));
  for (const detail of details) {
    const opaque = detail.redacted ?? detail.signature;
    if (opaque !== undefined && lastWith.get(opaque) !== detail) continue;
    const { text, signature, redacted, index, afterText } = detail;
    const isPiece =
      redacted === undefined && last?.part.redacted === undefined && last?.part.signature === undefined;
    // Clients that collect stream chunks echo one entry as many, all with the same index.
    if (last !== undefined && isPiece && index === last.detail.index) {
      last.part.text += text;
      if (signature !== undefined) last.part.signature = signature;
      continue;
    }
    const part: ReasoningPart = { type: 'reasoning', text };
    if (signature !== undefined) part.signature = signature;
    if (redacted !== undefined) part.redacted = redacted;
    (afterText ? after : before).push(part);
    last = { part, detail };
  }
  if (plain === '' || [...before, ...after].some((part) => part.text !== '')) return { before, after };
  const signed = before.filter((part) => part.signature !== undefined);
  if (signed.length === 1 && signed[0] !== undefined) signed[0].text = plain;
  else before.unshift({ type: 'reasoning', text: plain });
  return { before, after };
}

/** `index` tells clients that merge chunks by it which entries are one. */
export function buildReasoningDetail({ part, afterText }: PlacedReasoning, index: number): JsonObject {
  const { text, signature, redacted } = part;
  const place = afterText ? { id: `${AFTER_TEXT}${index}` } : {};
  if (redacted !== undefined) {
    return { type: 'reasoning.encrypted', data: tokenToWire('openai-chat', redacted), ...place, index };
  }
  return {
    type: 'reasoning.text',
    text,
    ...(signature !== undefined && { signature: tokenToWire('openai-chat', signature) }),
    ...place,
    index,
  };
}

/**
 * `{reasoning_details}` of an answer where there is more than text, else `{}`: the plain text alone cannot be
 * checked by the provider that signed it.
 */
export function buildReasoningDetails(placed: readonly PlacedReasoning[]): JsonObject {
  const isMore = placed.some(({ part }) => part.signature !== undefined || part.redacted !== undefined);
  return isMore ? { reasoning_details: placed.map(buildReasoningDetail) } : {};
}

/** What can go back to a provider: a token that is not its own means nothing to it. */
export function replayableReasoning(parts: readonly ReasoningPart[], losses: LossReport): PlacedReasoning[] {
  const kept: PlacedReasoning[] = [];
  for (const part of parts) {
    const { signature, redacted } = part;
    const token = redacted ?? signature;
    const isOwn = token === undefined || openToken('openai-chat', token) !== undefined;
    if (isOwn) kept.push({ part, afterText: false });
    else if (part.text === '') losses.lost('reasoning');
    else {
      losses.approximated('reasoning', "its text is sent without the signature, which is another provider's");
      kept.push({ part: { type: 'reasoning', text: part.text }, afterText: false });
    }
  }
  return kept;
}
