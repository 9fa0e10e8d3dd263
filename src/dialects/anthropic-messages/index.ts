// The Anthropic Messages dialect: `POST /v1/messages`. https://docs.anthropic.com/en/api/messages
import type { HeaderReader } from '../../model/headers.ts';
import { isPersonalToken } from '../claude/personal-token.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Dialect, ProviderSide, ToolNameRule } from '../dialect.ts';
import type { ForwardedPath } from '../forwarded-path.ts';
import type { Quirks } from '../quirks.ts';
import { amazonsEmbeddings } from './amazon/embed.ts';
import { forwardedToAmazon } from './amazon/forwarded.ts';
import { INVOKE } from './amazon/invoke.ts';
import { insteadOfAmazons, isOfAmazons, routeOfAmazons } from './amazon/route.ts';
import { ARGUMENT_NAMES } from '../claude/argument-names.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { cloudHeaders, cloudPath } from './cloud.ts';
import { buildTokenCount, COUNT_PATH, countTokens } from './count-tokens.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { continuesTurn } from './prefill.ts';
import { passthrough } from './passthrough.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { claudeCodeErrors, isClaudeCode } from './claude-code.ts';
import { buildError, errorInBody, isOwnFailure, parseError, statusOf } from './errors.ts';
import { createGrammarChecker } from './grammar.ts';
import { clientModels, providerModels } from './list-models.ts';
import { KNOWN } from './known-fields.ts';
import { routeOfGoogles } from './google-clients.ts';
import { overlooksErrors } from './overlooked-errors.ts';
import { parseRequest } from './parse-request.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { summaries } from './summary.ts';
import { ID, VERSION } from './wire.ts';
import { isKeepAlive } from '../shared/keep-alive.ts';
import { bearerKey } from '../shared/bearer-key.ts';

const DELTA_LINE = new TextEncoder().encode('event: content_block_delta\n');

/** The rule for names of tools; none is documented for MCP servers. */
const NAMES: ToolNameRule = { signs: /[^a-zA-Z0-9_-]/, longest: 128 };

export const anthropicMessages: Dialect = {
  id: ID,
  client: {
    path: '/v1/messages',
    featureHeaders: ['anthropic-version', 'anthropic-beta'],
    route(path) {
      if (path === '/v1/messages') return { operation: 'generate' };
      if (path === COUNT_PATH) return { operation: 'count-tokens', stream: false };
      return routeOfAmazons(path) ?? routeOfGoogles(path);
    },
    comparesModels: isClaudeCode,
    errorsFor: (headers) => (isClaudeCode(headers) ? claudeCodeErrors : undefined),
    traitsOf: (headers) => ({
      overlooksErrors: overlooksErrors(headers),
    }),
    forwardedTo,
    alternativeTo,
    embeddings: amazonsEmbeddings,
    envelopeOf: (path, headers) => (isOfAmazons(path, headers) ? INVOKE : undefined),
    parseRequest,
    known: KNOWN,
    buildResponse,
    createStreamEncoder,
    buildError,
    statusOf,
    requestIdHeader: 'request-id',
    buildTokenCount,
    summaries,
    models: clientModels,
  },
  provider: {
    endpoint: (model, stream, { cloudMethods } = {}) =>
      cloudMethods === true ? cloudPath(model, stream) : '/v1/messages',
    // Google's servers refuse parameters that they do not know, such as the SDKs' `beta=true`.
    forwardQuery: (_, { cloudMethods } = {}) => (cloudMethods === true ? '' : undefined),
    headers,
    clientHeaders: (headers, { cloudMethods }) => (cloudMethods === true ? cloudHeaders(headers) : headers),
    listHeaders: ['anthropic-beta'],
    buildRequest,
    parseResponse,
    accountIn,
    createStreamDecoder,
    classify,
    // Its SDKs go by the event's name, and ignore events without one.
    showsError: ({ event, data }, isBare) => !isBare && (event !== '' || !NAMELESS_ERROR.test(data)),
    addsContentOnly,
    parseError,
    isOwnFailure,
    errorInBody,
    continuesTurn,
    passthrough,
    toolNames: { ...NAMES, servers: NAMES },
    argumentNames: ARGUMENT_NAMES,
    countTokens,
    models: providerModels,
  },
  createGrammarChecker: () => createGrammarChecker(),
};

/** A batch is JSON of up to 256 MB. https://platform.claude.com/docs/en/build-with-claude/batch-processing */
const BATCHES = '/v1/messages/batches';

/** Other vendors have some of these paths too. */
const STORED =
  /^\/v1\/(agents|deployment_runs|deployments|dreams|environments|files|memory_stores|sessions|skills|tunnels|user_profiles|vaults)(\/|$)/;

/** A profile has links that anyone who knows them can open; an item of an environment's work has the key to its session. */
const SECRETS = /^\/v1\/(tunnels|user_profiles|vaults|environments\/[^/]+\/work)(\/|$)/;

/** Paths that only Anthropic itself can answer. */
function forwardedTo(path: string, headers: HeaderReader): ForwardedPath | undefined {
  const isOwn =
    /^\/v1\/messages\/batches(\/|$)/.test(path) || (STORED.test(path) && headers.has('anthropic-version'));
  if (!isOwn) return forwardedToAmazon(path, INVOKE);
  const isBatch = path === BATCHES;
  return {
    path,
    spokenBy: [ID],
    isStored: true,
    isUpload: true,
    passesLongJson: isBatch,
    ...(SECRETS.test(path) && { holdsSecrets: true }),
    ...(isBatch && { batch: { model: ['requests', null, 'params', 'model'] } }),
    ...(path.startsWith(BATCHES) && {
      link: {
        // A new batch has no results yet.
        place: isBatch ? ['data', null, 'results_url'] : ['results_url'],
        behindGateway: resultsBehindGateway,
      },
    }),
  };
}

/**
 * Anthropic's SDKs for Python and TypeScript request a batch's results at the address in the batch, with the key that they use for the
 * gateway: https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/batches.ts
 */
function resultsBehindGateway(address: string): string {
  const from = address.indexOf(`${BATCHES}/`);
  return from === -1 ? address : address.slice(from);
}

function alternativeTo(path: string): string | undefined {
  if (path === '/v1/complete') return 'send the prompt as `messages` to /v1/messages';
  if (path.startsWith('/v1/messages/batches')) return 'send each request of a batch to /v1/messages';
  return insteadOfAmazons(path);
}

/** A person's own token is sent as a Bearer and needs its own beta; Google's access tokens are also sent as a Bearer. */
function headers(key: string | null, { cloudMethods }: Quirks = {}): Record<string, string> {
  if (cloudMethods === true) return bearerKey(key);
  const version = { 'anthropic-version': VERSION };
  if (key === null) return version;
  if (!isPersonalToken(key)) return { ...version, 'x-api-key': key };
  return { ...version, authorization: `Bearer ${key}`, 'anthropic-beta': 'oauth-2025-04-20' };
}

function addsContentOnly(bytes: Uint8Array, from: number): boolean {
  for (let index = 0; index < DELTA_LINE.length; index++)
    if (bytes[from + index] !== DELTA_LINE[index]) return false;
  return true;
}

const NAMELESS_ERROR = /^\s*\[?\s*\{\s*"(?:error"|type"\s*:\s*"error")/;

function classify(sent: SseEvent): ReturnType<ProviderSide['classify']> {
  if (isKeepAlive(sent)) return 'ping';
  const { event, data } = sent;
  const type = event === '' ? /"type"\s*:\s*"(message_stop|error)"/.exec(data.slice(0, 64))?.[1] : event;
  return type === 'message_stop' || type === 'error' ? 'terminal' : 'other';
}
