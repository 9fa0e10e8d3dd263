// What clients of Google Cloud (Vertex AI) send, whatever the dialect: their keys and their paths, both a project's and the short ones of
// its express mode. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { decodedPercent } from '../../model/percent-encoding.ts';
import type { Envelope } from '../envelope.ts';

const KEYS = ['authorization', 'x-goog-api-key', 'x-api-key', 'api-key'];
/** The project that Google is to charge. */
const CHARGED = 'x-goog-user-project';

/** Removes the client's credentials, which are for Google: no provider may get them. */
export function withoutGooglesKeys(given: HeaderReader): HeaderList {
  const headers = HeaderList.of(given);
  for (const name of [...KEYS, CHARGED]) headers.delete(name);
  return headers;
}

/** The envelope of clients whose bodies are the dialect's own. */
export const OF_GOOGLE: Envelope = {
  open: (_, headers) => ({ edits: {}, headers: withoutGooglesKeys(headers) }),
};

/** A method of a model: `…/publishers/{publisher}/models/{model}:{method}`. */
export interface PublisherPath {
  /** The vendor: `google`, `anthropic`. */
  publisher: string;
  model: string;
  method: string;
}

const PROJECT = '/projects/[^/]+/locations/[^/]+';

/**
 * Names of other providers' models may contain `/` and `:`; generated clients encode the colon, and `@ai-sdk/google-vertex` omits
 * `models/` before a name with a slash.
 */
const METHOD = new RegExp(
  `^/v1(?:beta1?)?(?:${PROJECT})?/publishers/([^/]+)/(?:models/(.+)|(?!models/)([^/]+/.+))(?::|%3[Aa])([a-zA-Z]+)$`,
);

/** Undefined for any other path, and for a name whose encoding is invalid. */
export function publisherPath(path: string): PublisherPath | undefined {
  // A quick check first, since every request of every client passes here.
  if (!path.includes('/publishers/')) return undefined;
  const [, vendor, named, bare, method] = METHOD.exec(path) ?? [];
  if (vendor === undefined || method === undefined) return undefined;
  const publisher = decodedPercent(vendor);
  const model = decodedPercent(named ?? bare ?? '');
  return publisher === undefined || model === undefined ? undefined : { publisher, model, method };
}

/** The beginning of paths that belong to a project. */
export const BELOW_PROJECT = new RegExp(`^/v1(?:beta1?)?${PROJECT}(?=/)`);

/** The beginning of the paths that OpenAI's SDKs request from Google Cloud. */
export const OPENAPI_ENDPOINT = new RegExp(
  `${BELOW_PROJECT.source}/endpoints/openapi(?=/(?:chat/completions|completions|embeddings|models)$)`,
);

const LIST = new RegExp(`^/v1(?:beta1?)?(?:${PROJECT})?/publishers/([^/]+)/models(?:/(.+))?$`);

/** Which models a GET asks for: all of a vendor's, or one of them; undefined for any other path. */
export function publisherModels(path: string): { publisher: string; model?: string } | undefined {
  if (!path.includes('/publishers/')) return undefined;
  const [, vendor, named] = LIST.exec(path) ?? [];
  if (vendor === undefined) return undefined;
  const publisher = decodedPercent(vendor);
  const model = decodedPercent(named ?? '');
  if (publisher === undefined || model === undefined) return undefined;
  return { publisher, ...(named !== undefined && { model }) };
}
