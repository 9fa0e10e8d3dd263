// The ledger as commands read it, beside a gateway that may be writing it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findHome } from '../config/load.ts';
import { createSqliteStore } from '../ledger/sqlite-store.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { CliContext, ParsedArguments } from './command.ts';
import { DATABASE_NAME } from './serve.ts';

/** Undefined where nothing was ever recorded. */
export function openLedgerStore(_: ParsedArguments, { environment }: CliContext): LedgerStore | undefined {
  const path = join(findHome(environment), DATABASE_NAME);
  return existsSync(path) ? createSqliteStore(path) : undefined;
}
