// Ollama's own wire: `POST /api/chat`. https://docs.ollama.com/api/chat
import type { Dialect, ProviderSide } from '../dialect.ts';
import { buildRequest } from './build-request.ts';
import { buildResponse } from './build-response.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { embeddings } from './embeddings.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { buildError, errorInBody, parseError, statusOf } from './errors.ts';
import { createLineFraming } from './framing.ts';
import { createGrammarChecker } from './grammar.ts';
import { KNOWN } from './known-fields.ts';
import { providerModels } from './list-models.ts';
import { parseRequest } from './parse-request.ts';
import { accountIn, parseResponse } from './parse-response.ts';
import { ID } from './wire.ts';

const CHAT = '/api/chat';

const provider: ProviderSide = {
  endpoint: () => CHAT,
  // A local server asks for none; the vendor's own cloud does.
  headers: (key): Record<string, string> => (key === null ? {} : { authorization: `Bearer ${key}` }),
  buildRequest,
  parseResponse,
  accountIn,
  framing: 'lines',
  loadFraming: async () => createLineFraming,
  createStreamDecoder,
  classify: ({ data }) => (/^\{\s*"error"\s*:/.test(data) ? 'terminal' : 'other'),
  parseError,
  errorInBody,
  passthrough: { edits: () => ({}) },
  embeddings,
  models: providerModels,
};

/** @param openai how it is asked in OpenAI's own form: for text completions. https://docs.ollama.com/api/openai-compatibility */
export function createOllamaChat(openai: ProviderSide): Dialect {
  return {
    id: ID,
    client: {
      path: CHAT,
      route: (path) =>
        path === CHAT ? { operation: 'generate', streamsByDefault: true, framing: 'lines' } : undefined,
      parseRequest,
      known: KNOWN,
      buildResponse,
      createStreamEncoder,
      buildError,
      statusOf,
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
