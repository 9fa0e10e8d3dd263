// A SQLite file of before bodies were kept together, made from one of now.

export const BEFORE_BUNDLES: readonly string[] = [
  'ALTER TABLE ledger_row DROP COLUMN bundle',
  'ALTER TABLE ledger_row DROP COLUMN bundle_place',
  'DROP TABLE ledger_bundle',
];
