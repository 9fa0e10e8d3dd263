// Connects routing to the gateway: what routing is asked about each request, and what it learns from live traffic.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { ClientRoute } from '../dialects/dialect.ts';
import type { Pricer } from '../ledger/prices/prices.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { NO_USAGE } from '../model/usage.ts';
import type { RouteMemory } from '../routing/memory.ts';
import { createRouter, type RouteQuestion, type Router } from '../routing/route.ts';
import { NO_SIGNALS, type RouteSignals } from '../routing/signals.ts';
import type { CanAnswer, Target } from '../routing/targets.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import type { GatewayHost } from './host.ts';
import type { Incoming } from './request/incoming.ts';
import { countText } from './operations/estimate-tokens.ts';
import { completionsOf, sideOf } from './attempts/spoken-dialect.ts';
import type { Question } from './attempts/plan.ts';
import type { ExchangeRecord } from './record/record.ts';

/** The usage at which prices are compared: three input tokens for each output token, as in conversations. */
export const SAMPLE_USAGE = { ...NO_USAGE, inputTokens: 3_000, outputTokens: 1_000 };

interface Traffic {
  memory: RouteMemory;
  states: ProviderStates;
  price: Pricer;
}

export function createLiveRouter(
  config: ResolvedConfig,
  host: Pick<GatewayHost, 'random' | 'setTimer'>,
  { memory, states, price }: Traffic,
): Router {
  const stateOf = ({ provider }: Target) => states.snapshot([provider])[0];
  return createRouter(config, {
    memory,
    signals: {
      available: (target) => stateOf(target)?.breaker !== 'open',
      inFlight: ({ provider }) => states.inFlight(provider),
      latencyMs: memory.latencyMs,
      costUsd: costBy(price),
      random: host.random,
    },
    countText: (texts) => countText(texts, () => new Promise((resolve) => host.setTimer(resolve, 0))),
  });
}

/** A router without traffic: for lists, and for people who ask where a request would go. */
export function createQuietRouter(config: ResolvedConfig, price: Pricer): Router {
  return createRouter(config, {
    memory: { served: () => {}, latencyMs: () => null, placeOf: () => null, adopt: () => {} },
    signals: { ...NO_SIGNALS, costUsd: costBy(price) },
    countText: (texts) => countText(texts, () => Promise.resolve()),
  });
}

function costBy(price: Pricer): RouteSignals['costUsd'] {
  return ({ provider, model }) => price(provider, model, SAMPLE_USAGE);
}

/** Reads the request through `question`, so as not to keep alive what the question has released. */
export function routeQuestion(
  { dialect, model, forcedTarget, agentType, stream }: Incoming,
  question: Question,
  operation: ClientRoute['operation'],
): RouteQuestion {
  return {
    model,
    forced: forcedTarget,
    agentType,
    content: operation === 'embed' ? null : () => question.neutral(),
    timing: operation === 'generate' || operation === 'complete' ? (stream ? 'stream' : 'whole') : operation,
    canAnswer: answerersOf(operation, dialect),
  };
}

/** Which providers can answer such a request of this dialect's clients; undefined: all can. */
export function answerersOf(operation: ClientRoute['operation'], dialect: DialectId): CanAnswer | undefined {
  switch (operation) {
    case 'embed':
      return (provider) => sideOf({ provider, model: '' }, dialect).embeddings !== undefined;
    case 'complete':
      return (provider) => completionsOf({ provider, model: '' }, dialect) !== undefined;
    default:
      return undefined;
  }
}

/** Reports to routing which target served an exchange that has ended, and how soon it answered. */
export function noteServed({ route, attempts, serving, target }: ExchangeRecord): void {
  const answered = attempts.findLast((attempt) => attempt.error === null);
  if (serving && target !== null && answered !== undefined) route?.served(target, answered.durationMs);
}
