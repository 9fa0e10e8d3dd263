// Makes a SQLite file of the time before bodies were stored together out of a present one.
import { BEFORE_HEADERS } from './older-headers.ts';

export const BEFORE_BUNDLES: readonly string[] = [
  ...BEFORE_HEADERS,
  'ALTER TABLE ledger_row DROP COLUMN bundle',
  'ALTER TABLE ledger_row DROP COLUMN bundle_place',
  'DROP TABLE ledger_bundle',
];
