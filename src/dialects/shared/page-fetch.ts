// Fetches of pages by the provider: `urlContext` of Google's and `web_fetch` of Anthropic's. One that is asked for in the client's
// dialect becomes the provider's own.
import { isObject, type JsonValue } from '../../model/json/json.ts';
import type { PageFetch, ServerTool } from '../../model/request.ts';
import type { LossReport } from './losses/loss-report.ts';

/** Settings that say which pages may be fetched, which only the dialect of the client knows. */
const LIMITS: readonly string[] = ['allowed_domains', 'blocked_domains', 'url_sources'];

/** @param settings without those that say which tool it is. */
export function parsePageFetch(settings: JsonValue | undefined): PageFetch {
  const given = Object.entries(isObject(settings) ? settings : {}).filter(([, value]) => !isUnset(value));
  const names = given.map(([name]) => name);
  const isLimited = names.some((name) => LIMITS.includes(name));
  return { ...(isLimited && { isLimited }), others: names.filter((name) => !LIMITS.includes(name)) };
}

/** Whether the provider's own takes its place, which is reported. No page is fetched that the client has excluded. */
export function fetchInstead({ name, fetch }: ServerTool, losses: LossReport): boolean {
  if (fetch === undefined || fetch.isLimited === true) return false;
  losses.approximated(`tools.${name}`, "the provider's own page fetch");
  for (const other of fetch.others) losses.lost(`tools.${name}.${other}`);
  return true;
}

function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
