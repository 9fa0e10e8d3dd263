// `sluice ledger copy`: copies the rows of the embedded ledger into the store that the configuration names.
import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDED_STORE, secretsOfStore } from '../config/audit-store.ts';
import { loadConfig } from '../config/load.ts';
import { cleanBody } from '../gateway/record/clean-body.ts';
import type { BinaryPart } from '../ledger/rows/binary-parts.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { LedgerStore, RowPlace, StoredRow } from '../ledger/store.ts';
import { createRedactor } from '../model/redact/redact.ts';
import { messageOf } from '../model/thrown.ts';
import { number } from '../management/dashboard/page/format.js';
import { chosenAction } from './arguments.ts';
import { type CliContext, type Command, CommandFailure, type ParsedArguments } from './command.ts';
import { CONFIG_FLAG } from './config-flag.ts';
import { describeProblems } from './config-flags.ts';
import { gatewayOptions } from './gateway-client.ts';
import { findReadableHome } from './home.ts';
import { openEmbeddedStore } from './ledger-store.ts';
import { DATABASE_NAME } from './serve/serve-foreground.ts';

/** The rows of a page, without their bodies. */
const PAGE_ROWS = 1_000;
/** The most rows that are sent together; fewer if their bodies are long. */
const BATCH_ROWS = 100;
const BATCH_CHARACTERS = 8 * 1024 * 1024;
const PAGES_BETWEEN_NEWS = 10;

type Action = (input: ParsedArguments, context: CliContext) => Promise<number>;

const ACTIONS: Record<string, Action> = { copy };

export const ledgerCommand: Command = {
  name: 'ledger',
  summary:
    'Copy the embedded ledger (FILE, or sluice.db in $SLUICE_HOME) into the PostgreSQL that audit.store names: copy [FILE].',
  flags: { config: CONFIG_FLAG },
  operands: ['ACTION', '[FILE]'],
  choices: Object.keys(ACTIONS),
  examples: [
    ['ledger copy', 'From a laptop’s ledger into the one that gateways share; again, for what is missing.'],
  ],
  run: (input, context) => chosenAction('ledger', input.operands[0], ACTIONS)(input, context),
};

async function copy(input: ParsedArguments, context: CliContext): Promise<number> {
  const loaded = loadConfig(gatewayOptions(input, context));
  for (const { line } of describeProblems(loaded)) context.err(line);
  if (loaded.config === null)
    throw new CommandFailure('the configuration, which names the store, is not valid');
  const { store, retentionMs } = loaded.config.audit;
  if (store === EMBEDDED_STORE)
    throw new CommandFailure(
      'audit.store names no PostgreSQL to copy into: set it to its address first, and start the gateway again',
    );
  const path = input.operands[1] ?? join(findReadableHome(context.environment), DATABASE_NAME);
  if (!existsSync(path)) throw new CommandFailure(`${path} does not exist: nothing was recorded there`);
  requireLedger(path);
  const from = openEmbeddedStore(path);
  const { createPostgresStore } = await import('../ledger/postgres/store.ts');
  const to = createPostgresStore(store);
  try {
    const keptSince = () => (retentionMs === null ? null : Date.now() - retentionMs);
    const { rows, copied, missing } = await copyRows(from, to, keptSince, (text) => context.err(text));
    if (missing > 0)
      throw new CommandFailure(`${number(missing)} of ${number(rows)} rows are not there: copy again`);
    context.out(
      `${number(rows)} rows are there: ${number(copied)} were copied, the others were there before`,
    );
    const since = keptSince();
    const older = since === null ? 0 : await rowsBefore(from, since);
    if (older > 0)
      context.out(
        `${number(older)} rows are older than audit.retention, and were left where they are; with a longer one they are copied, too`,
      );
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommandFailure) throw thrown;
    const reason = createRedactor(secretsOfStore(store)).ofFailure(messageOf(thrown));
    throw new CommandFailure(`${reason}; copy again for what is missing: nothing is copied twice`, {
      cause: thrown,
    });
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

/** Without this check another program's database would also become a ledger when opened. Throws CommandFailure. */
function requireLedger(path: string): void {
  try {
    const database = new Database(path, { readonly: true });
    try {
      if (database.query("SELECT 1 FROM sqlite_master WHERE name = 'ledger_row'").get() !== null) return;
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new CommandFailure(`${path} cannot be read: ${messageOf(cause)}; name the sluice.db of a gateway`, {
      cause,
    });
  }
  throw new CommandFailure(`${path} is no ledger; name the sluice.db of a gateway`);
}

/**
 * Copies the newest first. Which rows are there is asked before and after, so that a copy that was interrupted continues where it ended.
 * @param keptSince the present limit, Unix ms; null keeps all. Of rows that expire there, even during the copy, the sums remain: copied
 * again, they would be counted twice.
 */
export async function copyRows(
  from: LedgerStore,
  to: LedgerStore,
  keptSince: () => number | null,
  say: (text: string) => void,
): Promise<{ rows: number; copied: number; missing: number }> {
  /** The limit is read first: a row that is not there and has not expired by then was never there. */
  const missingOf = async (asked: readonly StoredRow[]) => {
    const absent = await missingIn(to, asked);
    const since = keptSince();
    return since === null ? absent : absent.filter(({ timestamp }) => timestamp >= since);
  };
  let rows = 0;
  let copied = 0;
  let missing = 0;
  let pages = 0;
  const since = keptSince();
  for await (const { page, total } of pagesOf(from, since === null ? {} : { startTime: since })) {
    const wanted = await missingOf(page);
    for await (const batch of batchesOf(from, wanted)) await to.append(batch);
    missing += (await missingOf(wanted)).length;
    copied += wanted.length;
    rows += page.length;
    pages += 1;
    if (pages % PAGES_BETWEEN_NEWS === 0) say(`${number(rows)} of ${number(total)} rows`);
  }
  return { rows, copied: copied - missing, missing };
}

async function rowsBefore(store: LedgerStore, time: number): Promise<number> {
  return (await store.audit({ endTime: time - 1, limit: 1, offset: 0, includeBodies: false })).total;
}

async function* pagesOf(
  store: LedgerStore,
  within: { startTime?: number; endTime?: number } = {},
): AsyncGenerator<{ page: StoredRow[]; total: number }> {
  for (let before: RowPlace | undefined; ; ) {
    const filter = { ...within, limit: PAGE_ROWS, offset: 0, includeBodies: false };
    const { rows, total, hasOlder } = await store.audit({
      ...filter,
      ...(before !== undefined && { before }),
    });
    if (rows.length > 0) yield { page: rows, total };
    before = rows.at(-1);
    if (!hasOlder || before === undefined) return;
  }
}

/** Other gateways may have recorded rows of the same time there. */
async function missingIn(store: LedgerStore, rows: readonly StoredRow[]): Promise<StoredRow[]> {
  const [newest, oldest] = [rows[0], rows.at(-1)];
  if (newest === undefined || oldest === undefined) return [];
  const missing = new Map(rows.map((row) => [row.requestId, row]));
  for await (const { page } of pagesOf(store, { startTime: oldest.timestamp, endTime: newest.timestamp }))
    for (const { requestId } of page) missing.delete(requestId);
  return [...missing.values()];
}

/** Reads the rows with their bodies. */
async function* batchesOf(store: LedgerStore, rows: readonly StoredRow[]): AsyncGenerator<LedgerRow[]> {
  let batch: LedgerRow[] = [];
  let characters = 0;
  for (const { requestId } of rows) {
    const filter = { requestId, limit: 1, offset: 0, includeBodies: true, includeBinaries: true };
    const [whole] = (await store.audit(filter)).rows;
    // The row has expired meanwhile.
    if (whole === undefined) continue;
    batch.push(asRecorded(whole));
    characters += (whole.requestBody?.length ?? 0) + (whole.responseBody?.length ?? 0);
    if (batch.length < BATCH_ROWS && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/** The row as a store takes it, with binary parts apart from the bodies. Secrets were removed when it was recorded. */
function asRecorded({ id: _inItsStore, ...row }: StoredRow): LedgerRow {
  const binaries: BinaryPart[] = [];
  const requestBody = cleanBody(row.requestBody, 'request', null, binaries);
  const responseBody = cleanBody(row.responseBody, 'response', null, binaries);
  return { ...row, requestBody, responseBody, ...(binaries.length > 0 && { binaries }) };
}
