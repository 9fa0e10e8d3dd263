// Ledger rows for tests: a plausible one, and many that differ in everything a filter or a sum looks at.
import { compactPacket, createPacketWriter, rowsOfPacket } from '../../src/ledger/rows/row-packets.ts';
import type { LedgerRow, RowStatus } from '../../src/ledger/rows/row.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { NO_USAGE, type Usage } from '../../src/model/usage.ts';

/** 2026-01-02T03:04:05.678Z */
export const SAMPLE_TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function sampleUsage(changes: Partial<Usage> = {}): Usage {
  return { ...NO_USAGE, inputTokens: 100, outputTokens: 20, ...changes };
}

/** A streamed request that succeeded at the first try. */
export function sampleRow(changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    requestId: 'req_sample',
    timestamp: SAMPLE_TIME,
    agentType: null,
    projectId: null,
    operation: 'generate',
    clientDialect: 'anthropic-messages',
    provider: 'lab',
    model: 'small-1',
    requestedModel: 'small',
    status: 'success',
    httpStatus: 200,
    streamed: true,
    latencyMs: 1234.5,
    ttftMs: 210.25,
    overheadMs: 0.75,
    queuedMs: null,
    timing: {
      connectMs: 2.5,
      lastTokenMs: 1200.25,
      providerMs: 1230.5,
      clientMs: 1.5,
      backOffMs: 0,
      gatewayMs: 2.5,
      stalls: 0,
      longestGapMs: 90.5,
      gapP50Ms: 48,
      gapP99Ms: 90,
      gaps: '39:18 42:1',
      gapsMs: 950.5,
    },
    usage: sampleUsage(),
    usageKnown: true,
    costUsd: 0.0025,
    finishReason: 'end_turn',
    route: null,
    trace: null,
    attempts: [{ provider: 'lab', model: 'small-1', status: 200, error: null, durationMs: 1200 }],
    transformers: [],
    lost: [],
    malformedEvents: 0,
    errorCode: null,
    errorMessage: null,
    requestHeaders: null,
    requestBody: null,
    responseBody: null,
    ...changes,
  };
}

/** `count` rows with ids `req_0`…, one second apart, cycling through names, statuses and prices. */
export function variedRows(count: number, firstIndex = 0): LedgerRow[] {
  const statuses: RowStatus[] = ['success', 'success', 'success', 'error', 'aborted', 'truncated'];
  return Array.from({ length: count }, (_, offset) => {
    const index = firstIndex + offset;
    const status = statuses[index % statuses.length] ?? 'success';
    return sampleRow({
      requestId: `req_${index}`,
      timestamp: SAMPLE_TIME + index * 1000,
      provider: index % 11 === 0 ? null : `provider-${index % 3}`,
      model: `model-${index % 5}`,
      agentType: index % 2 === 0 ? null : `agent-${index % 4}`,
      projectId: index % 3 === 0 ? null : `project-${index % 7}`,
      operation: index % 13 === 0 ? 'embed' : 'generate',
      status,
      latencyMs: 10 + index,
      ttftMs: index % 4 === 0 ? null : 1 + index,
      usage: sampleUsage({
        inputTokens: index,
        outputTokens: 2 * index,
        cacheReadTokens: index % 13,
        cacheWriteTokens: index % 17,
      }),
      costUsd: index % 9 === 0 ? null : index / 1024,
    });
  });
}

/** Until nothing older is left; resolves to how many rows went. */
export async function expireAll(store: LedgerStore, before: number): Promise<number> {
  let removed = 0;
  for (;;) {
    const { rows, isDone } = await store.expire(before);
    removed += rows;
    if (isDone) return removed;
  }
}

/** A store that keeps rows in memory and refuses what it is told to refuse. */
export function createFakeStore(): LedgerStore & {
  batches: LedgerRow[][];
  rows(): LedgerRow[];
  refuse: (rows: readonly LedgerRow[]) => boolean;
  attempts: number;
  expired: number[];
  closed: boolean;
} {
  const batches: LedgerRow[][] = [];
  return {
    batches,
    rows: () => batches.flat(),
    refuse: () => false,
    attempts: 0,
    expired: [],
    closed: false,
    async append(rows, packets = []) {
      this.attempts += 1;
      const batch = [...rows, ...packets.flatMap(rowsOfPacket)];
      if (this.refuse(batch)) throw new Error('the store is out of order');
      batches.push(batch);
    },
    async audit() {
      return { rows: [], total: 0, hasOlder: false };
    },
    async totals() {
      throw new Error('not asked of this store');
    },
    async summary() {
      throw new Error('not asked of this store');
    },
    async series() {
      throw new Error('not asked of this store');
    },
    async spending() {
      throw new Error('not asked of this store');
    },
    async recent() {
      throw new Error('not asked of this store');
    },
    async expire(before) {
      this.expired.push(before);
      return { rows: 0, isDone: true };
    },
    async close() {
      this.closed = true;
    },
  };
}

/** Short rows as they come from another process. */
export function packetsOf(rows: readonly LedgerRow[]): Uint8Array<ArrayBuffer>[] {
  return createPacketWriter()
    .write(rows)
    .filter((packet) => packet instanceof SharedArrayBuffer)
    .map(compactPacket);
}
