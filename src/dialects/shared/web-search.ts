// Web search by the provider, the one provider tool that most dialects have. A client's becomes the provider's own, if the provider can
// keep the client's limits.
import type { ServerTool, WebSearch } from '../../model/request.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { LossReport } from './losses/loss-report.ts';

/** The settings that a dialect's own search supports. */
interface SearchSettings {
  allowedDomains: boolean;
  blockedDomains: boolean;
  location: boolean;
  /** Only OpenAI's search has it. */
  contextSize?: true;
}

/**
 * The settings of the provider's own search that replaces a client's, reported as a substitute. Undefined if the tool is not a search, or
 * if its domain limits could not be kept: excluded domains must not be searched.
 */
export function searchInstead(
  tool: ServerTool,
  known: SearchSettings,
  losses: LossReport,
): WebSearch | undefined {
  const { name, search } = tool;
  if (search === undefined) return undefined;
  const { allowedDomains, blockedDomains, location, contextSize, others } = search;
  if (allowedDomains !== undefined && !known.allowedDomains) return undefined;
  if (blockedDomains !== undefined && !known.blockedDomains) return undefined;
  losses.approximated(`tools.${name}`, "the provider's own web search");
  if (location !== undefined && !known.location) losses.lost(`tools.${name}.location`);
  if (contextSize !== undefined && known.contextSize !== true)
    losses.lost(`tools.${name}.search_context_size`);
  for (const other of others) losses.lost(`tools.${name}.${other}`);
  return search;
}

const PLACES = ['city', 'region', 'country', 'timezone'] as const;

/** @param settings of the tool by name, without the fields that say which tool it is. */
export function parseWebSearch(settings: JsonObject): WebSearch {
  const { allowed_domains, blocked_domains, user_location, search_context_size, ...rest } = settings;
  const allowedDomains = texts(allowed_domains);
  const blockedDomains = texts(blocked_domains);
  const location = locationOf(user_location);
  const contextSize = asString(search_context_size);
  return {
    ...(allowedDomains === undefined ? {} : { allowedDomains }),
    ...(blockedDomains === undefined ? {} : { blockedDomains }),
    ...(location === undefined ? {} : { location }),
    // `medium` is the default.
    ...(contextSize === undefined || contextSize === 'medium' ? {} : { contextSize }),
    others: Object.keys(rest).filter((name) => rest[name] !== null && rest[name] !== undefined),
  };
}

function texts(value: JsonValue | undefined): string[] | undefined {
  const list = (asArray(value) ?? []).filter((each) => typeof each === 'string');
  return list.length === 0 ? undefined : list;
}

function locationOf(value: JsonValue | undefined): WebSearch['location'] {
  const fields = asObject(value);
  // Chat nests the fields one level deeper.
  const place = asObject(fields?.approximate) ?? fields;
  const location: NonNullable<WebSearch['location']> = {};
  for (const name of PLACES) {
    const text = asString(place?.[name]);
    if (text !== undefined) location[name] = text;
  }
  return Object.keys(location).length === 0 ? undefined : location;
}
