// Where clients of this dialect post, and where its providers listen.
// https://ai.google.dev/api/generate-content
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { decodedPercent } from '../../model/percent-encoding.ts';
import type { ClientRoute } from '../dialect.ts';
import type { ForwardedPath } from '../forwarded-path.ts';
import { DECISION_BILL, INTERACTION_BILL } from './interactions.ts';
import { modelInPath } from '../shared/models/model-in-path.ts';
import {
  BELOW_PROJECT,
  OF_GOOGLE,
  type PublisherPath,
  publisherPath,
  withoutGooglesKeys,
} from '../shared/google-clients.ts';

const METHODS = [
  'generateContent',
  'streamGenerateContent',
  'countTokens',
  'embedContent',
  'batchEmbedContents',
];

/** The colon in a path, which generated clients encode. */
const COLON = '(?::|%3[Aa])';

const PATH = new RegExp(
  `^/(?:v1(?:alpha|beta)?/models/(.+)|v1(?:alpha|beta)/(?!v1|models/)([^/]+/.+))${COLON}(${METHODS.join('|')})$`,
);
const ANY_METHOD = new RegExp(`^/v1(?:alpha|beta1?)?/.+${COLON}[a-zA-Z]+$`);

/**
 * The model is in the path, URL-encoded or not; names of other providers may contain `/` and `:`. Some clients (`@ai-sdk/google`,
 * LangChain) omit `models/` before a name with a slash, which could be `tunedModels/…`.
 */
export function route(path: string, query: URLSearchParams): ClientRoute | undefined {
  const cloud = publisherPath(path);
  if (cloud !== undefined) return cloudRoute(cloud, query);
  const match = PATH.exec(path);
  const name = match?.[1] ?? match?.[2];
  const model = bareModel(decodedPercent(name ?? '') ?? '');
  if (match === null || !model) return undefined;
  const found = routeOf(model, match[3], query);
  return path.startsWith(PREVIEW) ? { ...found, isPreview: true } : found;
}

const PREVIEW = '/v1alpha/';

/** @param path as `methodOf` makes it. */
export function previewPath(path: string): string {
  return path.replace('/v1beta/', PREVIEW);
}

/** The route for a model of Google Cloud; its SDKs write `vendor/model` as the path of a publisher's model. */
function cloudRoute(
  { publisher, model, method }: PublisherPath,
  query: URLSearchParams,
): ClientRoute | undefined {
  if (method === 'predict' ? isImageModel(model) : !METHODS.includes(method)) return undefined;
  const name = publisher === 'google' ? model : `${publisher}/${model}`;
  return { ...routeOf(name, method, query), envelope: OF_GOOGLE };
}

/** Whether the model makes images. All other models that clients address by `:predict` embed. */
function isImageModel(model: string): boolean {
  return /^(imagen|imagegeneration|image-segmentation|virtual-try-on)(-[\w.]+)*(@\w+)?$/.test(model);
}

function routeOf(model: string, method: string | undefined, query: URLSearchParams): ClientRoute {
  switch (method) {
    case 'countTokens':
      return { operation: 'count-tokens', model, stream: false };
    case 'embedContent':
    case 'batchEmbedContents':
    case 'predict':
      return { operation: 'embed', model, stream: false };
    case 'generateContent':
      return { operation: 'generate', model, stream: false };
    default: {
      const framing = query.get('alt') === 'sse' ? 'sse' : 'json-array';
      return { operation: 'generate', model, stream: true, framing };
    }
  }
}

/** Google's SDKs list models at a path that other dialects have too. */
export function isGoogles(headers: HeaderReader): boolean {
  return headers.has('x-goog-api-key') || headers.has('x-goog-api-client');
}

/** What Google stores. https://ai.google.dev/api */
const STORED = new RegExp(
  `^(/upload|/download)?/v1(alpha|beta)?/(agents|batches|cachedContents|credentials|environments|fileSearchStores|files|interactions|operations|triggers|tunedModels|voices|webhooks)(/|${COLON}|$)` +
    `|^/v1(alpha|beta)?/models/[^/]+(/operations/.+|${COLON}(asyncBatchEmbedContent|batchGenerateContent|predictLongRunning))$`,
);
const SECRETS = /^\/v1(alpha|beta)?\/(credentials|webhooks)/;
/** Made for one client, which then speaks to Google directly. */
const TOKENS = /^\/v1(alpha|beta)?\/auth_tokens$/;
const UPLOADED = /^\/upload\//;
/** What is posted there is both answered and stored. */
const INTERACTIONS = /^\/v1(alpha|beta)?\/interactions$/;
/** Images, and answers to questions with given choices. */
const MADE_AT_ONCE = new RegExp(`^/v1(alpha|beta)?/(models/[^/]+${COLON}predict|decisions)$`);
const DECISIONS = /\/decisions$/;
/** OpenAI and Anthropic have these paths too. */
const SHARED = /^\/v1\/(agents|batches|decisions|environments|files)/;

export function forwardedTo(path: string, headers: HeaderReader): ForwardedPath | undefined {
  const cloud = publisherPath(path);
  if (cloud !== undefined) return madeOfCloud(cloud);
  if (SHARED.test(path) && !isGoogles(headers)) return undefined;
  if (INTERACTIONS.test(path)) return { path, spokenBy: ['gemini'], isStored: true, ...INTERACTION_BILL };
  if (STORED.test(path)) {
    const holdsSecrets = SECRETS.test(path);
    return { path, spokenBy: ['gemini'], isStored: true, isUpload: UPLOADED.test(path), holdsSecrets };
  }
  if (TOKENS.test(path))
    return { path, spokenBy: ['gemini'], isStored: true, holdsSecrets: true, leadsPast: 'a conversation' };
  if (!MADE_AT_ONCE.test(path)) return undefined;
  return DECISIONS.test(path) ? { ...madeAt(path), ...DECISION_BILL } : madeAt(path);
}

/** Images, whose answers state no usage. */
function madeAt(path: string): ForwardedPath {
  return { path, spokenBy: ['gemini'], isStored: false, billIn: () => undefined };
}

/** Images from Google Cloud: the developer API accepts the same request at its own path. */
function madeOfCloud({ publisher, model, method }: PublisherPath): ForwardedPath | undefined {
  if (publisher !== 'google' || method !== 'predict' || !isImageModel(model)) return undefined;
  return { ...madeAt(methodOf(model, 'predict')), ofClient: withoutGooglesKeys };
}

/** What to do without Google, by the path of the collection. */
const KEPT_THERE: readonly (readonly [path: RegExp, instead: string])[] = [
  [
    /^(\/upload)?\/v1beta\/files([/:]|$)/,
    'no files are stored here; send their content with each request that needs it, as `inlineData`',
  ],
  [
    /^\/v1beta\/cachedContents(\/|$)/,
    'conversations are not cached here; send all of them with each request, as `systemInstruction`, `tools` and `contents`',
  ],
  [/\/auth_tokens$/, 'open a WebSocket for Live here, with a key'],
  [/^\/v1beta\/(batches|batchPredictionJobs)([/:]|$)/, 'send each request of a batch separately'],
  [
    /^\/v1beta\/interactions(\/|$)/,
    'answers are not stored here; send the whole conversation as `contents` to a model’s :generateContent',
  ],
];

/** What to use instead of a path that is not served, or is misspelt. */
export function alternativeTo(path: string): string | undefined {
  const own = path.replace(BELOW_PROJECT, '/v1beta').replace('/v1alpha/', '/v1beta/');
  const kept = KEPT_THERE.find(([collection]) => collection.test(own));
  if (kept !== undefined) return kept[1];
  if (!ANY_METHOD.test(path)) return undefined;
  return `the methods of a model are ${METHODS.map((method) => `:${method}`).join(', ')}`;
}

/** The name without `models/`, which the path already implies. */
export function bareModel(name: string): string {
  return name.startsWith('models/') ? name.slice('models/'.length) : name;
}

const TUNED = 'tunedModels/';

export function endpoint(model: string, stream: boolean): string {
  return methodOf(model, stream ? 'streamGenerateContent?alt=sse' : 'generateContent');
}

/** The path of a model's method. Throws `invalid_request` for a name that might lead out of its collection. */
export function methodOf(model: string, method: string): string {
  if (model.startsWith(TUNED)) {
    return `/v1beta/${TUNED}${modelInPath(model.slice(TUNED.length))}:${method}`;
  }
  return `/v1beta/models/${modelInPath(bareModel(model))}:${method}`;
}

/**
 * What the gateway sets itself (key, framing, method), and what would make the answer unreadable: only some of its fields, so that its
 * ending or its counts are missing, or a script around it. Each may begin with `$`.
 * https://docs.cloud.google.com/apis/docs/system-parameters
 */
const DROPPED = /^\$?(key|access_token|oauth_token|alt|fields|callback|ct|httpMethod|httpHeaders)$/;
/** The same as `fields`, as a header. */
const FIELDS_HEADER = 'x-goog-fieldmask';

/** Bytes pass only between a client and a provider with the same framing. So if the client's query has `alt=sse`, `endpoint` has it too. */
export function forwardQuery(query: URLSearchParams): string {
  const kept = new URLSearchParams([...query].filter(([name]) => !DROPPED.test(name)));
  const text = kept.toString();
  if (text === '') return '';
  return `${query.get('alt') === 'sse' ? '&' : '?'}${text}`;
}

/** The client's headers without the one that selects fields of the answer. */
export function clientHeaders(headers: HeaderReader): HeaderReader {
  if (!headers.has(FIELDS_HEADER)) return headers;
  const kept = HeaderList.of(headers);
  kept.delete(FIELDS_HEADER);
  return kept;
}
