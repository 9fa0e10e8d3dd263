// Ollama's own wire: `POST /api/chat`. https://docs.ollama.com/api/chat
import type { ClientRoute, Dialect, ProviderSide } from '../dialect.ts';
import { bearerKey } from '../shared/bearer-key.ts';
import { answerToLoad } from './answer-line.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { clientEmbeddings } from './client-embeddings.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { embeddings } from './embeddings.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { buildError, errorInBody, isOwnFailure, parseError, statusOf } from './errors.ts';
import { createLineFraming } from './framing.ts';
import { GENERATE } from './generate.ts';
import { createGrammarChecker } from './grammar.ts';
import { KNOWN } from './known-fields.ts';
import { clientModels, providerModels } from './list-models.ts';
import { overlooksErrors } from './overlooked-errors.ts';
import { parseRequest } from './parse-request.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { ID } from './wire.ts';

const CHAT = '/api/chat';
const ANSWER: ClientRoute = { operation: 'generate', streamsByDefault: true, framing: 'lines' };
const EMBED: ReadonlySet<string> = new Set(['/api/embed', '/api/embeddings']);

/** The version whose API is served here: clients ask for it, and some require a recent one. No model is in memory. */
const PAGES = { '/api/version': { version: '0.12.11' }, '/api/ps': { models: [] } };

function alternativeTo(path: string): string | undefined {
  return /^\/api\/(pull|push|create|copy|delete|blobs\/.*)$/.test(path)
    ? 'no models are kept here: name one that /api/tags lists, as "provider/model"'
    : undefined;
}

const provider: ProviderSide = {
  endpoint: () => CHAT,
  // A local server needs no key; the vendor's own cloud does.
  headers: bearerKey,
  buildRequest,
  parseResponse,
  accountIn,
  framing: 'lines',
  loadFraming: async () => createLineFraming,
  createStreamDecoder,
  classify: ({ data }) => (/^\{\s*"error"\s*:/.test(data) ? 'terminal' : 'other'),
  parseError,
  isOwnFailure,
  errorInBody,
  passthrough: { edits: () => ({}) },
  embeddings,
  models: providerModels,
};

/** @param openai asks it in OpenAI's form, for text completions. https://docs.ollama.com/api/openai-compatibility */
export function createOllamaChat(openai: ProviderSide): Dialect {
  return {
    id: ID,
    client: {
      path: CHAT,
      ignoresBodyType: true,
      traitsOf: (headers) => ({ overlooksErrors: overlooksErrors(headers) }),
      route(path) {
        if (path === CHAT) return ANSWER;
        if (path === '/api/generate') return { ...ANSWER, envelope: GENERATE };
        return EMBED.has(path) ? { operation: 'embed', stream: false } : undefined;
      },
      alternativeTo,
      pages: PAGES,
      parseRequest,
      answerWithoutModel: answerToLoad,
      known: KNOWN,
      buildResponse,
      createStreamEncoder,
      buildError,
      statusOf,
      embeddings: clientEmbeddings,
      models: clientModels,
    },
    provider: {
      ...provider,
      textCompletions: ({ quirks, baseUrl }) =>
        openai.textCompletions?.({
          quirks: { ...quirks, textCompletions: { path: '/v1/completions' } },
          baseUrl,
        }),
    },
    createGrammarChecker,
  };
}
