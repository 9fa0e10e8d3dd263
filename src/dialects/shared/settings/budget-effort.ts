// The effort that stands for a budget of thinking tokens, where a model takes no budget.
import type { ReasoningEffort } from '../../../model/request.ts';

/** Up to these token counts, budgets map to low and medium. Anthropic's least is 1024, its usual maximum 32k. */
const LOW_BUDGET = 4096;
const MEDIUM_BUDGET = 16_384;

export function effortForBudget(tokens: number): ReasoningEffort {
  if (tokens <= LOW_BUDGET) return 'low';
  return tokens <= MEDIUM_BUDGET ? 'medium' : 'high';
}
