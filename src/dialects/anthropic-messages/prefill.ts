// Which models continue a final turn of the assistant.
// https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response
import type { NeutralRequest } from '../../model/request.ts';
import type { TurnContinued } from '../quirks.ts';
import { traitsOf } from '../claude/models.ts';
import { isOff } from '../shared/settings/thinking-off.ts';

/** No model continues it while thinking. */
export function continuesTurn(
  { reasoning }: NeutralRequest,
  { model }: { model: string },
): TurnContinued | undefined {
  const { prefill, thinksByDefault } = traitsOf(model);
  return prefill === true && (isOff(reasoning) || (reasoning === undefined && !thinksByDefault))
    ? 'rest'
    : undefined;
}
