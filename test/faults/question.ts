// One user message in each dialect.
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';

export const QUESTION_OF: Record<DialectId, (text: string) => JsonObject> = {
  'anthropic-messages': (text) => ({ messages: [{ role: 'user', content: text }] }),
  'openai-chat': (text) => ({ messages: [{ role: 'user', content: text }] }),
  'openai-responses': (text) => ({ input: text }),
  gemini: (text) => ({ contents: [{ role: 'user', parts: [{ text }] }] }),
  'ollama-chat': (text) => ({ messages: [{ role: 'user', content: text }] }),
};
