// How clients of another vendor, or of another path, wrap a dialect: what differs in their requests and answers from those of
// the dialect's own.
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
  /** What its clients may call a body that is JSON, besides that. */
  readonly bodyType?: string;
  /** Where a body that only the vendor itself can read is sent, as it is; undefined for any other body. */
  forwards?(sent: JsonObject, route: ClientRoute): ForwardedPath | undefined;
  /** What a body asks for that is not what the path usually asks for, of providers that are not the vendor's; undefined for any other. */
  asks?(sent: JsonObject, route: ClientRoute): ClientRoute | undefined;
  /** The body within the one that was sent, or made of it; left out: it is that one. Throws GatewayError `invalid_request`. */
  unwrap?(sent: JsonObject): UnwrappedRequest;
  /** The request as clients of the dialect send it. Throws GatewayError `invalid_request`. */
  open(body: JsonObject, headers: HeaderReader): OpenedRequest;
  /**
   * The body is made by `unwrap` of one in other words: it may lack what the dialect requires (the limit of tokens), and is
   * built anew for providers of the dialect.
   */
  readonly rewrites?: true;
  /** Left out: answers are those of the dialect. */
  readonly answers?: EnvelopedAnswers;
  /** What the vendor itself is asked in, body and events as its clients send and read them. Left out: the dialect. */
  readonly wire?: ProviderDialectId;
}

export interface UnwrappedRequest {
  text: string;
  /** What the body asks for that the dialect has no place for. */
  lost: readonly string[];
}

export interface OpenedRequest {
  /** Changes to top-level fields of the body; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
  /** In place of the client's. */
  headers: HeaderList;
  /** The client's own that ask for what only the vendor has. Left out where the vendor is sent nothing else than others are. */
  vendorHeaders?: HeaderList;
}

/** What its clients read in place of what the dialect writes. */
export interface EnvelopedAnswers
  extends Required<Pick<ClientSide, 'buildError' | 'statusOf'>>,
    Pick<ClientSide, 'requestIdHeader' | 'buildTokenCount'> {
  /** Of an error's answer. Left out: none. */
  errorHeaders?(error: GatewayError): Record<string, string>;
  /** Of a whole answer. Left out: none. */
  usageHeaders?(usage: Usage): Record<string, string>;
  /** The body of a whole answer, from the dialect's. Left out: it is that one. */
  writeWhole?(body: JsonObject, facts: AnswerFacts): JsonObject;
  /** Loads how one stream is written. */
  loadStreamForm(facts: () => AnswerFacts): Promise<StreamForm>;
}

/** What is known of an answer besides its content. */
export interface AnswerFacts {
  /** As far as it is known; null: nothing is. */
  usage: Usage | null;
  /** Since the request came. */
  latencyMs: number;
  /** Called with the name of each feature of the answer that its clients cannot be told; repeats are harmless. */
  lost(feature: string): void;
}

/** How the events of a stream are written, if not as the dialect frames them. */
export interface StreamForm {
  readonly contentType: string;
  /** Others of the answer's head. Left out: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Empty where nothing of it is told. */
  write(event: SseEvent): Uint8Array;
  /** A keep-alive, which clients pass over. */
  readonly ping: Uint8Array;
}
