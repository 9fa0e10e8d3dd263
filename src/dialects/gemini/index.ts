// The Gemini dialect: `POST /v1beta/models/{model}:generateContent`. https://ai.google.dev/api/generate-content
import type { HeaderReader } from '../../model/headers.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Dialect, OverlookedErrors, ProviderSide } from '../dialect.ts';
import { buildError, statusOf } from './build-error.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { clientEmbeddings } from './client-embeddings.ts';
import { cloudLosses, fitToDeveloperApi, withoutCloudFields } from './cloud-fields.ts';
import { buildTokenCount, countTokens } from './count-tokens.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { embeddings } from './embeddings.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { errorInBody, isOwnFailure, parseError } from './errors.ts';
import { createGrammarChecker } from './grammar.ts';
import { clientModels, providerModels } from './list-models.ts';
import { overlooksErrorEvents, readsOnlyData, refusesComments } from './google-sdk.ts';
import { KNOWN } from './known-fields.ts';
import { parseRequest } from './parse-request.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { liveSocket } from './live.ts';
import { isAiSdk } from '../shared/ai-sdk.ts';
import { isNamelessReqwest } from '../shared/reqwest.ts';
import {
  alternativeTo,
  clientHeaders,
  endpoint,
  forwardedTo,
  forwardQuery,
  previewPath,
  route,
} from './route.ts';
import { holdsUnsigned } from './unsigned.ts';
import { ID } from './wire.ts';
import { isEffect } from '../shared/effect.ts';
import { isKeepAlive } from '../shared/keep-alive.ts';

/** The prefix of Google's OAuth access tokens, which are sent as Bearer. */
const OAUTH_PREFIX = 'ya29.';
const KEY_HEADER = 'x-goog-api-key';

function overlooksErrors(headers: HeaderReader): OverlookedErrors | undefined {
  // To it all fields of an answer are optional; only what violates the form of one is shown, with its text.
  if (isAiSdk(headers)) return 'well-formed';
  if (overlooksErrorEvents(headers)) return 'framed';
  return isNamelessReqwest(headers) || isEffect(headers) ? 'all' : undefined;
}

export const gemini: Dialect = {
  id: ID,
  client: {
    path: '/v1beta/models/{model}:streamGenerateContent',
    keyInQuery: { parameter: 'key', header: KEY_HEADER },
    route,
    forwardedTo,
    forwardedSocket: liveSocket,
    alternativeTo,
    traitsOf: (headers) => ({
      overlooksErrors: overlooksErrors(headers),
      refusesComments: refusesComments(headers),
      readsOnlyData: readsOnlyData(headers),
    }),
    parseRequest,
    known: KNOWN,
    buildResponse,
    createStreamEncoder,
    buildError,
    statusOf,
    buildTokenCount,
    embeddings: clientEmbeddings,
    models: clientModels,
  },
  provider: {
    endpoint,
    previewPath,
    forwardQuery,
    clientHeaders,
    headers(key): Record<string, string> {
      if (key === null) return {};
      return key.startsWith(OAUTH_PREFIX) ? { authorization: `Bearer ${key}` } : { [KEY_HEADER]: key };
    },
    buildRequest(request, options) {
      const built = buildRequest(request, options);
      return options.quirks.refusesCloudFields === true ? fitToDeveloperApi(built) : built;
    },
    parseResponse,
    alternatives: 'candidates',
    accountIn,
    createStreamDecoder,
    // Some proxies drop `alt=sse`.
    listsEvents: true,
    // No `continuesTurn`: Gemini refuses a final turn of the model since 3.6 Flash and 3.5 Flash-Lite, and it is not documented that older
    // models continue one. https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6
    classify,
    parseError,
    isOwnFailure,
    errorInBody,
    // The model is in the path.
    passthrough: {
      edits: (body, { refusesCloudFields }) => (refusesCloudFields === true ? withoutCloudFields(body) : {}),
      losses: (body, { refusesCloudFields }) => (refusesCloudFields === true ? cloudLosses(body) : []),
      refuses: holdsUnsigned,
    },
    // Newer models accept twice this length.
    toolNames: { signs: /[^a-zA-Z0-9_.:-]/, longest: 64, start: /^[a-zA-Z_]/ },
    countTokens,
    embeddings,
    models: providerModels,
  },
  createGrammarChecker,
};

/** Only an error ends a stream before its EOF, since usage may follow the finish reason. */
function classify(sent: SseEvent): ReturnType<ProviderSide['classify']> {
  if (/^\s*\[?\s*\{\s*"error"\s*:/.test(sent.data.slice(0, 64))) return 'terminal';
  return isKeepAlive(sent) ? 'ping' : 'other';
}
