// A vendor's WebSocket that is forwarded as it is, such as a spoken conversation: where it goes, and what its messages state.
import type { DialectId } from '../model/dialect-id.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { StatedUsage } from '../model/usage.ts';
import type { QueryKey } from './dialect.ts';

export interface ForwardedSocket {
  /** Appended to a provider's base URL. */
  path: string;
  /** The dialects whose providers may get it. */
  spokenBy: readonly DialectId[];
  /** The client's headers without those that are not for these providers. Left out if all are. */
  ofClient?(headers: HeaderReader): HeaderReader;
  /** The query parameter that names the model. Left out if a message does. */
  modelParameter?: string;
  /** The parameter in which the client names the model instead. */
  clientsModelParameter?: string;
  /** The parameter that names a conversation, begun on another connection, that this one joins. */
  joins?: string;
  /** Parameters of the client's query that are not sent to providers. */
  ownParameters?: readonly string[];
  /** Replaces the dialect's own. */
  keyInQuery?: QueryKey;
  /** Reads the key from a subprotocol: browsers cannot send headers with a WebSocket. */
  keyIn?(protocol: string): string | undefined;
  /** How a message of the client names the model. Left out if none does. */
  naming?: MessageNaming;
  /** What a message of the provider states; undefined if it is only content. Called with one connection's messages, in their order. */
  read(message: string): SocketReport | undefined;
}

export interface MessageNaming {
  /** The model that the message names, without the vendor's usual prefix; undefined if none. */
  modelIn(message: string): string | undefined;
  /** How providers want it written, for instance `models/{model}`. */
  form: string;
  /** The message with this name in place of its own; unchanged if it names no model. */
  withName(message: string, name: string): string;
}

export interface SocketReport {
  /** The model that answers. */
  model?: string;
  /** What one answer is billed by, in addition to those before it. */
  usage?: StatedUsage;
  /** What the whole conversation has been billed by so far, apart from those answers. */
  total?: StatedUsage;
  /** More of an answer's text, or of what is said aloud. */
  text?: string;
  /** An answer is over, so that the conversation may be ended after this message. */
  mayEnd?: true;
}
