// How much of each budget is spent, above the bars of the section “Cost”.

/** @import { Budget } from '../shapes.ts' */

import { fullTime, money, plural } from './format.js';
import { find, keep, make, name, reachByKeys, setText } from './element.js';

const WHOSE = /** @type {const} */ (['agent', 'project', 'provider', 'model']);

/** @param {Budget} budget */
const keyOf = ({ per, until, limit_usd, each, ...budget }) =>
  JSON.stringify([per, until, limit_usd, each, ...WHOSE.map((what) => budget[what])]);

/**
 * @param {readonly Budget[]} budgets
 * @param {boolean} isHeld what is below must not move: another number of budgets waits
 */
export function showBudgets(budgets, isHeld) {
  const bars = find('budget-bars', HTMLUListElement);
  if (isHeld && budgets.length !== bars.children.length) return;
  bars.hidden = budgets.length === 0;
  keep(
    bars,
    budgets,
    keyOf,
    (budget) =>
      make(
        'li',
        { title: `until ${fullTime(new Date(budget.until))}` },
        make('span', {}, ...title(budget)),
        make('span', { class: 'figure' }),
        make('span', { class: 'bar' }, make('span', {})),
      ),
    (element, budget) => {
      const { spent_usd: spent, limit_usd: limit, unpriced_requests: unpriced, is_spent: isSpent } = budget;
      element.dataset.state = isSpent ? 'spent' : 'open';
      const figure = element.querySelector('.figure');
      const beside = unpriced > 0 ? `, ${plural(unpriced, 'unpriced request')}` : '';
      if (figure !== null)
        setText(figure, `${money(spent)} of ${money(limit)}${isSpent ? ', used up' : ''}${beside}`);
      const bar = element.querySelector('.bar span');
      if (bar instanceof HTMLElement)
        bar.style.inlineSize = `${limit > 0 ? Math.min(100, (100 * spent) / limit) : 100}%`;
    },
  );
  reachByKeys(bars);
}

/** @param {Budget} budget */
function title(budget) {
  const named = WHOSE.filter((what) => budget[what] !== undefined);
  return [`This ${budget.per}`, ...named.flatMap((what) => [`, ${what} `, name(budget[what])])];
}
