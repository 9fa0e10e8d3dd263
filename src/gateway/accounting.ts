// Counts and records requests: their records while they run, their rows, and what they add to budgets, rate limits and metrics.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { Ledger, RowTaker } from '../ledger/ledger.ts';
import { createLedger } from '../ledger/queue/recorder.ts';
import { NO_SPILL } from '../ledger/queue/spill.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { GatewayError } from '../model/errors.ts';
import type { Redactor } from '../model/redact/redact.ts';
import { createMeter, type Meter } from '../telemetry/meter.ts';
import { type Budgets, createBudgets } from './budgets.ts';
import type { GatewayHost } from './host.ts';
import type { LiveView } from './live/view.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { ExchangeRecord, type RecordContext } from './record/record.ts';
import { createRequestLog } from './request-log.ts';
import { noteServed } from './routing.ts';
import type { Setup } from './setup.ts';
import { createRemoteLog } from './shared-server.ts';

export interface Accounting {
  /** Null where nothing is recorded, or where another process does it. */
  ledger: Ledger | null;
  /** Whether rows are written, in this process or another. */
  isRecorded: boolean;
  budgets: Budgets;
  rateLimits: RateLimits;
  /** Has counted every request since the start if this is the only process. */
  meter: Meter;
  /** The records of the running requests. */
  active: ReadonlySet<ExchangeRecord>;
  /** Begins the record of a request that has just arrived. */
  newRecord(dialect: LedgerRow['clientDialect'], redact: Redactor): ExchangeRecord;
  /** Adds what a request that is still running has used so far to budgets and rate limits. */
  countSoFar(record: ExchangeRecord): void;
  /** Counts later requests by this configuration; running ones keep their prices. */
  configure(setup: Setup): void;
  /** Ends the conversations that this configuration no longer allows. */
  recheck({ config }: Setup): void;
  /** Ends all running requests with this error; each is recorded when its end has been sent. */
  cancelRunning(why: GatewayError): void;
  /** Like `cancelRunning`, but records them as aborted now. */
  abortRunning(why: GatewayError): void;
  /** Passes on what has been counted and recorded so far; resolves also when the store refuses. */
  flush(): Promise<void>;
  /** Like `flush`, for the last time. */
  close(): Promise<void>;
}

/** @param current the configuration in force. */
export function createAccounting(
  host: GatewayHost,
  live: LiveView,
  initial: Setup,
  current: () => ResolvedConfig,
): Accounting {
  const { fleet } = host;
  const ledger = fleet === undefined ? openLedger(host, current) : null;
  const rows: RowTaker | null = fleet?.rows ?? ledger;
  const budgets = createBudgets(host, ledger);
  const active = new Set<ExchangeRecord>();
  let { redactor } = initial;
  const rateLimits = createRateLimits({
    elapsed: host.elapsed ?? host.monotonic,
    counters: fleet?.counters,
    connect: host.connectRemoteCount,
    running: () => [...active].flatMap(({ counted }) => (counted === null ? [] : [counted])),
    remoteChanged: fleet?.remoteChanged ?? createRemoteLog(host.log),
    redact: (text) => redactor.ofFailure(text),
  });
  const meter = createMeter();
  const logRequest = createRequestLog(host);
  let recordContext = recordContextOf(initial);
  configure(initial);

  function configure(setup: Setup): void {
    recordContext = recordContextOf(setup);
    redactor = setup.redactor;
    budgets.configure(setup.config.costs.budgets, setup.price);
    rateLimits.configure(setup.config);
  }

  function recordContextOf({ price }: Setup): RecordContext {
    return {
      noted: countRow,
      ledger: rows,
      now: host.now,
      monotonic: host.monotonic,
      setTimer: host.setTimer,
      price: (target, model, seen, at) => price(target.provider, model, seen.usage, at, seen),
      onEnd(ended) {
        active.delete(ended);
        rateLimits.ended(ended);
        noteServed(ended);
      },
    };
  }

  function countRow(row: LedgerRow): void {
    logRequest(row);
    budgets.see(row);
    // Where several processes serve, one of them counts for all.
    if (fleet !== undefined) return;
    meter.see(row);
    host.telemetry?.see(row);
  }

  return {
    ledger,
    isRecorded: rows !== null,
    budgets,
    rateLimits,
    meter,
    active,
    newRecord(dialect, redact) {
      const requestId = host.randomId();
      const own = { redact, live: live.open(requestId, redact) };
      const record = new ExchangeRecord(requestId, dialect, own, recordContext);
      active.add(record);
      return record;
    },
    countSoFar(record) {
      budgets.countSoFar(record);
      rateLimits.countSoFar(record);
    },
    configure,
    recheck({ config }) {
      for (const record of [...active]) {
        const why = record.recheck?.(config.server);
        if (why !== undefined) record.cancel(why);
      }
    },
    cancelRunning(why) {
      for (const record of [...active]) record.cancel(why);
    },
    abortRunning(why) {
      for (const record of active) {
        record.httpStatus ||= 499;
        record.end({ status: 'aborted' });
        record.cancel(why);
      }
    },
    async flush() {
      budgets.flush();
      await rows?.flush();
    },
    async close() {
      budgets.stop();
      await Promise.all([rateLimits.close(), rows?.close()]);
    },
  };
}

/** Null where nothing is to be recorded. */
function openLedger(host: GatewayHost, current: () => ResolvedConfig): Ledger | null {
  if (host.ledgerStore === null || !current().audit.enabled) return null;
  return createLedger(host.ledgerStore, {
    now: host.now,
    monotonic: host.monotonic,
    setTimer: host.setTimer,
    retentionMs: () => current().audit.retentionMs,
    spill: host.openSpill?.(() => current().audit.maxSpill) ?? NO_SPILL,
    log: host.log,
  });
}
