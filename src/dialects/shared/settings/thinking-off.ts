// Whether a request asks for no thinking.
import type { ReasoningSettings } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

/** True if either setting says so: the switch, or an effort of none. */
export function isOff(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || settings?.effort === 'none';
}

/** Like `isOff`, except that an effort of none does not count if the switch says otherwise. */
export function isOffUnlessOn(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || (settings?.mode === undefined && settings?.effort === 'none');
}

/** Names an effort beside no thinking: to Claude it says how thorough the answer is to be, elsewhere how much is to be thought. */
export function reportIdleEffort({ mode, effort }: ReasoningSettings, losses: LossReport): void {
  if (mode === 'off' && effort !== undefined && effort !== 'none')
    losses.lost('reasoning_effort', 'no thinking is asked for');
}
