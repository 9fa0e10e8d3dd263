// Where Claude accepts its thinking back: not at the end of a message, nor, with thinking off, in a turn that it continues.
import type { JsonObject } from '../../model/json/json.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';

/** How a dialect writes the turns of a conversation. */
export interface TurnForm<Turn> {
  blocksOf(turn: Turn): JsonObject[];
  isThinking(block: JsonObject): boolean;
  isResult(block: JsonObject): boolean;
}

interface WithRole {
  role: string;
}

/**
 * The messages of the assistant's turn that the request continues; a turn lasts until the user says something other than results of its
 * calls. Empty if the user began a new turn.
 * https://platform.claude.com/docs/en/build-with-claude/thinking#thinking-with-tool-use
 */
function continuedTurn<Turn extends WithRole>(
  turns: readonly Turn[],
  { blocksOf, isResult }: TurnForm<Turn>,
): Turn[] {
  const asked = turns.findLastIndex((turn) => turn.role === 'user' && !blocksOf(turn).some(isResult));
  return turns.slice(asked + 1).filter(({ role }) => role === 'assistant');
}

/** Whether the turn to be continued does not begin with thinking, which is refused with a thinking budget. */
export function lacksThinking<Turn extends WithRole>(turns: readonly Turn[], form: TurnForm<Turn>): boolean {
  const [message] = continuedTurn(turns, form);
  if (message === undefined) return false;
  const [first] = form.blocksOf(message);
  return first === undefined || !form.isThinking(first);
}

/** Whether thinking is sent back to the model. */
export function replaysThinking<Turn extends WithRole>(
  turns: readonly Turn[],
  { blocksOf, isThinking }: TurnForm<Turn>,
): boolean {
  return turns.some((turn) => turn.role === 'assistant' && blocksOf(turn).some(isThinking));
}

/** "When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`". */
export function dropContinuedThinking<Turn extends WithRole>(
  turns: readonly Turn[],
  form: TurnForm<Turn>,
  losses: LossReport,
): void {
  for (const turn of continuedTurn(turns, form)) {
    const blocks = form.blocksOf(turn);
    const kept = blocks.filter((block) => !form.isThinking(block));
    if (kept.length === blocks.length) continue;
    blocks.splice(0, blocks.length, ...kept);
    losses.lost('reasoning', 'with thinking off, the turn that goes on may not contain any');
  }
}

/**
 * "The final block in an assistant message cannot be `thinking`": an answer that reached its limit before it said anything ends with
 * thinking, so a text is appended.
 */
export function endInWords<Turn extends WithRole>(
  turns: readonly Turn[],
  { blocksOf, isThinking }: TurnForm<Turn>,
  words: JsonObject,
  losses: LossReport,
): void {
  for (const turn of turns) {
    const blocks = blocksOf(turn);
    const last = blocks.at(-1);
    if (turn.role !== 'assistant' || last === undefined || !isThinking(last)) continue;
    blocks.push(words);
    losses.approximated('reasoning', 'followed by an ellipsis, since no message may end in thinking');
  }
}
