// Every dialect by its id; the only place that lists them.
import type { DialectId, ProviderDialectId } from '../model/dialect-id.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { createBedrockInvoke } from './bedrock-invoke/index.ts';
import { createCodeAssist } from './code-assist/index.ts';
import type { ClientForms, ClientRoute, Dialect, ProviderSide } from './dialect.ts';
import { gemini } from './gemini/index.ts';
import { createOllamaChat } from './ollama-chat/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiResponses } from './openai-responses/index.ts';

const ollamaChat = createOllamaChat(openaiChat.provider);

export const DIALECTS: Record<DialectId, Dialect> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  gemini,
  'ollama-chat': ollamaChat,
};

/** What talks to providers: the dialects' own provider sides, and those of wires that no client speaks. */
export const PROVIDER_SIDES: Record<ProviderDialectId, ProviderSide> = {
  'anthropic-messages': anthropicMessages.provider,
  'openai-chat': openaiChat.provider,
  'openai-responses': openaiResponses.provider,
  gemini: gemini.provider,
  'ollama-chat': ollamaChat.provider,
  'bedrock-converse': bedrockConverse,
  'bedrock-invoke': createBedrockInvoke(anthropicMessages.provider),
  'code-assist': createCodeAssist(gemini.provider),
};

/** How a request that came by such a route is read, and its answer written. */
export function formsOf(dialect: DialectId, operation: ClientRoute['operation'] = 'generate'): ClientForms {
  const { client } = DIALECTS[dialect];
  return operation === 'complete' ? (client.textCompletions ?? client) : client;
}
