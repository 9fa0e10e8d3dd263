// The official SDKs as the simulator's clients: one row a dialect, the same scenarios for all.
import type { DialectId } from '../../src/model/dialect-id.ts';
import { anthropicClient } from './client-anthropic.ts';
import { geminiClient } from './client-gemini.ts';
import { ollamaClient } from './client-ollama.ts';
import { openaiChatClient } from './client-openai-chat.ts';
import { openaiResponsesClient } from './client-openai-responses.ts';
import type { SdkClient } from './sdk-client.ts';

export const CLIENTS: Record<DialectId, SdkClient> = {
  'anthropic-messages': anthropicClient,
  'openai-chat': openaiChatClient,
  'openai-responses': openaiResponsesClient,
  gemini: geminiClient,
  'ollama-chat': ollamaClient,
};
