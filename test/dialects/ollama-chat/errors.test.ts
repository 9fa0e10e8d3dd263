// Errors that come with a status: Ollama's own words, and those of proxies in front of it.
import { expect, test } from 'bun:test';
import { parseError } from '../../../src/dialects/ollama-chat/errors.ts';

test.each([
  ['{"error":"the words"}'],
  ['{"error":{"message":"the words"}}'],
  ['{"detail":"the words"}'],
  ['{"message":"the words"}'],
  ['the words'],
])('%s', (body) => {
  const { code, message } = parseError({ status: 401, body, headers: new Headers() });
  expect([code, message]).toEqual(['upstream_unauthorized', 'the provider answered 401: the words']);
});
