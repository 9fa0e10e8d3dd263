// The dialect of OpenAI Responses (`POST /v1/responses`), and of the servers that speak it too.
// https://platform.openai.com/docs/api-reference/responses
import { asString, parseObject } from '../../model/json/json.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Dialect, ProviderSide, ToolNameRule } from '../dialect.ts';
import { openaiEmbeddings } from '../openai/embeddings.ts';
import { isOwnFailure, isSeenBySdks, parseError } from '../openai/errors.ts';
import { failsAtEmptyEvents } from '../openai/go-sdk.ts';
import { openaiModels } from '../openai/models.ts';
import { forwardedByResponses } from '../openai/forwarded.ts';
import { ownPath, routeInFront } from '../openai/own-path.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { isAnyAiSdk } from '../shared/ai-sdk.ts';
import { isEffect } from '../shared/effect.ts';
import { numericErrors } from '../openai/openrouter-clients.ts';
import { codexErrors, isCodex } from './codex.ts';
import { COMPACT_PATH, compact } from './compact.ts';
import { buildTokenCount, COUNT_PATH, countTokens } from './count-tokens.ts';
import { isCopilot } from './copilot.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { buildError, errorInBody } from './errors.ts';
import { createGrammarChecker } from './grammar.ts';
import { KNOWN } from './known-fields.ts';
import { parseRequest } from './parse-request.ts';
import { passthrough } from './passthrough.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { responsesSocket } from './socket.ts';
import { summaries } from './summary.ts';
import { ID } from './wire.ts';
import { isKeepAlive } from '../shared/keep-alive.ts';
import { bearerKey } from '../shared/bearer-key.ts';

const NAMES: ToolNameRule = { signs: /[^a-zA-Z0-9_-]/, longest: 64 };

/** "'server_label' must start with a letter and consist of only letters, digits, '-' and '_'", says OpenAI. */
const SERVER_NAMES: ToolNameRule = { ...NAMES, start: /^[a-zA-Z]/ };

export const openaiResponses: Dialect = {
  id: ID,
  client: {
    path: '/v1/responses',
    featureHeaders: ['openai-beta'],
    route(asked) {
      const path = ownPath(asked);
      const more = routeInFront(asked);
      if (path === '/v1/responses') return { operation: 'generate', ...more };
      if (path === `/v1${COMPACT_PATH}`) return { operation: 'compact', stream: false, ...more };
      return path === `/v1${COUNT_PATH}` ? { operation: 'count-tokens', stream: false, ...more } : undefined;
    },
    forwardedTo: forwardedByResponses,
    alternativeTo,
    parseRequest,
    known: KNOWN,
    traitsOf: (headers) => ({
      overlooksErrors: isEffect(headers) ? 'all' : undefined,
      needsFailedResponse: isCodex(headers),
      // The AI SDK's provider for xAI fails at reasoning without a status, and does not always name itself.
      needsStatus: isAnyAiSdk(headers),
      showsLastItem: isCopilot(headers),
      failsAtEmptyEvents: failsAtEmptyEvents(headers),
    }),
    errorsFor: (headers) => (isCodex(headers) ? codexErrors : numericErrors(headers, buildError)),
    buildResponse,
    createStreamEncoder,
    buildError,
    requestIdHeader: 'x-request-id',
    buildTokenCount,
    summaries,
    socket: responsesSocket,
  },
  provider: {
    endpoint: () => '/responses',
    headers: bearerKey,
    buildRequest,
    parseResponse,
    accountIn,
    createStreamDecoder,
    classify,
    showsError: (event, isBare) => !isBare && (TELLS_FAILURE.has(typeOf(event)) || isSeenBySdks(event.data)),
    repeatsError: (event) => typeOf(event) === FAILED,
    parseError,
    isOwnFailure,
    errorInBody,
    passthrough,
    toolNames: { ...NAMES, servers: SERVER_NAMES },
    countTokens,
    compact,
    embeddings: openaiEmbeddings,
    models: openaiModels,
  },
  createGrammarChecker,
};

function alternativeTo(path: string): string | undefined {
  if (/^\/v1\/(responses|conversations)(\/|$)/.test(ownPath(path)))
    return 'answers are not stored here; send the whole conversation as `input` to /v1/responses, with `store: false`';
  return undefined;
}

const FAILED = 'response.failed';
const TELLS_FAILURE: ReadonlySet<string> = new Set(['error', FAILED]);

function typeOf({ event, data }: SseEvent): string {
  return asString(parseObject(data)?.type) ?? event;
}

const TYPE = /"type"\s*:\s*"(response\.(?:completed|incomplete|failed))"/;

/**
 * An `error` event is not the last one: OpenAI sends the failed response after it, which is what Codex reads. Servers without event names
 * have the type at the beginning or the end of the data.
 */
function classify(sent: SseEvent): ReturnType<ProviderSide['classify']> {
  const { event, data } = sent;
  // Some servers end with this, which means nothing here.
  if (data === '[DONE]' || isKeepAlive(sent)) return 'ping';
  const type = event === '' ? (TYPE.exec(data.slice(0, 64)) ?? TYPE.exec(data.slice(-64)))?.[1] : event;
  switch (type) {
    case 'response.completed':
    case 'response.incomplete':
    case 'response.failed':
      return 'terminal';
    default:
      return 'other';
  }
}
