// Makes a ledger of the time before rows had request headers out of a present one; SQL of either store.

/** And of before each hour and day had totals. */
export const BEFORE_TOTALS = 'DROP TABLE ledger_total';

export const BEFORE_HEADERS: readonly string[] = [
  BEFORE_TOTALS,
  'ALTER TABLE ledger_row DROP COLUMN request_headers',
];
