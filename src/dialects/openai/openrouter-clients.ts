// OpenRouter's own clients, which take for granted what its server does unasked: how they are told.
import type { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { ClientErrors } from '../dialect.ts';

/**
 * OpenRouter's server states the counts of every stream, whatever was asked for, and a model's thinking in `reasoning` and
 * `reasoning_details` alone: its SDKs and its provider of the AI SDK ask for neither, and read no other field. Its SDK for JavaScript
 * ends a stream in an error over a chunk without counts that says so (`usage: null`), as OpenAI's do where they are requested.
 * https://openrouter.ai/docs/use-cases/usage-accounting, https://github.com/OpenRouterTeam/ai-sdk-provider
 */
export function isOpenRouters(headers: HeaderReader | undefined): boolean {
  return OWN.test(headers?.get('user-agent') ?? '');
}

const SDK = /^speakeasy-sdk\/.*\bopenrouter(\/sdk)?$/;
const OWN = new RegExp(`(^|\\s)ai-sdk[-/]openrouter/|${SDK.source}`);

/**
 * Its SDKs take an error for one only where `code` is its status, as a number, and within a stream only in a chunk like any other; of
 * any other they show what their check of it found (“Response validation failed”), and nothing of why it failed. Its provider
 * of the AI SDK reads an event of the error alone; up to version 1.2 it overlooks one in a chunk, and the answer is a short one.
 * https://openrouter.ai/docs/api-reference/errors, https://github.com/OpenRouterTeam/typescript-sdk
 */
export function readsErrorChunks(headers: HeaderReader): boolean {
  return SDK.test(headers.get('user-agent') ?? '');
}

/** How these are told of failures; undefined for any other client. @param buildError as OpenAI's clients read it. */
export function numericErrors(
  headers: HeaderReader,
  buildError: ClientErrors['buildError'],
): Partial<ClientErrors> | undefined {
  if (!readsErrorChunks(headers)) return undefined;
  return {
    buildError: (error, requestId) => withNumericCode(buildError(error, requestId), error),
    completeFailure: (body, error) =>
      typeof asObject(body.error)?.code === 'number' ? undefined : withNumericCode(body, error),
  };
}

/** What says more than the status has the place that its server has for it. */
export function withNumericCode(built: JsonObject, { status }: GatewayError): JsonObject {
  const { code, ...error } = asObject(built.error) ?? {};
  const type = asString(code) ?? asString(error.type) ?? 'unmapped';
  return { ...built, error: { ...error, code: status, metadata: { error_type: type } } };
}
