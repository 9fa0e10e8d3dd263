// Bars that show how much of each limit is used: budgets and rate limits.

import { find, keep, make, name, reachByKeys, setText } from './element.js';

/**
 * @typedef {object} UsageBar
 * @property {string} key identifies the limit
 * @property {string} what the limit in words, before the names of those it is for
 * @property {Limited} whose
 * @property {string} [title] shown when the pointer is on it
 * @property {string} figure how much of it is used, in words
 * @property {number} share from 0; more than 1 is shown as 1
 * @property {boolean} isReached
 */

/**
 * For whom a limit is. Left out: anyone; null: those without a name.
 * @typedef {{ agent?: string | null, project?: string | null, provider?: string | null, model?: string | null }} Limited
 */

const WHOSE = /** @type {const} */ (['agent', 'project', 'provider', 'model']);

/** @param {Limited} limit */
export const namesOf = (limit) => WHOSE.map((what) => limit[what]);

/**
 * @param {string} id of the list
 * @param {readonly UsageBar[]} bars
 * @param {boolean} isHeld what is below must not move: another number of bars waits
 */
export function showUsageBars(id, bars, isHeld) {
  const list = find(id, HTMLUListElement);
  if (isHeld && bars.length !== list.children.length) return;
  list.hidden = bars.length === 0;
  keep(
    list,
    bars,
    ({ key }) => key,
    ({ title, what, whose }) =>
      make(
        'li',
        { title },
        make('span', {}, what, ...namesIn(whose)),
        make('span', { class: 'figure' }),
        make('span', { class: 'bar' }, make('span', {})),
      ),
    (element, { figure, share, isReached }) => {
      element.dataset.state = isReached ? 'spent' : 'open';
      const text = element.querySelector('.figure');
      if (text !== null) setText(text, figure);
      const bar = element.querySelector('.bar span');
      if (bar instanceof HTMLElement) bar.style.inlineSize = `${Math.min(100, 100 * share)}%`;
    },
  );
  reachByKeys(list);
}

/** @param {Limited} whose */
function namesIn(whose) {
  const named = WHOSE.filter((what) => whose[what] !== undefined);
  return named.flatMap((what) => [`, ${what} `, name(whose[what])]);
}
