// What live traffic and the price table tell of targets, for strategies that choose by it.
import type { Target } from './targets.ts';

export interface RouteSignals {
  /** False while its circuit breaker keeps requests away. */
  available(target: Target): boolean;
  /** Attempts begun at its provider and not finished. */
  inFlight(target: Target): number;
  /** Milliseconds until it has answered of late, null where that is not known. `timing`: of which kind of request. */
  latencyMs(target: Target, timing: string): number | null;
  /** USD for a request of 3,000 tokens in and 1,000 out; null: unpriced. */
  costUsd(target: Target): number | null;
  /** 0 ≤ x < 1. */
  random(): number;
}

/** Of a gateway without traffic: nothing is measured, nothing is left to chance. */
export const NO_SIGNALS: RouteSignals = {
  available: () => true,
  inFlight: () => 0,
  latencyMs: () => null,
  costUsd: () => null,
  random: () => 0.5,
};
