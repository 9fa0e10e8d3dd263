// GET /metrics: the figures since the start and the present state, for Prometheus.
import type { TlsConfig } from '../config/resolved.ts';
import type { BudgetState } from '../ledger/budgets/budget-book.ts';
import type { LedgerHealth } from '../ledger/ledger.ts';
import type { LogState } from '../model/log-state.ts';
import type { LimitState } from '../limits/limit-line.ts';
import type { RemoteState } from '../limits/remote-count.ts';
import type { DescriptorState } from '../model/descriptor-state.ts';
import { gauge, type Metric } from '../telemetry/metric.ts';
import { PROMETHEUS_TYPE, prometheusText } from '../telemetry/prometheus-text.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { ProviderState } from '../upstream/provider-state.ts';
import { connectionMetrics } from './connection-metrics.ts';
import { limitMetrics } from './limit-metrics.ts';
import type { ManagementDeps, WorkerCount } from './management.ts';
import { providerMetrics } from './provider-metrics.ts';

export async function readPrometheus(deps: ManagementDeps): Promise<Response> {
  const state = stateMetrics({
    version: deps.version,
    startedAt: deps.startedAt,
    providers: await deps.providerStates(deps.config().providers),
    connections: await deps.connections(),
    running: await deps.running.list(),
    ledger: deps.ledger?.health() ?? null,
    log: await deps.log?.(),
    descriptors: await deps.descriptors?.(),
    tls: deps.config().server.tls,
    remoteCount: deps.remoteCount(),
    workers: deps.workers?.(),
    budgets: deps.budgets(),
    rateLimits: deps.config().rateLimits.length > 0 ? await deps.rateLimits() : [],
  });
  const metrics = [...state, ...deps.meter.metrics];
  return new Response(prometheusText(metrics), {
    headers: { 'content-type': PROMETHEUS_TYPE, 'cache-control': 'no-store' },
  });
}

interface State {
  version: string;
  /** Unix ms. */
  startedAt: number;
  providers: readonly ProviderState[];
  connections: readonly PoolState[];
  running: readonly { streamed: boolean }[];
  /** Undefined where one process does everything. */
  workers: WorkerCount | undefined;
  budgets: readonly BudgetState[];
  rateLimits: readonly LimitState[];
  ledger: Pick<LedgerHealth, 'ok' | 'queued' | 'spilled' | 'spilledBytes' | 'dropped'> | null;
  log: Pick<LogState, 'ok' | 'dropped'> | undefined;
  descriptors: Omit<DescriptorState, 'lastError'> | undefined;
  tls: Pick<TlsConfig, 'validUntil'> | null;
  remoteCount: Pick<RemoteState, 'ok'> | null;
}

/** Metrics of the present state. */
export function stateMetrics(state: State): Metric[] {
  const { ledger, remoteCount, log, descriptors, tls } = state;
  return [
    ...servingMetrics(state),
    ...providerMetrics(state.providers),
    ...limitMetrics(state.budgets, state.rateLimits),
    ...connectionMetrics(state.connections),
    ...(ledger === null ? [] : ledgerMetrics(ledger)),
    ...(remoteCount === null ? [] : [redisMetric(remoteCount)]),
    ...(log === undefined ? [] : logMetrics(log)),
    ...(descriptors === undefined ? [] : descriptorMetrics(descriptors)),
    ...(tls === null ? [] : [certificateMetric(tls)]),
  ];
}

/** A metric with one value and no labels. */
function one(name: string, help: string, value: number): Metric {
  return gauge({ name: `sluice_${name}`, help, labels: [] }, [[[], value]]);
}

function total(name: string, help: string, value: number): Metric {
  return { ...one(name, help, value), type: 'counter' };
}

function servingMetrics({ version, startedAt, workers, running }: State): Metric[] {
  return [
    gauge({ name: 'sluice_build_info', help: 'Always 1.', labels: ['version'] }, [[[version], 1]]),
    one('start_time_seconds', 'When the gateway started, in Unix seconds.', startedAt / 1000),
    gauge(
      {
        name: 'sluice_workers',
        help: 'Worker processes, where there are several, by state: answering, silent (their share is missing here), missing.',
        labels: ['state'],
      },
      workerStates(workers),
    ),
    one('active_requests', 'Requests whose answers have not ended.', running.length),
    one(
      'active_streams',
      'Active requests that are streamed.',
      running.filter(({ streamed }) => streamed).length,
    ),
  ];
}

function workerStates(workers: WorkerCount | undefined): [labels: string[], value: number][] {
  if (workers === undefined) return [];
  const { wanted, running, silent } = workers;
  return [
    [['answering'], running - silent],
    [['silent'], silent],
    [['missing'], Math.max(0, wanted - running)],
  ];
}

function ledgerMetrics(ledger: NonNullable<State['ledger']>): Metric[] {
  return [
    one('ledger_ok', '1 where the ledger accepts rows.', Number(ledger.ok)),
    one('ledger_queue_depth', 'Rows in memory waiting to be written.', ledger.queued),
    one('ledger_spilled_rows', 'Rows on disk waiting to be written.', ledger.spilled),
    one('ledger_spilled_bytes', 'Size of the rows on disk waiting to be written.', ledger.spilledBytes),
    total('ledger_dropped_rows_total', 'Rows that were lost.', ledger.dropped),
  ];
}

function redisMetric({ ok }: NonNullable<State['remoteCount']>): Metric {
  return one(
    'redis_ok',
    '1 where rate limits are counted together with other gateways, 0 where Redis does not answer.',
    Number(ok),
  );
}

function logMetrics({ ok, dropped }: NonNullable<State['log']>): Metric[] {
  return [
    one('log_ok', '1 where lines of the log can be written.', Number(ok)),
    total('log_dropped_lines_total', 'Lines of the log that were lost.', dropped),
  ];
}

function descriptorMetrics({ ok, open, limit }: NonNullable<State['descriptors']>): Metric[] {
  const metrics = [one('descriptors_ok', '1 where further files and connections can be opened.', Number(ok))];
  if (open !== null)
    metrics.push(
      one(
        'descriptors_open',
        'Open files and connections; of the process that is nearest to its limit, where there are several.',
        open,
      ),
    );
  if (limit !== null)
    metrics.push(
      one(
        'descriptors_max',
        'Most files and connections that this process may have open (`ulimit -n`).',
        limit,
      ),
    );
  return metrics;
}

function certificateMetric({ validUntil }: NonNullable<State['tls']>): Metric {
  return one(
    'tls_certificate_expiry_timestamp_seconds',
    'When the certificate that clients are shown expires, in Unix time.',
    validUntil / 1_000,
  );
}
