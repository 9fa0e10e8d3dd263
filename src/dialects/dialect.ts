// What a dialect is: a client side (reads requests, writes answers) and a provider side (writes requests,
// reads answers). Codecs are synchronous push machines: no I/O, no clock, no randomness, no logging.
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import type { EmbeddingRequest, EmbeddingResponse } from '../model/embedding.ts';
import type { ErrorCode, GatewayError } from '../model/errors.ts';
import type { EventSink, StreamEvent } from '../model/events.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { JsonPlace } from '../model/json/string-editor.ts';
import type { Loss, NeutralRequest, OutputFormat, ReasoningEffort, Tool } from '../model/request.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { StatedBill, StatedUsage, Usage } from '../model/usage.ts';
import type { SseEvent } from '../sse/event.ts';
import type { RepeatReader } from '../sse/frame-form.ts';
import type { ForwardedSocket } from './forwarded-socket.ts';
import type { KnownRequest } from './shared/losses/unread-fields.ts';
import type { Envelope } from './envelope.ts';
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

/** What the path of a request asks for. Fields left out are in the body. */
export interface ClientRoute {
  operation: 'generate' | 'complete' | 'count-tokens' | 'embed' | 'compact';
  model?: string;
  /** The model that the path names in a dialect whose bodies name it too: overrides the body's. */
  modelForBody?: string;
  /** The query is part of the route and is not forwarded. */
  ownsQuery?: boolean;
  stream?: boolean;
  /** A body that does not say whether to stream asks for a stream. */
  streamsByDefault?: true;
  /** How a streamed answer is framed. Default: `sse`. */
  framing?: AnswerFraming;
  /** It is asked at the vendor's preview version, which may know fields that the ordinary one refuses. */
  isPreview?: true;
  /** The path is another vendor's, whose clients wrap the dialect. */
  envelope?: Envelope;
}

/** Server-sent events, one JSON array (Gemini without `alt=sse`), or a line of JSON for each event (Ollama). */
export type AnswerFraming = 'sse' | 'json-array' | 'lines';

/** The content type of a streamed answer. https://github.com/ndjson/ndjson-spec */
export const FRAMING_TYPES: Readonly<Record<AnswerFraming, string>> = {
  sse: 'text/event-stream',
  'json-array': 'application/json',
  lines: 'application/x-ndjson',
};

/** A path that is forwarded. */
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

export interface QueryKey {
  readonly parameter: string;
  readonly header: string;
}

export interface ClientSide {
  /** The path its clients post to, as written for people, in messages. */
  readonly path: string;
  /** The query parameter in which its clients may send their key, and the header they use otherwise. */
  readonly keyInQuery?: QueryKey;
  /** Lower-case headers by which its clients request features outside the body. Stored in the ledger: never a secret. */
  readonly featureHeaders?: readonly string[];
  /** Its vendor's server takes a body for JSON whatever its content type says, and its examples for curl rely on that. */
  readonly ignoresBodyType?: true;
  /** What a POST to this path asks for; undefined if the path is not this dialect's. */
  route(path: string, query: URLSearchParams): ClientRoute | undefined;
  /** Whether the client takes an answer with a different model name for another model's, and stores it under that name. */
  comparesModels?(headers: HeaderReader): boolean;
  /** Which errors within a stream the client overlooks. Left out, or undefined: none. */
  overlooksErrors?(headers: HeaderReader): OverlookedErrors | undefined;
  /** Whether the client takes an answer that ends in a refusal for a broken connection, and pays for it again and again. */
  retriesRefusals?(headers: HeaderReader): boolean;
  /** Whether the client reads streams as Mistral's server sends them: all calls at once, whole, and counts that nobody asked for. */
  readsMistrals?(headers: HeaderReader): boolean;
  /** Whether the client refuses reasoning without a status, which xAI's server states and OpenAI's does not. */
  needsStatus?(headers: HeaderReader): boolean;
  /** Whether the client sends back no thinking with an empty signature, to whatever server. */
  dropsUnsigned?(headers: HeaderReader): boolean;
  /**
   * For a path that only a provider itself can answer (files, batches, images), where it is sent; undefined for any other
   * path.
   */
  forwardedTo?(path: string, headers: HeaderReader): ForwardedPath | undefined;
  /** For a path at which its clients open a WebSocket that only a provider itself can answer; undefined for any other path. */
  forwardedSocket?(path: string): ForwardedSocket | undefined;
  /** For a path of its vendor's that is not served here, what to do instead; undefined for any other path. */
  alternativeTo?(path: string): string | undefined;
  /** Of clients that ask for a path that is not served, if they are known to be another vendor's: its form of errors. */
  envelopeOf?(path: string, headers: HeaderReader): Envelope | undefined;
  /** What a generation request says in other dialects' fields; undefined if nothing. */
  readForeignForm?(body: JsonObject): ForeignForm | undefined;
  /** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
  parseRequest(body: JsonObject, route: ClientRoute, headers?: HeaderReader): NeutralRequest;
  /**
   * The whole answer to a question that asks nothing of a model, such as to load it into memory; undefined for any other. Left out:
   * every question asks something.
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
  /** What its vendor's server answers to a GET, the same to everyone, by path. Left out: nothing. */
  readonly pages?: Readonly<Record<string, JsonObject>>;
  /** Left out if its clients read another dialect's model list. */
  readonly models?: ClientModels;
  /** Left out if its clients only post. */
  readonly socket?: SocketDialect;
}

/** How a question is read and its answer written. */
export type ClientForms = Pick<ClientSide, 'parseRequest' | 'buildResponse' | 'createStreamEncoder'>;

/**
 * Errors that a client overlooks, so that an answer that has failed looks like a short one. `well-formed`: those in which nothing
 * violates the form of an answer. `framed`: those in an event; it looks for them outside of events only. `all`: only a broken
 * connection shows it that the answer is not whole.
 */
export type OverlookedErrors = 'well-formed' | 'framed' | 'all';

export interface ForeignForm {
  /** The dialect whose parser reads the body. Default: the one whose path it was posted to. */
  dialect?: DialectId;
  /** Changes to top-level fields that leave the body in that dialect alone; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
}

/** What an answer needs besides its content. */
export interface AnswerContext {
  requestId: string;
  /** The model that serves, for answers whose upstream does not name it. */
  model: string;
  /** The name under which the client requested this same model, for clients that compare. */
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
  /** As in NeutralRequest; also where nothing is to be stored. */
  replaysReasoning?: true | undefined;
  /** The output format that the client requested, for dialects whose answers repeat it. */
  outputFormat?: OutputFormat | undefined;
  /** As `ClientSide.overlooksErrors` says of the client. */
  overlooksErrors?: OverlookedErrors | undefined;
  /** As `ClientSide.retriesRefusals` says of the client. */
  retriesRefusals?: boolean | undefined;
  /** As `ClientSide.readsMistrals` says of the client. */
  readsMistrals?: boolean | undefined;
  /** As `ClientSide.needsStatus` says of the client. */
  needsStatus?: boolean | undefined;
  /** As `ClientSide.dropsUnsigned` says of the client. */
  dropsUnsigned?: boolean | undefined;
  /** Called with the name of each feature of the answer that this dialect cannot express; repeats are harmless. */
  lost?(feature: string): void;
  /** Called for a feature of the answer that this dialect can only express in another form; `how` describes that form. */
  approximated?(feature: string, how: string): void;
  /**
   * Called by the encoder of a stream when it keeps this much more of the answer for later events, in UTF-16 units, roughly: what
   * is kept of an answer is limited.
   */
  kept?(units: number): void;
  /** How long the answer has taken so far, for dialects whose answers say so. Left out: it is unknown. */
  measured?(): AnswerTimes;
}

/** In milliseconds. */
export interface AnswerTimes {
  /** Since the request came. */
  total: number;
  /** From the first content of a stream to the newest; null where not both are known. */
  content: number | null;
}

export interface StreamEncoder {
  /** The wire text of the event, '' if the dialect has none for it. Events come in sequence order. */
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
  /** What a name must begin with, if there is a rule. */
  start?: RegExp;
}

export interface ProviderSide {
  /** Path and query below the provider's base URL. */
  endpoint(model: string, stream: boolean, quirks?: Quirks): string;
  /** A path of its endpoints as the preview version has it; left out: there is none. */
  previewPath?(path: string): string;
  /**
   * The part of a client's query to forward to a provider of the same dialect: '' or beginning with '?' ('&' if
   * `endpoint` already has a query). Never a key. Left out, or undefined: all of it is forwarded.
   */
  forwardQuery?(query: URLSearchParams, quirks?: Quirks): string | undefined;
  /** Headers that send `key` (none if null) and those that the dialect always needs. */
  headers(key: string | null, quirks?: Quirks): Record<string, string>;
  /** Those of a client of the same dialect as the provider accepts them. Left out: as they are. */
  clientHeaders?(headers: HeaderReader, quirks: Quirks): HeaderReader;
  buildRequest(request: NeutralRequest, options: BuildOptions): BuiltRequest;
  parseResponse(body: JsonObject): NeutralResponse;
  /** The field of a whole answer that lists the alternatives a client may ask for; left out: there is only one. */
  readonly alternatives?: 'choices' | 'candidates';
  /** What a whole answer is billed by, even if the rest of it is unreadable. */
  accountIn(body: JsonObject): Account;
  /**
   * @param alternatives of an answer whose bytes pass: how many the client asked for and gets, each of which must end; left out:
   *   the client gets the first, made from the decoder's events.
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
  /** How its streams are framed, where clients of the dialect read the same framing. Default: `sse`. */
  readonly framing?: Exclude<AnswerFraming, 'json-array'>;
  /** For streams that are not server-sent events: loads what cuts them into events, when the first stream opens. */
  loadFraming?(): Promise<CreateFraming>;
  /**
   * True for an event (its frame: `bytes` from `from` to `to`) that only adds to content already begun and cannot affect
   * usage, the ending or errors. Spares a passthrough the parsing; false when in doubt.
   */
  addsContentOnly?(bytes: Uint8Array, from: number, to: number): boolean;
  /** What an answer's headers state about its price. Left out: nothing. */
  billIn?(headers: HeaderReader): Pick<StatedBill, 'tier'>;
  /** Request headers that hold lists: the client's values and those of `headers()` are merged, client's first. */
  readonly listHeaders?: readonly string[];
  parseError(failure: UpstreamFailure, quirks?: Quirks): GatewayError;
  /** Whether strict clients of the dialect read a failure's body as it is (docs/adr/0029). Left out: any is. */
  isOwnFailure?(body: JsonObject): boolean;
  /** The error inside a body that came with HTTP 200, or undefined where the body is an answer. */
  errorInBody(body: JsonObject, quirks?: Quirks): GatewayError | undefined;
  /** How the model continues an assistant turn that ends the request; undefined: it may not continue it. */
  continuesTurn?(
    request: NeutralRequest,
    options: Pick<BuildOptions, 'model' | 'quirks' | 'baseUrl'>,
  ): TurnContinued | undefined;
  readonly passthrough: Passthrough;
  /** Left out if any name is accepted. */
  readonly toolNames?: ToolNameRule;
  /** The same for a function's arguments. */
  readonly argumentNames?: ToolNameRule;
  /** Left out if its providers do not count tokens: then they are estimated. */
  readonly countTokens?: ProviderOperation<NeutralRequest, number>;
  readonly embeddings?: ProviderOperation<EmbeddingRequest, EmbeddingResponse>;
  /** Left out if its providers serve no text completions; undefined for one of them that does not. */
  textCompletions?(provider: { quirks: Quirks; baseUrl: string }): TextCompletions | undefined;
  /** Left out if its providers do not summarise. */
  readonly compact?: ProviderOperation<NeutralRequest, Compaction>;
  readonly models?: ProviderModels;
}

export interface BuildOptions {
  /** The model as the target names it. */
  model: string;
  quirks: Quirks;
  /** The provider's options, for dialects whose body repeats what the configuration says. */
  settings?: Readonly<Record<string, string>>;
  /** The provider's base URL, for dialects that send some requests elsewhere. */
  baseUrl?: string;
  /** The gateway's id of the request, for dialects whose body has a place for one. */
  requestId?: string;
}

export interface BuiltRequest {
  body: JsonObject;
  losses: Loss[];
  /** Replaces the provider's, if its service accepts this request at another address. */
  baseUrl?: string;
  /** Headers this request needs in addition to the usual ones; list headers are merged. */
  headers?: Record<string, string>;
  /** The model refuses this request for a stream: a whole answer is asked for. */
  answersWhole?: true;
}

/** Ways in which a provider departs from its dialect. A provider's row sets them, the dialect follows them. */
export interface Quirks {
  /** How long answers may get, in requests that are translated; the first match counts. Left out: unknown. */
  outputLimits?: readonly OutputLimit[];
  /** openai-chat: the field that limits the output. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** openai-chat: false if `stream_options` is refused. */
  streamOptions?: boolean;
  /** openai-chat: true if streams have each call in one piece, as Mistral's SDKs and what reads streams as they do require. */
  wholeCalls?: true;
  /** openai-chat: true if documents are `document_url`, with an address or a data URL. Otherwise they are files, as bytes. */
  documentUrls?: boolean;
  /** openai-chat: true if files of text are taken as bytes. Otherwise their text is sent. */
  textFiles?: true;
  /** openai-chat: false if documents are refused, as bytes too. */
  documents?: false;
  /**
   * openai-chat: which videos are taken as `video_url`: `files`, by address or as a data URL; `pages` too that show one. Left out: none.
   */
  videos?: 'files' | 'pages';
  /** openai-chat: the highest temperature. Left out: no bound. */
  maxTemperature?: number;
  /** openai-chat: true if `top_p` must be 1 where the temperature is 0. */
  greedyTopP?: boolean;
  /** openai-chat: true if content parts and tools may carry `cache_control`. */
  cacheControl?: boolean;
  /** openai-chat: models that, like Claude, cache nothing but up to `cache_control` (a pattern over the model name). */
  cachedIfMarked?: RegExp;
  /** openai-chat: false if `cache_control` may not stand beside the messages, for all of the prompt. */
  cacheWhole?: boolean;
  /** openai-chat: models whose `cache_control` may say how long the prompt is kept (a pattern over the model name). Left out: all. */
  cacheTtl?: RegExp;
  /**
   * openai-chat, openai-responses: where requests name their conversation, so that they reach the server which has its prompt in
   * the cache. Left out: nowhere, but in the client's own field.
   */
  conversation?: ConversationPlace;
  /** openai-chat, openai-responses: where OpenAI's cache breakpoints are taken, in place of Anthropic's. Left out: nowhere. */
  breakpoints?: {
    /** A pattern over the model name. */
    models: RegExp;
    /** Over the base URL, followed by `/`. */
    at: RegExp;
  };
  /** openai-chat: models that refuse sampling parameters (a pattern over the model name). */
  fixedSampling?: RegExp;
  /** openai-chat: true if assistant turns accept `reasoning_content` back. */
  replaysReasoning?: boolean;
  /** openai-chat: true if assistant turns accept `reasoning_details` back (OpenRouter). */
  replaysReasoningDetails?: boolean;
  /** openai-chat: fields beyond OpenAI's that the server accepts. */
  extraFields?: readonly 'top_k'[];
  /** openai-chat: the field that requests thinking. Default `reasoning_effort`. */
  reasoningField?: ReasoningField;
  /**
   * openai-chat: the efforts that the server knows; others become the nearest of them. Left out: all but `max`, or none
   * if `reasoningField` is a switch.
   */
  efforts?: readonly ReasoningEffort[];
  /** openai-chat: models that refuse other efforts, so that a client's own becomes the nearest too (a pattern over the model name). */
  refusesOtherEfforts?: RegExp;
  /** openai-chat, anthropic-messages: models whose thinking departs from the row's; the first match decides. */
  modelThinking?: readonly ModelThinking[];
  /** openai-chat: true if tool_choice values other than auto are refused. */
  toolChoiceAutoOnly?: boolean;
  /** openai-chat: top-level request fields that the server refuses. */
  refusedFields?: readonly string[];
  /** openai-chat: true if `service_tier` must not be Groq's name of the usual one. */
  refusesOnDemand?: true;
  /** openai-chat: further fields that some of its models refuse (patterns over the model name). */
  modelRefusals?: readonly { models: RegExp; fields: readonly string[] }[];
  /** openai-chat: fields that some of its models need, added if the request lacks them. */
  modelFields?: readonly { models: RegExp; fields: JsonObject }[];
  /** openai-chat: OpenAI's name of a top-level field → the server's. */
  renamedFields?: Readonly<Record<string, string>>;
  /** openai-chat: false if messages may not name their participant. */
  participantNames?: boolean;
  /**
   * openai-chat: the only fields that messages may have besides role and content; the server refuses others. Left out: it
   * refuses none. `reasoning` is sent only to models that think.
   */
  messageFields?: readonly string[];
  /**
   * openai-chat: what the content of an assistant turn must be: `text`, empty if it only called tools; `words`, unless it
   * called tools. Left out: it may be missing.
   */
  needsContent?: 'text' | 'words';
  /** openai-chat: false if the role `developer` is unknown: it becomes `system`. */
  developerRole?: boolean;
  /** openai-chat, openai-responses: true if instructions may stand between turns, whatever the model. */
  laterInstructions?: boolean;
  /** openai-chat: true if a conversation without a user message is refused. */
  needsUserMessage?: boolean;
  /**
   * openai-chat: true if the order of turns is restricted: no user turn right after a tool result, no instruction after an
   * assistant turn, no assistant turn at the end unless marked as a prefix.
   */
  messageOrder?: boolean;
  /**
   * openai-chat: what the model does with an assistant turn that ends the conversation: `continues` it, `restarts` it from nothing,
   * `repeats` and then continues it, or continues it when asked to. Left out: unknown.
   */
  prefill?: 'continues' | 'restarts' | 'repeats' | AskedPrefill;
  /** openai-chat: models that restart whatever `prefill` says (a pattern over the model name). */
  restartsPrefill?: RegExp;
  /** openai-chat: models that refuse such a turn (a pattern over the model name). */
  refusesPrefill?: RegExp;
  /** openai-chat: false if a tool's `strict` is refused; `all`: unless all tools have it. */
  strictTools?: false | 'all';
  /** openai-chat: true if free-text tools (`custom`) are supported. Otherwise each is sent as a function. */
  customTools?: boolean;
  /**
   * openai-chat: true if `tool_choice` may list the allowed tools. Otherwise the other tools are not sent; a client's own list
   * passes unless this is false: the server refuses it.
   */
  allowedTools?: boolean;
  /** openai-chat: true if a function's schema must be one object, not a choice among several. */
  objectSchemas?: boolean;
  /** openai-chat: the largest limit of tokens with which it answers whole; beyond, it has to be asked for a stream. */
  wholeUpTo?: number;
  /** openai-chat: the subset of JSON Schema that functions and answers must be described in. `mfjs` is Moonshot's. */
  schemaForm?: 'mfjs';
  /** openai-chat: what a function's name must begin with. Left out: anything. */
  toolNameStart?: RegExp;
  /** openai-chat: true if tool arguments are streamed in pieces only when `tool_stream` asks for it. */
  toolStream?: boolean;
  /** openai-chat: false if `response_format` accepts no schema, only `json_object`. */
  jsonSchema?: boolean;
  /** openai-chat: models for which it accepts none (a pattern over the model name). */
  refusesJsonSchema?: RegExp;
  /** openai-chat: false if `response_format` is refused beside tools. */
  jsonBesideTools?: boolean;
  /** openai-chat: the required form of tool-call ids in earlier turns. */
  callIds?: 'at-most-40' | 'exactly-9';
  /** openai-chat, anthropic-messages: the server's own error codes, where they say more than the status. */
  errorCodes?: Readonly<Record<string, VendorError>>;
  /** False if the model list does not show which models can be requested. */
  listsModels?: boolean;
  /** openai-chat: how text completions are served, if not at `/completions`; false if they are not. */
  textCompletions?: false | ServedCompletions;
  /** openai-chat: the dialect in which the provider counts tokens, since this one has no such request. */
  countsIn?: DialectId;
  /**
   * anthropic-messages and Bedrock: base URLs of servers that accept a setting for thinking that is no longer valid.
   * Others may refuse the field, even proxies in front of the same models.
   */
  bindingControls?: RegExp;
  /**
   * True for Google Cloud. gemini: it counts a request as it is and embeds by `:predict`. anthropic-messages: the path names
   * the model, the body the version.
   */
  cloudMethods?: boolean;
  /** gemini: true if the provider has Google's preview version too. */
  previewVersion?: true;
  /** gemini: true if fields that only Google Cloud knows are refused. */
  refusesCloudFields?: boolean;
  /** gemini: true if schemas must be in Gemini's own subset, not in JSON Schema. */
  schemaSubset?: boolean;
}

/** The most tokens that some models write; a request for more is refused. */
export interface OutputLimit {
  /** A pattern over the model name. */
  models: RegExp;
  tokens: number;
}

export interface ConversationPlace {
  /** Of Chat Completions. */
  field?: 'prompt_cache_key' | 'session_id';
  /** Of Chat Completions. */
  header?: string;
  /** Responses takes `prompt_cache_key`. */
  inResponses?: true;
  /** Base URLs of the servers that know it. Left out: any. */
  at?: RegExp;
  /** Models for which they do (a pattern over the model name). Left out: all. */
  models?: RegExp;
  /** Otherwise the request is refused for it, as is one with the client's own `prompt_cache_key`. */
  refusedElsewhere?: true;
}

/** The answer holds only the `rest`, or `all`: the turn repeated, then the rest. */
export type TurnContinued = 'rest' | 'all';

/** How a server is asked to continue the last turn; without any field, the turn alone is enough. */
export interface AskedPrefill {
  /** Fields added to that turn. */
  turn?: JsonObject;
  /** Fields added to the request. */
  request?: JsonObject;
  /** Not while the model thinks. */
  notThinking?: true;
  /** Only this address continues turns; requests to one of `instead` are sent to it, those to other addresses are not. */
  at?: OtherAddress;
}

/** Takes the requests that would go to one of `instead`; those to other addresses stay there. */
export interface OtherAddress {
  baseUrl: string;
  instead: readonly string[];
}

interface ServedCompletions {
  /** Path below the base URL. Default: `/completions`. */
  path?: string;
  at?: OtherAddress;
  /** The answers are chat completions. */
  answersInChat?: true;
}

/** `reasoning.enabled` is a switch; `reasoning` is OpenRouter's whole object. */
export type ReasoningField =
  | 'reasoning_effort'
  | 'reasoning'
  | 'reasoning.enabled'
  | 'thinking'
  | 'enable_thinking';

export interface ModelThinking {
  /** A pattern over the model name. */
  models: RegExp;
  /** Replaces the row's `reasoningField` and `efforts`. */
  field?: ReasoningField;
  /** Replaces the row's `efforts`. */
  efforts?: readonly ReasoningEffort[];
  /** Left out: only when asked to. */
  thinks?: 'by-default' | 'always';
  /** The tool choices refused while the model thinks: `required` (any tool), `tool` (a named one). */
  refuses?: readonly ('required' | 'tool')[];
  /** While it thinks, it answers in streams only. */
  streamsOnly?: true;
  /** While it thinks, it refuses a `response_format` of JSON. */
  refusesJson?: true;
  /** While it thinks, it refuses earlier tool calls sent without the `reasoning_content` that led to them. */
  needsReasoning?: true;
}

/** What a vendor's error code means, and the status for clients if the vendor's own would mislead them. */
export interface VendorError {
  code: ErrorCode;
  status?: number;
  /** The key's allowance is used up. */
  exhausted?: boolean;
}

export interface StreamDecoder {
  /**
   * Feeds one event. Throws MalformedEvent if it cannot be read; the decoder stays usable.
   * @param body the event's data, if already parsed
   */
  decode(event: SseEvent, body?: JsonObject): void;
  /**
   * Takes an event that differs from the previous one only in its text (all the previous one held besides counts), and
   * perhaps in `padding` and `numbers`. False: the event must be decoded. Left out if all must be.
   */
  repeat?(text: string): boolean;
  /** Takes the JSON of the `numbers` of the last such event. Left out if they hold no counts. */
  count?(numbers: string): void;
  /** As `RepeatReader.padding`. */
  readonly padding?: string;
  /** As `RepeatReader.numbers`. */
  readonly numbers?: string;
  /** Events so far that are none of the dialect's own, such as another dialect's. Left out if they are not counted. */
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
  /** Passes on counts of repeated events that are still pending. Left out if no events are passed by `repeat`. */
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

/** @param what the expected form. @param data the text found instead. */
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
   * Changes to the top level of the request body; undefined removes the field. Empty: bytes pass untouched.
   * @param headers of the client.
   */
  edits(body: JsonObject, quirks: Quirks, headers?: HeaderReader): Record<string, JsonValue | undefined>;
  /** Headers that the body needs, whether or not the client sends them; list headers are merged. Left out: none. */
  headers?(body: JsonObject, quirks: Quirks): Record<string, string> | undefined;
  /**
   * Whether the model would refuse the request for what another provider left in its history, which clients send back
   * unchanged: then it is rebuilt.
   */
  refuses?(body: JsonObject, model: string): boolean;
  /**
   * The quirks of a provider that takes all that the client says, known or not: where a transformer changes a request that
   * passes, what changes is found in what is built for such a provider. Absent: everything is built for every provider.
   */
  taking?(body: JsonObject, quirks: Quirks): Quirks;
  /** What the client's request loses by those changes. */
  losses?(body: JsonObject, quirks: Quirks): Loss[];
  /** How many alternatives this body asks for; left out: one. */
  alternatives?(body: JsonObject): number;
  /** True for an event that the client did not ask for and must not see (decided with the client's body). */
  hides?(body: JsonObject, quirks: Quirks): ((event: SseEvent) => boolean) | undefined;
}

export interface GrammarChecker {
  /** Takes the next event of a client-bound stream. */
  check(event: SseEvent): void;
  /** All violations; call after the last event, since it adds those that only the end can show. */
  end(): string[];
  /** The token counts and finish reason that the stream stated, for comparisons. */
  summary(): { finish: string | null; usage: Partial<Usage> };
}
