// What rendering an answer for the client depends on: the forms of its dialect, and what it asked for.
import type { AnswerContext, AnswerTimes, ClientForms } from '../../dialects/dialect.ts';
import type { AnswerFacts } from '../../dialects/envelope.ts';
import { DIALECTS, formsOf } from '../../dialects/registry.ts';
import type { Target } from '../../routing/targets.ts';
import type { Question } from '../attempts/plan.ts';
import type { Exchange } from '../attempts/try-context.ts';
import { describeLoss } from '../record/describe-row.ts';
import { noteAnswerLoss } from '../record/observer.ts';

/** For errors and pings; rendering an answer also depends on what the client asked for. */
export function plainContext({ record, host, question }: Exchange, model: string): AnswerContext {
  const created = Math.floor(host.now() / 1000);
  const { traits, route } = question.incoming ?? {};
  const framing = route?.framing ?? 'sse';
  return { requestId: record.requestId, model, created, includeUsage: false, framing, ...traits };
}

export function answerContext(exchange: Exchange, target: Target): AnswerContext {
  return {
    ...plainContext(exchange, target.model),
    ...asked(exchange.question),
    askedAs: askedAs(exchange, target),
    lost: (feature) => noteAnswerLoss(exchange.record.seen, feature),
    approximated: (feature, how) => noteAnswerLoss(exchange.record.seen, describeLoss({ feature, how })),
    kept(units) {
      const { seen } = exchange.record;
      if (seen !== null) seen.keptUnits += units;
    },
    measured: () => timesOf(exchange),
  };
}

function timesOf({ record, host, question }: Exchange): AnswerTimes {
  const { firstContentAt = null, timing } = record.seen ?? {};
  const lastContentAt = timing?.lastContentAt ?? null;
  const isTimed = question.stream && firstContentAt !== null && lastContentAt !== null;
  // Content that arrived all at once is seen later than it arrived, so its duration is unknown.
  const content = isTimed && lastContentAt > firstContentAt ? lastContentAt - firstContentAt : null;
  return { total: host.monotonic() - record.startedAt, content };
}

/** A request that passes unchanged may contain what the neutral form cannot represent. */
function asked(
  question: Question,
): Pick<
  AnswerContext,
  'includeUsage' | 'tools' | 'outputFormat' | 'hidesReasoning' | 'readsReasoningDetails' | 'replaysReasoning'
> {
  try {
    const {
      includeUsage,
      tools,
      outputFormat,
      hidesReasoning,
      readsReasoningDetails,
      replaysReasoning,
      store,
    } = question.neutral();
    return {
      includeUsage: includeUsage === true,
      tools,
      outputFormat,
      hidesReasoning,
      readsReasoningDetails,
      // The AI SDK asks for it only for models that it knows to reason, by their names.
      replaysReasoning: replaysReasoning === true || store === false ? true : undefined,
    };
  } catch {
    return { includeUsage: false };
  }
}

export function formsIn({ dialect, question }: Exchange): ClientForms {
  return formsOf(dialect, question.incoming?.route.operation);
}

/**
 * The model's name as the client asked for it. Undefined for an alias, a model that routing chose, or a later target: those answers name
 * the model that serves.
 */
function askedAs({ question, dialect }: Exchange, { provider, model }: Target): string | undefined {
  const { incoming } = question;
  if (incoming === null || DIALECTS[dialect].client.comparesModels?.(incoming.headers) !== true)
    return undefined;
  const isIt = incoming.model === model || incoming.model === `${provider.name}/${model}`;
  return isIt ? incoming.model : undefined;
}

export function factsOf({ record, host }: Pick<Exchange, 'record' | 'host'>): AnswerFacts {
  const { seen } = record;
  return {
    usage: seen?.usageKnown === true ? seen.usage : null,
    latencyMs: Math.round(host.monotonic() - record.startedAt),
    lost: (feature) => noteAnswerLoss(seen, feature),
  };
}
