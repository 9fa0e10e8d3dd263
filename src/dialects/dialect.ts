// What a dialect is: a client side (reads requests, writes answers) and a provider side (writes requests,
// reads answers). Codecs are synchronous push machines: no I/O, no clock, no randomness, no logging.
import type { DialectId } from '../model/dialect-id.ts';
import type { EmbeddingRequest, EmbeddingResponse } from '../model/embedding.ts';
import type { ErrorCode, GatewayError } from '../model/errors.ts';
import type { EventSink, StreamEvent } from '../model/events.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { Loss, NeutralRequest, OutputFormat, ReasoningEffort, Tool } from '../model/request.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { StatedUsage, Usage } from '../model/usage.ts';
import type { SseEvent } from '../sse/event.ts';
import type { RepeatReader } from '../sse/frame-form.ts';
import type { KnownRequest } from './shared/unread-fields.ts';
import type {
  ClientEmbeddings,
  ClientModels,
  Compaction,
  ProviderModels,
  ProviderOperation,
} from './operations.ts';

export interface Dialect {
  readonly id: DialectId;
  readonly client: ClientSide;
  readonly provider: ProviderSide;
  /** A fresh checker of the dialect's stream grammar, for tests and `sluice conform`. */
  createGrammarChecker(): GrammarChecker;
}

/** What a client asks for by path. Fields left out are in the body. */
export interface ClientRoute {
  operation: 'generate' | 'count-tokens' | 'embed' | 'compact';
  model?: string;
  /** The model that the path names, of a dialect whose bodies name it: what the body says of it does not count. */
  modelForBody?: string;
  /** The query belongs to the path, and goes no further. */
  ownsQuery?: boolean;
  stream?: boolean;
  /** How a streamed answer is framed: Gemini without `alt=sse` is one JSON array. */
  framing?: 'sse' | 'json-array';
}

export interface ClientSide {
  /** Where its clients post, as a person writes it: for messages. */
  readonly path: string;
  /** Where in the query its clients may send their key, and the header in which they else do. */
  readonly keyInQuery?: { readonly parameter: string; readonly header: string };
  /** Headers, in lower case, in which its clients ask for what the body does not say. The ledger keeps them: never a secret. */
  readonly featureHeaders?: readonly string[];
  /** What a POST to this path asks for, undefined where the path is not this dialect's. */
  route(path: string, query: URLSearchParams): ClientRoute | undefined;
  /** Whether the client takes an answer under another name than it asked for to be another model's, and keeps it as such. */
  comparesModels?(headers: HeaderReader): boolean;
  /** What to do instead of asking for a path of its vendor's that is not served here; undefined for any other. */
  insteadOf?(path: string): string | undefined;
  /** What a request for an answer says in the words of other dialects, undefined where it says nothing so. */
  otherWords?(body: JsonObject): OtherWords | undefined;
  /** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
  parseRequest(body: JsonObject, route: ClientRoute): NeutralRequest;
  /** What `parseRequest` reads or keeps of a body: of the rest a translation tells nothing. */
  readonly known: KnownRequest;
  buildResponse(response: NeutralResponse, context: AnswerContext): JsonObject;
  createStreamEncoder(context: AnswerContext): StreamEncoder;
  /** The error body in this dialect; the status is `statusOf`, else `error.status`. */
  buildError(error: GatewayError, requestId: string): JsonObject;
  /** The answer's header in which its SDKs look for the id of a request; left out where they look for none. */
  readonly requestIdHeader?: string;
  /** The HTTP status that this dialect's clients understand, where it is not always `error.status`. */
  statusOf?(error: GatewayError): number;
  /** The answer to `count-tokens`; left out where its clients cannot ask that. */
  buildTokenCount?(tokens: number): JsonObject;
  /** Left out where its clients cannot ask for embeddings. */
  readonly embeddings?: ClientEmbeddings;
  /** Left out where its clients read another dialect's list of models. */
  readonly models?: ClientModels;
}

export interface OtherWords {
  /** Whose parser reads the body; left out: that of the dialect to whose path it was posted. */
  dialect?: DialectId;
  /** Changes to the top level of the body, after which it is in that dialect's words alone; undefined removes the field. */
  edits: Record<string, JsonValue | undefined>;
}

/** What an answer needs besides its content. */
export interface AnswerContext {
  requestId: string;
  /** The model that serves, for answers in which the upstream does not name it. */
  model: string;
  /** The name by which the client asked for just that model, where it compares. */
  askedAs?: string | undefined;
  /** Unix time in seconds. */
  created: number;
  /** The client asked for token counts inside the stream. */
  includeUsage: boolean;
  /** The route's framing; `sse` where it names none. */
  framing?: 'sse' | 'json-array';
  /** The tools that the client offered, for dialects in which a call repeats its tool's kind or group. */
  tools?: readonly Tool[];
  /** The form that the client asked for, for dialects whose answers repeat it. */
  outputFormat?: OutputFormat | undefined;
  /** Told the name of each feature of the answer that this dialect cannot say; repeats are harmless. */
  lost?(feature: string): void;
  /** Told what stands in for a feature of the answer that this dialect can say only in another form. */
  approximated?(feature: string, how: string): void;
}

export interface StreamEncoder {
  /** The wire text of the event, '' where the dialect says nothing for it. Events come in sequence order. */
  encode(event: StreamEvent): string;
  /** A keep-alive that fits between any two events. */
  ping(): string;
  /**
   * Takes note of an event that the client got as it came: what is encoded next follows it, and goes by the same
   * ids. Left out where events say nothing that later ones count on.
   */
  follow?(event: SseEvent): void;
}

/** What an answer was paid for: who made it, and how much of it. */
export interface Account {
  /** The model that served, null where the answer does not name it. */
  model: string | null;
  /** Undefined where the answer has no place for counts. */
  usage: StatedUsage | undefined;
}

/** What a provider takes as the name of a function, or of its arguments. */
export interface ToolNameRule {
  /** Matches a sign that is refused. */
  signs: RegExp;
  longest: number;
  /** What it must begin with, where there is a rule. */
  start?: RegExp;
}

export interface ProviderSide {
  /** Path and query below the provider's base URL. */
  endpoint(model: string, stream: boolean): string;
  /**
   * Of a client's query, what goes on to a provider of the same dialect, '' or beginning with '?' (or '&' where
   * `endpoint` has a query already). Never a key. Left out: all of it goes on.
   */
  forwardQuery?(query: URLSearchParams): string;
  /** Headers that authenticate `key` (none when null) and that the dialect always needs. */
  headers(key: string | null): Record<string, string>;
  buildRequest(request: NeutralRequest, options: BuildOptions): BuiltRequest;
  parseResponse(body: JsonObject): NeutralResponse;
  /** What a whole answer says of its costs, whether the rest of it can be read or not. */
  accountIn(body: JsonObject): Account;
  createStreamDecoder(sink: EventSink, quirks?: Quirks): StreamDecoder;
  /**
   * What an event is to the stream as a whole: a keep-alive (does not reset the idle timer), the event after
   * which the dialect allows no other, or anything else. A cheap look, no parsing.
   */
  classify(event: SseEvent): 'ping' | 'terminal' | 'other';
  /**
   * Whether clients of the dialect see the error that this event tells; left out: they always do. `isBare`: it stands in
   * the stream as JSON without a field's name, as some servers append it.
   */
  showsError?(event: SseEvent, isBare: boolean): boolean;
  /** Whether this event tells once more the error that the event before told; left out: none does. */
  repeatsError?(event: SseEvent): boolean;
  /** True where a stream may also come as one JSON array, each element an event. */
  readonly listsEvents?: boolean;
  /** Where streams are not server-sent events: what cuts them into events, loaded by the first stream. */
  loadFraming?(): Promise<CreateFraming>;
  /**
   * True for an event, as its frame from `from` to `to` in bytes, that only adds to content already begun: nothing in it can bear
   * on usage, on how the answer ends, or on errors. Spares a passthrough the parsing; false where in doubt.
   */
  addsContentOnly?(bytes: Uint8Array, from: number, to: number): boolean;
  /** Request headers that hold lists: the client's values and those of `headers()` are merged, client's first. */
  readonly listHeaders?: readonly string[];
  parseError(failure: UpstreamFailure, quirks?: Quirks): GatewayError;
  /** The error inside a body that came with HTTP 200, or undefined where the body is an answer. */
  errorInBody(body: JsonObject, quirks?: Quirks): GatewayError | undefined;
  /** How the model goes on with the assistant's turn where a request ends with one; undefined: it is not sure to. */
  continuesTurn?(
    request: NeutralRequest,
    options: Pick<BuildOptions, 'model' | 'quirks' | 'baseUrl'>,
  ): TurnContinued | undefined;
  readonly passthrough: Passthrough;
  /** Left out where any name is taken. */
  readonly toolNames?: ToolNameRule;
  /** The same of a function's arguments. */
  readonly argumentNames?: ToolNameRule;
  /** Left out where its providers do not count: then tokens are estimated. */
  readonly countTokens?: ProviderOperation<NeutralRequest, number>;
  readonly embeddings?: ProviderOperation<EmbeddingRequest, EmbeddingResponse>;
  /** Left out where its providers do not summarise. */
  readonly compact?: ProviderOperation<NeutralRequest, Compaction>;
  readonly models?: ProviderModels;
}

export interface BuildOptions {
  /** The model as the target names it. */
  model: string;
  quirks: Quirks;
  /** The provider's options, for dialects whose body repeats what the configuration says. */
  settings?: Readonly<Record<string, string>>;
  /** Where the provider is asked, for dialects that ask some of it elsewhere. */
  baseUrl?: string;
  /** The gateway's id of the request, for dialects whose body has a place for one. */
  requestId?: string;
}

export interface BuiltRequest {
  body: JsonObject;
  losses: Loss[];
  /** In place of the provider's, where its service takes such a request at another address. */
  baseUrl?: string;
  /** What such a request needs beside those of every request; lists among them are merged. */
  headers?: Record<string, string>;
}

/** Ways in which a provider departs from its dialect. A row of data names them, the dialect obeys. */
export interface Quirks {
  /** openai-chat: which field bounds the output. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** openai-chat: false where `stream_options` is refused. */
  streamOptions?: boolean;
  /** openai-chat: true where documents are `document_url`, with an address or a data URL. Elsewhere they are files, as bytes. */
  documentUrls?: boolean;
  /** openai-chat: true where content parts may carry `cache_control`. */
  cacheControl?: boolean;
  /** openai-chat: models that refuse sampling parameters (a pattern over the model name). */
  fixedSampling?: RegExp;
  /** openai-chat: true where assistant turns take `reasoning_content` back. */
  replaysReasoning?: boolean;
  /** openai-chat: true where assistant turns take `reasoning_details` back (OpenRouter). */
  replaysReasoningDetails?: boolean;
  /** openai-chat: fields beyond OpenAI's that the server takes. */
  extraFields?: readonly 'top_k'[];
  /** openai-chat: how thinking is asked for. Default `reasoning_effort`. */
  reasoningField?: ReasoningField;
  /**
   * openai-chat: the efforts that the server knows, the nearest stands in for others. Left out: all but `max`;
   * beside a `reasoningField` that is a switch, none.
   */
  efforts?: readonly ReasoningEffort[];
  /** openai-chat: how the thinking of some models departs from the row's; the first that fits decides. */
  modelThinking?: readonly ModelThinking[];
  /** openai-chat: tool_choice values other than auto are refused. */
  toolChoiceAutoOnly?: boolean;
  /** openai-chat: top-level request fields that the server refuses. */
  refusedFields?: readonly string[];
  /** openai-chat: further fields that some of its models refuse (patterns over the model name). */
  modelRefusals?: readonly { models: RegExp; fields: readonly string[] }[];
  /** openai-chat: fields that some of its models need, where the request has none of that name. */
  modelFields?: readonly { models: RegExp; fields: JsonObject }[];
  /** openai-chat: OpenAI's name of a top-level field → the server's. */
  renamedFields?: Readonly<Record<string, string>>;
  /** openai-chat: false where messages may not name their participant. */
  participantNames?: boolean;
  /**
   * openai-chat: all that messages may have beside their role and content; any other field is refused. Left out: none is.
   * `reasoning` goes to models alone that think.
   */
  messageFields?: readonly string[];
  /** openai-chat: true where a turn of the model must have a text, an empty one if it only called tools. */
  needsContent?: boolean;
  /** openai-chat: false where the role `developer` is unknown: it becomes `system`. */
  developerRole?: boolean;
  /** openai-chat: true where a conversation without a user message is refused. */
  needsUserMessage?: boolean;
  /**
   * openai-chat: true where turns have one order: no user turn straight behind a tool's result, no instruction
   * behind a turn of the model, none of the model at the end but as a prefix.
   */
  messageOrder?: boolean;
  /**
   * openai-chat: what becomes of a turn of the assistant that ends the conversation: it `continues`, answers `anew`, or
   * goes on and `repeats` it first; or goes on where it is asked to. Left out: its server does not say.
   */
  prefill?: 'continues' | 'anew' | 'repeats' | AskedPrefill;
  /** openai-chat: models that answer anew whatever the row says of others (a pattern over the model name). */
  answersAnew?: RegExp;
  /** openai-chat: models that refuse such a turn (a pattern over the model name). */
  refusesPrefill?: RegExp;
  /** openai-chat: false where a tool's `strict` is refused. */
  strictTools?: boolean;
  /** openai-chat: true where tools of free text (`custom`) are known. Elsewhere each is shown as a function. */
  customTools?: boolean;
  /** openai-chat: true where `tool_choice` may list the tools that are allowed. Elsewhere the others are not sent. */
  allowedTools?: boolean;
  /** openai-chat: true where a function's schema must be one object, no choice among several. */
  objectSchemas?: boolean;
  /** openai-chat: true where a stream brings tool arguments piece by piece only when `tool_stream` asks. */
  toolStream?: boolean;
  /** openai-chat: false where `response_format` takes no schema, only `json_object`. */
  jsonSchema?: boolean;
  /** openai-chat: what tool-call ids of earlier turns must look like. */
  callIds?: 'at-most-40' | 'exactly-9';
  /** openai-chat, anthropic-messages: the server's own error codes, where they say more than the status. */
  errorCodes?: Readonly<Record<string, VendorError>>;
  /** False where the list of models is not one of what can be asked for. */
  listsModels?: boolean;
  /** openai-chat: the dialect in which the provider counts tokens, as this one has no way to ask. */
  countsIn?: DialectId;
  /**
   * anthropic-messages and Bedrock: base URLs of servers that can be told what to do with thinking that is no longer valid.
   * Others may refuse the word, proxies before the same models too.
   */
  bindingControls?: RegExp;
  /** gemini: true for Google Cloud, which counts a request as it is and embeds by `:predict`. */
  cloudMethods?: boolean;
  /** gemini: true where schemas must be in Gemini's own subset, not in JSON Schema. */
  schemaSubset?: boolean;
}

/** It tells `rest` alone, or the turn again and then the rest: all of it. */
export type TurnContinued = 'rest' | 'all';

/** How a server is asked to go on with the last turn; without a field: the turn is all it needs. */
export interface AskedPrefill {
  /** Fields of that turn. */
  turn?: JsonObject;
  /** Fields of the request. */
  request?: JsonObject;
  /** Not while the model thinks. */
  notThinking?: true;
  /** Only there; whoever is asked at one of `instead` is asked there too, at other addresses it is not. */
  at?: { baseUrl: string; instead: readonly string[] };
}

/** `reasoning.enabled`: a switch, where `reasoning` is OpenRouter's whole object. */
export type ReasoningField =
  | 'reasoning_effort'
  | 'reasoning'
  | 'reasoning.enabled'
  | 'thinking'
  | 'enable_thinking';

export interface ModelThinking {
  /** A pattern over the model name. */
  models: RegExp;
  /** In place of the row's `reasoningField` and `efforts`. */
  field?: ReasoningField;
  /** In place of the row's `efforts`. */
  efforts?: readonly ReasoningEffort[];
  /** Left out: only where it is asked to. */
  thinks?: 'by-default' | 'always';
  /** Ways to force a call that are refused while the model thinks: some tool, a named tool. */
  refuses?: readonly ('required' | 'tool')[];
  /** While it thinks, it answers in streams only. */
  streamsOnly?: true;
  /** While it thinks, it refuses calls of its history without the `reasoning_content` that led to them. */
  needsReasoning?: true;
}

/** What a vendor's error code means, and the status for clients where the vendor's own would mislead them. */
export interface VendorError {
  code: ErrorCode;
  status?: number;
  /** What the key may use is used up. */
  exhausted?: boolean;
}

export interface StreamDecoder {
  /**
   * Feeds one event. Throws MalformedEvent where it cannot be read; the decoder stays usable.
   * @param body what the event's data says, where it has been parsed already
   */
  decode(event: SseEvent, body?: JsonObject): void;
  /**
   * Takes an event that differs from the last one in its text alone, which was all that that one told besides counts, and
   * perhaps in `padding` and `numbers`. False: the event has to be decoded. Left out where all have to be.
   */
  repeat?(text: string): boolean;
  /** Takes JSON of the `numbers` of the last such event. Left out where they count nothing. */
  count?(numbers: string): void;
  /** As `RepeatReader.padding`. */
  readonly padding?: string;
  /** As `RepeatReader.numbers`. */
  readonly numbers?: string;
  /** The upstream's EOF: emits what the dialect still owes (a `finish` it was holding), never a made-up one. */
  end(): void;
}

/** @param maxEvent the longest event accepted, in bytes. */
export type CreateFraming = (maxEvent: number) => StreamFraming;

/** Throws EventTooLarge where an unfinished event outgrows the limit, MalformedEvent where bytes make no event. */
export interface StreamFraming {
  /** Takes the next chunk; tells each event that it completes. */
  push(chunk: Uint8Array, taker: EventTaker): void;
  /** At EOF: what is left is told where it makes a whole event. */
  flush(taker: EventTaker): void;
  /** Tells what events counted that were told by `repeat`, where that is still to be told. Left out where none are. */
  settle?(taker: EventTaker): void;
}

/** Whoever is told the events of a stream. */
export interface EventTaker extends RepeatReader {
  /** Returns a text of the event where another event with another text in its place may be told by `repeat`. */
  take(event: SseEvent): string | undefined;
  /** JSON of the `numbers` of the last event that was told by `repeat`: told when the next one is taken, or at the end. */
  count(numbers: string): void;
}

/** An event that is not what its dialect says. The message is logged: it quotes nothing of what a model said. */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** @param what it should have been. @param data that it is. */
export function malformedData(what: string, data: string): MalformedEvent {
  return new MalformedEvent(`${what} (${data.length} characters)`);
}

/** A non-2xx answer, its body read as text. */
export interface UpstreamFailure {
  status: number;
  headers: HeaderReader;
  body: string;
}

/** What must change when client and provider speak this dialect alike. */
export interface Passthrough {
  /** Changes to the top level of the request body; undefined removes the field. Empty: bytes pass untouched. */
  edits(body: JsonObject, quirks: Quirks): Record<string, JsonValue | undefined>;
  /**
   * Whether the model refuses the request for what another provider left in its history, which clients send back as it
   * came: then it is built anew.
   */
  refuses?(body: JsonObject, model: string): boolean;
  /** What those changes take from the client's request. */
  losses?(body: JsonObject, quirks: Quirks): Loss[];
  /** True for an event that the client did not ask for and must not see (decided with the client's body). */
  hides?(body: JsonObject, quirks: Quirks): ((event: SseEvent) => boolean) | undefined;
}

export interface GrammarChecker {
  /** Takes the next event of a client-bound stream. */
  check(event: SseEvent): void;
  /** Violations so far; call after the last event, it adds those only the end can show. */
  end(): string[];
  /** Token counts and finish reason the stream stated, for comparisons. */
  summary(): { finish: string | null; usage: Partial<Usage> };
}
