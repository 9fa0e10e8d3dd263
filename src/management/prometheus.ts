// GET /metrics: the figures since the start and the present state, for Prometheus.
import type { Budget, RateLimit, TlsConfig } from '../config/resolved.ts';
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
import type { ManagementDeps, WorkerCount } from './management.ts';

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

const BREAKER_STATES: readonly ProviderState['breaker'][] = ['closed', 'half-open', 'open'];

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
export function stateMetrics({
  providers: states,
  connections,
  running,
  ledger,
  log,
  descriptors,
  tls,
  remoteCount,
  workers,
  budgets,
  rateLimits,
  ...gateway
}: State): Metric[] {
  const one = (name: string, help: string, value: number): Metric =>
    gauge({ name: `sluice_${name}`, help, labels: [] }, [[[], value]]);
  const maybe = (name: string, help: string, value: number | null): Metric[] =>
    value === null ? [] : [one(name, help, value)];
  const total = (name: string, help: string, value: number): Metric => ({
    ...one(name, help, value),
    type: 'counter',
  });
  const each = (name: string, help: string, value: (state: ProviderState) => number | null): Metric =>
    gauge(
      { name: `sluice_${name}`, help, labels: ['provider'] },
      states.flatMap((state) => {
        const measured = value(state);
        return measured === null ? [] : [[[state.name], measured] as const];
      }),
    );
  return [
    gauge({ name: 'sluice_build_info', help: 'Always 1.', labels: ['version'] }, [[[gateway.version], 1]]),
    one('start_time_seconds', 'When the gateway started, in Unix seconds.', gateway.startedAt / 1000),
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
    each('provider_healthy', '1 where the provider is not known to fail.', ({ healthy }) => Number(healthy)),
    gauge(
      {
        name: 'sluice_breaker_state',
        help: '1 for the present state of the circuit breaker of a provider, 0 for the others.',
        labels: ['provider', 'state'],
      },
      states.flatMap(({ name, breaker }) =>
        BREAKER_STATES.map((state) => [[name, state], Number(breaker === state)] as const),
      ),
    ),
    each('provider_in_flight', 'Requests in flight at a provider.', ({ inFlight }) => inFlight),
    each('provider_queue_depth', 'Requests waiting for room at a provider.', ({ queued }) => queued),
    each(
      'provider_concurrency_limit',
      'Most requests that may be in flight; absent where there is no limit.',
      ({ limit }) => limit,
    ),
    gauge(
      {
        name: 'sluice_provider_keys',
        help: 'Keys of a provider, by state.',
        labels: ['provider', 'state'],
      },
      states.flatMap(({ name, keys }) =>
        [...Map.groupBy(keys, ({ state }) => state)].map(
          ([state, some]) => [[name, state], some.length] as const,
        ),
      ),
    ),
    budgetGauge(
      'limit_usd',
      'Limit of a budget for one period, in US dollars.',
      budgets,
      ({ budget }) => budget.limitUsd,
    ),
    budgetGauge(
      'spent_usd',
      'Spent from a budget in the current period, in US dollars.',
      budgets,
      ({ spentUsd }) => spentUsd,
    ),
    rateLimitGauge(
      'max',
      'Most requests or tokens in a period, or requests at the same time, that a rate limit lets pass.',
      rateLimits,
      ({ limit }) => limit.most,
    ),
    rateLimitGauge(
      'used',
      'Requests or tokens of a rate limit that are in use at this moment.',
      rateLimits,
      ({ used }) => used,
    ),
    ...connectionMetrics(connections),
    ...(ledger === null
      ? []
      : [
          one('ledger_ok', '1 where the ledger accepts rows.', Number(ledger.ok)),
          one('ledger_queue_depth', 'Rows in memory waiting to be written.', ledger.queued),
          one('ledger_spilled_rows', 'Rows on disk waiting to be written.', ledger.spilled),
          one('ledger_spilled_bytes', 'Size of the rows on disk waiting to be written.', ledger.spilledBytes),
          total('ledger_dropped_rows_total', 'Rows that were lost.', ledger.dropped),
        ]),
    ...(remoteCount === null
      ? []
      : [
          one(
            'redis_ok',
            '1 where rate limits are counted together with other gateways, 0 where Redis does not answer.',
            Number(remoteCount.ok),
          ),
        ]),
    ...(log === undefined
      ? []
      : [
          one('log_ok', '1 where lines of the log can be written.', Number(log.ok)),
          total('log_dropped_lines_total', 'Lines of the log that were lost.', log.dropped),
        ]),
    ...(descriptors === undefined
      ? []
      : [
          one(
            'descriptors_ok',
            '1 where further files and connections can be opened.',
            Number(descriptors.ok),
          ),
          ...maybe(
            'descriptors_open',
            'Open files and connections; of the process that is nearest to its limit, where there are several.',
            descriptors.open,
          ),
          ...maybe(
            'descriptors_max',
            'Most files and connections that this process may have open (`ulimit -n`).',
            descriptors.limit,
          ),
        ]),
    ...(tls === null
      ? []
      : [
          one(
            'tls_certificate_expiry_timestamp_seconds',
            'When the certificate that clients are shown expires, in Unix time.',
            tls.validUntil / 1_000,
          ),
        ]),
  ];
}

function budgetGauge(
  name: string,
  help: string,
  budgets: readonly BudgetState[],
  value: (state: BudgetState) => number,
): Metric {
  return limitGauge(
    { name: `sluice_budget_${name}`, help, labels: ['per'] },
    budgets.map((state) => ({
      labels: [state.budget.per],
      limit: state.budget,
      size: state.budget.limitUsd,
      value: value(state),
    })),
  );
}

function rateLimitGauge(
  name: string,
  help: string,
  limits: readonly LimitState[],
  value: (state: LimitState) => number,
): Metric {
  return limitGauge(
    { name: `sluice_rate_limit_${name}`, help, labels: ['kind', 'per'] },
    limits.map((state) => ({
      labels: [state.limit.kind, state.limit.per ?? ''],
      limit: state.limit,
      size: state.limit.most,
      value: value(state),
    })),
  );
}

interface LimitSample {
  labels: string[];
  limit: Budget | RateLimit;
  size: number;
  value: number;
}

/** @param metric with the labels that come before the names. */
function limitGauge(
  metric: { name: string; help: string; labels: string[] },
  samples: readonly LimitSample[],
): Metric {
  const labelsOf = ({ labels, limit: { each, agent, project, provider, model } }: LimitSample) => [
    ...labels,
    ...[each, agent, project, provider, model].map((label) => label ?? ''),
  ];
  // A name may have two limits to itself, one of all names and one of a glob: the smaller one binds it.
  const binding = new Map<string, LimitSample>();
  for (const sample of samples) {
    const key = JSON.stringify(labelsOf(sample));
    if (sample.size < (binding.get(key)?.size ?? Number.POSITIVE_INFINITY)) binding.set(key, sample);
  }
  return gauge(
    { ...metric, labels: [...metric.labels, 'each', 'agent', 'project', 'provider', 'model'] },
    [...binding.values()].map((sample) => [labelsOf(sample), sample.value] as const),
  );
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
