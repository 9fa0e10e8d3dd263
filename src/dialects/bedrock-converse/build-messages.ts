// The conversation: turns of user and assistant alternate, and a turn begins with its results.
import type { JsonObject } from '../../model/json/json.ts';
import type { Message, NeutralRequest } from '../../model/request.ts';
import { letModelBegin } from '../shared/turns/first-turn.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { requireLastTurn, unreadableTurn } from '../shared/turns/last-turn.ts';
import { remindedBlock } from '../shared/turns/reminder.ts';
import { showByUser } from '../shared/turns/own-images.ts';
import { promptToContinue, trimPrefill } from '../shared/turns/prefill.ts';
import { ELLIPSIS, SENT_AS_TURN } from '../shared/losses/substitutes.ts';
import { resultsFirst } from '../shared/tools/results-in-order.ts';
import { endInWords, type TurnForm } from '../claude/thinking-in-turns.ts';
import { buildBlocks, type ContentScope } from './build-content.ts';

export interface Turn {
  role: Message['role'];
  content: JsonObject[];
}

export interface Conversation {
  system: JsonObject[];
  turns: Turn[];
}

/** @param refusesPrefill whether the model refuses a last turn of its own. */
export function buildConversation(
  request: NeutralRequest,
  scope: ContentScope,
  refusesPrefill: boolean,
): Conversation {
  const { losses } = scope;
  const system = buildBlocks(request.system, scope);
  const turns: Turn[] = [];
  /** The content of system messages, held until it is known what follows them. */
  let held: JsonObject[] = [];
  /** They must follow a turn of the user, and be followed by one of the model's or by nothing. */
  const placeHeld = () => {
    if (held.length === 0) return;
    const isBehindUser = turns.at(-1)?.role === 'user';
    const content = isBehindUser ? held : held.map((block) => remindedBlock(block, losses));
    turns.push({ role: isBehindUser ? 'system' : 'user', content });
    held = [];
  };
  for (const { role, parts, name } of showByUser(request.messages, losses)) {
    if (name !== undefined) losses.lost('name');
    const content = buildBlocks(parts, scope);
    const text = content.length === 0 ? unreadableTurn(role, parts) : undefined;
    if (text !== undefined) content.push({ text });
    if (content.length === 0) continue;
    if (role === 'system' && turns.length === 0) {
      system.push(...content);
      losses.approximated('messages.system', 'moved to the system prompt');
      continue;
    }
    if (role === 'system' && scope.systemMessages) {
      held.push(...content);
      continue;
    }
    if (role === 'assistant') placeHeld();
    const side = role === 'assistant' ? 'assistant' : 'user';
    const blocks = role === 'system' ? content.map((block) => remindedBlock(block, losses)) : content;
    const last = turns.at(-1);
    if (last?.role === side) last.content.push(...blocks);
    else turns.push({ role: side, content: blocks });
  }
  placeHeld();
  for (const turn of turns)
    if (turn.role === 'user') turn.content = withWords(resultsFirst(turn.content, isResult));
  if (turns.length === 0) speakAsUser(system, turns, scope);
  if (turns[0]?.role === 'assistant')
    turns.unshift({ role: 'user', content: [{ text: letModelBegin(losses) }] });
  requireLastTurn(request, turns.findLast(({ role }) => role !== 'system')?.role);
  if (scope.family === 'claude') {
    endInWords(turns, TURN_FORM, { text: ELLIPSIS }, losses);
    const last = turns.at(-1);
    if (last?.role === 'assistant') trimPrefill(last.content.at(-1), losses);
  }
  const end = turns.at(-1);
  if (refusesPrefill && end?.role === 'assistant' && end.content.at(-1)?.text !== undefined)
    turns.push({ role: 'user', content: [{ text: promptToContinue(losses) }] });
  return { system, turns: scope.separatesTools ? separated(turns, losses) : turns };
}

const WORDLESS: JsonObject = { text: ELLIPSIS };

/** Puts calls and results into turns of their own: other content comes before calls and after results. */
function separated(turns: readonly Turn[], losses: LossReport): Turn[] {
  const apart = turns.flatMap(({ role, content }): Turn[] => {
    const isTool = (block: JsonObject) => block.toolUse !== undefined || isResult(block);
    const tools = content.filter(isTool);
    const rest = content.filter((block) => !isTool(block));
    if (tools.length === 0 || rest.length === 0) return [{ role, content }];
    losses.approximated(
      'messages',
      'calls and results stand in turns of their own, apart from what is said with them',
    );
    const other = role === 'user' ? 'assistant' : 'user';
    const [first, last] = role === 'user' ? [tools, rest] : [rest, tools];
    return [
      { role, content: first },
      { role: other, content: [WORDLESS] },
      { role, content: last },
    ];
  });
  return apart;
}

function isResult({ toolResult }: JsonObject): boolean {
  return toolResult !== undefined;
}

const SEE_DOCUMENT: JsonObject = { text: 'See the document.' };

/**
 * "A text block must be included when using documents", but clients may send only a file, as Claude Code does for each PDF it reads.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
 */
function withWords(blocks: JsonObject[]): JsonObject[] {
  const at = blocks.findLastIndex((block) => block.document !== undefined);
  return at === -1 || blocks.some((block) => block.text !== undefined)
    ? blocks
    : blocks.toSpliced(at + 1, 0, SEE_DOCUMENT);
}

/** Other dialects accept a system prompt alone; this one requires a turn of the user. */
function speakAsUser(system: JsonObject[], turns: Turn[], { losses }: ContentScope): void {
  const at = system.findLastIndex((block) => block.text !== undefined);
  if (at === -1) return;
  const content = system.splice(at);
  losses.approximated('messages.system', SENT_AS_TURN);
  turns.push({ role: 'user', content });
}

/** For ../claude/thinking-in-turns.ts. */
export const TURN_FORM: TurnForm<Turn> = {
  blocksOf: ({ content }) => content,
  isThinking: ({ reasoningContent }) => reasoningContent !== undefined,
  isResult,
};
