// What a dialect is: a client side (reads requests, writes answers) and a provider side (writes requests,
// reads answers). Codecs are synchronous push machines: no I/O, no clock, no randomness, no logging.
import type { DialectId } from '../model/dialect-id.ts';
import type { EmbeddingRequest, EmbeddingResponse } from '../model/embedding.ts';
import type { GatewayError } from '../model/errors.ts';
import type { EventSink, StreamEvent } from '../model/events.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { Loss, NeutralRequest, OutputFormat, Tool } from '../model/request.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { StatedBill, StatedUsage, Usage } from '../model/usage.ts';
import type { SseEvent } from '../sse/event.ts';
import type { RepeatReader } from '../sse/frame-form.ts';
import type { ForwardedPath } from './forwarded-path.ts';
import type { ForwardedSocket } from './forwarded-socket.ts';
import type { KnownRequest } from './shared/losses/unread-fields.ts';
import type { Envelope } from './envelope.ts';
import type { Quirks, TurnContinued } from './quirks.ts';
import type { SocketDialect } from './socket.ts';
import type {
  ClientEmbeddings,
  ClientModels,
  ClientSummaries,
  Compaction,
  ProviderModels,
  ProviderOperation,
  TextCompletions,
} from './operations.ts';

export interface Dialect {
  readonly id: DialectId;
  readonly client: ClientSide;
  readonly provider: ProviderSide;
  /** A fresh checker of the dialect's stream grammar, for tests and `sluice conform`. */
  createGrammarChecker(): GrammarChecker;
}

/** What the path of a request asks for. What the path does not say is in the body. */
export interface ClientRoute {
  operation: 'generate' | 'complete' | 'count-tokens' | 'embed' | 'compact';
  model?: string;
  /** The model in the path, for a dialect whose bodies name it too; overrides the body's. */
  modelForBody?: string;
  /** The query is part of the route and is not forwarded. */
  ownsQuery?: boolean;
  stream?: boolean;
  /** Asks for a stream unless the body says otherwise. */
  streamsByDefault?: true;
  /** How a streamed answer is framed. Default: `sse`. */
  framing?: AnswerFraming;
  /** Requires the vendor's preview version, which may know fields that the ordinary one refuses. */
  isPreview?: true;
  /** Set if the path is another vendor's, whose clients wrap the dialect. */
  envelope?: Envelope;
}

/** Server-sent events, one JSON array (Gemini without `alt=sse`), or a line of JSON for each event (Ollama). */
type AnswerFraming = 'sse' | 'json-array' | 'lines';

/** The content type of a streamed answer. https://github.com/ndjson/ndjson-spec */
export const FRAMING_TYPES: Readonly<Record<AnswerFraming, string>> = {
  sse: 'text/event-stream',
  'json-array': 'application/json',
  lines: 'application/x-ndjson',
};

export interface QueryKey {
  readonly parameter: string;
  readonly header: string;
}

/** What is peculiar to some clients of a dialect and affects how their answers are written. */
export interface ClientTraits {
  /** Which errors within a stream the client overlooks; undefined: none. */
  overlooksErrors?: OverlookedErrors | undefined;
  /**
   * The client recognizes a failure within a stream only by a failed response. It takes any other ending, such as a refusal or an event
   * that consists of an error, for a broken connection: it does not show it, and asks and pays again and again.
   */
  needsFailedResponse?: boolean;
  /** The client reads streams as Mistral's server sends them: all calls at once and whole, and counts that nobody asked for. */
  readsMistrals?: boolean;
  /** The client refuses reasoning without a status, which xAI's server states and OpenAI's does not. */
  needsStatus?: boolean;
  /** The client takes the last item of an answer for all of it: if reasoning follows a message, it shows that nothing was said. */
  showsLastItem?: boolean;
  /** The client reads streams as OpenRouter's server sends them: thinking in OpenRouter's fields, and counts unasked. */
  readsOpenRouters?: boolean;
  /** The client recognizes a failure within a stream only in a chunk like any other, with a number as its code. */
  readsErrorChunks?: boolean;
  /** The client fails at a comment within a stream. */
  refusesComments?: boolean;
  /** The client fails at anything within a stream that is not data. */
  readsOnlyData?: boolean;
  /** The client fails at a blank line after a comment, not at the comment. */
  failsAtEmptyEvents?: boolean;
}

export interface ClientSide {
  /** The path to which its clients post, as messages show it. */
  readonly path: string;
  /** The query parameter in which its clients may send their key, and the header they use otherwise. */
  readonly keyInQuery?: QueryKey;
  /** Lower-case headers by which its clients request features outside the body. Stored in the ledger: never a secret. */
  readonly featureHeaders?: readonly string[];
  /** The vendor's server takes a body for JSON whatever its content type says, and the vendor's curl examples rely on that. */
  readonly ignoresBodyType?: true;
  /** What a POST to this path asks for; undefined if the path is not this dialect's. */
  route(path: string, query: URLSearchParams): ClientRoute | undefined;
  /** Whether the client takes an answer that names another model for that model's, and stores it under that name. */
  comparesModels?(headers: HeaderReader): boolean;
  /** How the client differs from others of the dialect. Left out if no client does. */
  traitsOf?(headers: HeaderReader, body: JsonObject): ClientTraits;
  /** How this client reads failures, if not as others of the dialect do; undefined for any other client. */
  errorsFor?(headers: HeaderReader): Partial<ClientErrors> | undefined;
  /** For a path that only a provider itself can answer (files, batches, images): where it is sent; undefined for any other path. */
  forwardedTo?(path: string, headers: HeaderReader): ForwardedPath | undefined;
  /**
   * For a path at which clients open a WebSocket that only a provider itself can answer: where it is opened; undefined for any other path.
   */
  forwardedSocket?(path: string): ForwardedSocket | undefined;
  /** For a path of the vendor's that is not served here: what to do instead; undefined for any other path. */
  alternativeTo?(path: string): string | undefined;
  /** For a path that is not served: the envelope, and so the form of errors, of clients that are known to be another vendor's. */
  envelopeOf?(path: string, headers: HeaderReader): Envelope | undefined;
  /** What a generation request says in fields of other dialects; undefined if nothing. */
  readForeignForm?(body: JsonObject): ForeignForm | undefined;
  /** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
  parseRequest(body: JsonObject, route: ClientRoute, headers?: HeaderReader): NeutralRequest;
  /**
   * The whole answer to a request that asks a model nothing, such as to load it into memory; undefined for any other. Left out if every
   * request asks something.
   * @param created Unix time in seconds.
   */
  answerWithoutModel?(body: JsonObject, created: number): JsonObject | undefined;
  /** The fields of a body that `parseRequest` reads or keeps; a translation does not carry the others. */
  readonly known: KnownRequest;
  buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject;
  createStreamEncoder(context: AnswerContext): StreamEncoder;
  /** The error body in this dialect; the status is `statusOf`, else `error.status`. */
  buildError(error: GatewayError, requestId: string): JsonObject;
  /** The response header from which its SDKs read the request id; left out if they read none. */
  readonly requestIdHeader?: string;
  /** The HTTP status that this dialect's clients understand; left out if it is always `error.status`. */
  statusOf?(error: GatewayError): number;
  /** The answer to `count-tokens`; left out if its clients cannot ask for it. */
  buildTokenCount?(tokens: number): JsonObject;
  /** Left out if its clients cannot ask for a summary of the conversation. */
  readonly summaries?: ClientSummaries;
  /** Left out if its clients cannot ask for embeddings. */
  readonly embeddings?: ClientEmbeddings;
  /** Left out if its clients cannot ask for text completions. */
  readonly textCompletions?: ClientForms;
  /** What the vendor's server answers to a GET, the same for everyone, by path. Left out if nothing. */
  readonly pages?: Readonly<Record<string, JsonObject>>;
  /** Left out if its clients read another dialect's model list. */
  readonly models?: ClientModels;
  /** Left out if its clients use no WebSocket. */
  readonly socket?: SocketDialect;
}

/** How failures are written that make up the whole answer. */
export interface ClientErrors extends Required<Pick<ClientSide, 'buildError' | 'statusOf'>> {
  errorHeaders(error: GatewayError): Record<string, string>;
  /**
   * Adds to a failure that a provider of the client's dialect reported what this client reads besides, or instead; undefined if nothing is
   * missing.
   */
  completeFailure?(body: JsonObject, error: GatewayError): JsonObject | undefined;
}

/** How a question is read and its answer written. */
export type ClientForms = Pick<ClientSide, 'parseRequest' | 'buildResponse' | 'createStreamEncoder'>;

/**
 * Errors that a client overlooks, so that a failed answer looks like a short one. `well-formed`: errors that do not violate the form of an
 * answer. `framed`: errors in an event, since the client looks for them outside of events only. `all`: only a broken connection shows the
 * client that the answer is not whole.
 */
export type OverlookedErrors = 'well-formed' | 'framed' | 'all';

export interface ForeignForm {
  /** The dialect whose parser reads the body. Default: the one whose path it was posted to. */
  dialect?: DialectId;
  /** Changes to top-level fields that make the body purely that dialect's; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
}

/** What writing an answer needs besides its content. */
export interface AnswerContext extends ClientTraits {
  requestId: string;
  /** The model that serves, for answers whose upstream does not name it. */
  model: string;
  /** The name under which the client requested this same model, for clients that compare names. */
  askedAs?: string | undefined;
  /** Unix time in seconds. */
  created: number;
  /** The client asked for token counts inside the stream. */
  includeUsage: boolean;
  /** The route's framing. Default `sse`. */
  framing?: AnswerFraming;
  /** The tools that the client offered, for dialects in which a call repeats its tool's kind or group. */
  tools?: readonly Tool[];
  /** As in NeutralRequest. */
  hidesReasoning?: true | undefined;
  /** As in NeutralRequest. */
  readsReasoningDetails?: true | undefined;
  /** As in NeutralRequest; also set where nothing is to be stored. */
  replaysReasoning?: true | undefined;
  /** The output format that the client requested, for dialects whose answers repeat it. */
  outputFormat?: OutputFormat | undefined;
  /** Called with the name of each feature of the answer that this dialect cannot express; repeats are harmless. */
  lost?(feature: string): void;
  /** Called for a feature of the answer that this dialect can only express in another form; `how` describes that form. */
  approximated?(feature: string, how: string): void;
  /**
   * Called by a stream's encoder when it keeps so much more of the answer for later events, in UTF-16 units, roughly: how much is kept is
   * limited.
   */
  kept?(units: number): void;
  /** How long the answer has taken so far, for dialects whose answers state it. Left out where unknown. */
  measured?(): AnswerTimes;
}

/** Milliseconds. */
export interface AnswerTimes {
  /** Since the request arrived. */
  total: number;
  /** From a stream's first content to its newest; null unless both are known. */
  content: number | null;
}

export interface StreamEncoder {
  /** The wire text of the event; empty if the dialect has none for it. Events come in sequence order. */
  encode(event: StreamEvent): string;
  /** A keep-alive that fits between any two events. */
  ping(): string;
  /**
   * Notes an event that the client received unchanged: what is encoded next continues after it, with the same ids.
   * Left out if later events do not depend on earlier ones.
   */
  follow?(event: SseEvent): void;
}

/** What an answer is billed by: the model that made it and what it used. */
export interface Account {
  /** The model that served; null if the answer does not name it. */
  model: string | null;
  /** Undefined if the answer has no place for counts. */
  usage: StatedUsage | undefined;
}

/** Which names a provider accepts for functions or their arguments. */
export interface ToolNameRule {
  /** Matches a character that is refused. */
  signs: RegExp;
  longest: number;
  /** What a name must begin with, if there is such a rule: an underscore or any letter. */
  start?: RegExp;
  /** The rule for names of MCP servers. Left out if the provider calls none. */
  servers?: ToolNameRule;
}

export interface ProviderSide {
  /** Path and query below the provider's base URL. */
  endpoint(model: string, stream: boolean, quirks?: Quirks): string;
  /** The preview version's form of an endpoint's path. Left out if there is no preview version. */
  previewPath?(path: string): string;
  /**
   * The part of a client's query to forward to a provider of the same dialect: '' or beginning with '?' ('&' if
   * `endpoint` already has a query). Never a key. Left out, or undefined: all of it is forwarded.
   */
  forwardQuery?(query: URLSearchParams, quirks?: Quirks): string | undefined;
  /** Headers that send `key` (none if null), and those that the dialect always needs. */
  headers(key: string | null, quirks?: Quirks): Record<string, string>;
  /** The headers of a client of the same dialect as the provider accepts them. Left out if it accepts them as they are. */
  clientHeaders?(headers: HeaderReader, quirks: Quirks): HeaderReader;
  buildRequest(request: NeutralRequest, options: BuildOptions): BuiltRequest;
  parseResponse(body: JsonObject): NeutralResponse;
  /** The field of a whole answer that lists the alternatives a client may ask for; left out: there is only one. */
  readonly alternatives?: 'choices' | 'candidates';
  /** What a whole answer is billed by, even if the rest of it is unreadable. */
  accountIn(body: JsonObject): Account;
  /**
   * @param alternatives for an answer whose bytes pass: how many the client asked for and gets, each of which must end. Left out:
   * the client gets the first, made from the decoder's events.
   */
  createStreamDecoder(sink: EventSink, quirks?: Quirks, alternatives?: number): StreamDecoder;
  /**
   * The role of an event in the stream: a keep-alive (does not reset the idle timer and is not decoded), the event after which the
   * dialect allows no other, or anything else. A cheap check, no parsing.
   */
  classify(event: SseEvent): 'ping' | 'terminal' | 'other';
  /**
   * Whether clients of the dialect recognise the error in this event; left out: they always do. `isBare`: it is JSON
   * without an SSE field name, as some servers append it to the stream.
   */
  showsError?(event: SseEvent, isBare: boolean): boolean;
  /** Whether this event repeats the previous event's error; left out: none does. */
  repeatsError?(event: SseEvent): boolean;
  /** True if a stream may also come as one JSON array, each element an event. */
  readonly listsEvents?: boolean;
  /** How its streams are framed, if clients of the dialect read the same framing. Default: `sse`. */
  readonly framing?: Exclude<AnswerFraming, 'json-array'>;
  /** Loads what cuts its streams into events when the first stream opens. Left out if they are server-sent events. */
  loadFraming?(): Promise<CreateFraming>;
  /**
   * True for an event (in the frame `bytes`, `from` to `to`) that only adds to content already begun and cannot affect usage, the ending or
   * errors. Saves a passthrough from parsing it; false if in doubt.
   */
  addsContentOnly?(bytes: Uint8Array, from: number, to: number): boolean;
  /** What an answer's headers state about its price. Left out if nothing. */
  billIn?(headers: HeaderReader): Pick<StatedBill, 'tier'>;
  /** Request headers that hold lists: the client's values and those of `headers()` are merged, client's first. */
  readonly listHeaders?: readonly string[];
  parseError(failure: UpstreamFailure, quirks?: Quirks): GatewayError;
  /** Whether strict clients of the dialect can read a failure's body as it is (docs/adr/0029). Left out if any can be read. */
  isOwnFailure?(body: JsonObject): boolean;
  /** The error in a body that came with HTTP 200; undefined if the body is an answer. */
  errorInBody(body: JsonObject, quirks?: Quirks): GatewayError | undefined;
  /** How the model continues an assistant turn that ends the request; undefined if it may not continue it. */
  continuesTurn?(
    request: NeutralRequest,
    options: Pick<BuildOptions, 'model' | 'quirks' | 'baseUrl'>,
  ): TurnContinued | undefined;
  readonly passthrough: Passthrough;
  /** Left out if any name is accepted. */
  readonly toolNames?: ToolNameRule;
  /** The same rule for a function's arguments. */
  readonly argumentNames?: ToolNameRule;
  /** Left out if its providers do not count tokens, which are then estimated. */
  readonly countTokens?: ProviderOperation<NeutralRequest, number>;
  readonly embeddings?: ProviderOperation<EmbeddingRequest, EmbeddingResponse>;
  /** Left out if none of its providers serves text completions; undefined for a provider that does not. */
  textCompletions?(provider: { quirks: Quirks; baseUrl: string }): TextCompletions | undefined;
  /** Left out if its providers do not summarise conversations. */
  readonly compact?: ProviderOperation<NeutralRequest, Compaction>;
  readonly models?: ProviderModels;
}

export interface BuildOptions {
  /** The model's name at the provider. */
  model: string;
  quirks: Quirks;
  /** The provider's options, for dialects whose body repeats some of them. */
  settings?: Readonly<Record<string, string>>;
  /** The provider's base URL, for dialects that send some requests elsewhere. */
  baseUrl?: string;
  /** The gateway's id of the request, for dialects whose body has a place for one. */
  requestId?: string;
}

export interface BuiltRequest {
  body: JsonObject;
  losses: Loss[];
  /** Replaces the provider's base URL, if its service accepts this request elsewhere. */
  baseUrl?: string;
  /** Headers that this request needs besides the usual ones; list headers are merged. */
  headers?: Record<string, string>;
  /** Set if the model refuses to stream the answer to this request, so that a whole answer is asked for. */
  answersWhole?: true;
}

export interface StreamDecoder {
  /**
   * Feeds one event. Throws MalformedEvent if it cannot be read; the decoder stays usable.
   * @param body the event's data, if already parsed
   */
  decode(event: SseEvent, body?: JsonObject): void;
  /**
   * Takes an event that differs from the previous one only in its text (the previous one held nothing else but counts), and perhaps in
   * `padding` and `numbers`. False if the event must be decoded. Left out if all must be.
   */
  repeat?(text: string): boolean;
  /** Takes the JSON of the `numbers` of the last such event. Left out if they are not counts. */
  count?(numbers: string): void;
  /** As `RepeatReader.padding`. */
  readonly padding?: string;
  /** As `RepeatReader.numbers`. */
  readonly numbers?: string;
  /** How many events so far were not the dialect's own, such as another dialect's. Left out if they are not counted. */
  readonly strangers?: number;
  /** The upstream's EOF: emits what the decoder still holds back (such as a `finish`), never an invented one. */
  end(): void;
}

/** @param maxEvent the longest event accepted, in bytes. */
export type CreateFraming = (maxEvent: number) => StreamFraming;

/** Throws EventTooLarge if an unfinished event exceeds the limit, MalformedEvent if the bytes form no event. */
export interface StreamFraming {
  /** Takes the next chunk; passes on each event that it completes. */
  push(chunk: Uint8Array, taker: EventTaker): void;
  /** At EOF: passes on what is left if it is a whole event. */
  flush(taker: EventTaker): void;
  /** Passes on the counts of repeated events that are still pending. Left out if no events are passed by `repeat`. */
  settle?(taker: EventTaker): void;
}

/** Receives the events of a stream. */
export interface EventTaker extends RepeatReader {
  /** Returns the text of the event if a later event that differs only in this text may come by `repeat`. */
  take(event: SseEvent): string | undefined;
  /** A comment, by which servers keep a connection open. */
  comment?(): void;
  /** The JSON of the `numbers` of the last event that came by `repeat`; called before the next `take`, or at the end. */
  count(numbers: string): void;
}

/** An event that violates its dialect. The message is logged, so it quotes nothing that a model said. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** @param what form was expected. @param data the text found instead, of which only the length is told. */
export function malformedData(what: string, data: string): MalformedEvent {
  return new MalformedEvent(`${what} (${data.length} characters)`);
}

/** A non-2xx answer, with its body as text. */
export interface UpstreamFailure {
  status: number;
  headers: HeaderReader;
  body: string;
}

/** What must change when client and provider both speak this dialect. */
export interface Passthrough {
  /**
   * Changes to the top level of the request body; undefined removes the field. If empty, the bytes pass untouched.
   * @param headers of the client.
   */
  edits(body: JsonObject, quirks: Quirks, headers?: HeaderReader): Record<string, JsonValue | undefined>;
  /** Headers that the body needs, whether or not the client sends them; list headers are merged. Left out if none. */
  headers?(body: JsonObject, quirks: Quirks): Record<string, string> | undefined;
  /**
   * Whether the model would refuse the request for what another provider left in its history, which clients send back
   * unchanged, or for what is said in another server's words: then it is rebuilt.
   */
  refuses?(body: JsonObject, model: string, quirks: Quirks): boolean;
  /**
   * The quirks of a provider that accepts everything the client says. If a transformer changes a request that passes, the difference is
   * found in what is built with these quirks. Left out if everything is built for every provider.
   */
  taking?(body: JsonObject, quirks: Quirks): Quirks;
  /** What the client's request loses by `edits`. */
  losses?(body: JsonObject, quirks: Quirks): Loss[];
  /** How many alternatives this body asks for. Left out if always one. */
  alternatives?(body: JsonObject): number;
  /** True for an event that the client did not ask for, by its own body, and must not see. */
  hides?(
    body: JsonObject,
    quirks: Quirks,
    headers?: HeaderReader,
  ): ((event: SseEvent) => boolean) | undefined;
}

export interface GrammarChecker {
  /** Takes the next event of a client-bound stream. */
  check(event: SseEvent): void;
  /** All violations. To be called after the last event, since the end may show some. */
  end(): string[];
  /** The token counts and finish reason that the stream stated, for comparisons. */
  summary(): { finish: string | null; usage: Partial<Usage> };
}
