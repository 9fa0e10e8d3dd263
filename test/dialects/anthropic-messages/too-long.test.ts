// What Anthropic's clients are told of a prompt that does not fit another vendor's model.
import { describe, expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { tooLongMessage } from '../../../src/dialects/anthropic-messages/too-long.ts';
import { GatewayError } from '../../../src/model/errors.ts';

const { client } = anthropicMessages;

/** As Claude Code 2.1 reads them. */
const TOO_LONG = /^prompt is too long[^0-9]*(\d+)\s*tokens?\s*>\s*(\d+)/;
const TOO_MANY = /^input length and `max_tokens` exceed context limit: (\d+) \+ (\d+) > (\d+)/;

function counts(form: RegExp, message: string): number[] | undefined {
  return form.exec(tooLongMessage(message))?.slice(1).map(Number);
}

describe('a prompt over the limit', () => {
  test.each<[string, string, number, number]>([
    [
      'OpenAI',
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.",
      131_072,
      128_000,
    ],
    [
      'Gemini',
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      1_200_000,
      1_048_576,
    ],
    [
      'llama.cpp',
      'request (10210 tokens) exceeds the available context size (8192 tokens), try increasing it',
      10_210,
      8_192,
    ],
    [
      'DeepSeek',
      "This model's maximum context length is 131072 tokens. However, you requested 150384 tokens (142192 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
      142_192,
      131_072,
    ],
    [
      'vLLM',
      "This model's maximum context length is 40960 tokens. However, your request has 41961 input tokens. Please reduce the length of the input messages.",
      41_961,
      40_960,
    ],
    [
      'xAI',
      "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      537_812,
      131_072,
    ],
    [
      'Moonshot',
      'Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)',
      291_351,
      262_144,
    ],
  ])('%s', (_, message, prompt, limit) => {
    expect(counts(TOO_LONG, message)).toEqual([prompt, limit]);
    expect(tooLongMessage(message)).toEndWith(message);
  });

  test('a server that reports no counts', () => {
    const message = 'Your input exceeds the context window of this model. Please adjust your input.';
    expect(tooLongMessage(message)).toBe(`prompt is too long: ${message}`);
  });
});

describe('a prompt that fits, but not with the answer that may follow', () => {
  test.each<[string, string, number[]]>([
    [
      'DeepSeek',
      "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (108000 in the messages, 32000 in the completion). Please reduce the length of the messages or completion.",
      [108_000, 32_000, 131_072],
    ],
    [
      'OpenRouter',
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 150000 tokens (118000 of text input, 32000 in the output). Please reduce the length of either one.",
      [118_000, 32_000, 131_072],
    ],
    [
      'OpenRouter, with tools',
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 150000 tokens (108000 of text input, 10000 of tool input, 32000 in the output).",
      [118_000, 32_000, 131_072],
    ],
    [
      'vLLM',
      "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 40960 tokens and your request has 20000 input tokens (32000 > 40960 - 20000).",
      [20_000, 32_000, 40_960],
    ],
    [
      'vLLM, which stops counting',
      "This model's maximum context length is 40960 tokens. However, you requested 32000 output tokens and your prompt contains at least 8961 input tokens, for a total of at least 40961 tokens.",
      [24_961, 32_000, 40_960],
    ],
  ])('%s', (_, message, expected) => {
    expect(counts(TOO_MANY, message)).toEqual(expected);
  });
});

test('words that clients know stay as they are', () => {
  const message = 'prompt is too long: 213462 tokens > 200000 maximum';
  expect(tooLongMessage(message)).toBe(message);
});

test('other errors are not reworded', () => {
  const error = new GatewayError('upstream_rejected', 'the context length is 5');
  expect(client.buildError(error, 'r')).toMatchObject({ error: { message: 'the context length is 5' } });
});

test('the client gets this error, whole and in a stream', () => {
  const error = new GatewayError('context_too_long', 'lab: it does not fit');
  expect(client.buildError(error, 'r')).toMatchObject({
    error: { type: 'invalid_request_error', message: 'prompt is too long: lab: it does not fit' },
  });
});

test('a prompt that fits beside its answer to the last token is not reported as one that does not', () => {
  const message = (answer: number) =>
    `maximum context length is 100 tokens. However, you requested ${90 + answer} tokens (90 in the messages, ${answer} in the completion).`;
  expect(counts(TOO_MANY, message(10))).toBeUndefined();
  expect(counts(TOO_MANY, message(11))).toEqual([90, 11, 100]);
});

test('a row of digits is no count, however long', () => {
  // Read once from each of them, they would take hours.
  const message = `the prompt does not fit: ${'1,'.repeat(200_000)}`;
  expect(tooLongMessage(message)).toBe(`prompt is too long: ${message}`);
});
