// How much of each budget is spent, above the bars of the section “Cost”.

/** @import { Budget } from '../shapes.ts' */

import { fullTime, money, plural } from './format.js';
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
  const beside = unpriced > 0 ? `, ${plural(unpriced, 'unpriced request')}` : '';
  return {
    key: JSON.stringify([per, until, limit, each, ...namesOf(budget)]),
    what: `This ${per}`,
    whose: budget,
    title: `until ${fullTime(new Date(until))}`,
    figure: `${money(spent)} of ${money(limit)}${isReached ? ', used up' : ''}${beside}`,
    share: limit > 0 ? spent / limit : 1,
    isReached,
  };
}
