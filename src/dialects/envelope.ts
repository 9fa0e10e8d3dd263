// How clients of another vendor, or of another path, wrap a dialect: what their requests and answers have that differs from the dialect's
// own.
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { GatewayError } from '../model/errors.ts';
import type { HeaderList } from '../model/header-list.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { Usage } from '../model/usage.ts';
import type { SseEvent } from '../sse/event.ts';
import type { ClientRoute, ClientSide } from './dialect.ts';
import type { ForwardedPath } from './forwarded-path.ts';

export interface Envelope {
  /** Another content type that its clients use for a body that is JSON. */
  readonly bodyType?: string;
  /** Where a body that only the vendor itself can read is forwarded; undefined for any other body. */
  forwards?(sent: JsonObject, route: ClientRoute): ForwardedPath | undefined;
  /** What a body asks of providers other than the vendor, if that is not what the path usually asks for; otherwise undefined. */
  asks?(sent: JsonObject, route: ClientRoute): ClientRoute | undefined;
  /** Makes the dialect's body from the one that was sent. Left out if they are the same. Throws GatewayError `invalid_request`. */
  unwrap?(sent: JsonObject): UnwrappedRequest;
  /** The request as clients of the dialect send it. Throws GatewayError `invalid_request`. */
  open(body: JsonObject, headers: HeaderReader): OpenedRequest;
  /**
   * `unwrap` makes the body from other words, so it may lack what the dialect requires (a limit of tokens), and is built anew even for
   * providers of the dialect.
   */
  readonly rewrites?: true;
  /** Left out if answers are the dialect's own. */
  readonly answers?: EnvelopedAnswers;
  /** The wire, body and events, in which the vendor itself is asked, as its clients send and read it. Left out if that is the dialect. */
  readonly wire?: ProviderDialectId;
}

export interface UnwrappedRequest {
  text: string;
  /** What the body asks for and the dialect has no place for. */
  lost: readonly string[];
}

export interface OpenedRequest {
  /** Changes to top-level fields of the body; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
  /** Replace the client's. */
  headers: HeaderList;
  /** The client's own headers that ask for what only the vendor has. Left out if the vendor gets the same headers as others. */
  vendorHeaders?: HeaderList;
}

/** What its clients read instead of what the dialect writes. */
export interface EnvelopedAnswers
  extends Required<Pick<ClientSide, 'buildError' | 'statusOf'>>,
    Pick<ClientSide, 'requestIdHeader' | 'buildTokenCount'> {
  /** Headers of an error. Left out if there are none. */
  errorHeaders?(error: GatewayError): Record<string, string>;
  /** Headers of a whole answer. Left out if there are none. */
  usageHeaders?(usage: Usage): Record<string, string>;
  /** Makes the body of a whole answer from the dialect's. Left out if they are the same. */
  writeWhole?(body: JsonObject, facts: AnswerFacts): JsonObject;
  /** Loads the form of one stream. */
  loadStreamForm(facts: () => AnswerFacts): Promise<StreamForm>;
}

/** What is known of an answer besides its content. */
export interface AnswerFacts {
  /** As far as it is known; null if nothing is. */
  usage: Usage | null;
  /** Since the request arrived. */
  latencyMs: number;
  /** Called with the name of each feature of the answer that its clients cannot get; repeats are harmless. */
  lost(feature: string): void;
}

/** How the events of a stream are written, if not as the dialect frames them. */
export interface StreamForm {
  readonly contentType: string;
  /** Further headers of the answer. Left out if there are none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Empty if nothing of the event is written. */
  write(event: SseEvent): Uint8Array;
  /** A keep-alive, which clients ignore. */
  readonly ping: Uint8Array;
}
