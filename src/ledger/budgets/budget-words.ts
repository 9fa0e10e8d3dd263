// Budgets as people read them.
import type { Budget } from '../../config/resolved.ts';

/** Such as `5 USD a day, agent code-*`. */
export function budgetInWords(budget: Budget): string {
  const article = budget.per === 'hour' ? 'an' : 'a';
  return [`${budget.limitUsd} USD ${article} ${budget.per}`, ...whoseBudget(budget)].join(', ');
}

/** Such as `agent code-*`; none where it is that of all requests. */
function whoseBudget({ agent, project, provider, model }: Budget): string[] {
  return Object.entries({ agent, project, provider, model }).flatMap(([what, glob]) =>
    glob === null ? [] : [`${what} ${glob}`],
  );
}

/** To the cent, or as far as a smaller sum needs it. */
export function usdInWords(usd: number): string {
  return `${usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(2))} USD`;
}
