// How much of the model's thinking a client wants to see, for providers with fewer such settings.
import type { ReasoningSettings } from '../../../model/request.ts';
import type { LossReport } from '../losses/loss-report.ts';

const SUMMARY = 'reasoning_summary';

/** Whether the client wants to see none of it. */
export function isHidden(summary: string | undefined): boolean {
  return summary === 'omitted' || summary === 'none';
}

/** Whether the settings only hide thinking. Such a request does not ask a model to think that does not do so by itself. */
export function onlyHides({ mode, effort, budgetTokens, summary }: ReasoningSettings): boolean {
  return isHidden(summary) && mode === undefined && effort === undefined && budgetTokens === undefined;
}

/** @param hides whether the provider can be told to show nothing. */
export function reportSummary(summary: string | undefined, hides: boolean, losses: LossReport): void {
  if (isHidden(summary)) {
    if (!hides) losses.approximated(SUMMARY, 'the model shows its thinking');
  } else if (summary === 'concise' || summary === 'detailed' || summary === 'updates') {
    losses.approximated(SUMMARY, 'the client cannot choose how much of the thinking is shown');
  }
}
