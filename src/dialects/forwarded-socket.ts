// A WebSocket of a vendor's that is forwarded as it is, such as a spoken conversation: where it goes, and what its messages state.
import type { DialectId } from '../model/dialect-id.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { StatedUsage } from '../model/usage.ts';
import type { QueryKey } from './dialect.ts';

export interface ForwardedSocket {
  /** Behind a provider's base URL. */
  path: string;
  /** The dialects whose providers may have it. */
  spokenBy: readonly DialectId[];
  /** The client's headers without what is not for these providers. Left out: all are. */
  ofClient?(headers: HeaderReader): HeaderReader;
  /** The parameter of the query that names the model; left out: a message does. */
  modelParameter?: string;
  /** The parameter in which the client names it instead. */
  clientsModelParameter?: string;
  /** The parameter that names a conversation which another connection has begun, and which this one takes part in. */
  joins?: string;
  /** Parameters of the client's query that no provider gets. */
  ownParameters?: readonly string[];
  /** In place of the dialect's own. */
  keyInQuery?: QueryKey;
  /** The key in a subprotocol: browsers cannot send headers with a WebSocket. */
  keyIn?(protocol: string): string | undefined;
  /** Where a message of the client names the model. Left out: none does. */
  naming?: MessageNaming;
  /** What a message of the provider states. Undefined: only content. Called with those of one connection, in their order. */
  read(message: string): SocketReport | undefined;
}

export interface MessageNaming {
  /** The model that the message names, without what its vendor puts before every name; undefined: none. */
  modelIn(message: string): string | undefined;
  /** How providers want it written: `{model}` in this. */
  form: string;
  /** The message with this in place of the name; otherwise as it is. */
  withName(message: string, name: string): string;
}

export interface SocketReport {
  /** The model that answers. */
  model?: string;
  /** What one answer is billed by, in addition to those before it. */
  usage?: StatedUsage;
  /** What the whole conversation has been billed by so far, besides those answers. */
  total?: StatedUsage;
  /** More of an answer's text, or of what it says aloud. */
  text?: string;
  /** After this message the conversation may be ended: an answer is over. */
  mayEnd?: true;
}
