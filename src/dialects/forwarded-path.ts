// A vendor's path that is forwarded as it is: where it goes, what is sent and answered there, and what it is billed by.
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { GatewayError } from '../model/errors.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject } from '../model/json/json.ts';
import type { JsonPlace } from '../model/json/string-editor.ts';
import type { StatedUsage } from '../model/usage.ts';
import type { Envelope } from './envelope.ts';

export interface ForwardedPath {
  /** Appended to a provider's base URL. */
  path: string;
  /** The client's headers without those that are not for these providers. Left out if all are. */
  ofClient?(headers: HeaderReader): HeaderReader;
  /** The dialects, or wires that no client speaks, whose providers may get it. */
  spokenBy: readonly ProviderDialectId[];
  /** Whether it concerns what is stored in the provider's account, by whomever (files, batches, stored answers). */
  isStored: boolean;
  /** The methods that only a provider can answer. Left out if all are. */
  methods?: readonly string[];
  /** What is sent there, or answered, is or contains a secret, so that rows have neither body. */
  holdsSecrets?: boolean;
  /**
   * What is opened past the gateway, by a secret or a call in the provider's answer; for messages. Requires a client's own key. Left out if
   * nothing is.
   */
  leadsPast?: string;
  /**
   * Unless it is JSON, what is posted there is a file or a part of one, as such or in a form that need not name a model. It is passed on
   * while it arrives.
   */
  isUpload?: boolean;
  /** JSON posted there names no model at its top level. If longer than `server.max_body`, it is passed on like an upload. */
  passesLongJson?: boolean;
  /** What is posted there may be a batch, whose requests name models. */
  batch?: BatchForm;
  /** JSON that is answered there contains an address on the provider's server, at which clients continue. Left out if none does. */
  link?: ForwardedLink;
  /**
   * For a POST whose answer a model makes at once: what it is billed by, read from the fields at the answer's top that `billFields` names,
   * if they are objects or numbers. Left out if nothing is billed.
   */
  billIn?(stated: JsonObject): StatedUsage | undefined;
  /** Models whose answers are free there; the empty name stands for none. Left out if each is billed. */
  freeModels?: RegExp;
  /** Default: `usage`. */
  billFields?: readonly string[];
  /** Replaces `billIn` for answers that state their usage elsewhere: reads along, beginning with the answer's headers. */
  loadReader?(headers: HeaderReader): Promise<AnswerReader>;
  /** Set if the path names the model. */
  model?: {
    name: string;
    /** The path for a target that knows the model by this name. */
    path(model: string): string;
    streams: boolean;
  };
  /** The path is another vendor's. */
  envelope?: Envelope | undefined;
  /** What to do if no provider may get the path; for messages. Left out if there is nothing to say. */
  otherwise?: string;
}

export interface ForwardedLink {
  place: JsonPlace;
  /** What the client gets instead of the address: a path, which it resolves against the gateway's address. */
  behindGateway(address: string): string;
}

export interface BatchForm {
  /** Where a request names its model: in the body, or in each line of a file. */
  model: JsonPlace;
  /** Set if the batch is a file in a form, with a request in each line. Left out if it is the body, as JSON. */
  file?: {
    /** The form's field that says what its file is for, and its value for batches. */
    field: string;
    value: RegExp;
    /** For forms in which that field comes late: a key at the top of each line of a batch that other files do not have. */
    key: string;
  };
}

/** Reads the bytes of an answer on their way to the client. Never throws. */
export interface AnswerReader {
  /** Takes the next bytes, without keeping a reference to them. */
  take(bytes: Uint8Array): void;
  /** What the answer has stated when it is over. */
  result(): { usage?: StatedUsage | undefined; error?: GatewayError | undefined };
}
