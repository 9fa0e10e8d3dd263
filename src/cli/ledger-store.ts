// How commands read the ledger, while a gateway may be writing it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDED_STORE } from '../config/audit-store.ts';
import { loadConfig } from '../config/load.ts';
import { isDamage } from '../ledger/sqlite/recovering-store.ts';
import { createSqliteStore } from '../ledger/sqlite/store.ts';
import type { LedgerStore } from '../ledger/store.ts';
import { sqliteError } from '../ledger/store-errors.ts';
import type { CliContext, ParsedArguments } from './command.ts';
import { describeProblems } from './config-flags.ts';
import { gatewayOptions } from './gateway-client.ts';
import { findReadableHome } from './home.ts';
import { DATABASE_NAME } from './serve/serve-foreground.ts';

/**
 * The ledger that the configuration names, or else the embedded one; undefined where nothing was ever recorded. Throws an
 * error that says what is wrong with its file.
 */
export async function openLedgerStore(
  input: ParsedArguments,
  context: CliContext,
): Promise<LedgerStore | undefined> {
  const loaded = loadConfig(gatewayOptions(input, context));
  // The configuration may name another store than the embedded one.
  if (loaded.config === null) for (const { line } of describeProblems(loaded)) context.err(line);
  const store = loaded.config?.audit.store ?? EMBEDDED_STORE;
  if (store !== EMBEDDED_STORE)
    return (await import('../ledger/postgres/store.ts')).createPostgresStore(store);
  const path = join(findReadableHome(context.environment), DATABASE_NAME);
  if (!existsSync(path)) {
    if (loaded.config === null)
      throw new Error('the configuration, which may name another store, is not valid here');
    return undefined;
  }
  return openEmbeddedStore(path);
}

/** Throws an error that says what is wrong with the file. */
export function openEmbeddedStore(path: string): LedgerStore {
  try {
    return createSqliteStore(path);
  } catch (cause) {
    if (!isDamage(cause)) throw sqliteError(path, cause);
    const remedy = 'the file is damaged; the next gateway to start sets it aside and creates a new one';
    throw new Error(`${path}: ${cause.message}; ${remedy}`, { cause });
  }
}
