// Fetches of pages by the provider: Google's `urlContext` and Anthropic's `web_fetch`. What a client asks for in its dialect becomes the
// provider's own.
import { isObject, type JsonValue } from '../../model/json/json.ts';
import type { PageFetch, ServerTool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';

/** Settings that limit which pages may be fetched; only the client's dialect knows them. */
const LIMITS: readonly string[] = ['allowed_domains', 'blocked_domains', 'url_sources'];

/** @param settings without the fields that say which tool it is. */
export function parsePageFetch(settings: JsonValue | undefined): PageFetch {
  const given = Object.entries(isObject(settings) ? settings : {}).filter(([, value]) => !isUnset(value));
  const names = given.map(([name]) => name);
  const isLimited = names.some((name) => LIMITS.includes(name));
  return { ...(isLimited && { isLimited }), others: names.filter((name) => !LIMITS.includes(name)) };
}

/** Whether the provider's own tool replaces this one, which is reported. No page may be fetched that the client has excluded. */
export function fetchInstead({ name, fetch }: ServerTool, losses: LossReport): boolean {
  if (fetch === undefined || fetch.isLimited === true) return false;
  losses.approximated(`tools.${name}`, "the provider's own page fetch");
  for (const other of fetch.others) losses.lost(`tools.${name}.${other}`);
  return true;
}

function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
