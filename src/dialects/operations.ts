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

/** One question of a provider with one whole answer. */
export interface ProviderOperation<Request, Answer> {
  /** Path and query below the provider's base URL. */
  endpoint(model: string, quirks: Quirks): string;
  /** Changes to the top level of a body of the same dialect so that it asks for `model`; none: it passes as it is. */
  edits(body: JsonObject, model: string, quirks: Quirks): Record<string, JsonValue | undefined>;
  /** What the body loses by those changes. Left out: nothing. */
  losses?(body: JsonObject, model: string, quirks: Quirks): Loss[];
  /** False for a body of the same dialect that cannot pass, as the provider is asked otherwise. Left out: all pass. */
  passes?(body: JsonObject, quirks: Quirks, model: string): boolean;
  /** The parts in which the provider is asked, as it takes no more at once; at least one. Left out: it takes all. */
  split?(request: Request, model: string, quirks: Quirks): Request[];
  /** Throws GatewayError `unsupported_feature` naming what the dialect cannot ask. */
  buildRequest(request: Request, options: BuildOptions): BuiltRequest;
  /** Throws Error where the answer cannot be read. */
  parseResponse(body: JsonObject, headers: HeaderReader): Answer;
}

export interface ClientEmbeddings {
  /** The fields that `parseRequest` reads; all others are reported as lost. Left out: those of the dialect's own requests. */
  readonly known?: KnownRequest;
  /** Throws GatewayError `invalid_request` naming the field that is missing or wrong. */
  parseRequest(body: JsonObject, route: ClientRoute): EmbeddingRequest;
  /**
   * @param model the one that serves, for answers in which the upstream does not name it.
   * @param id of the answer, for Mistral's clients.
   */
  buildResponse(
    response: EmbeddingResponse,
    request: EmbeddingRequest,
    model: string,
    id?: string,
  ): JsonObject;
}

/** A conversation as its provider summarises it: what comes back only that provider can read. */
export interface Compaction {
  model: string | null;
  usage: Partial<Usage> | null;
  body: JsonObject;
}

/**
 * How clients ask for a summary of the conversation in place of an answer. A provider of the same dialect may write one that only
 * it can read; what another model writes becomes an item that any provider can read (docs/adr/0028).
 */
export interface ClientSummaries {
  /** Whether the body of a generation asks for it. */
  isAsked(body: JsonObject): boolean;
  /** The request for the conversation alone, and what the model is to be told in place of the gateway's words. */
  plain(request: NeutralRequest): { request: NeutralRequest; instructions?: string | undefined };
  /** What the client sends back in place of the turns before it: `name` and `value` of an opaque part. */
  buildPart(text: string, requestId: string): Pick<OpaquePart, 'name' | 'value'>;
  /** How an answer ends that is a summary; left out: as the model ended it. */
  readonly finish?: Finish;
  /** The answer to the operation `compact`; left out if its clients have none. */
  buildResponse?(response: NeutralResponse, body: JsonObject, context: AnswerContext): JsonObject;
}

/** How a provider is asked for text completions: with the client's own bytes. */
export interface TextCompletions {
  side: ProviderSide;
  /** In place of the provider's. */
  baseUrl?: string;
  /** Its answers pass as they come; otherwise they are translated. */
  passesAnswer: boolean;
}

export interface ProviderModels {
  /** How a page is asked for; `cursor`: what the page before named as next, null for the first. */
  ask(cursor: string | null, options: Pick<BuildOptions, 'quirks' | 'settings'>): PageRequest;
  /** Throws Error where the body is no list of models. */
  parsePage(body: JsonObject): ModelPage;
}

export interface PageRequest {
  /** Path and query below where the provider lists. */
  path: string;
  headers?: Record<string, string>;
  /** Posted; left out: a GET. */
  body?: JsonObject;
}

/** What a GET asks for: the list (no id) or one model. */
export interface AskedModels {
  /** The model is named in the body of a POST. */
  isPosted?: true;
  id?: string;
  /** The client reads them in the form of Google Cloud, not of the vendor's developer API. */
  asPublished?: true;
  /** The client is another vendor's, and reads them in this form in place of the dialect's. */
  form?: Pick<ClientModels, 'buildModel' | 'buildList'>;
  /** In which it reads errors. */
  envelope?: Envelope;
}

export interface ClientModels {
  /** Undefined where it is not this dialect's to answer. */
  route(path: string, headers: Headers): AskedModels | undefined;
  /** Lists models of this dialect's providers under the names by which they answer, without the provider's. */
  listsBareNames?: boolean;
  /** The model that a posted body names. Throws GatewayError `invalid_request`. */
  readAsked?(body: JsonObject): string;
  buildModel(model: OfferedModel, asked: AskedModels): JsonObject;
  /** All of them, or the page that the query asks for. */
  buildList(models: readonly OfferedModel[], query: URLSearchParams, asked: AskedModels): JsonObject;
}

/** The id behind `prefix/`, `{}` for the prefix alone, undefined for any other path. */
export function routeModels(path: string, prefix: string): { id?: string } | undefined {
  if (path === prefix || path === `${prefix}/`) return {};
  if (!path.startsWith(`${prefix}/`)) return undefined;
  const id = decodedPercent(path.slice(prefix.length + 1));
  return id === undefined ? undefined : { id };
}
