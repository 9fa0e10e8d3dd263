// A WebSocket of a vendor's that is forwarded as it is, such as a spoken conversation: where it goes, and what its messages state.
import type { DialectId } from '../model/dialect-id.ts';
import type { StatedUsage } from '../model/usage.ts';

export interface ForwardedSocket {
  /** Behind a provider's base URL. */
  path: string;
  /** The dialects whose providers may have it. */
  spokenBy: readonly DialectId[];
  /** The parameter of the query that names the model; left out: a message does. */
  modelParameter?: string;
  /** The key in a subprotocol: browsers cannot send headers with a WebSocket. */
  keyIn?(protocol: string): string | undefined;
  /** The model that a message of the client names. Left out: none does. */
  modelIn?(message: string): string | undefined;
  /** What a message of the provider states. Undefined: only content. */
  read(message: string): SocketReport | undefined;
}

export interface SocketReport {
  /** The model that answers. */
  model?: string;
  /** What one answer is billed by, in addition to those before it. */
  usage?: StatedUsage;
  /** More of an answer's text, or of what it says aloud. */
  text?: string;
}
