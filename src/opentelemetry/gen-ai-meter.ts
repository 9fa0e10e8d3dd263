// Metrics by the GenAI semantic conventions, counted from each request's row.
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
import type { LedgerRow } from '../ledger/rows/row.ts';
import { totalInputTokens } from '../model/usage.ts';
import { createNames, NONE } from '../telemetry/labels.ts';
import { createCounter, createDurationHistogram, createHistogram, type Metric } from '../telemetry/metric.ts';
import { OPERATION_NAMES, type SystemOf } from './attributes.ts';

export interface GenAiMeter {
  see(row: LedgerRow): void;
  metrics: readonly UnitMetric[];
}

export type UnitMetric = Metric & { unit: 's' | '{token}' | '{USD}' };

const LABELS = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
];
/** As the conventions advise: powers of four. */
const TOKEN_BOUNDS = Array.from({ length: 14 }, (_, power) => 4 ** power);
/** In milliseconds: 0.01 s, 0.02 s … 81.92 s. */
const DURATION_BOUNDS = Array.from({ length: 14 }, (_, power) => 10 * 2 ** power);

export function createGenAiMeter(systemOf: SystemOf): GenAiMeter {
  const requested = createNames();
  const served = createNames();
  const duration = createHistogram(
    {
      name: 'gen_ai.client.operation.duration',
      help: 'From the request to the end of the answer.',
      labels: [...LABELS, 'error.type'],
    },
    DURATION_BOUNDS,
  );
  const tokens = createHistogram(
    {
      name: 'gen_ai.client.token.usage',
      help: 'Tokens of a request, as the provider reported them.',
      labels: [...LABELS, 'gen_ai.token.type'],
    },
    TOKEN_BOUNDS,
  );
  const firstChunk = createHistogram(
    {
      name: 'gen_ai.client.operation.time_to_first_chunk',
      help: 'From the request to the first content of a stream.',
      labels: LABELS,
    },
    DURATION_BOUNDS,
  );
  // Rows tell their gaps by the bounds of spreads, where they are counted exactly; those advised lie between them.
  const perChunk = createDurationHistogram({
    name: 'gen_ai.client.operation.time_per_output_chunk',
    help: 'Waits for the provider between two pieces of content of a stream.',
    labels: LABELS,
  });
  const cost = createCounter({
    name: 'sluice.cost',
    help: 'What requests cost, where the price is known.',
    labels: LABELS,
  });

  return {
    see(row) {
      const isServed = row.status === 'success' || row.usageKnown;
      const labels = [
        OPERATION_NAMES[row.operation],
        row.provider === null ? NONE : systemOf(row.provider),
        requested.label(row.requestedModel, isServed),
        isServed ? served.label(row.model, true) : NONE,
      ];
      duration.observe([...labels, row.errorCode ?? NONE], row.latencyMs);
      if (row.usageKnown) {
        tokens.observe([...labels, 'input'], totalInputTokens(row.usage));
        tokens.observe([...labels, 'output'], row.usage.outputTokens);
      }
      if (row.costUsd !== null) cost.add(labels, row.costUsd);
      if (!row.streamed) return;
      if (row.ttftMs !== null) firstChunk.observe(labels, row.ttftMs);
      const { gaps, gapsMs } = row.timing;
      if (gaps !== null) perChunk.observePacked(labels, gaps, gapsMs);
    },
    metrics: [
      { ...duration, unit: 's' },
      { ...tokens, unit: '{token}' },
      { ...firstChunk, unit: 's' },
      { ...perChunk, unit: 's' },
      { ...cost, unit: '{USD}' },
    ],
  };
}
