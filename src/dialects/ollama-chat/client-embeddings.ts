// Embeddings as this dialect's clients ask for them: `/api/embed`, and the older `/api/embeddings` for one text.
// https://docs.ollama.com/api/embed
import { asArray, asString, type JsonValue } from '../../model/json/json.ts';
import type { ClientEmbeddings } from '../operations.ts';
import { sizeIn } from '../shared/embeddings.ts';
import { invalid, optionalNumber, requiredString } from '../shared/read-field.ts';

export const clientEmbeddings: ClientEmbeddings = {
  known: { body: { model: true, input: true, prompt: true, dimensions: true } },
  parseRequest(body) {
    const model = requiredString(body, 'model', 'model', 'name the model to use');
    const isOlder = body.input === undefined && body.prompt !== undefined;
    const dimensions = optionalNumber(body, 'dimensions');
    const texts = isOlder ? textsIn(body.prompt, 'prompt') : textsIn(body.input, 'input');
    return {
      model,
      input: texts.map((text) => ({ type: 'text', text })),
      encoding: 'float',
      ...(dimensions !== undefined && { dimensions: sizeIn(dimensions, 'dimensions') }),
      ...(isOlder && { alone: true }),
    };
  },
  buildResponse(response, { alone }, model) {
    const vectors = response.vectors();
    if (alone === true) return { embedding: vectors[0] ?? [] };
    return {
      model: response.model ?? model,
      embeddings: vectors,
      // Stated even where the provider does not count, as Gemini: LiteLLM fails without it.
      // https://github.com/BerriAI/litellm/blob/main/litellm/llms/ollama/completion/handler.py
      prompt_eval_count: response.usage?.inputTokens ?? 0,
    };
  },
};

function textsIn(value: JsonValue | undefined, field: string): string[] {
  const texts = typeof value === 'string' ? [value] : (asArray(value) ?? []).map(asString);
  if (texts.length > 0 && texts.every((text) => text !== undefined)) return texts;
  throw invalid(field, 'must be a text or a list of texts');
}
