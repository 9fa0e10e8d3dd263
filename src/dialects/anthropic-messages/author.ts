// Who wrote the content that is read: whose fault a wrong field is, and what its opaque fields and ids hold.
import { callIdFromWire, type OpaqueToken, ownToken, tokenFromWire } from '../../model/opaque-token.ts';
import { type Fail, failRequest, failResponse } from './fields.ts';
import { ID } from './wire.ts';

export interface Author {
  fail: Fail;
  token(text: string): OpaqueToken;
  /** A call's id, and the token that came with it. */
  call(id: string): { id: string; token?: OpaqueToken };
  /** The id of a call that has none. @param path as in `content.1`. */
  missingId(path: string): string;
}

/** Its history may hold tokens of other dialects' providers, marked as `tokenToWire` and `callIdToWire` do. */
export const CLIENT: Author = {
  fail: failRequest,
  token: (text) => tokenFromWire(ID, text),
  call: callIdFromWire,
  missingId: (path) => failRequest(`${path}.id`, 'is required: must be a string'),
};

/** All it says is its own. */
export function providerOf(messageId: string | null): Author {
  return {
    fail: failResponse,
    token: (text) => ownToken(ID, text),
    call: (id) => ({ id }),
    missingId: (path) => madeUpId(messageId, path.slice(path.lastIndexOf('.') + 1)),
  };
}

/**
 * For servers that give none: the same for the same call, and another in each answer of a conversation.
 * @param at which block of the content it is.
 */
export function madeUpId(messageId: string | null, at: number | string): string {
  return `toolu_${(messageId ?? '').replace(/[^a-zA-Z0-9]/g, '').slice(-24)}_${at}`;
}
