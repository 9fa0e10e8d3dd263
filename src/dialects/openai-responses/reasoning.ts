// Reasoning items ↔ ReasoningPart. A part's token holds what the server must get back besides the text, the item's id and its encrypted
// content, as JSON. https://platform.openai.com/docs/guides/reasoning
import type { Extension, ReasoningPart } from '../../model/content.ts';
import {
  asArray,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../model/json/json.ts';
import {
  type OpaqueToken,
  openToken,
  ownToken,
  placeToken,
  separateToken,
  tokenFromWire,
  tokenToWire,
  UNSEALED,
} from '../../model/opaque-token.ts';
import type { AnswerContext } from '../dialect.ts';
import { put } from '../shared/own-fields.ts';
import { isMadeUpReasoning } from './output-item.ts';
import { extensionOf, ID, ownFields } from './wire.ts';

/** The extension field that keeps an item's `content`, if the text is its summary. */
export const RAW = 'reasoning.content';

/** Stands between two parts of a summary, which form one text in the neutral model. */
export const SUMMARY_SEPARATOR = '\n\n';

/** Ends a foreign token that is a redacted block instead of a signature, since one field holds either. */
const REDACTED = ':redacted';

interface ReasoningKey {
  id?: string;
  encryptedContent?: string;
  /** The text is in `content` (open models) instead of `summary`. */
  inContent?: boolean;
}

/** The part for an item that a client sent back. */
export function parseReasoning(item: JsonObject): ReasoningPart {
  const { text, inContent } = reasoningText(item);
  const part: ReasoningPart = { type: 'reasoning', text, ...rawReasoning(item) };
  const encrypted = asString(item.encrypted_content);
  if (encrypted === UNSEALED) return part;
  if (encrypted) {
    const isRedacted = encrypted.endsWith(REDACTED);
    const token = tokenFromWire(ID, isRedacted ? encrypted.slice(0, -REDACTED.length) : encrypted);
    if (openToken(ID, token) === undefined) {
      if (isRedacted) part.redacted = token;
      else part.signature = token;
      return part;
    }
  }
  const key = keyOf(item, inContent);
  // No provider knows a made-up id: it would look for it in vain, or refuse what it encrypted under another.
  if (key.id !== undefined && isMadeUpReasoning(key.id)) delete key.id;
  if (Object.keys(key).length > 0) part.signature = keyToken(key);
  return part;
}

/** The part for an item that a provider sent; undefined for an empty one, whose id is useless by itself. */
export function parseAnswerReasoning(item: JsonObject): ReasoningPart | undefined {
  const { text, inContent } = reasoningText(item);
  const signature = answerToken(item, inContent);
  if (text === '' && signature === undefined) return undefined;
  return { type: 'reasoning', text, ...(signature !== undefined && { signature }), ...rawReasoning(item) };
}

/** What the model thought word by word, if the text is a summary of it: no other dialect has both. */
export function rawReasoning(item: JsonObject): { extension?: Extension } {
  const hasBoth = texts(item.summary).length > 0 && texts(item.content).length > 0;
  return hasBoth ? extensionOf({ [RAW]: { content: item.content } }) : {};
}

/** The token that the provider must get back; undefined if a stateless request could not use it. */
export function answerToken(item: JsonObject, inContent: boolean): OpaqueToken | undefined {
  const key = keyOf(item, inContent);
  return key.encryptedContent === undefined && !inContent ? undefined : keyToken(key);
}

function keyOf(item: JsonObject, inContent: boolean): ReasoningKey {
  const key: ReasoningKey = {};
  const id = asString(item.id);
  const encryptedContent = asString(item.encrypted_content);
  if (id) key.id = id;
  if (encryptedContent) key.encryptedContent = encryptedContent;
  if (inContent) key.inContent = true;
  return key;
}

function keyToken({ id, encryptedContent, inContent }: ReasoningKey): OpaqueToken {
  const fields: JsonObject = {};
  if (id !== undefined) fields.id = id;
  if (encryptedContent !== undefined) fields.encrypted_content = encryptedContent;
  if (inContent === true) fields.in_content = true;
  const text = JSON.stringify(fields);
  if (encryptedContent === undefined) return placeToken(ID, text);
  return inContent === true ? ownToken(ID, text) : separateToken(ID, text);
}

/** What the token holds; undefined if it is another dialect's. */
export function openKey(token: OpaqueToken | undefined): ReasoningKey | undefined {
  const text = token === undefined ? undefined : openToken(ID, token);
  const fields = text === undefined ? undefined : parseObject(text);
  return fields === undefined ? undefined : keyOf(fields, fields.in_content === true);
}

/** The item to send back to a provider of this dialect; undefined if the reasoning is not from one. */
export function buildReasoning(part: ReasoningPart): JsonObject | undefined {
  const key = openKey(part.signature);
  if (key === undefined) return undefined;
  const item: JsonObject = { type: 'reasoning' };
  if (key.id !== undefined) item.id = key.id;
  const hasText = part.text !== '';
  item.summary = hasText && key.inContent !== true ? [{ type: 'summary_text', text: part.text }] : [];
  if (hasText && key.inContent === true) item.content = [{ type: 'reasoning_text', text: part.text }];
  if (key.encryptedContent !== undefined) item.encrypted_content = key.encryptedContent;
  return withRaw(item, part);
}

/**
 * The item for a client, with the readable text as summary. A client that sends thoughts back because nothing is stored may drop those
 * without encrypted content: the AI SDK with `store: false`.
 * https://github.com/vercel/ai/blob/main/packages/openai/src/responses/convert-to-openai-responses-input.ts
 */
export function buildReasoningOutput(
  part: ReasoningPart,
  fallbackId: string,
  { replaysReasoning }: Pick<AnswerContext, 'replaysReasoning'>,
): JsonObject {
  const key = openKey(part.signature);
  const item: JsonObject = {
    id: key?.id ?? fallbackId,
    type: 'reasoning',
    summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
  };
  const unsealed = replaysReasoning === true ? UNSEALED : undefined;
  const encrypted = key === undefined ? (foreignContent(part) ?? unsealed) : key.encryptedContent;
  if (encrypted !== undefined) item.encrypted_content = encrypted;
  return withRaw(item, part);
}

function withRaw(item: JsonObject, { extension }: ReasoningPart): JsonObject {
  put(item, 'content', asObject(ownFields(extension)[RAW])?.content);
  return item;
}

function foreignContent({ signature, redacted }: ReasoningPart): string | undefined {
  if (redacted !== undefined) return tokenToWire(ID, redacted) + REDACTED;
  return signature === undefined ? undefined : tokenToWire(ID, signature);
}

/** An item's readable text: its summary, else the raw text that open models send. */
function reasoningText(item: JsonObject): { text: string; inContent: boolean } {
  const summary = texts(item.summary).join(SUMMARY_SEPARATOR);
  if (summary !== '') return { text: summary, inContent: false };
  const content = texts(item.content).join('');
  return { text: content, inContent: content !== '' };
}

function texts(value: JsonValue | undefined): string[] {
  const found: string[] = [];
  for (const part of asArray(value) ?? []) {
    const text = asString(asObject(part)?.text);
    if (text) found.push(text);
  }
  return found;
}
