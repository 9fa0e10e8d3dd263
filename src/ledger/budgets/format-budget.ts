// Budgets in words, for people.
import type { Budget } from '../../config/resolved.ts';
import { formatNames } from '../../model/request-names.ts';
import type { BudgetState } from './budget-book.ts';

/** For example `5 USD a day, agent code-*`, or `5 USD a day, each project`. */
export function formatBudget(budget: Budget): string {
  const { limitUsd, per } = budget;
  const limit = `${limitUsd} USD ${per === 'hour' ? 'an' : 'a'} ${per}`;
  return [limit, ...formatNames(budget)].join(', ');
}

/** If each has a limit of their own, this names the one whose state it is: `5 USD a day, project web`. */
export function formatSpentBudget({ budget }: BudgetState): string {
  const { each } = budget;
  if (each === null) return formatBudget(budget);
  const whose = budget[each] === '' ? { [each]: 'without a name' } : {};
  return formatBudget({ ...budget, ...whose, each: null });
}

/** Rounds to the cent; sums below 1 USD to two significant digits. */
export function formatUsd(usd: number): string {
  return `${usd >= 1 ? usd.toFixed(2) : Number(usd.toPrecision(2))} USD`;
}
