// Forms that many features share: a user's text, an earlier answer of the model, tools.
import type { JsonObject } from '../../src/model/json/json.ts';
import type { Form, SpokenId } from './feature.ts';

export type Pieces = Record<SpokenId, JsonObject | readonly JsonObject[] | null>;

/** Content of a user's message in each wire; Ollama's are fields of the message. */
export function userTurn(pieces: Pieces): Record<SpokenId, Form> {
  return {
    'anthropic-messages': messages(pieces['anthropic-messages'], 'user'),
    'openai-chat': messages(pieces['openai-chat'], 'user'),
    'openai-responses': within(pieces['openai-responses'], (content) => ({
      input: [{ role: 'user', content }],
    })),
    gemini: within(pieces.gemini, (parts) => ({ contents: [{ role: 'user', parts }] })),
    'bedrock-converse': messages(pieces['bedrock-converse'], 'user'),
    'ollama-chat': within(pieces['ollama-chat'], ([fields]) => ({ messages: [{ role: 'user', ...fields }] })),
  };
}

/**
 * An earlier turn of the model: blocks, fields of Chat's and Ollama's assistant message, items. A question precedes
 * and follows it.
 */
export function modelTurn(pieces: Pieces): Record<SpokenId, Form> {
  const turns = (assistant: JsonObject): JsonObject => ({
    messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', ...assistant }, AGAIN],
  });
  return {
    'anthropic-messages': within(pieces['anthropic-messages'], (content) => turns({ content })),
    'openai-chat': within(pieces['openai-chat'], ([fields]) => turns({ ...fields })),
    'openai-responses': within(pieces['openai-responses'], (items) => ({
      input: [{ role: 'user', content: 'hi' }, ...items, AGAIN],
    })),
    gemini: within(pieces.gemini, (parts) => ({
      contents: [
        { role: 'user', parts: [{ text: 'hi' }] },
        { role: 'model', parts },
        { role: 'user', parts: [{ text: 'again' }] },
      ],
    })),
    'bedrock-converse': within(pieces['bedrock-converse'], (content) => ({
      messages: [{ role: 'user' }, { role: 'assistant', content }, { role: 'user' }],
    })),
    'ollama-chat': within(pieces['ollama-chat'], ([fields]) => turns({ ...fields })),
  };
}

const AGAIN: JsonObject = { role: 'user', content: 'again' };

/** One entry of `tools` in each wire: Gemini's is a function declaration, Bedrock's a `toolSpec`. */
export function offers(tools: Pieces): Record<SpokenId, Form> {
  const list = (field: string) => (entries: readonly JsonObject[]) => ({ [field]: [...entries] });
  return {
    'anthropic-messages': within(tools['anthropic-messages'], list('tools')),
    'openai-chat': within(tools['openai-chat'], list('tools')),
    'openai-responses': within(tools['openai-responses'], list('tools')),
    gemini: within(tools.gemini, list('tools')),
    'bedrock-converse': within(tools['bedrock-converse'], (entries) => ({
      toolConfig: { tools: [...entries] },
    })),
    'ollama-chat': within(tools['ollama-chat'], list('tools')),
  };
}

function messages(pieces: JsonObject | readonly JsonObject[] | null, role: string): Form {
  return within(pieces, (content) => ({ messages: [{ role, content }] }));
}

export function within(
  pieces: JsonObject | readonly JsonObject[] | null,
  wrap: (pieces: JsonObject[]) => JsonObject,
): Form {
  if (pieces === null) return null;
  return wrap(isList(pieces) ? [...pieces] : [pieces]);
}

function isList(pieces: JsonObject | readonly JsonObject[]): pieces is readonly JsonObject[] {
  return Array.isArray(pieces);
}
