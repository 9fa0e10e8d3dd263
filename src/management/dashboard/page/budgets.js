// How much of each budget is spent, above the bars of the section “Cost”.

/** @import { Budget } from '../../shapes.ts' */

import { fullTime, money, number } from './format.js';
import { namesOf, showUsageBars } from './usage-bars.js';

/**
 * @param {readonly Budget[]} budgets
 * @param {boolean} isHeld as of `showUsageBars`
 */
export function showBudgets(budgets, isHeld) {
  showUsageBars('budget-bars', budgets.map(barOf), isHeld);
}

/** @param {Budget} budget */
function barOf(budget) {
  const { per, until, each, limit_usd: limit, spent_usd: spent, is_spent: isReached } = budget;
  const unpriced = budget.unpriced_requests;
  // Lines break behind a comma.
  const beside = unpriced > 0 ? `, ${number(unpriced)}\u00a0unpriced` : '';
  return {
    key: JSON.stringify([per, until, limit, each, ...namesOf(budget)]),
    what: `This ${per}`,
    whose: budget,
    title: `until ${fullTime(new Date(until))}`,
    figure: `${money(spent)} of ${money(limit)}${isReached ? ', used\u00a0up' : ''}${beside}`,
    share: limit > 0 ? spent / limit : 1,
    isReached,
  };
}
