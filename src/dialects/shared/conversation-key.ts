// What names a conversation to a provider, so that all its requests reach the server that has the beginning of its prompt in the
// cache.
import { fingerprint } from '../../model/hash.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';

/** Signs that any header takes, and fewer of them than any provider's limit (OpenRouter: 256). */
const PLAIN = /^[\x21-\x7e]{1,128}$/;

/** `prompt_cache_key` of Responses. */
export function cacheKeyOf(request: NeutralRequest, options: BuildOptions): string | undefined {
  const { inResponses } = placeIn(options);
  return inResponses === true ? conversationKey(request) : request.cacheKey;
}

/** The fields and headers of Chat Completions in which this provider looks for the conversation. */
export function conversationIn(
  request: NeutralRequest,
  options: BuildOptions,
): { fields: Record<string, string>; headers?: Record<string, string> } {
  const { field, header } = placeIn(options);
  const given = conversationKey(request);
  const fields: Record<string, string> =
    request.cacheKey === undefined ? {} : { prompt_cache_key: request.cacheKey };
  if (given === undefined) return { fields };
  const key = PLAIN.test(given) ? given : fingerprint(given);
  return {
    fields: field === undefined ? fields : { [field]: key, ...fields },
    ...(header !== undefined && { headers: { [header]: key } }),
  };
}

function placeIn({ quirks: { conversation }, baseUrl = '' }: BuildOptions) {
  return conversation?.at?.test(`${baseUrl}/`) === false ? {} : (conversation ?? {});
}

/**
 * The client's own key, else one derived from its session: the same in all of the gateway's processes, and not the id itself,
 * which the client gave to another provider.
 */
function conversationKey({ cacheKey, session }: NeutralRequest): string | undefined {
  return cacheKey ?? (session === undefined ? undefined : fingerprint(session));
}
