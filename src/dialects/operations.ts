// What a dialect may answer besides generation: counting tokens, embeddings, lists of models.
import type { OpaquePart } from '../model/content.ts';
import type { EmbeddingRequest, EmbeddingResponse } from '../model/embedding.ts';
import type { Finish } from '../model/finish.ts';
import type { JsonObject, JsonValue } from '../model/json/json.ts';
import type { HeaderReader } from '../model/headers.ts';
import type { ModelPage, OfferedModel } from '../model/model-entry.ts';
import type { Loss, NeutralRequest } from '../model/request.ts';
import { decodedPercent } from '../model/percent-encoding.ts';
import type { NeutralResponse } from '../model/response.ts';
import type { Usage } from '../model/usage.ts';
import type { KnownRequest } from './shared/losses/unread-fields.ts';
import type { Envelope } from './envelope.ts';
import type { AnswerContext, BuildOptions, BuiltRequest, ClientRoute, ProviderSide } from './dialect.ts';
import type { Quirks } from './quirks.ts';

/** A question to a provider that has one whole answer. */
export interface ProviderOperation<Request, Answer> {
  /** Path and query below the provider's base URL. */
  endpoint(model: string, quirks: Quirks): string;
  /** Changes to the top level of a body of the same dialect so that it asks for `model`; if empty, it passes as it is. */
  edits(body: JsonObject, model: string, quirks: Quirks): Record<string, JsonValue | undefined>;
  /** What the body loses by those changes. Left out if nothing. */
  losses?(body: JsonObject, model: string, quirks: Quirks): Loss[];
  /** False for a body of the same dialect that cannot pass, since the provider is asked in another form. Left out if all pass. */
  passes?(body: JsonObject, quirks: Quirks, model: string): boolean;
  /** The parts in which the provider is asked if it does not take everything at once; at least one. Left out if it always does. */
  split?(request: Request, model: string, quirks: Quirks): Request[];
  /** Throws GatewayError `unsupported_feature` naming what the dialect cannot ask. */
  buildRequest(request: Request, options: BuildOptions): BuiltRequest;
  /** Throws Error if the answer cannot be read. */
  parseResponse(body: JsonObject, headers: HeaderReader): Answer;
}

export interface ClientEmbeddings {
  /** The fields that `parseRequest` reads; all others are reported as lost. Left out if they are those of the dialect's own requests. */
  readonly known?: KnownRequest;
  /** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
  parseRequest(body: JsonObject, route: ClientRoute): EmbeddingRequest;
  /**
   * @param model the one that serves, for answers whose upstream does not name it.
   * @param id of the answer, for Mistral's clients.
   */
  buildResponse(
    response: EmbeddingResponse,
    request: EmbeddingRequest,
    model: string,
    id?: string,
  ): JsonObject;
}

/** A conversation as its provider summarises it, in a form that only that provider can read. */
export interface Compaction {
  model: string | null;
  usage: Partial<Usage> | null;
  body: JsonObject;
}

/**
 * How clients ask for a summary of the conversation instead of an answer. A provider of the same dialect may write one that only it can
 * read; what another model writes becomes an item that any provider can read (docs/adr/0028).
 */
export interface ClientSummaries {
  /** Whether the body of a generation asks for a summary. */
  isAsked(body: JsonObject): boolean;
  /** The request without what asks for the summary, and the client's own instructions for it, which replace the gateway's. */
  plain(request: NeutralRequest): { request: NeutralRequest; instructions?: string | undefined };
  /** What the client sends back in place of the turns before it: `name` and `value` of an opaque part. */
  buildPart(text: string, requestId: string): Pick<OpaquePart, 'name' | 'value'>;
  /** How an answer that is a summary ends. Left out if it ends as the model ended it. */
  readonly finish?: Finish;
  /** The answer to the operation `compact`; left out if its clients have none. */
  buildResponse?(response: NeutralResponse, body: JsonObject, context: AnswerContext): JsonObject;
}

/** How a provider is asked for text completions, with the client's own bytes. */
export interface TextCompletions {
  side: ProviderSide;
  /** Replaces the provider's. */
  baseUrl?: string;
  /** Whether its answers pass as they come; otherwise they are translated. */
  passesAnswer: boolean;
}

export interface ProviderModels {
  /** How a page is requested. `cursor`: what the previous page named as the next one, null for the first. */
  ask(cursor: string | null, options: Pick<BuildOptions, 'quirks' | 'settings'>): PageRequest;
  /** Throws Error if the body is not a list of models. */
  parsePage(body: JsonObject): ModelPage;
}

export interface PageRequest {
  /** Path and query below the base URL of the list. */
  path: string;
  headers?: Record<string, string>;
  /** If set, it is posted; otherwise the request is a GET. */
  body?: JsonObject;
}

/** What a GET asks for: the list (no id) or one model. */
export interface AskedModels {
  /** The model is named in the body of a POST. */
  isPosted?: true;
  id?: string;
  /** The client reads Google Cloud's form, not that of the vendor's developer API. */
  asPublished?: true;
  /** The form of another vendor, whose client this is, in place of the dialect's. */
  form?: Pick<ClientModels, 'buildModel' | 'buildList'>;
  /** The envelope in which the client reads errors. */
  envelope?: Envelope;
}

export interface ClientModels {
  /** Undefined if it is not for this dialect to answer. */
  route(path: string, headers: Headers): AskedModels | undefined;
  /** Lists models of this dialect's providers under their bare names, without the provider's, where routing leads those to them. */
  listsBareNames?: boolean;
  /** The model that a posted body names. Throws GatewayError `invalid_request`. */
  readAsked?(body: JsonObject): string;
  buildModel(model: OfferedModel, asked: AskedModels): JsonObject;
  /** All models, or the page that the query asks for. */
  buildList(models: readonly OfferedModel[], query: URLSearchParams, asked: AskedModels): JsonObject;
}

/** The id after `prefix/`, `{}` for the prefix itself, undefined for any other path. */
export function routeModels(path: string, prefix: string): { id?: string } | undefined {
  if (path === prefix || path === `${prefix}/`) return {};
  if (!path.startsWith(`${prefix}/`)) return undefined;
  const id = decodedPercent(path.slice(prefix.length + 1));
  return id === undefined ? undefined : { id };
}
