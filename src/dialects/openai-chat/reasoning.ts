// Reasoning of a message ↔ `reasoning_content` / `reasoning` (plain text) and `reasoning_details[]`
// (text with signatures, encrypted pieces), or Copilot's `reasoning_text` and `reasoning_opaque`.
// https://openrouter.ai/docs/use-cases/reasoning-tokens
import type { ReasoningPart } from '../../model/content.ts';
import {
  asArray,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../model/json/json.ts';
import {
  isUnsealed,
  type OpaqueToken,
  openToken,
  ownToken,
  tokenFromWire,
  tokenToWire,
} from '../../model/opaque-token.ts';
import type { AnswerContext } from '../dialect.ts';
import { TextJoiner } from '../shared/joined-texts.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { WITHOUT_SIGNATURE } from '../shared/losses/substitutes.ts';
import { ID, keptAs } from './wire.ts';

/** The plain text of a message or delta; empty if it has none. Servers use either name, some both. */
export function reasoningText(message: JsonObject): string {
  return asString(message.reasoning_content) || asString(message.reasoning) || '';
}

/**
 * An answer's message or delta with GitHub Copilot's fields as those of the others: the thought, and the one seal of all that
 * was thought. https://github.com/microsoft/vscode-copilot-chat/blob/main/src/platform/thinking/common/thinking.ts
 */
export function withCopilots(message: JsonObject): JsonObject {
  const { reasoning_text: text, reasoning_opaque: seal } = message;
  if (text === undefined && seal === undefined) return message;
  return {
    ...message,
    ...(asString(text) && { reasoning_content: text }),
    ...(asString(seal) && { reasoning_details: [{ signature: seal, format: COPILOTS }] }),
  };
}

/** In place of the format that OpenRouter states of a seal: only Copilot can read it. */
const COPILOTS = 'copilot';

/** https://docs.github.com/en/copilot/reference/copilot-allowlist-reference; companies with a domain of their own have the other. */
const COPILOTS_ADDRESS = /^https:\/\/(api\.([\w-]+\.)?githubcopilot\.com|copilot-api\.[\w.-]+)(?=[:/]|$)/;

export function isCopilot(baseUrl = ''): boolean {
  return COPILOTS_ADDRESS.test(baseUrl);
}

/** Its seal, if the part has one. */
function copilotsSeal({ signature }: ReasoningPart): string | undefined {
  if (signature === undefined || openToken(ID, signature) === undefined) return undefined;
  const entry = unpackEntry(signature, 'signature');
  return entry.format === COPILOTS ? asString(entry.signature) : undefined;
}

/**
 * What a turn has thought, for Copilot, which may refuse or forget a call of Gemini's without the seal, and takes one for a message.
 * https://github.com/anomalyco/opencode/pull/8900
 */
export function buildCopilots(parts: readonly ReasoningPart[], losses: LossReport): JsonObject {
  const seal = parts.map(copilotsSeal).find((each) => each !== undefined);
  const text = parts.map((part) => part.text).join('');
  if (seal === undefined) losses.lost('reasoning');
  return seal === undefined ? {} : { ...(text !== '' && { reasoning_text: text }), reasoning_opaque: seal };
}

/** Marks the ids of entries that followed the answer's text: the form has no other place for the order. */
const AFTER_TEXT = 'after-text-';

export interface ReasoningDetail {
  text: string;
  signature?: OpaqueToken;
  redacted?: OpaqueToken;
  index?: number;
  afterText: boolean;
}

/** @param token reads an opaque field: a provider's own token, or one that a client was given. */
export function parseReasoningDetails(
  value: JsonValue | undefined,
  token: (text: string) => OpaqueToken,
): ReasoningDetail[] {
  const details: ReasoningDetail[] = [];
  for (const item of asArray(value) ?? []) {
    const entry = asObject(item);
    if (entry === undefined) continue;
    const { signature, data, index } = entry;
    const tokenOf = (raw: string) => packEntry(token(raw), raw, entry);
    const detail: ReasoningDetail = {
      text: asString(entry.text) || asString(entry.summary) || '',
      afterText: asString(entry.id)?.startsWith(AFTER_TEXT) === true,
    };
    if (typeof signature === 'string' && signature !== '') detail.signature = tokenOf(signature);
    if (typeof data === 'string' && data !== '') detail.redacted = tokenOf(data);
    if (typeof index === 'number') detail.index = index;
    if (detail.text !== '' || detail.signature !== undefined || detail.redacted !== undefined) {
      details.push(detail);
    }
  }
  return details;
}

/**
 * Servers require an entry back with all its fields (OpenRouter: `id` may name the call that Gemini signed, and `format` says whose
 * signature it is). If it has more than the token, the dialect's own token is therefore the JSON text of the fields.
 */
function packEntry(token: OpaqueToken, raw: string, entry: JsonObject): OpaqueToken {
  if (openToken(ID, token) === undefined) return token;
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(entry)) {
    const isPlace = name === 'id' && asString(value)?.startsWith(AFTER_TEXT) === true;
    if (value !== null && !isPlace && !PART_FIELDS.has(name)) fields[name] = value;
  }
  const isMore = Object.keys(fields).length > 1 || raw.startsWith('{');
  return isMore ? ownToken(ID, JSON.stringify(fields)) : token;
}

/** Fields of an entry that follow from the part or from its place in the list. */
const PART_FIELDS: ReadonlySet<string> = new Set(['type', 'text', 'summary', 'index']);

function unpackEntry(token: OpaqueToken, name: 'signature' | 'data'): JsonObject {
  const raw = tokenToWire(ID, token);
  const fields = raw.startsWith('{') ? parseObject(raw) : undefined;
  return fields ?? { [name]: raw };
}

/** Joins the two pieces of a signature. */
export function joinSignatures(first: OpaqueToken, second: OpaqueToken): OpaqueToken {
  const { signature: start, ...fields } = unpackEntry(first, 'signature');
  const { signature: end } = unpackEntry(second, 'signature');
  const signature = `${asString(start) ?? ''}${asString(end) ?? ''}`;
  return packEntry(ownToken(ID, signature), signature, { ...fields, signature });
}

export interface PlacedReasoning {
  part: ReasoningPart;
  /** It followed all text of the answer: a signature without text then seals that text. */
  afterText: boolean;
}

/** The reasoning before and after the text of its message. */
export interface MessageReasoning {
  before: ReasoningPart[];
  after: ReasoningPart[];
}

/** The reasoning of a whole message. If both forms have the same, the details count, since they have the signatures. */
export function parseReasoning(message: JsonObject, token: (text: string) => OpaqueToken): MessageReasoning {
  const plain = reasoningText(message);
  if (plain === '' && asArray(message.reasoning_details) === undefined) return { before: [], after: [] };
  const before: ReasoningPart[] = [];
  const after: ReasoningPart[] = [];
  let last: { part: ReasoningPart; detail: ReasoningDetail } | undefined;
  const details = parseReasoningDetails(message.reasoning_details, token);
  // Clients that append repeat what the stream's encoder sent twice: the later one has the right place.
  const lastWith = new Map(details.map((detail) => [detail.redacted ?? detail.signature, detail]));
  for (const detail of details) {
    const opaque = detail.redacted ?? detail.signature;
    if (opaque !== undefined && lastWith.get(opaque) !== detail) continue;
    const { text, signature, redacted, index, afterText } = detail;
    const isPiece =
      redacted === undefined && last?.part.redacted === undefined && last?.part.signature === undefined;
    // Clients that collect chunks send one entry back as many, all with the same index.
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

/** LiteLLM's field: blocks in the form of Anthropic's API. https://docs.litellm.ai/docs/reasoning_content */
export const THINKING_BLOCKS = 'thinking_blocks';

/**
 * Claude's thinking in a conversation through LiteLLM; undefined for a message without any, or with details, which say as much. A server of
 * this dialect gets the field back.
 */
export function parseThinkingBlocks(message: JsonObject): MessageReasoning | undefined {
  const blocks = asArray(message[THINKING_BLOCKS]) ?? [];
  if (asArray(message.reasoning_details)?.length) return undefined;
  const extension = keptAs(THINKING_BLOCKS, blocks);
  const before = blocks.flatMap((item): ReasoningPart[] => {
    const block = asObject(item) ?? {};
    const signature = asString(block.signature);
    const data = asString(block.data);
    if (block.type === 'redacted_thinking' && data)
      return [{ type: 'reasoning', text: '', redacted: tokenFromWire(CLAUDE, data), extension }];
    const text = asString(block.thinking);
    if (block.type !== 'thinking' || text === undefined || (text === '' && !signature)) return [];
    const isSigned = signature && !isUnsealed(signature);
    const seal = isSigned ? { signature: tokenFromWire(CLAUDE, signature) } : {};
    return [{ type: 'reasoning', text, ...seal, extension }];
  });
  return before.length === 0 ? undefined : { before, after: [] };
}

const CLAUDE = 'anthropic-messages';

/**
 * What OpenRouter states for a model whose thoughts are unsigned. Its provider of the AI SDK takes an entry without a format for Claude's
 * or Gemini's, and leaves it out of the next request if it is unsigned.
 * https://github.com/OpenRouterTeam/ai-sdk-provider/blob/main/src/chat/convert-to-openrouter-chat-messages.ts
 */
const UNSIGNED: JsonObject = { format: 'unknown' };

/** `index` tells clients that merge chunks which entries are one. */
export function buildReasoningDetail({ part, afterText }: PlacedReasoning, index: number): JsonObject {
  const { text, signature, redacted } = part;
  const place = afterText ? { id: `${AFTER_TEXT}${index}` } : {};
  if (redacted !== undefined) {
    return { type: 'reasoning.encrypted', ...place, ...unpackEntry(redacted, 'data'), index };
  }
  const seal = signature === undefined ? {} : unpackEntry(signature, 'signature');
  return { type: 'reasoning.text', text, ...place, ...seal, index };
}

/** The same for clients that read OpenRouter's fields. */
export function buildOwnDetail(placed: PlacedReasoning, index: number): JsonObject {
  const { signature, redacted } = placed.part;
  const isSealed = signature !== undefined || redacted !== undefined;
  return { ...buildReasoningDetail(placed, index), ...(!isSealed && UNSIGNED) };
}

function joinedThoughts(placed: readonly PlacedReasoning[]): string {
  const joiner = new TextJoiner();
  let text = '';
  for (const { part } of placed) {
    joiner.setApart();
    text += joiner.join(part.text);
  }
  return text;
}

/**
 * The fields of an answer's reasoning. They include details if there is more than text, which alone the provider that signed it cannot
 * check, and always for clients that read OpenRouter's fields.
 */
export function buildReasoningFields(
  placed: readonly PlacedReasoning[],
  { readsReasoningDetails: own }: Pick<AnswerContext, 'readsReasoningDetails'>,
): JsonObject {
  const text = joinedThoughts(placed);
  const build = own === true ? buildOwnDetail : buildReasoningDetail;
  const isMore = placed.some(({ part }) => part.signature !== undefined || part.redacted !== undefined);
  return {
    ...(text !== '' && { [own === true ? 'reasoning' : 'reasoning_content']: text }),
    ...((isMore || (own === true && text !== '')) && { reasoning_details: placed.map(build) }),
  };
}

/** What may be sent back to a provider: a token that is not its own means nothing to it. */
export function replayableReasoning(parts: readonly ReasoningPart[], losses: LossReport): PlacedReasoning[] {
  const kept: PlacedReasoning[] = [];
  for (const part of parts) {
    const { signature, redacted } = part;
    const token = redacted ?? signature;
    const isOwn = token === undefined || openToken(ID, token) !== undefined;
    if (isOwn && copilotsSeal(part) === undefined) kept.push({ part, afterText: false });
    else if (part.text === '') losses.lost('reasoning');
    else {
      losses.approximated('reasoning', WITHOUT_SIGNATURE);
      kept.push({ part: { type: 'reasoning', text: part.text }, afterText: false });
    }
  }
  return kept;
}
