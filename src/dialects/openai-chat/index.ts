// The dialect of OpenAI Chat Completions and of everything compatible with it.
import type { SseEvent } from '../../sse/event.ts';
import type { ClientRoute, Dialect, ProviderSide } from '../dialect.ts';
import { EMBEDDINGS_PATH, openaiClientEmbeddings, openaiEmbeddings } from '../openai/embeddings.ts';
import { buildError, isOwnFailure, isSeenBySdks, parseError } from '../openai/errors.ts';
import { flatErrors } from './flat-errors.ts';
import { failsAtEmptyEvents } from '../openai/go-sdk.ts';
import { readsAsMistrals } from '../openai/mistral-clients.ts';
import { openaiClientModels, openaiModels } from '../openai/models.ts';
import { forwardedByChat } from '../openai/forwarded.ts';
import { ownPath, routeInFront } from '../openai/own-path.ts';
import { isOpenRouters, numericErrors, readsErrorChunks } from '../openai/openrouter-clients.ts';
import { openaiSocket } from '../openai/sockets.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { continuesTurn } from './continues-turn.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { errorInBody } from './errors.ts';
import { createGrammarChecker } from './grammar.ts';
import { KNOWN } from './known-fields.ts';
import { readForeignForm } from './foreign-form.ts';
import { overlooksErrors } from './overlooked-errors.ts';
import { refusesComments } from './refused-comments.ts';
import { parseRequest } from './parse-request.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { passthrough } from './passthrough.ts';
import { createTextCompletions, textCompletionForms } from './text-completions/index.ts';
import { isKeepAlive } from '../shared/keep-alive.ts';
import { OF_GOOGLE, publisherPath } from '../shared/google-clients.ts';
import { bearerKey } from '../shared/bearer-key.ts';
import { ID } from './wire.ts';

/** Keys of a chunk that mean more than text. Within content their quotation marks would be escaped. */
const SAYS_MORE =
  /"(?:finish_reason|usage)"\s*:\s*(?!null|\s)|"(?:error|tool_calls|function_call)"|"status_code"\s*:\s*[1-9]/;

/** An error within a chunk is an answer's own ending, with a reason. */
const BARE_ERROR = /^\s*\{\s*"error"\s*:\s*[{"]/;

const decoder = new TextDecoder();

const provider: ProviderSide = {
  endpoint: () => '/chat/completions',
  headers: bearerKey,
  buildRequest,
  parseResponse,
  alternatives: 'choices',
  accountIn,
  createStreamDecoder,
  classify,
  showsError: ({ data }, isBare) => !isBare && isSeenBySdks(data),
  addsContentOnly,
  parseError,
  isOwnFailure,
  errorInBody,
  continuesTurn,
  passthrough,
  toolNames: { signs: /[^a-zA-Z0-9_-]/, longest: 64 },
  embeddings: openaiEmbeddings,
  models: openaiModels,
};

export const openaiChat: Dialect = {
  id: ID,
  client: {
    path: '/v1/chat/completions',
    featureHeaders: ['openai-beta'],
    route(asked) {
      const path = ownPath(asked);
      if (path === '/v1/chat/completions') return { operation: 'generate', ...routeInFront(asked) };
      if (path === '/v1/completions') return { operation: 'complete', ...routeInFront(asked) };
      if (path === EMBEDDINGS_PATH) return { operation: 'embed', stream: false, ...routeInFront(asked) };
      return cloudRoute(asked);
    },
    forwardedTo: forwardedByChat,
    forwardedSocket: openaiSocket,
    alternativeTo,
    readForeignForm,
    parseRequest,
    known: KNOWN,
    buildResponse,
    createStreamEncoder,
    buildError,
    errorsFor: (headers) => flatErrors(headers) ?? numericErrors(headers, buildError),
    requestIdHeader: 'x-request-id',
    traitsOf: (headers, body) => ({
      overlooksErrors: overlooksErrors(headers),
      readsMistrals: readsAsMistrals(headers, body),
      readsOpenRouters: isOpenRouters(headers),
      readsErrorChunks: readsErrorChunks(headers),
      refusesComments: refusesComments(headers),
      failsAtEmptyEvents: failsAtEmptyEvents(headers),
    }),
    embeddings: openaiClientEmbeddings,
    textCompletions: textCompletionForms,
    models: openaiClientModels,
  },
  provider: { ...provider, textCompletions: createTextCompletions(provider) },
  createGrammarChecker,
};

/**
 * Models of other vendors that Google Cloud serves in this form (Mistral's) are requested at the model's path, and the body says whether to
 * stream. A version after `@` is Google's. https://docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/mistral
 */
function cloudRoute(path: string): ClientRoute | undefined {
  const { publisher, model, method } = publisherPath(path) ?? {};
  if (model === undefined || publisher === 'anthropic' || publisher === 'google') return undefined;
  if (method !== 'rawPredict' && method !== 'streamRawPredict') return undefined;
  const modelForBody = model.replace(/@\w+$/, '');
  return { operation: 'generate', modelForBody, ownsQuery: true, envelope: OF_GOOGLE };
}

/** An empty delta is not a keep-alive: servers send one for each token that they withhold, for minutes (docs/resilience.md). */
function classify(sent: SseEvent): ReturnType<ProviderSide['classify']> {
  const { event, data } = sent;
  if (data === '[DONE]' || event === 'error' || BARE_ERROR.test(data.slice(0, 64))) return 'terminal';
  return isKeepAlive(sent) ? 'ping' : 'other';
}

function alternativeTo(asked: string): string | undefined {
  const path = ownPath(asked);
  if (path.startsWith('/v1/chat/completions/')) return 'answers are not stored here';
  // Anthropic's SDKs request files at this path, too.
  if (/^\/v1\/(files|uploads)(\/|$)/.test(path))
    return 'no files are stored here; send their content with each request that needs it, in base64';
  const [, spoken] = /^(\/v1\/(?:realtime|live\/sessions))(?:\/|$)/.exec(path) ?? [];
  if (spoken !== undefined)
    return `open a WebSocket at ${spoken}, with a key; a conversation’s own secret and WebRTC lead past the gateway`;
  // Anthropic's SDKs request some of these, too.
  if (/^\/v1\/(compliance|organizations?|projects)(\/|$)/.test(path))
    return 'what administers an account is not forwarded; ask the provider itself';
  if (/^\/v1\/batches(\/|$)/.test(path)) return 'send each request of a batch separately';
  return undefined;
}

function addsContentOnly(bytes: Uint8Array, from: number, to: number): boolean {
  const text = decoder.decode(bytes.subarray(from, to));
  return text.includes('"delta":{"content":"') && !SAYS_MORE.test(text);
}
