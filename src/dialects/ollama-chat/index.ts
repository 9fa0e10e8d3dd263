// Ollama's own wire, for providers only: `POST /api/chat`. https://docs.ollama.com/api/chat
import type { ProviderSide } from '../dialect.ts';
import { buildRequest } from './build-request.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { embeddings } from './embeddings.ts';
import { errorInBody, parseError } from './errors.ts';
import { createLineFraming } from './framing.ts';
import { providerModels } from './list-models.ts';
import { accountIn, parseResponse } from './parse-response.ts';

export const ollamaChat: ProviderSide = {
  endpoint: () => '/api/chat',
  // A local server asks for none; the vendor's own cloud does.
  headers: (key): Record<string, string> => (key === null ? {} : { authorization: `Bearer ${key}` }),
  buildRequest,
  parseResponse,
  accountIn,
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
export function createOllamaChat(openai: ProviderSide): ProviderSide {
  return {
    ...ollamaChat,
    textCompletions: ({ quirks, baseUrl }) =>
      openai.textCompletions?.({
        quirks: { ...quirks, textCompletions: { path: '/v1/completions' } },
        baseUrl,
      }),
  };
}
