// Counts all requests since the start, from each request's row, for Prometheus and OpenTelemetry.
import { isUnpriced, type LedgerRow, UNCOUNTED } from '../ledger/rows/row.ts';
import { createNames, decide, type Names, NONE, UNDECIDED } from './labels.ts';
import {
  addDuration,
  type Counter,
  type CounterSeries,
  type Distribution,
  type Metric,
  type Series,
} from './metric.ts';
import { createPairs } from './pairs.ts';
import { createRowMetrics } from './row-metrics.ts';

export interface Meter extends Tally {
  /** Adds what a tally has counted. */
  add(counted: Counted): void;
}

/** Counts a batch of rows for a meter to add; the meter decides which names get series of their own. */
export interface Tally {
  see(row: LedgerRow): void;
  metrics: readonly Metric[];
}

/** The series of each metric, in the order of `metrics`. */
export type Counted = CountedSeries[][];
type CountedSeries = [values: readonly string[], point: number | Pick<Distribution, 'counts' | 'sum'>];

/** The rounding error that may remain when all of a request's waits are subtracted from their sum. */
const REMAINDER_MS = 1e-6;

/** Tokens of a model, an agent or a project by type. A series is made with its first tokens, since it is reported from then on. */
interface TokenSeries {
  labels: readonly string[];
  counter: Counter;
  byType: Map<string, CounterSeries>;
}

/** The series that every answer of one model adds to, kept together so that their labels need not be joined again. */
interface ModelSeries {
  labels: readonly string[];
  ended(operation: string, status: string): CounterSeries;
  tokens: TokenSeries;
  /** This series and those below are made once there is something to count. */
  cost: CounterSeries | null;
  duration: Distribution | null;
  firstToken: Distribution | null;
}

export function createMeter(): Meter {
  return createMeterOf(createNames);
}

export function createTally(): Tally {
  return createMeterOf(() => UNDECIDED);
}

/** A tally's counts in a form that can be sent to the process that has the meter. */
export function countedBy({ metrics }: Tally): Counted {
  return metrics.map(({ series }) => Array.from(series, countedSeries));
}

function countedSeries({ values, point }: Series): CountedSeries {
  return [values, typeof point === 'number' ? point : { counts: point.counts, sum: point.sum }];
}

function createMeterOf(createLabels: () => Names): Meter {
  const models = createLabels();
  const agents = createLabels();
  const projects = createLabels();
  const free: Record<string, Names> = { model: models, agent: agents, project: projects };

  const { counters, histograms } = createRowMetrics();
  const { requests, errors, attempts, tokens, searches, cost, unpriced, stalls, malformed } = counters;
  const { duration, firstToken, betweenTokens, gatewayTime, queueTime } = histograms;
  const counterList = Object.values(counters);
  const histogramList = Object.values(histograms);
  const metrics: readonly Metric[] = [...counterList, ...histogramList];

  const modelSeries = createPairs((provider, model): ModelSeries => {
    const labels = [provider, model];
    return {
      labels,
      ended: createPairs((operation, status) => requests.of([...labels, operation, status])),
      tokens: tokensOf(tokens, labels),
      cost: null,
      duration: null,
      firstToken: null,
    };
  });
  function decidedLabels(metric: number, values: readonly string[]): string[] {
    const labels = metrics[metric]?.labels ?? [];
    return values.map((value, at) => {
      const names = free[labels[at] ?? ''];
      return names === undefined ? value : decide(value, names);
    });
  }

  const attempted = createPairs((provider, outcome) => attempts.of([provider, outcome]));
  let gatewayTimes: Distribution | null = null;

  const countAgent = createSpenders(agents, counters.agentRequests, counters.agentTokens, counters.agentCost);
  const countProject = createSpenders(
    projects,
    counters.projectRequests,
    counters.projectTokens,
    counters.projectCost,
  );

  function countAnswer(row: LedgerRow, series: ModelSeries): void {
    const { usage, timing } = row;
    const { labels } = series;
    countTokens(series.tokens, row);
    if (usage.webSearches > 0) searches.add(labels, usage.webSearches);
    if (row.costUsd !== null) {
      series.cost ??= cost.of(labels);
      series.cost.point += row.costUsd;
    } else if (isUnpriced(row)) unpriced.add(labels, 1);
    if (timing.stalls > 0) stalls.add(labels, timing.stalls);
    series.duration ??= duration.of(labels);
    addDuration(series.duration, row.latencyMs);
    gatewayTimes ??= gatewayTime.of([]);
    addDuration(gatewayTimes, timing.gatewayMs);
    if (row.ttftMs !== null) {
      series.firstToken ??= firstToken.of(labels);
      addDuration(series.firstToken, row.ttftMs);
    }
    if (timing.gaps !== null) betweenTokens.observePacked(labels, timing.gaps, timing.gapsMs);
  }

  return {
    see(row) {
      const provider = row.provider ?? NONE;
      // Where no provider has served it, the name may be anything.
      const served = row.status === 'success' || row.usageKnown;
      const series = modelSeries(provider, models.label(row.model, served && row.provider !== null));
      series.ended(row.operation, row.status).point += 1;
      if (row.errorCode !== null) errors.add([provider, row.errorCode], 1);
      let { queuedMs } = row;
      for (const { provider: asked, error, skipped, durationMs } of row.attempts) {
        attempted(asked, skipped ?? error ?? 'served').point += 1;
        if (skipped === undefined || durationMs === 0 || queuedMs === null) continue;
        // The request waited in vain, possibly for another provider than the row's.
        queueTime.observe([asked], durationMs);
        queuedMs = queuedMs - durationMs > REMAINDER_MS ? queuedMs - durationMs : null;
      }
      if (row.malformedEvents > 0) malformed.add([provider], row.malformedEvents);
      if (queuedMs !== null) queueTime.observe([provider], queuedMs);
      if (!UNCOUNTED.includes(row.operation)) countAnswer(row, series);
      if (row.agentType !== null) countAgent(row.agentType, row, served);
      if (row.projectId !== null) countProject(row.projectId, row, served);
    },
    add(counted) {
      // All names are admitted first, so that a newly admitted one has its own series from its first row on.
      for (const [at, series] of counted.entries()) for (const [values] of series) decidedLabels(at, values);
      for (const [at, series] of counted.entries())
        for (const [values, point] of series) {
          const labels = decidedLabels(at, values);
          if (typeof point === 'number') counterList[at]?.add(labels, point);
          else histogramList[at - counterList.length]?.add(labels, point);
        }
    },
    metrics,
  };
}

/** Counts rows by agent or by project. */
function createSpenders(names: Names, requests: Counter, tokens: Counter, cost: Counter) {
  const known = new Map<string, { requests: CounterSeries; tokens: TokenSeries; cost: CounterSeries }>();
  return (name: string, row: LedgerRow, served: boolean): void => {
    const label = names.label(name, served);
    let series = known.get(label);
    if (series === undefined) {
      const labels = [label];
      series = { requests: requests.of(labels), tokens: tokensOf(tokens, labels), cost: cost.of(labels) };
      known.set(label, series);
    }
    series.requests.point += 1;
    series.cost.point += row.costUsd ?? 0;
    if (!UNCOUNTED.includes(row.operation)) countTokens(series.tokens, row);
  };
}

function tokensOf(counter: Counter, labels: readonly string[]): TokenSeries {
  return { labels, counter, byType: new Map() };
}

function countTokens(series: TokenSeries, { usage }: LedgerRow): void {
  addTokens(series, 'input', usage.inputTokens);
  addTokens(series, 'output', usage.outputTokens);
  addTokens(series, 'cache_read', usage.cacheReadTokens);
  addTokens(series, 'cache_write', usage.cacheWriteTokens);
  addTokens(series, 'reasoning', usage.reasoningTokens);
}

function addTokens({ labels, counter, byType }: TokenSeries, type: string, count: number): void {
  if (count === 0) return;
  let series = byType.get(type);
  if (series === undefined) {
    series = counter.of([...labels, type]);
    byType.set(type, series);
  }
  series.point += count;
}
