// Formats figures for people.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 2, maximumFractionDigits: 20 });
const megabytes = new Intl.NumberFormat('en', { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });

/** @param {number} count */
export const number = (count) => whole.format(count);

/** @param {number} count */
export const short = (count) => (count < 10_000 ? whole.format(count) : compact.format(count));

/** @param {number | null} dollars null: nobody knows the price */
export function money(dollars) {
  if (dollars === null) return 'unpriced';
  if (dollars === 0) return '$0';
  return `$${dollars < 0.1 ? small.format(dollars) : cents.format(dollars)}`;
}

/**
 * Where no token counts are known there is nothing to price.
 * @param {{ cost_usd: number | null, usage_known: boolean }} request
 */
export const costOf = ({ cost_usd, usage_known }) =>
  cost_usd === null && !usage_known ? '–' : money(cost_usd);

/** @param {number} bytes of a file: millions, usually */
export const size = (bytes) => megabytes.format(bytes / 1e6);

/** @param {number} share */
export const percent = (share) => `${oneDigit.format(share * 100)} %`;

/** @param {number | null} perSecond */
export const rate = (perSecond) =>
  perSecond === null ? '–' : perSecond < 1_000 ? oneDigit.format(perSecond) : short(perSecond);

/** @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms == null) return '–';
  if (ms < 10) return `${oneDigit.format(ms)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  return seconds < 60 ? `${oneDigit.format(seconds)} s` : span(seconds);
}

/** The age of a running request, with a fixed number of decimals, so that its digits do not move. @param {number} ms */
export const age = (ms) => (ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : span(ms / 1_000));

/** A duration in its two largest units. @param {number} seconds */
export function span(seconds) {
  const units = /** @type {const} */ ([
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ]);
  const at = Math.max(
    0,
    units.findIndex(([, size]) => seconds >= size),
  );
  let rest = Math.floor(seconds);
  const parts = units.slice(seconds < 1 ? -1 : at, seconds < 1 ? undefined : at + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return [count, unit];
  });
  return parts
    .filter(([count], index) => index === 0 || count !== 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** The time of day, with the date where it is another day. @param {Date} time @param {Date} now */
export function moment(time, now) {
  const today = time.toDateString() === now.toDateString();
  return today ? clock.format(time) : `${day.format(time)} ${clock.format(time)}`;
}

/** @param {Date} time */
export const fullTime = (time) => full.format(time);

/** @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
