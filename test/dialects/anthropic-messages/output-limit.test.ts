// What Anthropic's clients are told where another vendor's model writes fewer tokens than they ask for.
import { expect, test } from 'bun:test';
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts';
import { asObject, asString } from '../../../src/model/json/json.ts';
import { GatewayError } from '../../../src/model/errors.ts';

function clientMessage(message: string): string {
  const body = anthropicMessages.client.buildError(new GatewayError('upstream_rejected', message), 'r');
  return asString(asObject(body.error)?.message) ?? '';
}

/** As Claude Code 2.1 reads it. */
const LIMIT = /^max_tokens: (\d+) > (\d+), which is the maximum allowed number of output tokens for .+$/;

test.each<[string, string, number, number]>([
  [
    'OpenAI',
    'lab: max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.',
    32_000,
    16_384,
  ],
  [
    'OpenAI, in its newer dialect',
    "lab: Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 16384, but got 32000 instead.",
    32_000,
    16_384,
  ],
  [
    'Ark',
    'lab: The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value, expected a value <= 12288, but got 32000 instead.',
    32_000,
    12_288,
  ],
  ['DeepSeek', 'lab: Invalid max_tokens value, the valid range of max_tokens is [1, 8192]', 8_193, 8_192],
  ['Qwen', 'lab: InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]', 8_193, 8_192],
  ['GLM', 'lab: max_tokens参数非法：限制数值范围[1,16384]', 16_385, 16_384],
  [
    'Groq',
    'lab: `max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model',
    8_193,
    8_192,
  ],
  [
    "Ollama's cloud",
    "lab: max_tokens (32000) exceeds model's maximum output tokens (16384) for model deepseek-v4-flash:0731",
    32_000,
    16_384,
  ],
  [
    'Vertex AI, exclusive',
    'lab: Unable to submit request because it has a maxOutputTokens value of 32000 but the supported range is from 1 (inclusive) to 8193 (exclusive). Update the value and try again.',
    32_000,
    8_192,
  ],
  [
    'Bedrock',
    'lab: The maximum tokens you requested exceeds the model limit of 8192.\nTry again with a maximum tokens value that is lower than 8192.',
    8_193,
    8_192,
  ],
  [
    'Anthropic, elsewhere',
    'lab: max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-sonnet',
    32_000,
    8_192,
  ],
])('%s', (_, message, asked, limit) => {
  expect(LIMIT.exec(clientMessage(message))?.slice(1).map(Number)).toEqual([asked, limit]);
});

test.each(["Unsupported parameter: 'max_tokens'", 'max_tokens must be an integer'])(
  'no limit is told: %s',
  (message) => expect(clientMessage(message)).toBe(message),
);

test.each(['max_', 'max_tokens '])('%p repeated many times is no limit', (words) => {
  // Each read to the end of the message, they would take minutes.
  const message = words.repeat(400_000);
  expect(clientMessage(message)).toBe(message);
});
