// A path of a vendor's that is forwarded as it is: where it goes, what is sent and answered there, and what it is billed by.
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { GatewayError } from '../model/errors.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject } from '../model/json/json.ts';
import type { JsonPlace } from '../model/json/string-editor.ts';
import type { StatedUsage } from '../model/usage.ts';
import type { Envelope } from './envelope.ts';

export interface ForwardedPath {
  /** Behind a provider's base URL. */
  path: string;
  /** The client's headers without what is not for these providers. Left out: all are. */
  ofClient?(headers: HeaderReader): HeaderReader;
  /** The dialects, or wires that no client dialect has, whose providers may have it. */
  spokenBy: readonly ProviderDialectId[];
  /** It is about what lies in the provider's account, whoever put it there (files, batches, stored answers). */
  isStored: boolean;
  /** Of its methods, those that only a provider can answer. Left out: all are. */
  methods?: readonly string[];
  /** What is sent there, or answered, is a secret or has one in it: rows have neither. */
  holdsSecrets?: boolean;
  /**
   * For messages: what is opened past the gateway, by a secret or a call that the provider answers with. So it is asked with a
   * client's own key only. Left out: nothing is.
   */
  leadsPast?: string;
  /**
   * What is posted there, unless it is JSON, is a file or a part of one, as it is or in a form that need not name a model. It is
   * passed on while it comes in.
   */
  isUpload?: boolean;
  /** JSON posted there names no model at its top level; if it is longer than `server.max_body`, it is passed on like an upload. */
  passesLongJson?: boolean;
  /** What is posted there may be a batch, whose requests name models. */
  batch?: BatchForm;
  /** JSON that is answered there has an address of the provider's own, at which clients go on. Left out: none has. */
  link?: ForwardedLink;
  /**
   * For a POST whose answer a model makes at once, and which is billed for it: what it is billed by, from those fields at the top
   * of the answer that `billFields` names, as far as they are objects or numbers. Left out: nothing is billed.
   */
  billIn?(stated: JsonObject): StatedUsage | undefined;
  /** The models whose answers cost nothing there; '' stands for none named. Left out: each is billed. */
  freeModels?: RegExp;
  /** Left out: `usage`. */
  billFields?: readonly string[];
  /** In place of `billIn`, for answers that state it elsewhere: reads along, from the answer's headers on. */
  loadReader?(headers: HeaderReader): Promise<AnswerReader>;
  /** Where the path names the model. */
  model?: {
    name: string;
    /** The path for a target that knows the model by this name. */
    path(model: string): string;
    streams: boolean;
  };
  /** The path is another vendor's. */
  envelope?: Envelope | undefined;
  /** For messages: what to do where no provider may have the path. Left out: there is nothing to say. */
  otherwise?: string;
}

export interface ForwardedLink {
  place: JsonPlace;
  /** What the client gets in its place: a path, which it resolves against the address that it has of the gateway. */
  behindGateway(address: string): string;
}

export interface BatchForm {
  /** Where a request names its model: in the body, or in each line of a file. */
  model: JsonPlace;
  /** The batch is a file in a form, with a request in each line. Left out: it is the body, as JSON. */
  file?: {
    /** The form's field that says what its file is for, and what it says of batches. */
    field: string;
    value: RegExp;
    /** Where that field comes late: what each line of a batch has at its top, and other files do not. */
    key: string;
  };
}

/** Reads the bytes of an answer on their way to the client. Never throws. */
export interface AnswerReader {
  /** Does not hold on to the bytes. */
  take(bytes: Uint8Array): void;
  /** What the answer has stated, once it is over. */
  result(): { usage?: StatedUsage | undefined; error?: GatewayError | undefined };
}
