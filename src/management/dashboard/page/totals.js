// The sections “Totals”, “Models” and “Cost”: the figures of a period.

/** @import { Metrics, ModelFigures } from '../../shapes.ts' */

import { duration, money, number, percent, plural, rate, short } from './format.js';
import { find, keep, make, name, setText } from './element.js';

/** @typedef {'today' | 'week' | 'all'} Period */

const PERIODS = { today: 'since midnight', week: 'in the last 7 days', all: 'since the beginning' };

/** Possible error of what is known about the gateway's clock. */
const CLOCK_MS = 2_000;

/** The value of `since` in /gateway/metrics. @param {Period} period @param {Date} now by the gateway's clock */
export function sinceOf(period, now) {
  if (period === 'all') return null;
  if (period === 'week') return '7d';
  const midnight = new Date(now);
  midnight.setHours(0, 0, 0, 0);
  // `since` must be in the past, also at midnight itself.
  return new Date(Math.min(midnight.getTime(), now.getTime() - CLOCK_MS)).toISOString();
}

/** Label of two values, which the table's head explains. */
const QUANTILES = 'First token p50 · p99';

/** /gateway/metrics lists no more than this: if it lists as many, there may be others. */
const MOST_MODELS = 100;

/** @param {Metrics} metrics @param {Period} period */
export function showTotals({ summary, models }, period) {
  const asked = summary.total_requests > 0;
  const {
    unpriced_requests: unpriced,
    total_cache_read_tokens: read,
    total_cache_write_tokens: written,
  } = summary;
  /** @type {[label: string, value: string, more: string][]} */
  const tiles = [
    [
      'Requests',
      short(summary.total_requests),
      asked ? `${percent(summary.error_rate)} failed` : PERIODS[period],
    ],
    [
      'Cost',
      money(summary.total_cost_usd),
      unpriced > 0 ? `without ${plural(unpriced, 'unpriced request')}` : PERIODS[period],
    ],
    ['Tokens in', short(summary.total_input_tokens), `${short(read)} from cache, ${short(written)} into it`],
    [
      'Tokens out',
      short(summary.total_output_tokens),
      `from ${plural(models.length, 'model')}${models.length < MOST_MODELS ? '' : ' or more'}`,
    ],
    ['First token', asked && summary.avg_ttft_ms > 0 ? duration(summary.avg_ttft_ms) : '–', 'on average'],
    ['Whole answer', asked ? duration(summary.avg_latency_ms) : '–', 'on average'],
  ];
  keep(
    find('tiles', HTMLDListElement),
    tiles,
    ([label]) => label,
    ([label]) =>
      make('div', {}, make('dt', {}, label), make('dd', { class: 'value' }), make('dd', { class: 'quiet' })),
    (element, [, value, more]) => {
      const [figure, note] = element.querySelectorAll('dd');
      if (figure !== undefined) setText(figure, value);
      if (note !== undefined) setText(note, more);
    },
  );
}

/** Models before “Show all”. */
const FIRST_MODELS = 8;

/** @param {ModelFigures} figures */
const keyOfModel = ({ provider, model }) => JSON.stringify([provider, model]);

/**
 * @param {readonly ModelFigures[]} all
 * @param {Period} period
 * @param {boolean} isHeld what is below must not move: rows get their figures, new ones wait
 */
export function showModels(all, period, isHeld) {
  const more = find('more-models', HTMLButtonElement);
  const rows = find('model-rows', HTMLTableSectionElement);
  const isAll = more.getAttribute('aria-expanded') === 'true';
  let models = isAll ? all : all.slice(0, FIRST_MODELS);
  if (isHeld) {
    const shown = new Set([...rows.children].map((row) => row instanceof HTMLElement && row.dataset.key));
    models = all.filter((figures) => shown.has(keyOfModel(figures)));
  } else more.hidden = all.length <= FIRST_MODELS;
  const every = `Show ${all.length < MOST_MODELS ? 'all' : 'the first'} ${number(all.length)}`;
  setText(more, isAll ? `Show the first ${FIRST_MODELS}` : every);
  setText(find('models-window', HTMLParagraphElement), PERIODS[period]);
  if (!isHeld) find('models-empty', HTMLParagraphElement).hidden = models.length > 0;
  keep(
    rows,
    models,
    keyOfModel,
    ({ provider, model }) =>
      make(
        'tr',
        {},
        make(
          'th',
          { scope: 'row' },
          name(model, 'no model'),
          make('span', { class: 'quiet' }, name(provider, 'no provider')),
        ),
        ...['Requests', 'Failed', 'Tokens in', 'Tokens out', QUANTILES, 'Tokens/s', 'Cost'].map((label) =>
          make('td', { class: label === QUANTILES ? 'number wide' : 'number', 'data-label': label }),
        ),
      ),
    (element, figures) => {
      const values = [
        number(figures.requests),
        percent(figures.error_rate),
        short(figures.input_tokens),
        short(figures.output_tokens),
        figures.ttft_p50_ms === null
          ? '–'
          : `${duration(figures.ttft_p50_ms)} · ${duration(figures.ttft_p99_ms)}`,
        rate(figures.tokens_per_second),
        costOf(figures),
      ];
      for (const [index, cell] of element.querySelectorAll('td').entries())
        setText(cell, values[index] ?? '');
    },
  );
}

/**
 * Where requests have no price, a cost of 0 comes from failed or abandoned ones, and $0 for all would be a guess.
 * @param {Pick<ModelFigures, 'unpriced_requests' | 'cost_usd'>} figures
 */
function costOf({ unpriced_requests, cost_usd }) {
  return money(unpriced_requests > 0 && cost_usd === 0 ? null : cost_usd);
}

/** @typedef {'model' | 'provider' | 'agent' | 'project'} CostBy */

const NO_COST = {
  model: 'Nothing in this period has cost anything.',
  provider: 'Nothing in this period has cost anything.',
  agent: 'No request named its agent. Send the header x-sluice-agent, or agent_type in the body.',
  project: 'No request named its project. Send the header x-sluice-project, or project_id in the body.',
};

const BARS = 12;

/** Requests without a price, by the names of the bars. @param {Metrics} metrics @param {CostBy} by */
function unpricedBy({ models, providers, agents, projects }, by) {
  const rows = { model: models, provider: providers, agent: agents, project: projects }[by] ?? [];
  /** @type {Map<string, number>} */
  const unpriced = new Map();
  for (const row of rows) {
    const title = /** @type {Partial<Record<CostBy, string | null>>} */ (row)[by] ?? null;
    if (title !== null) unpriced.set(title, (unpriced.get(title) ?? 0) + row.unpriced_requests);
  }
  return unpriced;
}

/**
 * @param {Metrics} metrics
 * @param {CostBy} by
 * @param {boolean} isHeld what is below must not move: another number of bars waits
 */
export function showCosts(metrics, by, isHeld) {
  const served = new Set(metrics.models.flatMap(({ provider, model }) => (provider === null ? [] : [model])));
  const costs = Object.entries(metrics[`by_${by}`])
    // The rest are names that were asked for without any provider being asked, as over a budget.
    .filter(([title, cost]) => by !== 'model' || cost > 0 || served.has(title))
    .sort(([, one], [, other]) => other - one);
  const most = costs[0]?.[1] ?? 0;
  const unpriced = unpricedBy(metrics, by);
  const rest = costs.slice(BARS);
  const shown = costs.slice(0, BARS);
  if (rest.length > 0)
    shown.push([`${number(rest.length)} more`, rest.reduce((sum, [, cost]) => sum + cost, 0)]);
  const bars = find('cost-bars', HTMLUListElement);
  if (isHeld && shown.length !== bars.children.length) return;
  const empty = find('costs-empty', HTMLParagraphElement);
  setText(empty, NO_COST[by]);
  empty.hidden = costs.length > 0;
  keep(
    bars,
    shown,
    ([title]) => JSON.stringify([by, title]),
    ([title]) =>
      make(
        'li',
        {},
        make('span', { class: 'bar-name' }, name(title)),
        make('span', { class: 'figure' }),
        make('span', { class: 'bar' }, make('span', {})),
      ),
    (element, [title, cost]) => {
      const figure = element.querySelector('.figure');
      const figures = { cost_usd: cost, unpriced_requests: unpriced.get(title) ?? 0 };
      if (figure !== null) setText(figure, costOf(figures));
      const bar = element.querySelector('.bar span');
      if (bar instanceof HTMLElement)
        bar.style.inlineSize = `${most > 0 ? Math.min(100, (100 * cost) / most) : 0}%`;
    },
  );
}

/** Fills the suggestions of the requests' filters. @param {Metrics} metrics */
export function showKnownNames(metrics) {
  const lists = /** @type {const} */ ([
    ['known-models', metrics.by_model],
    ['known-providers', metrics.by_provider],
    ['known-agents', metrics.by_agent],
    ['known-projects', metrics.by_project],
  ]);
  for (const [id, names] of lists) {
    keep(
      find(id, HTMLDataListElement),
      Object.keys(names).slice(0, 200),
      (title) => title,
      (title) => make('option', { value: title }),
    );
  }
}
