// Thought signatures on the wire: bytes in base64, which Google's SDKs for Python, Go and Java decode.
// https://ai.google.dev/gemini-api/docs/thought-signatures
import type { ReasoningPart } from '../../model/content.ts';
import type { JsonObject } from '../../model/json/json.ts';
import {
  isSeal,
  type OpaqueToken,
  openToken,
  ownToken,
  thoughtFromBytesWire,
  thoughtToBytesWire,
  tokenFromWire,
  tokenToBytesWire,
} from '../../model/opaque-token.ts';
import { ID } from './wire.ts';

/** A thought of an answer, as its signature carries it. */
export interface Thought {
  text: string;
  /** Undefined if its provider does not sign it. */
  token: OpaqueToken | undefined;
  /** Only its provider can read it. */
  isRedacted?: boolean;
  /** Only the signature brings the text back: it is not shown to the client, or stands on a call. */
  isHidden?: boolean;
}

/** The value that Google documents for calls that no Gemini model made, which then pass unchecked. */
export const UNCHECKED = 'skip_thought_signature_validator';
/**
 * Both spellings of that value. Clients without a signature send either, and Google's SDKs send it as bytes, like a signature:
 * `thought_signature=b"skip_thought_signature_validator"` becomes base64.
 */
const PLACEHOLDERS = new Set(
  [UNCHECKED, 'context_engineering_is_the_way_to_go'].flatMap((words) => [words, btoa(words)]),
);

/**
 * The signatures of a part that a client sent back. LangChain4j puts those of all parts of a whole answer on the first call, joined by
 * empty lines.
 */
export function signaturesOf({ thoughtSignature }: JsonObject): string[] {
  return typeof thoughtSignature === 'string' ? thoughtSignature.split('\n\n') : [];
}

/** The token of a part that a client sent back. */
export function signatureFromClient(part: JsonObject): OpaqueToken | undefined {
  const signature = part.thoughtSignature;
  if (typeof signature !== 'string' || signature === '' || PLACEHOLDERS.has(signature)) return undefined;
  return tokenFromWire(ID, signature);
}

/** The token of a part of an answer. */
export function signatureFromProvider(part: JsonObject): OpaqueToken | undefined {
  const signature = part.thoughtSignature;
  return typeof signature === 'string' && signature !== '' ? ownToken(ID, signature) : undefined;
}

/** The field with the token, in a part for a client. */
export function signatureForClient(token: OpaqueToken | undefined): { thoughtSignature?: string } {
  return token === undefined ? {} : { thoughtSignature: tokenToBytesWire(ID, token) };
}

/** A thought's signature, with the thought itself if it is another provider's. */
export function thoughtForClient(thought: Thought): { thoughtSignature: string } {
  const { text, token, isRedacted = false, isHidden = false } = thought;
  const isWhole = token === undefined || (ownSignature(token) === undefined && (isHidden || isSeal(token)));
  const thoughtSignature = isWhole
    ? thoughtToBytesWire({ text, token, isRedacted })
    : tokenToBytesWire(ID, token);
  return { thoughtSignature };
}

/** Another provider's thinking that a client sent back, on whatever part. */
export function thoughtFromClient(thoughtSignature: string): ReasoningPart | undefined {
  const thought = thoughtFromBytesWire(thoughtSignature);
  if (thought === undefined) return undefined;
  const { text, token, isRedacted } = thought;
  if (token === undefined) return { type: 'reasoning', text };
  return { type: 'reasoning', text, ...(isRedacted ? { redacted: token } : { signature: token }) };
}

/** The provider's own signature; undefined for another provider's token. */
export function ownSignature(token: OpaqueToken | undefined): string | undefined {
  return token === undefined ? undefined : openToken(ID, token);
}
