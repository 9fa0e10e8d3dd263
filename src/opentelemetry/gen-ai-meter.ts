// Metrics by the GenAI semantic conventions, counted from each request's row: under the names of their release 0.1.0, and
// under the earlier ones, which most dashboards still use.
// https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/client-inference.md#metrics
// https://github.com/open-telemetry/semantic-conventions/blob/v1.41.0/docs/gen-ai/gen-ai-metrics.md
import type { LedgerRow } from '../ledger/rows/row.ts';
import { totalInputTokens, type Usage } from '../model/usage.ts';
import { createNames, NONE } from '../telemetry/labels.ts';
import {
  type Counter,
  createCounter,
  createDurationHistogram,
  createHistogram,
  type Metric,
  type Series,
} from '../telemetry/metric.ts';
import { OPERATION_NAMES, type SystemOf } from './attributes.ts';

interface GenAiMeter {
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
/** Powers of four, as the conventions advise. */
const TOKEN_BOUNDS = Array.from({ length: 14 }, (_, power) => 4 ** power);
/** In milliseconds: 0.01 s, 0.02 s … 81.92 s. */
const DURATION_BOUNDS = Array.from({ length: 14 }, (_, power) => 10 * 2 ** power);

/** Since 0.1.0 inference and embeddings each have metrics of their own; counting tokens is neither. */
const INFERENCE: ReadonlySet<string> = new Set([
  OPERATION_NAMES.generate,
  OPERATION_NAMES.complete,
  OPERATION_NAMES.compact,
]);
const EMBEDDINGS: ReadonlySet<string> = new Set([OPERATION_NAMES.embed]);

const MODALITY = 'gen_ai.token.modality';
/** Providers report hardly any modality but audio separately. */
const UNKNOWN = 'unknown';

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
  // With the bounds of the rows' own histograms, gaps are counted exactly; the bounds that the conventions advise fall between.
  const perChunk = createDurationHistogram({
    name: 'gen_ai.client.operation.time_per_output_chunk',
    help: 'Waits for the provider between two pieces of content of a stream.',
    labels: LABELS,
  });
  const usage = createUsageCounters();
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
        if (row.operation !== 'embed') usage.add(labels, row.usage);
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
      partOf(duration, 'gen_ai.client.inference.duration', 's', isOf(INFERENCE)),
      partOf(duration, 'gen_ai.client.embeddings.duration', 's', isOf(EMBEDDINGS)),
      partOf(firstChunk, 'gen_ai.client.inference.time_to_first_chunk', 's', isOf(INFERENCE)),
      partOf(perChunk, 'gen_ai.client.inference.time_per_output_chunk', 's', isOf(INFERENCE)),
      tokensOf('gen_ai.client.inference.operation.input_tokens', INFERENCE, 'input'),
      tokensOf('gen_ai.client.inference.operation.output_tokens', INFERENCE, 'output'),
      tokensOf('gen_ai.client.embeddings.operation.input_tokens', EMBEDDINGS, 'input'),
      ...usage.metrics,
    ],
  };

  function tokensOf(name: string, operations: ReadonlySet<string>, type: 'input' | 'output'): UnitMetric {
    const isOne = isOf(operations);
    const ofType = partOf(
      tokens,
      name,
      '{token}',
      (values) => isOne(values) && values[LABELS.length] === type,
    );
    // The metric's name includes the type.
    return { ...ofType, labels: LABELS };
  }
}

function isOf(operations: ReadonlySet<string>): (values: Series['values']) => boolean {
  return ([operation = '']) => operations.has(operation);
}

/** The series of a metric for which `isPart` is true, under another name. Nothing is counted a second time. */
function partOf(
  metric: Metric,
  name: string,
  unit: UnitMetric['unit'],
  isPart: (values: Series['values']) => boolean,
): UnitMetric {
  const series: Iterable<Series> = {
    *[Symbol.iterator]() {
      for (const one of metric.series) if (isPart(one.values)) yield one;
    },
  };
  return { ...metric, name, unit, series };
}

/** Counts total usage, and the parts of it that have other prices. */
function createUsageCounters() {
  const counter = (what: string, help: string) =>
    createCounter({ name: `gen_ai.client.inference.usage.${what}`, help, labels: [...LABELS, MODALITY] });
  const input = counter('input_tokens', 'Tokens of prompts, caches included.');
  const output = counter('output_tokens', 'Generated tokens, reasoning included.');
  const cacheRead = counter('cache_read.input_tokens', 'Tokens of prompts that were read from a cache.');
  const cacheWrite = counter('cache_write.input_tokens', 'Tokens of prompts that were written to a cache.');
  const reasoning = counter('reasoning.output_tokens', 'Generated tokens that were reasoning.');
  const addBoth = (to: Counter, labels: readonly string[], all: number, audio: number) => {
    // The parts must add up to the total even where the provider reports more audio than tokens.
    const audioTokens = Math.min(audio, all);
    if (audioTokens > 0) to.add([...labels, 'audio'], audioTokens);
    to.add([...labels, UNKNOWN], all - audioTokens);
  };
  return {
    add(labels: readonly string[], usage: Usage): void {
      addBoth(input, labels, totalInputTokens(usage), usage.audioInputTokens);
      addBoth(output, labels, usage.outputTokens, usage.audioOutputTokens);
      const unknownKind = [...labels, UNKNOWN];
      // Zero may also mean that the provider does not report this count.
      if (usage.cacheReadTokens > 0) cacheRead.add(unknownKind, usage.cacheReadTokens);
      if (usage.cacheWriteTokens > 0) cacheWrite.add(unknownKind, usage.cacheWriteTokens);
      if (usage.reasoningTokens > 0) reasoning.add(unknownKind, usage.reasoningTokens);
    },
    metrics: [input, output, cacheRead, cacheWrite, reasoning].map(
      (metric): UnitMetric => ({ ...metric, unit: '{token}' }),
    ),
  };
}
