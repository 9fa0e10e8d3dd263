// Breakpoints of Claude's prompt cache for clients whose dialect has none. OpenAI and Gemini cache every prompt by themselves,
// Claude only up to breakpoints: without them each call of a tool bills the whole conversation in full. Where and for whom they
// are added, and what that costs: docs/adr/0020. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
import type { Part } from '../../model/content.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { Message, NeutralRequest, Tool } from '../../model/request.ts';
import { cachesPrompts } from '../aws/prompt-cache.ts';
import { breakpointIn } from '../openai/breakpoint.ts';
import type { LossReport } from '../shared/loss-report.ts';

const BREAKPOINT = { type: 'ephemeral' };

/** Claude refuses more. */
const MOST = 4;

/** Its clients place breakpoints themselves. */
const PLACING_DIALECT = 'anthropic-messages';

/** Other models cache by themselves, or not at all. */
const CLAUDE = /claude/i;

/** For wires that have no keys: the request with `addedBreakpoints` in the key's place, and no more than Claude takes. */
export function withBreakpoints(request: NeutralRequest, model: string, losses: LossReport): NeutralRequest {
  const breakpoints = addedBreakpoints(request, model);
  if (breakpoints === undefined) return withoutSurplus(request, model, losses);
  const { cacheKey, ...rest } = request;
  if (cacheKey !== undefined)
    losses.approximated('prompt_cache_key', 'breakpoints behind the system prompt and the last turns');
  return withoutSurplus({ ...rest, ...breakpoints }, model, losses);
}

type Marked = Pick<NeutralRequest, 'system' | 'tools' | 'messages'>;

/**
 * The conversation with breakpoints behind the system prompt (the tools, if there is none), which sessions share; behind the
 * user's last turn; and behind the one before, where the previous request had its last, as Claude looks back only 20 blocks from
 * a breakpoint for what it has kept. Not behind an instruction that ends the conversation: Claude finds no prompt again that was
 * kept up to one (https://github.com/anthropics/claude-code/issues/96101). Undefined where none are added.
 * @param likeClaude other models of the provider that cache only up to breakpoints.
 */
export function addedBreakpoints(
  request: NeutralRequest,
  model: string,
  likeClaude?: RegExp,
): Marked | undefined {
  const isCached = (CLAUDE.test(model) && cachesPrompts(model)) || likeClaude?.test(model) === true;
  if (!isCached || !comesAgain(request) || placesAll(request)) return undefined;
  const { system, messages, tools } = request;
  const turns = lastTurns(messages);
  if (hasMarks(request)) {
    const last = messages.findLastIndex(({ parts }) => parts.some(isMarked));
    const later = turns.filter((at) => at > last);
    return later.length === 0 ? undefined : { system, tools, messages: markedAt(messages, later) };
  }
  return {
    system: marked(system),
    tools: system.some(isMarkable) ? tools : lastMarked(tools),
    messages: markedAt(messages, turns),
  };
}

/**
 * Without the breakpoints that are more than Claude takes. OpenAI takes any number, and writes up to the last few. The last ones stay,
 * and one behind tools or system prompt, which sessions share. A client of Claude's own dialect reads Claude's refusal.
 */
export function withoutSurplus(request: NeutralRequest, model: string, losses: LossReport): NeutralRequest {
  if (!CLAUDE.test(model) || request.extension?.dialect === PLACING_DIALECT) return request;
  const { system, tools, messages, cacheControl } = request;
  const parts = messages.flatMap((message) => message.parts);
  const ahead = [...tools, ...system].filter(isMarked);
  const behind = parts.filter(isMarked);
  const most = cacheControl === undefined ? MOST : MOST - 1;
  if (ahead.length + behind.length <= most) return request;
  losses.approximated('cache_control', 'Claude takes four: behind what sessions share, and the last ones');
  const shared = ahead.slice(-Math.max(1, most - behind.length));
  const kept = new Set<Part | Tool>([...shared, ...behind.slice(shared.length - most)]);
  const fit = <Kind extends Part | Tool>(given: Kind): Kind => {
    if (!isMarked(given) || kept.has(given)) return given;
    const { cacheControl: _, ...rest } = given;
    return rest as Kind;
  };
  return {
    ...request,
    system: system.map(fit),
    tools: tools.map(fit),
    messages: messages.map((message) => ({ ...message, parts: message.parts.map(fit) })),
  };
}

function markedAt(messages: readonly Message[], turns: readonly number[]): Message[] {
  return messages.map((message, at) =>
    turns.includes(at) ? { ...message, parts: marked(message.parts) } : message,
  );
}

/** Whether the prompt is likely to be sent again, with more behind it: its client says so by a key, or runs tools in a loop. */
function comesAgain({ cacheKey, tools, messages }: NeutralRequest): boolean {
  return cacheKey !== undefined || (tools.length > 0 && messages.some(({ role }) => role === 'assistant'));
}

/** Where the user's last turn ends, and the one before the model's last. */
function lastTurns(messages: readonly Message[]): number[] {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const answer = messages.findLastIndex(({ role }, at) => role === 'assistant' && at < last);
  return [last, messages.findLastIndex(({ role }, at) => role === 'user' && at < answer)];
}

/** A turn's results are sent before all else in it. */
function marked<Kind extends Part>(parts: readonly Kind[]): Kind[] {
  const said = parts.findLastIndex((part) => part.type !== 'tool-result' && isMarkable(part));
  const last = said === -1 ? parts.findLastIndex(isMarkable) : said;
  return parts.map((part, at) => (at === last ? { ...part, cacheControl: BREAKPOINT } : part));
}

function lastMarked(tools: readonly Tool[]): Tool[] {
  const last = tools.findLastIndex(({ type }) => type === 'function');
  return tools.map((tool, at) =>
    at === last && tool.type === 'function' ? { ...tool, cacheControl: BREAKPOINT } : tool,
  );
}

/** Blank text is refused a breakpoint, thinking too. */
function isMarkable(part: Part): boolean {
  if (part.type === 'text') return part.text.trim() !== '';
  if (part.type === 'tool-result') return part.content.some(isMarkable);
  return part.type === 'image' || part.type === 'document';
}

/** Whether none but its own are wanted. */
function placesAll(request: NeutralRequest): boolean {
  const { keepsBreakpoints, cacheControl, cacheSettings, messages, system, extension } = request;
  const options = cacheSettings?.prompt_cache_options;
  if (keepsBreakpoints === true || extension?.dialect === PLACING_DIALECT) return true;
  if (cacheControl !== undefined || (isObject(options) && options.mode === 'explicit')) return true;
  const own = [...system, ...messages.flatMap(({ parts }) => parts)];
  return (
    hasMarks(request) && !own.some((part) => isMarked(part) && breakpointIn(part.extension) !== undefined)
  );
}

function hasMarks({ system, messages, tools }: NeutralRequest): boolean {
  return system.some(isMarked) || messages.some(({ parts }) => parts.some(isMarked)) || tools.some(isMarked);
}

type Markable = Extract<Part | Tool, { cacheControl?: JsonObject }>;

function isMarked(item: Part | Tool): item is Markable {
  return 'cacheControl' in item && item.cacheControl !== undefined;
}
