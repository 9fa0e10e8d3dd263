// The ledger as commands read it, beside a gateway that may be writing it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDED_STORE } from '../config/audit-store.ts';
import { findHome } from '../config/load.ts';
import { createSqliteStore } from '../ledger/sqlite-store.ts';
import type { LedgerStore } from '../ledger/store.ts';
import type { CliContext, ParsedArguments } from './command.ts';
import { loadFromFlags } from './config-flags.ts';
import { DATABASE_NAME } from './serve-foreground.ts';

/** The one that the configuration names, else the embedded one; undefined where nothing was ever recorded. */
export async function openLedgerStore(
  input: ParsedArguments,
  context: CliContext,
): Promise<LedgerStore | undefined> {
  const store = loadFromFlags(input, context).config?.audit.store ?? EMBEDDED_STORE;
  if (store !== EMBEDDED_STORE)
    return (await import('../ledger/postgres-store.ts')).createPostgresStore(store);
  const path = join(findHome(context.environment), DATABASE_NAME);
  return existsSync(path) ? createSqliteStore(path) : undefined;
}
