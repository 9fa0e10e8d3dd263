// Reasoning of a message ↔ `reasoning_content` / `reasoning` (plain text) and `reasoning_details[]`
// (text with signatures, encrypted pieces). https://openrouter.ai/docs/use-cases/reasoning-tokens
import type { ReasoningPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json.ts';

/** The plain text of a message or delta, '' where there is none. Servers use either name, some both. */
export function reasoningText(message: JsonObject): string {
  return asString(message.reasoning_content) || asString(message.reasoning) || '';
}

export interface ReasoningDetail {
  text: string;
  signature?: string;
  redacted?: string;
  index?: number;
}

export function parseReasoningDetails(value: JsonValue | undefined): ReasoningDetail[] {
  const details: ReasoningDetail[] = [];
  for (const item of asArray(value) ?? []) {
    const entry = asObject(item);
    if (entry === undefined) continue;
    const detail: ReasoningDetail = { text: asString(entry.text) || asString(entry.summary) || '' };
    if (typeof entry.signature === 'string' && entry.signature !== '') detail.signature = entry.signature;
    if (typeof entry.data === 'string' && entry.data !== '') detail.redacted = entry.data;
    if (typeof entry.index === 'number') detail.index = entry.index;
    if (detail.text !== '' || detail.signature !== undefined || detail.redacted !== undefined) {
      details.push(detail);
    }
  }
  return details;
}

/** The reasoning of a whole message. Where both forms tell the same, the details win: they have the signatures. */
export function parseReasoning(message: JsonObject): ReasoningPart[] {
  const plain = reasoningText(message);
  const parts: ReasoningPart[] = [];
  let lastIndex: number | undefined;
  for (const { text, signature, redacted, index } of parseReasoningDetails(message.reasoning_details)) {
    const last = parts.at(-1);
    // Clients that collect stream chunks echo one entry as many, all with the same index.
    if (
      last !== undefined &&
      redacted === undefined &&
      last.redacted === undefined &&
      last.signature === undefined &&
      index === lastIndex
    ) {
      last.text += text;
      if (signature !== undefined) last.signature = signature;
    } else {
      const part: ReasoningPart = { type: 'reasoning', text };
      if (signature !== undefined) part.signature = signature;
      if (redacted !== undefined) part.redacted = redacted;
      parts.push(part);
    }
    lastIndex = index;
  }
  if (plain === '' || parts.some((part) => part.text !== '')) return parts;
  const signed = parts.filter((part) => part.signature !== undefined);
  if (signed.length === 1 && signed[0] !== undefined) {
    signed[0].text = plain;
    return parts;
  }
  return [{ type: 'reasoning', text: plain }, ...parts];
}

/** `index` tells clients that merge chunks by it which entries are one. */
export function buildReasoningDetail(part: ReasoningPart, index: number): JsonObject {
  if (part.redacted !== undefined) return { type: 'reasoning.encrypted', data: part.redacted, index };
  return {
    type: 'reasoning.text',
    text: part.text,
    ...(part.signature !== undefined && { signature: part.signature }),
    index,
  };
}

/** Fields of an assistant message: text for every client, details only where there is more than text. */
export function buildReasoning(parts: readonly ReasoningPart[]): JsonObject {
  const fields: JsonObject = {};
  const text = parts.map((part) => part.text).join('');
  if (text !== '') fields.reasoning_content = text;
  if (parts.some((part) => part.signature !== undefined || part.redacted !== undefined)) {
    fields.reasoning_details = parts.map(buildReasoningDetail);
  }
  return fields;
}
