// What Amazon accepts of prompt caching, by model; it refuses requests with more.
// https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html

/** "You invoked an unsupported model or your request did not allow prompt caching". */
const UNCACHED = /anthropic\.claude-(v\d|instant|3-(opus|sonnet|haiku|5-sonnet))/;

/** "Extra inputs are not permitted". https://github.com/earendil-works/pi/pull/1570 */
const WITHOUT_TTL = /anthropic\.claude-(3|(opus|sonnet)-4-(1-)?20)/;

/**
 * For Claude's models: true from 3.5 Haiku and 3.7 Sonnet on. 3.5 Sonnet is cached only for accounts that tried caching before its release.
 */
export function cachesPrompts(model: string): boolean {
  return !UNCACHED.test(model);
}

/** Whether a breakpoint for this model of Claude may say how long it is kept; the default is five minutes. */
export function takesCacheTtl(model: string): boolean {
  return !WITHOUT_TTL.test(model);
}
