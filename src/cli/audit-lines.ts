// The audit log as lines: the newest requests, and new ones as they are recorded.

import { tokensPerSecond } from '../ledger/speed.ts';
import type { LedgerStore, RowPlace, StoredRow } from '../ledger/store.ts';
import { describeRow } from '../management/audit-entry.ts';
import { readPidFile } from '../server/pid-file.ts';
import { countFlag } from './arguments.ts';
import { type CliContext, CommandFailure, type ParsedArguments } from './command.ts';
import { costIn, tokensIn, UNKNOWN } from './figures.ts';
import { askGateway, findGateway, pidFilePath } from './gateway-client.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createLooks, untilShutdown } from './serve/until-shutdown.ts';
import { localTime } from '../model/local-time.ts';
import { messageOf } from '../model/thrown.ts';

const DEFAULT_LINES = 20;
const POLL_MS = 500;
/** How long a gateway may take to write the rows it holds. */
const FLUSH_MS = 1_000;
/** In stores ordered by time, new rows are looked for from this long before the last row on: some conversations last for hours. */
const LONGEST_REQUEST_MS = 6 * 3_600_000;

/** Reads the ledger itself, so that no gateway needs to run. */
export async function printAuditLines(input: ParsedArguments, context: CliContext): Promise<number> {
  const count = countFlag(input, 'lines', { least: 0 }) ?? DEFAULT_LINES;
  await writeWhatWaits(input, context);
  let store: LedgerStore | undefined;
  const print = (row: StoredRow) =>
    context.out(input.flags.json ? JSON.stringify(describeRow(row, false)) : formatRow(row));
  try {
    store = await openLedgerStore(input, context);
    if (store === undefined) {
      context.err('nothing has been recorded yet');
      return input.flags.follow ? 1 : 0;
    }
    // Marked before the newest are read, so that none is missed in between.
    let last = input.flags.follow ? await lastKept(store) : undefined;
    const rows = count === 0 ? [] : (await store.recent(count)).reverse();
    for (const row of rows) print(row);
    if (last === undefined) return 0;
    const shown = new Set(rows.map(({ id }) => id));
    const looks = createLooks(untilShutdown(context));
    while (!looks.isOver()) {
      const fresh = await rowsAfter(store, last);
      for (const row of fresh) if (!shown.has(row.id)) print(row);
      last = lastOf(fresh, last);
      await looks.pause(POLL_MS);
    }
    return 0;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    context.err(`error: the ledger cannot be read: ${messageOf(error)}`);
    return 1;
  } finally {
    await store?.close();
  }
}

/** A background gateway writes the rows it holds before it answers. If it does not answer, they come a moment later. */
async function writeWhatWaits(input: ParsedArguments, context: CliContext): Promise<void> {
  const { server } = readPidFile(pidFilePath(context.environment));
  if (server === undefined) return;
  const gateway = { ...findGateway(input, context), url: server.url };
  const signal = AbortSignal.timeout(FLUSH_MS);
  await askGateway(gateway, '/gateway/audit?limit=0', { signal }).catch(() => undefined);
}

type Recent = Pick<LedgerStore, 'recent'>;

/** Rows are kept as requests end: one that ran long may be kept after the newest. */
async function lastKept(store: Recent): Promise<RowPlace> {
  const newest = lastOf(await store.recent(1), { id: 0, timestamp: 0 });
  return lastOf(await rowsAfter(store, newest), newest);
}

function lastOf(rows: readonly RowPlace[], before: RowPlace): RowPlace {
  return rows.reduce(
    (last, { id, timestamp }) => ({
      id: Math.max(last.id, id),
      timestamp: Math.max(last.timestamp, timestamp),
    }),
    before,
  );
}

/** The rows after this one, oldest first. */
async function rowsAfter(store: Recent, { id, timestamp }: RowPlace) {
  // A row may lie in the future if the clock was ahead and has been set back.
  const begunSince = Math.min(timestamp, Date.now()) - LONGEST_REQUEST_MS;
  for (let limit = 100; ; limit *= 10) {
    const fresh = await store.recent(limit, { id, begunSince });
    if (fresh.length < limit) return fresh.reverse();
  }
}

/** The target that served it. Where no provider was asked, the model that was asked for, which may contain a provider's name. */
function targetIn({ provider, model }: StoredRow): string {
  return provider === null ? (model ?? UNKNOWN) : `${provider}/${model ?? UNKNOWN}`;
}

/** The targets that failed or were skipped before, with the number of times: `after openai/gpt-5 ×3`. */
function triedBefore({ attempts, status }: StoredRow): string[] {
  const before = status === 'success' ? attempts : attempts.slice(0, -1);
  const times = new Map<string, number>();
  for (const { provider, model, error, skipped } of before) {
    if (error === null && skipped === undefined) continue;
    const target = `${provider}/${model}`;
    times.set(target, (times.get(target) ?? 0) + 1);
  }
  if (times.size === 0) return [];
  return [
    `after ${[...times].map(([target, count]) => (count === 1 ? target : `${target} ×${count}`)).join(', ')}`,
  ];
}

function formatRow(row: StoredRow): string {
  const { usage } = row;
  const speed = tokensPerSecond(row);
  const cells = [
    localTime(row.timestamp),
    row.status.padEnd(9),
    String(row.httpStatus),
    targetIn(row),
    `${tokensIn(row.usageKnown, usage.inputTokens, usage.outputTokens)} tokens`,
    costIn(row.costUsd, row.usageKnown),
    `${Math.round(row.latencyMs)} ms`,
    ...(row.ttftMs === null ? [] : [`first token ${Math.round(row.ttftMs)} ms`]),
    ...(speed === null ? [] : [`${Math.round(speed)} tokens/s`]),
    ...triedBefore(row),
    ...(row.agentType === null ? [] : [`agent ${row.agentType}`]),
    ...(row.projectId === null ? [] : [`project ${row.projectId}`]),
    row.requestId,
    ...(row.errorMessage === null ? [] : [`${row.errorCode}: ${row.errorMessage.replaceAll(/\s+/g, ' ')}`]),
  ];
  return cells.join('  ');
}
