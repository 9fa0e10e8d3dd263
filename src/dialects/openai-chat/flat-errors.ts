// Clients that read an error's fields at the top of its body, where Mistral's and Cerebras' servers put them.
import type { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { ClientErrors } from '../dialect.ts';
import { buildError } from '../openai/errors.ts';
import { isAnyAiSdk } from '../shared/ai-sdk.ts';
import { parseErrorBody } from '../shared/answer-list.ts';
import { ID } from './wire.ts';

/**
 * The AI SDK's providers for Mistral and Cerebras read no others, and show the name of the status instead of the message. For whole answers
 * they cannot be told from the SDK's other providers, which read the fields where OpenAI has them, so both are written.
 * https://github.com/vercel/ai/tree/main/packages/mistral, https://github.com/vercel/ai/tree/main/packages/cerebras
 */
export function flatErrors(headers: HeaderReader): Partial<ClientErrors> | undefined {
  if (!isAnyAiSdk(headers)) return undefined;
  return isOther(headers) ? { buildError: buildFlat } : { buildError: buildFlat, completeFailure };
}

/** Whether it is another of the SDK's providers, for which a passing error needs no further fields. */
function isOther(headers: HeaderReader): boolean {
  const [, named] =
    /(?:^|\s)ai-sdk[-/](?!provider-utils)([\w-]+)/.exec(headers.get('user-agent') ?? '') ?? [];
  return named !== undefined && !/^(mistral|cerebras)/.test(named);
}

function buildFlat(error: GatewayError): JsonObject {
  const built = buildError(error);
  const { upstream } = error;
  // If the server itself has them at the top, its words are kept.
  const own = upstream?.dialect === ID ? parseErrorBody(upstream.body) : undefined;
  return { ...flat(asObject(built.error) ?? {}, own), ...built };
}

function completeFailure(body: JsonObject): JsonObject | undefined {
  const stated = asObject(body.error);
  if (stated === undefined || typeof body.message === 'string') return undefined;
  return { ...flat(stated), ...body };
}

/** For Cerebras, fields must be texts where OpenAI has null. @param own the fields that take precedence, except lists of faulty fields. */
function flat(stated: JsonObject, own: JsonObject = {}): JsonObject {
  const top: JsonObject = { object: 'error' };
  for (const name of ['message', 'type', 'code', 'param'])
    top[name] = textOf(own[name]) ?? textOf(stated[name]) ?? '';
  return top;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'number' ? String(value) : asString(value);
}
