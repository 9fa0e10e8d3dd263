// Budgets as people read them.
import type { Budget } from '../../config/resolved.ts';
import type { BudgetState } from './budget-book.ts';

/** Such as `5 USD a day, agent code-*`, or `5 USD a day, each project`. */
export function budgetInWords(budget: Budget): string {
  const { limitUsd, per, each, agent, project, provider, model } = budget;
  const limit = `${limitUsd} USD ${per === 'hour' ? 'an' : 'a'} ${per}`;
  const whose = Object.entries({ agent, project, provider, model }).flatMap(([what, glob]) => {
    if (what === each) return `each ${what}${glob === null ? '' : ` ${glob}`}`;
    return glob === null ? [] : `${what} ${glob}`;
  });
  return [limit, ...whose].join(', ');
}

/** Of those who have it each for themselves, the one whose state it is: `5 USD a day, project web`. */
export function spentBudgetInWords({ budget }: BudgetState): string {
  const { each } = budget;
  if (each === null) return budgetInWords(budget);
  const whose = budget[each] === '' ? { [each]: 'without a name' } : {};
  return budgetInWords({ ...budget, ...whose, each: null });
}

/** To the cent, or as far as a smaller sum needs it. */
export function usdInWords(usd: number): string {
  return `${usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(2))} USD`;
}
