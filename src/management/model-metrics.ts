// The figures of one name in /gateway/metrics, and those of one model, which include times.
import type { ModelTotals, Totals } from '../ledger/store.ts';
import { quantileOf } from '../model/histogram.ts';
import type { ModelFigures, NamedFigures } from './shapes.ts';

/** 0 where there is nothing to divide by. */
export function ratio(sum: number, count: number): number {
  return count === 0 ? 0 : sum / count;
}

export function describeSums(totals: Totals): NamedFigures {
  return {
    requests: totals.requests,
    error_rate: ratio(totals.failures, totals.requests),
    cost_usd: totals.costUsd,
    unpriced_requests: totals.unpriced,
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    cache_read_tokens: totals.cacheReadTokens,
    cache_write_tokens: totals.cacheWriteTokens,
    reasoning_tokens: totals.reasoningTokens,
    web_searches: totals.webSearches,
  };
}

export function describeModel(totals: ModelTotals): ModelFigures {
  const { latency, ttft, gaps, latencyMsSum, flowTokens, flowMs } = totals;
  return {
    provider: totals.provider,
    model: totals.model,
    ...describeSums(totals),
    avg_latency_ms: ratio(latencyMsSum, totals.requests),
    latency_p50_ms: quantileOf(latency, 0.5),
    latency_p99_ms: quantileOf(latency, 0.99),
    avg_ttft_ms: ratio(totals.ttftMsSum, totals.ttftCount),
    ttft_p50_ms: quantileOf(ttft, 0.5),
    ttft_p99_ms: quantileOf(ttft, 0.99),
    gap_p50_ms: quantileOf(gaps, 0.5),
    gap_p99_ms: quantileOf(gaps, 0.99),
    stalls: totals.stalls,
    tokens_per_second: flowMs > 0 ? (flowTokens * 1000) / flowMs : null,
    provider_share: ratio(totals.providerMsSum, latencyMsSum),
    gateway_share: ratio(totals.gatewayMsSum, latencyMsSum),
  };
}
