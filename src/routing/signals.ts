// What strategies know about targets, from live traffic and the price table.
import type { Target } from './targets.ts';

export interface RouteSignals {
  /** False while its circuit breaker keeps requests away. */
  available(target: Target): boolean;
  /** Unfinished attempts at its provider. */
  inFlight(target: Target): number;
  /** Milliseconds until it answered, recently; null if unknown. `timing`: the kind of request. */
  latencyMs(target: Target, timing: string): number | null;
  /** USD for a request of 3,000 tokens in and 1,000 out; null: unpriced. */
  costUsd(target: Target): number | null;
  /** 0 ≤ x < 1. */
  random(): number;
}

/** The signals of a gateway without traffic: nothing is measured, nothing is random. */
export const NO_SIGNALS: RouteSignals = {
  available: () => true,
  inFlight: () => 0,
  latencyMs: () => null,
  costUsd: () => null,
  random: () => 0.5,
};
