// Identifies a conversation to a provider, so that all its requests reach the server that has the beginning of its prompt in its cache.
import { fingerprint } from '../../../model/hash.ts';
import type { NeutralRequest } from '../../../model/request.ts';
import type { BuildOptions } from '../../dialect.ts';
import type { ConversationPlace } from '../../quirks.ts';
import type { LossReport } from '../losses/loss-report.ts';
import { shorten } from '../shorten.ts';

/** Characters that any header accepts. */
const PLAIN = /^[\x21-\x7e]+$/;

/**
 * "Expected a string with maximum length 64", say OpenAI's, Azure's and Codex's servers; agents make longer ones of several ids.
 * https://github.com/vybestack/llxprt-code/issues/2135, https://github.com/buhlergroup/buhler-chat/pull/181
 */
const LONGEST = 64;

/** `prompt_cache_key` of Responses. */
export function cacheKeyOf(request: NeutralRequest, options: BuildOptions): string | undefined {
  const key = placeIn(options)?.inResponses === true ? conversationKey(request) : request.cacheKey;
  return key && shorten(key, LONGEST);
}

/** The fields and headers of Chat Completions in which this provider looks for the conversation. */
export function conversationIn(
  request: NeutralRequest,
  options: BuildOptions,
  losses: LossReport,
): { fields: Record<string, string>; headers?: Record<string, string> } {
  const cacheKey = request.cacheKey && shorten(request.cacheKey, LONGEST);
  const place = placeIn(options);
  if (place === undefined && options.quirks.conversation?.refusedElsewhere === true) {
    if (cacheKey !== undefined) losses.lost('prompt_cache_key');
    return { fields: {} };
  }
  const fields: Record<string, string> = cacheKey === undefined ? {} : { prompt_cache_key: cacheKey };
  const given = conversationKey(request);
  if (place === undefined || given === undefined) return { fields };
  const key = PLAIN.test(given) ? shorten(given, LONGEST) : fingerprint(given);
  const { field, header } = place;
  return {
    fields: field === undefined ? fields : { [field]: key, ...fields },
    ...(header !== undefined && { headers: { [header]: key } }),
  };
}

/** Undefined where this server, or this model, is not known to have a place for it. */
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
 * The client's own key, else one derived from its session. That is the same in all of the gateway's processes, but not the id itself, which
 * the client gave to another provider.
 */
function conversationKey({ cacheKey, session }: NeutralRequest): string | undefined {
  return cacheKey ?? (session === undefined ? undefined : fingerprint(session));
}
