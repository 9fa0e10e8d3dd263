// Failures that mean that the server does not have the model, though their status does not say so.
import type { GatewayError } from '../../../model/errors.ts';

/**
 * OpenAI's code; Mistral's and Perplexity's type; GitHub Copilot's code; Z.ai's code, whose words may be Chinese.
 * https://platform.openai.com/docs/guides/error-codes, recordings/openai-chat/mistral/symfony-bad-request-response,
 * https://github.com/BerriAI/litellm/issues/908, https://github.com/github/copilot-cli/issues/639, https://github.com/JailbrokenAI/wallbreaker/issues/20
 */
const NAMES: ReadonlySet<string | undefined> = new Set([
  'model_not_found',
  'invalid_model',
  'model_not_supported',
  '1211',
]);

/**
 * In the words of DeepSeek, Amazon Bedrock, Z.ai's plans and OpenRouter.
 * https://github.com/langbot-app/LangBot/issues/1643, recordings/bedrock-converse/bedrock/otel-test-converse-stream-with-invalid-model,
 * https://github.com/aaif-goose/goose/issues/11667, https://github.com/RightNow-AI/openfang/issues/697
 */
const WORDS =
  /\bmodel not exist\b|\bprovided model identifier is invalid\b|\bmodelcode: does not exist\b|\bis not a valid model id\b/i;

const BAD_REQUEST = 400;
const NOT_FOUND = 404;

/** The error with the status that clients of other dialects look for (Claude Code then offers another model). */
export function withStatusOfUnknownModel(error: GatewayError): GatewayError {
  const { code, status, reason, message } = error;
  if (code !== 'upstream_rejected' || status !== BAD_REQUEST) return error;
  const isUnknown = NAMES.has(reason?.code) || NAMES.has(reason?.type) || WORDS.test(message);
  return isUnknown ? error.with(message, { status: NOT_FOUND }) : error;
}
