// What requests of Ollama's clients ask for.
import { expect, test } from 'bun:test';
import { parseRequest } from '../../../src/dialects/ollama-chat/parse-request.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import type { NeutralRequest } from '../../../src/model/request.ts';

const parse = (fields: JsonObject): NeutralRequest =>
  parseRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields });

test.each<[string, JsonObject, NeutralRequest['logprobs']]>([
  ['none', { top_logprobs: 3 }, undefined],
  ['of the tokens alone', { logprobs: true }, {}],
  ['of the tokens alone, in as many words', { logprobs: true, top_logprobs: 0 }, {}],
  ['of other tokens too', { logprobs: true, top_logprobs: 3 }, { top: 3 }],
])('log probabilities: %s', (_, fields, logprobs) => {
  expect(parse(fields).logprobs).toEqual(logprobs);
});

test('a stream is what is asked for unless it is turned off', () => {
  expect([parse({}).stream, parse({ stream: true }).stream, parse({ stream: false }).stream]).toEqual([
    true,
    true,
    false,
  ]);
});
