// Who wrote the content being read. This decides whose fault a wrong field is, and what opaque fields and ids contain.
import { callIdFromWire, type OpaqueToken, ownToken, tokenFromWire } from '../../model/opaque-token.ts';
import { type Fail, failRequest, failResponse } from './fields.ts';
import { ID } from './wire.ts';

export interface Author {
  fail: Fail;
  token(text: string): OpaqueToken;
  /** A call's id, and the token that came with it. */
  call(id: string): { id: string; token?: OpaqueToken };
  /** An id for a call that has none. @param path such as `content.1`. */
  missingId(path: string): string;
}

/** A client's history may hold tokens of other dialects' providers, marked by `tokenToWire` and `callIdToWire`. */
export const CLIENT: Author = {
  fail: failRequest,
  token: (text) => tokenFromWire(ID, text),
  call: callIdFromWire,
  missingId: (path) => failRequest(`${path}.id`, 'is required: must be a string'),
};

/** A provider's tokens and ids are all its own. */
export function providerOf(messageId: string | null): Author {
  return {
    fail: failResponse,
    token: (text) => ownToken(ID, text),
    call: (id) => ({ id }),
    missingId: (path) => madeUpId(messageId, path.slice(path.lastIndexOf('.') + 1)),
  };
}

/**
 * An id for a call to which the server gave none: the same for the same call, and different in each answer of a conversation.
 * @param at the number of the content block.
 */
export function madeUpId(messageId: string | null, at: number | string): string {
  return `toolu_${(messageId ?? '').replace(/[^a-zA-Z0-9]/g, '').slice(-24)}_${at}`;
}
