// How clients of another vendor wrap a dialect: what differs in their requests and answers from those of the dialect's own.
import type { ProviderDialectId } from '../model/dialect-id.ts';
import type { GatewayError } from '../model/errors.ts';
import type { HeaderList } from '../model/header-list.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { Usage } from '../model/usage.ts';
import type { SseEvent } from '../sse/event.ts';
import type { ClientSide } from './dialect.ts';

export interface Envelope {
  /** What its clients may call a body that is JSON, besides that. */
  readonly bodyType?: string;
  /** The body within the one that was sent, as text; left out: it is that one. Throws GatewayError `invalid_request`. */
  unwrap?(sent: JsonObject): string;
  /** The request as clients of the dialect send it. Throws GatewayError `invalid_request`. */
  open(body: JsonObject, headers: HeaderReader): OpenedRequest;
  /** Left out: answers are those of the dialect. */
  readonly answers?: EnvelopedAnswers;
  /** What the vendor itself is asked in, body and events as its clients send and read them. Left out: the dialect. */
  readonly wire?: ProviderDialectId;
}

export interface OpenedRequest {
  /** Changes to top-level fields of the body; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
  /** In place of the client's. */
  headers: HeaderList;
  /** The client's own that ask for what only the vendor has. Left out where the vendor is sent nothing else than others are. */
  vendorHeaders?: HeaderList;
}

/** What its clients read in place of what the dialect writes. The body of a whole answer is the dialect's own. */
export interface EnvelopedAnswers
  extends Required<Pick<ClientSide, 'buildError' | 'statusOf' | 'requestIdHeader' | 'buildTokenCount'>> {
  /** Of an error's answer. */
  errorHeaders(error: GatewayError): Record<string, string>;
  /** Of a whole answer. */
  usageHeaders(usage: Usage): Record<string, string>;
  /** Loads how a stream is written, when the first one is asked for. */
  loadStreamForm(): Promise<StreamForm>;
}

/** How the events of a stream are written, if not as server-sent events. */
export interface StreamForm {
  readonly contentType: string;
  /** @param usage of the answer, as far as it is known; null: nothing is. */
  write(event: SseEvent, usage: Usage | null): Uint8Array;
  /** A keep-alive, which clients pass over. */
  readonly ping: Uint8Array;
}
