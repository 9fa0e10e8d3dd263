// A ledger of before rows had headers of their requests, made from one of now; SQL of either store.

export const BEFORE_HEADERS = 'ALTER TABLE ledger_row DROP COLUMN request_headers';
