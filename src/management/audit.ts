// GET /gateway/audit: the rows of the ledger, filtered.
import { flushed } from './flushed.ts';
import { ROW_OPERATIONS, ROW_STATUSES } from '../ledger/rows/row.ts';
import type { AuditFilter, AuditRows, LedgerStore, RowPlace } from '../ledger/store.ts';
import { ManagementError } from './answer.ts';
import { describeRow } from './audit-entry.ts';
import { answerLongList } from './long-list.ts';
import type { ManagementDeps } from './management.ts';
import type { AuditEntry } from './shapes.ts';
import {
  badParameter,
  readChoice,
  readBoolean,
  readFlag,
  readInteger,
  readText,
  readTime,
  refuseUnknown,
} from './query.ts';

const PARAMETERS = [
  'start_time',
  'end_time',
  'request_id',
  'agent_type',
  'provider',
  'model',
  'project_id',
  'operation',
  'status',
  'success',
  'limit',
  'offset',
  'before',
  'include_bodies',
  'include_binaries',
] as const;

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export async function readAudit(deps: ManagementDeps, query: URLSearchParams): Promise<object> {
  if (deps.ledger === null) {
    throw new ManagementError(
      404,
      'audit_disabled',
      'nothing is recorded: set audit.enabled to true in the configuration and restart the gateway',
    );
  }
  const filter = readFilter(query);
  await flushed(deps);
  const { store } = deps.ledger;
  if (filter.includeBodies) return answerWithBodies(store, filter, deps);
  const found = await store.audit(filter);
  return {
    entries: found.rows.map((row) => describeRow(row, false)),
    total: found.total,
    next: cursorOf(found),
  };
}

/** A thousand rows with two bodies of a megabyte each are gigabytes: with bodies, the store is read a few rows at a time. */
const ROWS_AT_ONCE = 16;

async function answerWithBodies(
  store: LedgerStore,
  filter: AuditFilter,
  { setTimer }: ManagementDeps,
): Promise<Response> {
  // Binary parts can make a single row half a gigabyte.
  const atOnce = filter.includeBinaries === true ? 1 : ROWS_AT_ONCE;
  let found = await store.audit({ ...filter, limit: Math.min(filter.limit, atOnce) });
  const { total } = found;

  async function* entries(): AsyncGenerator<AuditEntry, void> {
    for (let left = filter.limit; ; ) {
      for (const row of found.rows) yield describeRow(row, true);
      left -= found.rows.length;
      const last = found.rows.at(-1);
      if (left === 0 || last === undefined || !found.hasOlder) return;
      const before = { timestamp: last.timestamp, id: last.id };
      found = await store.audit({ ...filter, offset: 0, before, limit: Math.min(left, atOnce) });
    }
  }

  return answerLongList({
    name: 'entries',
    items: entries(),
    rest: () => ({ total, next: cursorOf(found) }),
    pause: () => new Promise<void>((resolve) => void setTimer(resolve, 0)),
  });
}

function readFilter(query: URLSearchParams): AuditFilter {
  refuseUnknown(query, PARAMETERS);
  const startTime = readTime(query, 'start_time');
  const endTime = readTime(query, 'end_time');
  if (startTime !== undefined && endTime !== undefined && startTime > endTime) {
    throw badParameter('start_time', 'is later than end_time');
  }
  const filter: Partial<AuditFilter> = withoutUndefined({
    startTime,
    endTime,
    requestId: readText(query, 'request_id'),
    agentType: readText(query, 'agent_type'),
    provider: readText(query, 'provider'),
    model: readText(query, 'model'),
    projectId: readText(query, 'project_id'),
    operation: readChoice(query, 'operation', ROW_OPERATIONS),
    status: readChoice(query, 'status', ROW_STATUSES),
    success: readBoolean(query, 'success'),
    before: readCursor(query, 'before'),
  });
  const offset = readInteger(query, 'offset', { max: Number.MAX_SAFE_INTEGER }) ?? 0;
  if (filter.before !== undefined && offset > 0)
    throw badParameter('offset', 'cannot be combined with before, which already says where the page begins');
  return {
    ...filter,
    limit: readInteger(query, 'limit', { max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
    offset,
    includeBodies: readFlag(query, 'include_bodies') ?? false,
    includeBinaries: readFlag(query, 'include_binaries') ?? false,
  };
}

const CURSOR = /^(\d{1,15})-(\d{1,15})$/;

/** The value of `before` that continues after these rows; null where there are no older ones. */
function cursorOf({ rows, hasOlder }: AuditRows): string | null {
  const last = rows.at(-1);
  return last === undefined || !hasOlder ? null : `${last.timestamp}-${last.id}`;
}

function readCursor(query: URLSearchParams, name: string): RowPlace | undefined {
  const text = readText(query, name);
  if (text === undefined) return undefined;
  const [, timestamp, id] = CURSOR.exec(text) ?? [];
  if (timestamp === undefined) throw badParameter(name, 'must be the value of "next" in the previous answer');
  return { timestamp: Number(timestamp), id: Number(id) };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Defined<T>;
}
