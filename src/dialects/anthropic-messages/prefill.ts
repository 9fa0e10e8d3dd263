// Which models go on with a turn of the assistant that ends the conversation.
// https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response
import type { NeutralRequest } from '../../model/request.ts';
import type { TurnContinued } from '../dialect.ts';
import { traitsOf } from '../claude/models.ts';

/** None does while it thinks. */
export function continuesTurn(
  { reasoning }: NeutralRequest,
  { model }: { model: string },
): TurnContinued | undefined {
  const { prefill, thinksByDefault } = traitsOf(model);
  const isOff = reasoning?.mode === 'off' || reasoning?.effort === 'none';
  return prefill === true && (isOff || (reasoning === undefined && !thinksByDefault)) ? 'rest' : undefined;
}
