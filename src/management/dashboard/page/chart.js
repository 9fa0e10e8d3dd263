// The chart below the totals: requests, cost or tokens from hour to hour, day to day or month to month.

/** @import { SeriesPoint } from '../../shapes.ts' */
/** @import { Period } from './totals.js' */

import { money, number, percent, plural, short } from './format.js';
import { find, keep, make, setText } from './element.js';

/** @typedef {'requests' | 'cost' | 'tokens'} Measure */

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title the span of time in words
 * @property {string} tick the same in short
 * @property {number} requests
 * @property {number} failures
 * @property {number} cost
 * @property {number} unpriced
 * @property {number} tokens
 */

const HOUR_MS = 3_600_000;
/** More days than this are shown as months. */
const MOST_DAYS = 62;
/** Columns that are named below the chart, at most. */
const TICKS = 6;

const BY = { today: 'by hour', week: 'by day', days: 'by day (UTC)', months: 'by month (UTC)' };

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const localDay = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const localDate = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' });
const utcDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const utcMonth = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const utcMonthName = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' });

/** The value of `step` in /gateway/metrics. @param {Period} period */
export const stepOf = (period) => (period === 'all' ? 'day' : 'hour');

/**
 * @param {readonly SeriesPoint[]} series
 * @param {Period} period
 * @param {Date} now by the gateway's clock
 * @returns {{ by: string, columns: Column[] }}
 */
export function columnsOf(series, period, now) {
  const spans = period !== 'all' ? period : series.length > MOST_DAYS ? 'months' : 'days';
  /** @type {Map<string, Column>} */
  const columns = new Map();
  /** @param {Date} start */
  const columnAt = (start) => {
    const { title, tick } = NAMES[spans](start);
    const known = columns.get(title);
    if (known !== undefined) return known;
    const column = { key: title, title, tick, requests: 0, failures: 0, cost: 0, unpriced: 0, tokens: 0 };
    columns.set(title, column);
    return column;
  };
  for (const point of series) {
    const column = columnAt(new Date(point.start));
    column.requests += point.total_requests;
    column.failures += Math.round(point.error_rate * point.total_requests);
    column.cost += point.total_cost_usd;
    column.unpriced += point.unpriced_requests;
    column.tokens +=
      point.total_input_tokens +
      point.total_output_tokens +
      point.total_cache_read_tokens +
      point.total_cache_write_tokens;
  }
  // The rest of the day, so that columns keep their places.
  if (period === 'today') for (const hour of hoursAfter(series, now)) columnAt(hour);
  return { by: BY[spans], columns: [...columns.values()] };
}

/** @param {readonly SeriesPoint[]} series @param {Date} now */
function hoursAfter(series, now) {
  const midnight = new Date(now);
  midnight.setHours(24, 0, 0, 0);
  const hours = [];
  const last = series.at(-1);
  for (let at = Date.parse(last?.start ?? ''); at + HOUR_MS < midnight.getTime(); ) {
    at += HOUR_MS;
    hours.push(new Date(at));
  }
  return hours;
}

/** @type {Record<keyof typeof BY, (start: Date) => Pick<Column, 'title' | 'tick'>>} */
const NAMES = {
  today: (start) => {
    const [from, until] = [clock.format(start), clock.format(new Date(start.getTime() + HOUR_MS))];
    return { title: `${from}–${until}`, tick: from };
  },
  week: (start) => ({ title: localDay.format(start), tick: localDate.format(start) }),
  days: (start) => ({ title: utcDay.format(start), tick: utcDay.format(start) }),
  months: (start) => ({ title: utcMonth.format(start), tick: utcMonthName.format(start) }),
};

/** @param {number} value @param {Measure} measure */
const inWords = (value, measure) => (measure === 'cost' ? money(value) : short(value));

/** @param {Column} column */
function describe({ title, requests, failures, cost, unpriced, tokens }) {
  if (requests === 0) return `${title}: nothing`;
  const failed = failures === 0 ? '' : `, ${number(failures)} failed (${percent(failures / requests)})`;
  const price =
    unpriced === 0 ? money(cost) : `${money(cost)} without ${plural(unpriced, 'unpriced request')}`;
  return `${title}: ${plural(requests, 'request')}${failed}, ${price}, ${plural(tokens, 'token')}`;
}

/**
 * @param {readonly SeriesPoint[]} series
 * @param {Period} period
 * @param {Measure} measure
 * @param {Date} now
 */
export function showChart(series, period, measure, now) {
  const { by, columns } = columnsOf(series, period, now);
  const most = Math.max(0, ...columns.map((column) => column[measure]));
  const every = Math.ceil(columns.length / TICKS);
  setText(find('chart-title', HTMLHeadingElement), `${WORDS[measure]} ${by}`);
  setText(find('chart-most', HTMLParagraphElement), most > 0 ? `highest: ${inWords(most, measure)}` : '');
  keep(
    find('chart', HTMLOListElement),
    columns.map((column, index) => ({ column, tick: index % every === 0 ? column.tick : '' })),
    ({ column }) => column.key,
    () =>
      make(
        'li',
        {},
        make('span', { class: 'visually-hidden' }),
        make('span', { class: 'column', 'aria-hidden': 'true' }, make('span', { class: 'failed' })),
        make('span', { class: 'tick', 'aria-hidden': 'true' }),
      ),
    (element, { column, tick }) => {
      const words = describe(column);
      element.title = words;
      const [text, bar, label] = element.children;
      if (text !== undefined) setText(text, words);
      if (label !== undefined) setText(label, tick);
      if (!(bar instanceof HTMLElement)) return;
      const value = column[measure];
      bar.style.blockSize = share(value, most);
      bar.dataset.state = value > 0 ? 'some' : 'none';
      const failed = bar.firstElementChild;
      if (failed instanceof HTMLElement)
        failed.style.blockSize = share(measure === 'requests' ? column.failures : 0, column.requests);
    },
  );
}

const WORDS = { requests: 'Requests', cost: 'Cost', tokens: 'Tokens' };

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return `${whole > 0 ? (100 * part) / whole : 0}%`;
}
