// Breakpoints of Claude's prompt cache for clients of OpenAI's dialects. OpenAI caches every prompt by itself; its clients only
// name, by `prompt_cache_key`, those that begin alike (Codex: all of a session). Claude caches only up to breakpoints: without
// them each call of a tool bills the whole conversation in full.
// https://platform.claude.com/docs/en/build-with-claude/prompt-caching
import type { Part } from '../../model/content.ts';
import { isObject } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import type { LossReport } from '../shared/loss-report.ts';

const BREAKPOINT = { type: 'ephemeral' };

/** Other models cache by themselves, or not at all. */
const CLAUDE = /claude/i;

/** For wires that have no keys: the request with `keyedBreakpoints` in the key's place. */
export function withKeyedCache(request: NeutralRequest, model: string, losses: LossReport): NeutralRequest {
  const breakpoints = keyedBreakpoints(request, model);
  if (breakpoints === undefined) return request;
  losses.approximated('prompt_cache_key', 'breakpoints behind the system prompt and the last turn');
  const { cacheKey: _, ...rest } = request;
  return { ...rest, ...breakpoints };
}

/**
 * The conversation with one breakpoint behind the system prompt, which sessions share, and one behind the user's last turn. Not
 * behind an instruction that ends the conversation: Claude finds no prompt again that was kept up to one
 * (https://github.com/anthropics/claude-code/issues/96101). Undefined where no key is named, or breakpoints are.
 */
export function keyedBreakpoints(
  request: NeutralRequest,
  model: string,
): Pick<NeutralRequest, 'system' | 'messages'> | undefined {
  if (request.cacheKey === undefined || !CLAUDE.test(model) || placesBreakpoints(request)) return undefined;
  const { system, messages } = request;
  const last = messages.findLastIndex(({ role }) => role === 'user');
  return {
    system: marked(system),
    messages: messages.map((message, at) =>
      at === last ? { ...message, parts: marked(message.parts) } : message,
    ),
  };
}

function marked<Kind extends Part>(parts: readonly Kind[]): Kind[] {
  const last = parts.findLastIndex(isMarkable);
  return parts.map((part, at) => (at === last ? { ...part, cacheControl: BREAKPOINT } : part));
}

/** Blank text is refused a breakpoint, thinking too. */
function isMarkable(part: Part): boolean {
  if (part.type === 'text') return part.text.trim() !== '';
  return part.type === 'tool-result' || part.type === 'image' || part.type === 'document';
}

function placesBreakpoints({
  cacheControl,
  cacheSettings,
  system,
  messages,
  tools,
}: NeutralRequest): boolean {
  const options = cacheSettings?.prompt_cache_options;
  if (cacheControl !== undefined || (isObject(options) && options.mode === 'explicit')) return true;
  return (
    system.some(isMarked) ||
    messages.some(({ parts }) => parts.some(isMarked)) ||
    tools.some((tool) => tool.type === 'function' && tool.cacheControl !== undefined)
  );
}

function isMarked(part: Part): boolean {
  return part.type !== 'opaque' && part.cacheControl !== undefined;
}
