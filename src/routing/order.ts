// Orders the targets of a rule: the strategies, and conversations that stay on their target.
import type { Strategy } from '../config/resolved.ts';
import { fingerprint } from './conversation.ts';
import type { RouteSignals } from './signals.ts';
import { type Target, targetName } from './targets.ts';

interface Candidate {
  target: Target;
  weight: number;
}

export interface OrderQuestion {
  /** In the order in which the rule names them. */
  candidates: readonly Candidate[];
  strategy: Strategy;
  /** The conversation that should stay on its target; null: none. */
  conversation: string | null;
  /** The name of the target that served it last; null if unknown. */
  last: string | null;
  timing: string;
}

export interface Order {
  targets: Target[];
  /** Why they are in this order; null: as written. */
  order: string | null;
}

/** As written, for a single candidate or `ordered`. Otherwise targets that are unavailable now come last. */
export function orderTargets(question: OrderQuestion, signals: RouteSignals): Order {
  const { candidates, strategy, last } = question;
  if (strategy === 'ordered' || candidates.length < 2) {
    return { targets: candidates.map(({ target }) => target), order: null };
  }
  const { ranked, why } = rank(question, strategy, signals);
  const targets = [
    ...ranked.filter((target) => signals.available(target)),
    ...ranked.filter((target) => !signals.available(target)),
  ];
  const place = targets.findIndex((target) => targetName(target) === last && signals.available(target));
  if (place === -1 || strategy === 'weighted') return { targets, order: why };
  const stays = targets.splice(place, 1);
  return { targets: [...stays, ...targets], order: `${strategy}; the conversation stays on ${last}` };
}

type Ranked = { ranked: Target[]; why: string };

function rank(
  question: OrderQuestion,
  strategy: Exclude<Strategy, 'ordered'>,
  signals: RouteSignals,
): Ranked {
  const { candidates, timing } = question;
  switch (strategy) {
    case 'weighted':
      return byWeight(question, signals);
    case 'least_latency': {
      // Targets without a measurement come first, since they would otherwise never be measured.
      const ms = (target: Target) => signals.latencyMs(target, timing);
      return bySmallest(candidates, ms, 0, (value) => `${Math.round(value)} ms`, strategy);
    }
    case 'least_cost': {
      const usd = (target: Target) => signals.costUsd(target);
      const format = (value: number) => `$${value.toPrecision(2)}`;
      return bySmallest(candidates, usd, Number.POSITIVE_INFINITY, format, strategy);
    }
    case 'least_busy':
      return bySmallest(candidates, (target) => signals.inFlight(target), 0, String, strategy);
  }
}

/** Smallest first; equal ones as written. `unknown` replaces a missing value. */
function bySmallest(
  candidates: readonly Candidate[],
  measure: (target: Target) => number | null,
  unknown: number,
  format: (value: number) => string,
  strategy: Strategy,
): Ranked {
  const valued = candidates.map(({ target }) => ({ target, value: measure(target) }));
  // Compared, not subtracted: Infinity − Infinity is NaN.
  valued.sort(({ value: one }, { value: other }) =>
    (one ?? unknown) < (other ?? unknown) ? -1 : (one ?? unknown) > (other ?? unknown) ? 1 : 0,
  );
  const values = valued.map(
    ({ target, value }) => `${targetName(target)} ${value === null ? 'unknown' : format(value)}`,
  );
  return { ranked: valued.map(({ target }) => target), why: `${strategy}: ${values.join(', ')}` };
}

/**
 * Weighted rendezvous hashing: each target draws a number from the conversation and its own name. So all turns agree without memory, and
 * adding or removing a target moves only its own conversations. A weight of zero comes last.
 */
function byWeight({ candidates, conversation }: OrderQuestion, signals: RouteSignals): Ranked {
  const drawn = candidates.map(({ target, weight }) => {
    const draw = conversation === null ? signals.random() : drawOf(conversation, targetName(target));
    return { target, score: weight === 0 ? Number.POSITIVE_INFINITY : -Math.log(1 - draw) / weight };
  });
  drawn.sort(({ score: one }, { score: other }) => (one < other ? -1 : one > other ? 1 : 0));
  const how = conversation === null ? 'random' : 'by the conversation';
  return { ranked: drawn.map(({ target }) => target), why: `weighted: ${how}` };
}

/** 0 ≤ x < 1. */
function drawOf(conversation: string, name: string): number {
  return Number.parseInt(fingerprint(`${conversation} ${name}`).slice(0, 13), 16) / 2 ** 52;
}
