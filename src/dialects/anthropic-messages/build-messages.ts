// Builds the conversation: consecutive turns of one role are joined, results come first in their turn, and system messages stand where they
// are allowed.
import { asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { requireLastTurn, unreadableTurn } from '../shared/turns/last-turn.ts';
import { promptToContinue, trimPrefill } from '../shared/turns/prefill.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { ELLIPSIS, SENT_AS_TURN } from '../shared/losses/substitutes.ts';
import { remindedBlock } from '../shared/turns/reminder.ts';
import { showByUser } from '../shared/turns/own-images.ts';
import { buildBlocks, buildText, type ContentOptions, compact } from './build-content.ts';
import { forgetsThinking } from '../claude/build-thinking.ts';
import { isClaude, type ModelTraits } from '../claude/models.ts';
import { resultsFirst } from '../shared/tools/results-in-order.ts';
import { endInWords, type TurnForm } from '../claude/thinking-in-turns.ts';
import { isEmpty } from '../shared/own-fields.ts';
import { ID } from './wire.ts';

export interface Turn {
  role: Message['role'];
  blocks: JsonObject[];
  /** Fields of the message beside its content. */
  fields: JsonObject;
}

export interface Conversation {
  system: JsonObject[];
  turns: Turn[];
}

const MESSAGE_FIELD = 'messages.';

export function buildConversation(
  request: NeutralRequest,
  traits: ModelTraits,
  losses: LossReport,
  heldBack: ReadonlySet<string>,
  mcpServers: ReadonlySet<string>,
): Conversation {
  // What a client of this dialect sends is kept.
  const isOwn = request.extension?.dialect === ID;
  const options: ContentOptions = {
    losses,
    answer: false,
    opensSeals: traits.opensSeals,
    forgetsThinking: !isOwn && forgetsThinking(request.reasoning, traits),
    serverTools: new Map(),
    mcpServers,
    mcpCalls: new Set(),
    heldBack,
  };
  const system: JsonObject[] = [];
  for (const part of request.system) {
    losses.foreign(part.extension);
    const block = buildText(part, options);
    if (block !== undefined) system.push(block);
  }
  const placed = new PlacedTurns(system, traits.systemMessages, losses);
  for (const message of isOwn ? request.messages : showByUser(request.messages, losses)) {
    const turn = buildTurn(message, options);
    if (turn !== undefined) placed.add(turn);
  }
  const turns = placed.end();
  for (const turn of turns) if (turn.role === 'user') turn.blocks = resultsFirst(turn.blocks, isResult);
  if (!isOwn && isClaude(traits)) endInWords(turns, TURN_FORM, { type: 'text', text: ELLIPSIS }, losses);
  trimPrefill(prefillBlock(turns), losses);
  if (turns.length === 0) speakAsUser(system, turns, losses);
  requireLastTurn(request, turns.findLast((turn) => turn.role !== 'system')?.role);
  if (traits.prefill === false) endWithUser(turns, losses);
  return { system: withoutBlanks(system), turns };
}

/**
 * Puts turns into an order that the model accepts. A system message may only follow a user's turn, and precede a turn of the model or end
 * the conversation.
 */
class PlacedTurns {
  private readonly turns: Turn[] = [];
  /** System messages that wait for the turn after them. */
  private held: Turn[] = [];
  private readonly system: JsonObject[];
  private readonly takesSystem: boolean;
  private readonly losses: LossReport;

  /** @param system the system prompt, to which messages before the first turn are added. */
  constructor(system: JsonObject[], takesSystem: boolean, losses: LossReport) {
    this.system = system;
    this.takesSystem = takesSystem;
    this.losses = losses;
  }

  add(turn: Turn): void {
    if (turn.role === 'system') {
      if (this.takesSystem) join(this.held, turn);
      else this.remind(turn);
      return;
    }
    if (turn.role === 'assistant') this.placeHeld();
    join(this.turns, turn);
  }

  end(): Turn[] {
    this.placeHeld();
    return this.turns;
  }

  private placeHeld(): void {
    for (const turn of this.held) {
      if (this.turns.at(-1)?.role === 'user') this.turns.push(turn);
      else this.remind(turn);
    }
    this.held = [];
  }

  private remind(turn: Turn): void {
    const texts = textsOf(turn, this.losses);
    if (texts.length === 0) return;
    if (this.turns.length > 0) join(this.turns, remindedOf(texts, this.losses));
    else {
      this.system.push(...texts);
      this.losses.approximated('messages.system', 'moved to the system prompt');
    }
  }
}

/** Adds a turn; joins it to the last one if both have the same role and nothing but content. */
function join(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1);
  if (last?.role === turn.role && isEmpty(last.fields) && isEmpty(turn.fields))
    last.blocks.push(...turn.blocks);
  else turns.push(turn);
}

export function wireMessages(turns: readonly Turn[]): JsonValue[] {
  return turns.map((turn) => {
    const content = compact(turn.blocks);
    return { role: turn.role, ...(content === undefined ? {} : { content }), ...turn.fields };
  });
}

/** The text of a system message. Its settings, and its changes of tools, may not stand in any other message. */
function textsOf({ blocks, fields }: Turn, losses: LossReport): JsonObject[] {
  for (const name of Object.keys(fields)) losses.lost(`${MESSAGE_FIELD}${name}`);
  return blocks.filter(({ type }) => {
    const isChange = type === 'tool_addition' || type === 'tool_removal';
    if (isChange) losses.lost(type);
    return !isChange;
  });
}

function remindedOf(blocks: readonly JsonObject[], losses: LossReport): Turn {
  return { role: 'user', blocks: blocks.map((block) => remindedBlock(block, losses)), fields: {} };
}

function buildTurn(message: Message, options: ContentOptions): Turn | undefined {
  if (message.name !== undefined) options.losses.lost('name');
  const fields: JsonObject = {};
  const content = message.parts.filter((part) => {
    if (part.type !== 'opaque' || part.dialect !== ID || !part.name.startsWith(MESSAGE_FIELD)) return true;
    fields[part.name.slice(MESSAGE_FIELD.length)] = part.value;
    return false;
  });
  const blocks = withoutBlanks(buildBlocks(content, options));
  const text = blocks.length === 0 && isEmpty(fields) ? unreadableTurn(message.role, content) : undefined;
  if (text !== undefined) blocks.push({ type: 'text', text });
  return blocks.length === 0 && isEmpty(fields) ? undefined : { role: message.role, blocks, fields };
}

/**
 * Blocks that consist of white space are refused, and may have no breakpoint: such text is appended to the text before it, and its
 * breakpoint moves there. https://github.com/NousResearch/hermes-agent/pull/97618
 *
 * Between thoughts it stays, since Claude accepts thoughts back only in their places. https://github.com/anomalyco/opencode/issues/16748
 */
function withoutBlanks(blocks: readonly JsonObject[]): JsonObject[] {
  const kept: JsonObject[] = [];
  for (const [at, block] of blocks.entries()) {
    const { type, text, cache_control: breakpoint } = block;
    if (type !== 'text' || typeof text !== 'string' || text.trim() !== '') {
      kept.push(block);
      continue;
    }
    const before = kept.at(-1);
    if (before === undefined) continue;
    if (TURN_FORM.isThinking(before)) {
      const next = blocks[at + 1];
      if (next !== undefined && TURN_FORM.isThinking(next)) kept.push({ type, text });
      continue;
    }
    kept[kept.length - 1] = {
      ...before,
      ...(before.type === 'text' && { text: `${asString(before.text) ?? ''}${text}` }),
      ...(breakpoint !== undefined && { cache_control: breakpoint }),
    };
  }
  return kept;
}

/** The text block that ends the conversation with a turn of the model. */
function prefillBlock(turns: readonly Turn[]): JsonObject | undefined {
  const last = turns.at(-1);
  const block = last?.role === 'assistant' ? last.blocks.at(-1) : undefined;
  return block?.type === 'text' ? block : undefined;
}

/** Appends a user turn for models that refuse a final turn of their own. */
function endWithUser(turns: Turn[], losses: LossReport): void {
  if (prefillBlock(turns) === undefined) return;
  turns.push({ role: 'user', blocks: [{ type: 'text', text: promptToContinue(losses) }], fields: {} });
}

function isResult({ type }: JsonObject): boolean {
  return type === 'tool_result';
}

/** Other dialects accept a request that consists of a system prompt; this one requires a user turn. */
function speakAsUser(system: JsonObject[], turns: Turn[], losses: LossReport): void {
  const block = system.pop();
  if (block === undefined) return;
  losses.approximated('messages.system', SENT_AS_TURN);
  turns.push({ role: 'user', blocks: [block], fields: {} });
}

/** For ../claude/thinking-in-turns.ts. */
export const TURN_FORM: TurnForm<Turn> = {
  blocksOf: ({ blocks }) => blocks,
  isThinking: ({ type }) => type === 'thinking' || type === 'redacted_thinking',
  isResult,
};
