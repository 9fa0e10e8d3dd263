// Opaque tokens that a provider must get back next turn (reasoning signatures, encrypted reasoning, thought signatures), and how they
// travel through a client that speaks another dialect: in that dialect's own opaque fields, labelled with their origin. The gateway keeps
// no state.
import { fromBase64, toBase64 } from './base64.ts';
import { type JsonValue, parseJson } from './json/json.ts';
import { PROVIDER_DIALECT_IDS, type ProviderDialectId } from './dialect-id.ts';

declare const opaque: unique symbol;
/** `<dialect>:<the provider's own text>`. Made by `ownToken`, `placeToken`, `separateToken` or `tokenFromWire`, nowhere else. */
export type OpaqueToken = string & { readonly [opaque]: true };

const MARK = 'sluice:';
/** The mark in base64, up to the first character that depends on the byte after the mark. */
export const BYTES_MARK = 'c2x1aWNlO';

/** A token from a provider of `dialect`, or one that a client of such a provider sent back. */
export function ownToken(dialect: ProviderDialectId, text: string): OpaqueToken {
  return `${dialect}:${text}` as OpaqueToken;
}

/** Precedes the text of a token that seals nothing. */
const PLACE = 'place:';

/** A token that only says where the text beside it was; that text may change. */
export function placeToken(dialect: ProviderDialectId, text: string): OpaqueToken {
  return ownToken(dialect, PLACE + text);
}

/** Precedes the text of a token that holds the reasoning itself. */
const SEPARATE = 'separate:';

/** A token that holds the reasoning itself: its provider does not read the summary beside it, which may change. */
export function separateToken(dialect: ProviderDialectId, text: string): OpaqueToken {
  return ownToken(dialect, SEPARATE + text);
}

/** Whether the provider needs the token for more than the place of the text beside it. */
export function isSeal(token: OpaqueToken): boolean {
  return !hasKind(token, PLACE);
}

/** Whether the text beside the token must stay as it is. */
export function sealsText(token: OpaqueToken): boolean {
  return isSeal(token) && !hasKind(token, SEPARATE);
}

function hasKind(token: OpaqueToken, kind: string): boolean {
  return token.startsWith(kind, token.indexOf(':') + 1);
}

/** The provider's own text; undefined if the token is another dialect's, which this provider cannot read. */
export function openToken(dialect: ProviderDialectId, token: OpaqueToken): string | undefined {
  const label = `${dialect}:`;
  if (!token.startsWith(label)) return undefined;
  const kind = [PLACE, SEPARATE].find((one) => hasKind(token, one)) ?? '';
  return token.slice(label.length + kind.length);
}

/** The text for an opaque field of a client's dialect: the dialect's own token as it is, a foreign one marked. */
export function tokenToWire(dialect: ProviderDialectId, token: OpaqueToken): string {
  return openToken(dialect, token) ?? MARK + token;
}

/**
 * Reverses `tokenToWire` and `tokenToBytesWire`. Clients that keep tokens as bytes send the marked text as base64 (Google's ADK, through
 * LiteLLM), or base64 as base64url; conversations of earlier versions have the mark without base64.
 */
export function tokenFromWire(dialect: ProviderDialectId, text: string): OpaqueToken {
  const decoded = text.startsWith(BYTES_MARK) ? decodeBase64(text) : text;
  const token = decoded === undefined ? undefined : markedToken(decoded);
  return token ?? ownToken(dialect, text);
}

/** Thinking with its token, if it has one; redacted thinking consists of its token. */
interface SealedThought {
  text: string;
  token?: OpaqueToken | undefined;
  isRedacted: boolean;
}

const THOUGHT = 'thought:';
const REDACTED = 'redacted:';

/**
 * Another dialect's thinking as a whole, in one opaque field of base64, for clients that drop thoughts, or send a thought's signature back
 * on another part: a signature is worthless without the text that it signs.
 */
export function thoughtToBytesWire({ text, token, isRedacted }: SealedThought): string {
  return encodeBase64(MARK + (isRedacted ? REDACTED : `${THOUGHT}${text.length}:${text}`) + (token ?? ''));
}

/** Reverses `thoughtToBytesWire`, from base64url too; undefined for any other value. */
export function thoughtFromBytesWire(wire: string): SealedThought | undefined {
  const decoded = wire.startsWith(BYTES_MARK) ? decodeBase64(wire) : undefined;
  if (decoded === undefined) return undefined;
  const marked = decoded.slice(MARK.length);
  if (marked.startsWith(REDACTED)) {
    const token = labelledToken(marked.slice(REDACTED.length));
    return token && { text: '', token, isRedacted: true };
  }
  const [, length] = /^thought:(\d+):/.exec(marked) ?? [];
  if (length === undefined) return undefined;
  const from = THOUGHT.length + length.length + 1;
  const to = from + Number(length);
  const token = labelledToken(marked.slice(to));
  // The stated length exceeds the text, or what follows is not a token.
  if (token === undefined && marked.length !== to) return undefined;
  return { text: marked.slice(from, to), token, isRedacted: false };
}

const SUMMARY = 'summary:';

/** A summary of a conversation that any provider can read, for a field in which clients carry summaries that only one can. */
export function summaryToWire(text: string): string {
  return MARK + SUMMARY + text;
}

/** Reverses `summaryToWire`; undefined for any other value. */
export function summaryFromWire(wire: string): string | undefined {
  const start = MARK + SUMMARY;
  return wire.startsWith(start) ? wire.slice(start.length) : undefined;
}

/** Stands for a missing token, for clients that send thoughts back only if they have one. */
export const UNSEALED = `${MARK}unsealed`;

/** Whether a client sent `UNSEALED`, perhaps in base64, as clients send marked tokens that they keep as bytes. */
export function isUnsealed(wire: string): boolean {
  return wire === UNSEALED || wire === UNSEALED_BYTES;
}

const UNSEALED_BYTES = encodeBase64(UNSEALED);

/** Like `tokenToWire`, for a field whose own tokens are base64: clients decode it, and fail at anything else. */
export function tokenToBytesWire(dialect: ProviderDialectId, token: OpaqueToken): string {
  return openToken(dialect, token) ?? encodeBase64(MARK + token);
}

function markedToken(text: string): OpaqueToken | undefined {
  return text.startsWith(MARK) ? labelledToken(text.slice(MARK.length)) : undefined;
}

function labelledToken(text: string): OpaqueToken | undefined {
  return PROVIDER_DIALECT_IDS.some((id) => text.startsWith(`${id}:`)) ? (text as OpaqueToken) : undefined;
}

/** Whether a request's text may hold a foreign token or a made-up id, which its own dialect's provider would refuse. */
export function mayHoldForeignToken(text: string): boolean {
  return FOREIGN.test(text);
}

/** Stands between a call's id and its token, and in made-up ids. Every dialect allows its characters. */
const ID_MARK = '__sluice_';

/** One expression takes a fifth of the time of three searches. */
const FOREIGN = new RegExp(`"${MARK}|"${BYTES_MARK}|${ID_MARK}`);

/**
 * A call's id for clients whose calls have no opaque field. Every client sends ids back, so the token is appended; without a token it is
 * the plain id.
 */
export function callIdToWire(id: string, token: OpaqueToken | undefined): string {
  return token === undefined ? id : withCarried(id, token);
}

/** Reverses `callIdToWire`; an id that only looks similar stays unchanged. */
export function callIdFromWire(wire: string): { id: string; token?: OpaqueToken } {
  const carried = carriedBy(wire);
  const token = carried && labelledToken(carried.text);
  return carried === undefined || token === undefined ? { id: wire } : { id: carried.id, token };
}

/**
 * A call's arguments without the token of its id: n8n's agent puts the id among the arguments of each call that it sends back, where the
 * model would read the token as text.
 * https://github.com/n8n-io/n8n/blob/master/packages/%40n8n/nodes-langchain/utils/agent-execution/buildSteps.ts
 * @param wire the id as the client sent it.
 */
export function argumentsFromWire(text: string, wire: string, id: string): string {
  return wire === id ? text : text.replaceAll(wire, id);
}

/** A thought before a call, whose text travels elsewhere. */
export interface ThoughtBeforeCall {
  /** The length of its text, in UTF-16 units. */
  length: number;
  /** Its signature, or the whole of redacted thinking; null if it has none. */
  token: OpaqueToken | null;
  isRedacted: boolean;
  /** Whether it followed the text of the turn. */
  isAfterText: boolean;
}

interface CallWithThoughts {
  id: string;
  token?: OpaqueToken;
  thoughts: ThoughtBeforeCall[];
}

/** Like `callIdToWire`, for clients whose messages have no field for the tokens of thoughts either. */
export function callWithThoughtsToWire({ id, token, thoughts }: CallWithThoughts): string {
  if (thoughts.every((thought) => thought.token === null)) return callIdToWire(id, token);
  const list = thoughts.map((thought) => [
    thought.length,
    thought.token,
    Number(thought.isRedacted),
    Number(thought.isAfterText),
  ]);
  return withCarried(id, JSON.stringify([token ?? null, ...list]));
}

/** Reverses `callWithThoughtsToWire`. */
export function callWithThoughtsFromWire(wire: string): CallWithThoughts {
  const carried = carriedBy(wire);
  if (carried?.text.startsWith('[') !== true) return { ...callIdFromWire(wire), thoughts: [] };
  try {
    const [own, ...list] = parseJson(carried.text) as JsonValue[];
    const token = readToken(own);
    const thoughts = list.map((entry): ThoughtBeforeCall => {
      const [length, sealed, isRedacted, isAfterText] = entry as JsonValue[];
      if (typeof length !== 'number') throw new Error('no length');
      return {
        length,
        token: readToken(sealed),
        isRedacted: isRedacted === 1,
        isAfterText: isAfterText === 1,
      };
    });
    return { id: carried.id, ...(token !== null && { token }), thoughts };
  } catch {
    return { id: wire, thoughts: [] };
  }
}

/** Throws Error if it is not a token. */
function readToken(value: JsonValue | undefined): OpaqueToken | null {
  if (value === null) return null;
  const token = typeof value === 'string' ? labelledToken(value) : undefined;
  if (token === undefined) throw new Error('no token');
  return token;
}

function withCarried(id: string, text: string): string {
  const letters = encodeBase64(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return `${id}${ID_MARK}${letters}`;
}

function carriedBy(wire: string): { id: string; text: string } | undefined {
  const at = wire.lastIndexOf(ID_MARK);
  if (at === -1) return undefined;
  const letters = wire.slice(at + ID_MARK.length);
  const text = /^[\w-]+$/.test(letters) ? decodeBase64(letters) : undefined;
  return text === undefined ? undefined : { id: wire.slice(0, at), text };
}

/** An id for an item that its dialect's provider did not make and could not find. */
export function madeUpId(prefix: string, rest: string): string {
  return `${prefix}${ID_MARK}${rest}`;
}

export function isMadeUpId(prefix: string, id: string): boolean {
  return id.startsWith(`${prefix}${ID_MARK}`);
}

function encodeBase64(text: string): string {
  return toBase64(new TextEncoder().encode(text));
}

/** Decodes base64 or base64url; undefined if the result is not UTF-8. */
function decodeBase64(text: string): string | undefined {
  try {
    const bytes = fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
