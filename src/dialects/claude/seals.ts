// Thinking that Claude sealed on any platform. Its signatures and redacted thinking are valid on all of them, so they are passed from one
// to another. https://platform.claude.com/docs/en/build-with-claude/extended-thinking ("Thinking encryption"). Bedrock sends the redacted
// text as bytes, in base64 on its wire. Of the models that it serves by Converse, only Claude signs.
import { fromBase64, toBase64 } from '../../model/base64.ts';
import { openToken, type OpaqueToken } from '../../model/opaque-token.ts';

const MESSAGES = 'anthropic-messages';
const CONVERSE = 'bedrock-converse';

/** Undefined if another vendor's model sealed it. */
export function openSignature(token: OpaqueToken): string | undefined {
  return openToken(MESSAGES, token) ?? openToken(CONVERSE, token);
}

/** As the `data` of a `redacted_thinking` block; undefined if another vendor's model sealed it. */
export function openRedacted(token: OpaqueToken): string | undefined {
  const bytes = openToken(CONVERSE, token);
  if (bytes === undefined) return openToken(MESSAGES, token);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64(bytes));
  } catch {
    return undefined;
  }
}

/** As Bedrock's `redactedContent`; undefined if another vendor's model sealed it. */
export function openRedactedBytes(token: OpaqueToken): string | undefined {
  const data = openToken(MESSAGES, token);
  return data === undefined ? openToken(CONVERSE, token) : toBase64(new TextEncoder().encode(data));
}
