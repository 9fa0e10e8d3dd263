// Who wrote the content that is read: whose fault a wrong field is, and what its opaque fields and ids hold.
import { callIdFromWire, type OpaqueToken, ownToken, tokenFromWire } from '../../model/opaque-token.ts';
import { type Fail, failRequest, failResponse } from './fields.ts';
import { ID } from './wire.ts';

export interface Author {
  fail: Fail;
  token(text: string): OpaqueToken;
  /** A call's id, and the token that came with it. */
  call(id: string): { id: string; token?: OpaqueToken };
}

/** Its history may hold tokens of other dialects' providers, marked as `tokenToWire` and `callIdToWire` do. */
export const CLIENT: Author = {
  fail: failRequest,
  token: (text) => tokenFromWire(ID, text),
  call: callIdFromWire,
};

/** All it says is its own. */
export const PROVIDER: Author = {
  fail: failResponse,
  token: (text) => ownToken(ID, text),
  call: (id) => ({ id }),
};
