// The timing of one request, as its row has it.
import type { Attempt, RowTiming } from '../../ledger/rows/row.ts';
import { packHistogram, quantileOf } from '../../model/histogram.ts';
import type { WholeObservation } from './joined.ts';
import type { ExchangeRecord } from './record.ts';

type Timed = Pick<ExchangeRecord, 'attempts' | 'startedAt' | 'backOffMs' | 'besideMs' | 'queuedMs'>;

/** Also notes the provider's share in the attempt that serves. */
export function describeTiming(record: Timed, seen: WholeObservation | null, latencyMs: number): RowTiming {
  const { attempts, startedAt, backOffMs, besideMs } = record;
  seen?.timing.settle();
  const open = attempts.find(isOpen);
  if (open !== undefined && seen !== null) open.providerMs ??= seen.timing.providerMs;
  let providerMs = 0 - besideMs;
  for (const attempt of attempts) providerMs += attempt.providerMs ?? 0;
  const clientMs = seen?.timing.clientMs ?? 0;
  const elsewhere = providerMs + clientMs + backOffMs + (record.queuedMs ?? 0);
  const lastAt =
    seen?.timing.lastContentAt == null ? null : Math.max(seen.timing.lastContentAt, seen.firstContentAt ?? 0);
  const { connectMs, stalls, gaps, longestGapMs, gapsMs } = seen?.timing ?? NOTHING_TIMED;
  const had = gaps !== null;
  return {
    connectMs,
    lastTokenMs: lastAt === null ? null : lastAt - startedAt,
    providerMs,
    clientMs,
    backOffMs,
    gatewayMs: Math.max(0, latencyMs - elsewhere),
    stalls,
    longestGapMs: had ? longestGapMs : null,
    gapP50Ms: had ? quantileOf(gaps, 0.5) : null,
    gapP99Ms: had ? quantileOf(gaps, 0.99) : null,
    gaps: had ? packHistogram(gaps) : null,
    gapsMs,
  };
}

function isOpen({ error }: Attempt): boolean {
  return error === null;
}

const NOTHING_TIMED = { connectMs: null, stalls: 0, gaps: null, longestGapMs: 0, gapsMs: 0 };
