// What names a conversation to a provider, so that all its requests reach the server that has the beginning of its prompt in the
// cache.
import { fingerprint } from '../../../model/hash.ts';
import type { NeutralRequest } from '../../../model/request.ts';
import type { BuildOptions } from '../../dialect.ts';
import type { ConversationPlace } from '../../quirks.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** Signs that any header takes, and fewer of them than any provider's limit (OpenRouter: 256). */
const PLAIN = /^[\x21-\x7e]{1,128}$/;

/** `prompt_cache_key` of Responses. */
export function cacheKeyOf(request: NeutralRequest, options: BuildOptions): string | undefined {
  return placeIn(options)?.inResponses === true ? conversationKey(request) : request.cacheKey;
}

/** The fields and headers of Chat Completions in which this provider looks for the conversation. */
export function conversationIn(
  request: NeutralRequest,
  options: BuildOptions,
  losses: LossReport,
): { fields: Record<string, string>; headers?: Record<string, string> } {
  const { cacheKey } = request;
  const place = placeIn(options);
  if (place === undefined && options.quirks.conversation?.refusedElsewhere === true) {
    if (cacheKey !== undefined) losses.lost('prompt_cache_key');
    return { fields: {} };
  }
  const fields: Record<string, string> = cacheKey === undefined ? {} : { prompt_cache_key: cacheKey };
  const given = conversationKey(request);
  if (place === undefined || given === undefined) return { fields };
  const key = PLAIN.test(given) ? given : fingerprint(given);
  const { field, header } = place;
  return {
    fields: field === undefined ? fields : { [field]: key, ...fields },
    ...(header !== undefined && { headers: { [header]: key } }),
  };
}

/** Undefined where this server, or this model, is not known to have one. */
function placeIn({
  quirks: { conversation },
  baseUrl = '',
  model,
}: BuildOptions): ConversationPlace | undefined {
  const isKnown =
    conversation?.at?.test(`${baseUrl}/`) !== false && conversation?.models?.test(model) !== false;
  return isKnown ? conversation : undefined;
}

/**
 * The client's own key, else one derived from its session: the same in all of the gateway's processes, and not the id itself,
 * which the client gave to another provider.
 */
function conversationKey({ cacheKey, session }: NeutralRequest): string | undefined {
  return cacheKey ?? (session === undefined ? undefined : fingerprint(session));
}
