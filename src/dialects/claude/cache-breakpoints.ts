// Adds breakpoints of Claude's prompt cache for clients whose dialect has none. OpenAI and Gemini cache every prompt by themselves, Claude
// only up to breakpoints: without them each call of a tool bills the whole conversation in full. Where and for whom they are added, and
// what that costs: docs/adr/0020. https://platform.claude.com/docs/en/build-with-claude/prompt-caching
import type { Part } from '../../model/content.ts';
import { isObject, type JsonObject } from '../../model/json/json.ts';
import type { Message, NeutralRequest, Tool } from '../../model/request.ts';
import { cachesPrompts } from '../aws/prompt-cache.ts';
import { breakpointIn } from '../openai/breakpoint.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

const BREAKPOINT = { type: 'ephemeral' };

/** Claude refuses more than these. */
const MOST = 4;

/** Clients of this dialect place breakpoints themselves. */
const PLACING_DIALECT = 'anthropic-messages';

/** Other models cache by themselves, or not at all. */
const CLAUDE = /claude/i;

/** What matters of the wire and the provider. */
interface Place {
  /** The wire also has a key for the prompt. If left out, breakpoints stand in for the client's key. */
  hasKeys?: true;
  /** Other models of the provider that, like Claude, cache only up to breakpoints. */
  likeClaude?: RegExp | undefined;
}

/** The request with breakpoints if its client set none, and with no more of them than Claude accepts. */
export function withBreakpoints(
  asked: NeutralRequest,
  model: string,
  losses: LossReport,
  { hasKeys, likeClaude }: Place = {},
): NeutralRequest {
  const request = withMarkedResults(asked, losses);
  const breakpoints = addedBreakpoints(request, model, likeClaude);
  if (breakpoints === undefined) return withoutSurplus(request, model, losses);
  const { cacheKey, ...rest } = request;
  if (cacheKey !== undefined && hasKeys !== true)
    losses.approximated('prompt_cache_key', 'breakpoints behind the system prompt and the last turns');
  return withoutSurplus({ ...(hasKeys === true ? request : rest), ...breakpoints }, model, losses);
}

/** Moves a breakpoint within a call's result to the end of the result: not every wire has a place for one inside. */
function withMarkedResults(request: NeutralRequest, losses: LossReport): NeutralRequest {
  const isInside = ({ parts }: Message) =>
    parts.some((part) => part.type === 'tool-result' && part.content.some(isMarked));
  if (request.extension?.dialect === PLACING_DIALECT || !request.messages.some(isInside)) return request;
  const fit = (part: Part): Part => {
    if (part.type !== 'tool-result') return part;
    const { content } = part;
    const at = content.findLastIndex(isMarked);
    const inside = content[at];
    if (inside === undefined || !isMarked(inside)) return part;
    if (at < content.length - 1 || content.filter(isMarked).length > 1)
      losses.approximated('cache_control', 'one behind the whole result');
    return { cacheControl: inside.cacheControl, ...part, content: content.map(unmarked) };
  };
  const messages = request.messages.map((message) => ({ ...message, parts: message.parts.map(fit) }));
  return { ...request, messages };
}

type Conversation = Pick<NeutralRequest, 'system' | 'tools' | 'messages'>;

/**
 * The conversation with breakpoints after the system prompt (after the tools, if there is none), which sessions share; after the user's
 * last turn; and after the one before, where the previous request had its last breakpoint, since Claude looks back only 20 blocks from a
 * breakpoint. Not after an instruction that ends the conversation: Claude does not find a prompt again that was kept up to one
 * (https://github.com/anthropics/claude-code/issues/96101). Undefined if none are added.
 */
function addedBreakpoints(
  request: NeutralRequest,
  model: string,
  likeClaude: RegExp | undefined,
): Conversation | undefined {
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
 * The request without the breakpoints that exceed Claude's limit. (OpenAI accepts any number, and caches up to the last few.) The last ones
 * stay, and one after the tools or the system prompt, which sessions share. A client of Claude's own dialect gets Claude's refusal instead.
 */
function withoutSurplus(request: NeutralRequest, model: string, losses: LossReport): NeutralRequest {
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
  const fit = <Kind extends Part | Tool>(given: Kind): Kind => (kept.has(given) ? given : unmarked(given));
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

/** Whether the prompt is likely to be sent again with more after it: its client has a key for it, or runs tools in a loop. */
function comesAgain({ cacheKey, tools, messages }: NeutralRequest): boolean {
  return cacheKey !== undefined || (tools.length > 0 && messages.some(({ role }) => role === 'assistant'));
}

/** Where the user's last turn ends, and the user's turn before the model's last. */
function lastTurns(messages: readonly Message[]): number[] {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const answer = messages.findLastIndex(({ role }, at) => role === 'assistant' && at < last);
  return [last, messages.findLastIndex(({ role }, at) => role === 'user' && at < answer)];
}

/** A turn's results are sent before everything else in it. */
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

/** A breakpoint on blank text or on thinking is refused. */
function isMarkable(part: Part): boolean {
  if (part.type === 'text') return part.text.trim() !== '';
  if (part.type === 'tool-result') return part.content.some(isMarkable);
  return part.type === 'image' || part.type === 'document';
}

/** Whether the client places all breakpoints, so that none are to be added. */
function placesAll(request: NeutralRequest): boolean {
  const { keepsBreakpoints, cacheControl, cacheSettings, messages, system, extension } = request;
  const options = cacheSettings?.prompt_cache_options;
  if (keepsBreakpoints === true || extension?.dialect === PLACING_DIALECT) return true;
  if (cacheControl !== undefined || (isObject(options) && options.mode === 'explicit')) return true;
  const contents = messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === 'tool-result' ? part.content : part));
  const isOpenAis = (part: Part) => part.type !== 'opaque' && breakpointIn(part.extension) !== undefined;
  return hasMarks(request) && !system.some(isOpenAis) && !contents.some(isOpenAis);
}

function hasMarks({ system, messages, tools }: NeutralRequest): boolean {
  return system.some(isMarked) || messages.some(({ parts }) => parts.some(isMarked)) || tools.some(isMarked);
}

type Marked = Extract<Part | Tool, { cacheControl?: JsonObject }> & { cacheControl: JsonObject };

function isMarked(item: Part | Tool): item is Marked {
  return 'cacheControl' in item && item.cacheControl !== undefined;
}

function unmarked<Kind extends Part | Tool>(item: Kind): Kind {
  if (!isMarked(item)) return item;
  const { cacheControl: _, ...rest } = item;
  return rest as Kind;
}
