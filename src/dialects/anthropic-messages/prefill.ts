// Which models continue a final turn of the assistant.
// https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response
import type { NeutralRequest } from '../../model/request.ts';
import type { TurnContinued } from '../quirks.ts';
import { traitsOf } from '../claude/models.ts';

/** No model does so while it thinks. */
export function continuesTurn(
  { reasoning }: NeutralRequest,
  { model }: { model: string },
): TurnContinued | undefined {
  const { prefill, thinksByDefault } = traitsOf(model);
  const isOff = reasoning?.mode === 'off' || reasoning?.effort === 'none';
  return prefill === true && (isOff || (reasoning === undefined && !thinksByDefault)) ? 'rest' : undefined;
}
