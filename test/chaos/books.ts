// Compares what clients saw of their requests with the ledger's rows.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';
import type { Ask, Seen } from './client.ts';

export interface Done {
  asked: Ask;
  seen: Seen;
}

/** Which statuses of the row agree with what the client saw. Who leaves may leave as the answer ends. */
const AGREES: Record<Seen['outcome'], readonly string[]> = {
  success: ['success'],
  failed: ['error', 'truncated'],
  left: ['aborted', 'success', 'error', 'truncated'],
  broken: [],
};

/** Status by request id, and how many tries a breaker kept from their provider, straight from the file. */
export function readRows(home: string): { rows: Map<string, string>; refusals: number } {
  const database = new Database(join(home, 'sluice.db'), { readonly: true });
  try {
    const found = database
      .query<{ request_id: string; status: string; attempts: string }, []>(
        'select request_id, status, attempts from ledger_row',
      )
      .all();
    return {
      rows: new Map(found.map(({ request_id, status }) => [request_id, status])),
      refusals: found.filter(({ attempts }) => attempts.includes('"skipped":"breaker_open"')).length,
    };
  } finally {
    database.close();
  }
}

export function compare(done: readonly Done[], rows: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  // Who leaves at once may have left before its request had arrived: that is the only way to have no row.
  const unheard = done.filter(({ seen }) => seen.outcome === 'left' && seen.requestId === null).length;
  if (rows.size > done.length || rows.size < done.length - unheard)
    problems.push(`${done.length} requests, ${unheard} of them left at once; ${rows.size} rows`);
  for (const { asked, seen } of done) {
    const what = `${asked.client} ${asked.stream ? 'stream' : 'whole'} of ${asked.model} (${asked.question})`;
    if (seen.outcome === 'broken') problems.push(`${what}: ${seen.why}`);
    // Who left before the head knows no id.
    if (seen.requestId === null) continue;
    const status = rows.get(seen.requestId);
    if (status === undefined) problems.push(`${what}: no row for ${seen.requestId}`);
    else if (seen.outcome !== 'broken' && !AGREES[seen.outcome].includes(status))
      problems.push(`${what}: the client saw ${seen.outcome}, the row says ${status}`);
  }
  return problems;
}

export function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
