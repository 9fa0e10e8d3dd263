// What one exchange provides for the tries at its targets, and what each try leaves in its record.
import type { Envelope } from '../../dialects/envelope.ts';
import type { DialectId } from '../../model/dialect-id.ts';
import type { Route } from '../../routing/route.ts';
import { sameTarget, type Target } from '../../routing/targets.ts';
import type { Cancellation } from '../../upstream/cancellation.ts';
import type { ProviderStates } from '../../upstream/provider-state.ts';
import type { BudgetGuard } from '../budgets.ts';
import type { TryContext } from './fallback.ts';
import { type GatewayHost, userAgentOf } from '../host.ts';
import type { LimitsOf } from '../rate-limits.ts';
import { type Asking, clientKeyFor } from './credentials.ts';
import { type Plan, type PlanContext, planCall, type Question } from './plan.ts';
import type { Audience } from '../live/view.ts';
import { callsOf } from '../pumps/call-ids.ts';
import { createObserver } from '../record/observer.ts';
import type { ExchangeRecord } from '../record/record.ts';
import { reportBegun } from '../record/report-begun.ts';
import type { PlannedTry } from './send.ts';
import { traceTry } from '../tracing.ts';

export interface Exchange {
  host: GatewayHost;
  record: ExchangeRecord;
  dialect: DialectId;
  /** The envelope in which the client reads its answers, if any. */
  envelope?: Envelope | undefined;
  question: Question;
  /** Who asks, for a forwarded request, whose question has no client. */
  asking?: Asking | null;
  route: Route;
  /** Whether the target can answer. Left out where all can. */
  serves?(target: Target): boolean;
  maxEvent: number;
  pingIntervalMs: number;
  serverKeys: readonly string[];
  redact(text: string): string;
  states: ProviderStates;
  budgets: BudgetGuard;
  limits: LimitsOf;
  /** Aborted when the client leaves. */
  client: Cancellation;
}

interface Routed {
  route: Pick<Route, 'policy' | 'targets'>;
}

/** Plans one try and notes it in the record. @param live the watchers of its answer. */
export function planTry(
  exchange: Pick<Exchange, 'record' | 'host' | 'question' | 'serverKeys' | 'maxEvent' | 'redact'> & Routed,
  target: Target,
  apiKey: string | null,
  live: Audience = exchange.record.live.audience(),
): PlannedTry {
  const { record, host, question, maxEvent, redact } = exchange;
  // Throws where the request cannot be sent to this target, which then was not asked, so that the record must name another.
  const plan = planCall(question, target, planContextOf(exchange, apiKey));
  noteTry(record, host, plan);
  const observer = createObserver(host.monotonic, live);
  record.seen = observer.seen;
  // Read here, since the request is forgotten once the answer has begun.
  const earlierCalls = plan.sameDialect ? undefined : callsOf(question.neutral());
  return { requestId: record.requestId, host, plan, maxEvent, observer, earlierCalls, redact };
}

/** @param apiKey the gateway's own for the planned target; null where it has none. */
export function planContextOf(
  { record, host, serverKeys, route }: Pick<Exchange, 'record' | 'host' | 'serverKeys'> & Routed,
  apiKey: string | null,
): PlanContext {
  const { requestId } = record;
  const [first] = route.targets;
  const { transformers } = route.policy;
  return { serverKeys, first, userAgent: userAgentOf(host), requestId, apiKey, transformers };
}

/** @param shownAs the model's name that watchers see. */
export function noteTry(
  record: ExchangeRecord,
  host: GatewayHost,
  plan: Plan,
  shownAs = plan.target.model,
): void {
  record.target = plan.target;
  record.seen = null;
  record.losses = plan.losses;
  record.transformers = plan.transformers;
  const { provider } = plan.target;
  record.live.started({ model: shownAs, provider: provider.name, agentType: record.agentType });
  record.overheadMs ??= host.monotonic() - record.startedAt;
  traceTry(record, host, plan);
  // The first target is part of the route, which has been reported already.
  if (record.attempts.length > 0) reportBegun(host.fleet, record);
}

/** Milliseconds. The official SDKs send how many seconds they wait for an answer. */
function clientDeadline(asking: Asking | null): number {
  const seconds = Number(asking?.headers.get('x-stainless-timeout') ?? Number.NaN);
  return seconds > 0 ? seconds * 1_000 : Number.POSITIVE_INFINITY;
}

/** Whether the target would only answer that it needs a key. The first target is asked all the same, since that is the answer to give. */
export function lacksKey(target: Target, first: Target | undefined): boolean {
  return target.provider.lacksKey && (first === undefined || !sameTarget(target, first));
}

/** What the exchange provides for the tries at its targets. */
export function tryContextOf(
  exchange: Omit<Exchange, 'dialect' | 'envelope' | 'maxEvent' | 'pingIntervalMs'>,
): TryContext {
  const { host, record, route, question, client, states, redact, serverKeys, budgets, limits } = exchange;
  const { asking = question.incoming } = exchange;
  const [first] = route.targets;
  const { contextFallback } = route.policy;
  const { serves } = exchange;
  return {
    targets: serves === undefined ? route.targets : route.targets.filter(serves),
    contextFallback: serves === undefined ? contextFallback : contextFallback.filter(serves),
    keyFor(target) {
      if (clientKeyFor(asking, target, { serverKeys, first }) !== null) return 'client';
      return lacksKey(target, first) ? 'missing' : 'own';
    },
    spentBudget: (target) => budgets(record, target),
    limits: limits(record),
    conversation: () => route.conversation,
    host,
    signal: client,
    record,
    deadlineMs: clientDeadline(asking),
    states,
    redact,
  };
}
