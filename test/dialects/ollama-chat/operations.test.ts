// Ollama's embeddings and list of models.
import { expect, test } from 'bun:test';
import { embeddings } from '../../../src/dialects/ollama-chat/embeddings.ts';
import { providerModels } from '../../../src/dialects/ollama-chat/list-models.ts';
import { GatewayError } from '../../../src/model/errors.ts';

const options = { model: 'nomic', quirks: {} };

test('embeddings: texts in one request, vectors and tokens back', () => {
  const input = [{ type: 'text' as const, text: 'a' }];
  const request = { model: 'x', input, dimensions: 2, encoding: 'float' as const, user: 'me' };
  expect(embeddings.buildRequest(request, options)).toEqual({
    body: { model: 'nomic', input: ['a'], dimensions: 2 },
    losses: [{ feature: 'user', outcome: 'lost' }],
  });
  const headers = new Headers();
  const body = { model: 'nomic', embeddings: [[1, 0]], prompt_eval_count: 3 };
  const answer = embeddings.parseResponse(body, headers);
  expect(answer).toMatchObject({ model: 'nomic', usage: { inputTokens: 3 } });
  expect(answer.vectors()).toEqual([[1, 0]]);
  expect(() => embeddings.parseResponse({}, headers).vectors()).toThrow('embeddings is missing');
});

test('embeddings: token ids are refused', () => {
  const input = [{ type: 'tokens' as const, tokens: [1] }];
  const ask = () => embeddings.buildRequest({ model: 'x', input, encoding: 'float' }, options);
  expect(ask).toThrow(GatewayError);
});

test('models: names with their tags', () => {
  const fields = { name: 'llama:8b', model: 'llama:8b', modified_at: '1970-01-01T00:01:00.5Z' };
  expect(providerModels.parsePage({ models: [fields, {}] })).toEqual({
    models: [{ id: 'llama:8b', created: 60, extension: { dialect: 'ollama-chat', fields } }],
    next: null,
  });
  expect(() => providerModels.parsePage({})).toThrow('models is missing');
});

test('models: the date of the year 1 is none', () => {
  const fields = { name: 'new', model: 'new', modified_at: '0001-01-01T00:00:00Z' };
  const { models } = providerModels.parsePage({ models: [fields] });
  expect(models).toEqual([{ id: 'new', extension: { dialect: 'ollama-chat', fields } }]);
});
