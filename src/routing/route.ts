// Where a request goes, why, and what else its rule says: the one question the gateway asks of routing.
import type { PolicyConfig, ResolvedConfig } from '../config/resolved.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { Transformer } from '../transformers/transformer.ts';
import { conversationOf } from './conversation.ts';
import type { TextCounter } from './long-context.ts';
import type { RouteMemory } from './memory.ts';
import { orderTargets } from './order.ts';
import { createRuleBook, type RuleMatch } from './rules.ts';
import type { RouteSignals } from './signals.ts';
import {
  resolveDefault,
  resolveForced,
  resolveNamed,
  resolveTarget,
  sameTarget,
  type Target,
} from './targets.ts';

export interface RouteQuestion {
  /** The model the client asks for. */
  model: string;
  /** `x-sluice-target`, null where not given. */
  forced: string | null;
  agentType: string | null;
  /** What is asked, read on first use; null where there is no prompt. May throw: then no rule reads it. */
  content: (() => NeutralRequest) | null;
  /** Latencies are compared among requests of the same kind, such as `stream` or `whole`. */
  timing: string;
}

export interface Route {
  /** At least one, in the order in which they are tried. */
  readonly targets: readonly Target[];
  readonly decision: RouteDecision;
  /** The same for every turn of a conversation; null where it cannot be told. Read from the request on first use. */
  readonly conversation: string | null;
  readonly policy: RoutePolicy;
  /** Told when a target has served, and in how many milliseconds it had answered. */
  served(target: Target, ms: number): void;
}

/** What holds for the request besides where it goes: the rule's own word, else that of `routing`. */
export interface RoutePolicy {
  readonly continueStreams: boolean;
  /** Null: never. */
  readonly hedgeAfterMs: number | null;
  readonly contextFallback: readonly Target[];
  /** In the order in which they apply to requests; the provider's own come behind them. */
  readonly transformers: readonly Transformer[];
}

export interface Router {
  /** Rejects with GatewayError `unknown_model` naming what is not configured and the mend. */
  route(question: RouteQuestion): Promise<Route>;
}

export interface RouterContext {
  signals: RouteSignals;
  memory: RouteMemory;
  /** Asked only near `routing.scenarios.long_context_threshold`. */
  countText: TextCounter;
}

/** Of one configuration; `memory` outlives it. */
export function createRouter(config: ResolvedConfig, context: RouterContext): Router {
  const { routing } = config;
  const findRule = createRuleBook(routing, context.countText);

  function built(question: Asked, found: Found): Route {
    const { model = question.model } = found;
    const targets = [...found.targets];
    for (const entry of found.chain) {
      const target = resolveTarget(entry, model, config);
      if (target !== undefined && !targets.some((known) => sameTarget(known, target))) targets.push(target);
    }
    const { decision, policy, place } = found;
    return {
      targets,
      decision,
      get conversation() {
        return question.conversation();
      },
      policy: {
        continueStreams: policy.continueStreams,
        hedgeAfterMs: policy.hedgeAfterMs,
        contextFallback: policy.contextFallback
          .map((entry) => resolveTarget(entry, model, config))
          .filter((target) => target !== undefined),
        transformers: policy.transformers,
      },
      served: (target, ms) => context.memory.served(target, question.timing, ms, place),
    };
  }

  function byRule(question: Asked, { kind, rule, why }: RuleMatch): Route {
    const { targets: written, strategy, policy } = rule;
    const candidates = written.flatMap(({ target: entry, weight }) => {
      const target = resolveTarget(entry, question.model, config);
      return target === undefined ? [] : [{ target, weight }];
    });
    const isChoice = strategy !== 'ordered' && candidates.length > 1;
    const conversation = isChoice && routing.sessionAffinity ? question.conversation() : null;
    const place = conversation === null || strategy === 'weighted' ? null : `${conversation} ${rule.text}`;
    const last = place === null ? null : context.memory.placeOf(place);
    const { timing } = question;
    const { targets, order } = orderTargets(
      { candidates, strategy, conversation, last, timing },
      context.signals,
    );
    const decision = { kind, rule: rule.text, why, order };
    return built(question, { targets, decision, policy, place, chain: routing.fallbackChain });
  }

  return {
    async route(asked) {
      const question = readable(asked);
      const { model, forced } = question;
      const plain = { policy: routing.policy, place: null };
      if (forced !== null) {
        const decision = explicit('x-sluice-target', `x-sluice-target is "${forced}"`);
        return built(question, {
          ...plain,
          targets: [resolveForced(forced, model, config)],
          decision,
          chain: [],
        });
      }
      const chain = routing.fallbackChain;
      const named = resolveNamed(model, config);
      if (named !== undefined) {
        const decision = explicit('model', `model "${model}" names its provider`);
        // Others are asked for the model alone: the provider's name means nothing to them.
        const bare = model.slice(model.indexOf('/') + 1);
        return built(question, { ...plain, targets: [named], decision, chain, model: bare });
      }
      const found = findRule(question);
      const match = found instanceof Promise ? await found : found;
      if (match !== undefined) return byRule(question, match);
      const { target, rule } = resolveDefault(model, config);
      const decision: RouteDecision = { kind: 'default', rule, why: 'no rule matches', order: null };
      return built(question, { ...plain, targets: [target], decision, chain });
    },
  };
}

interface Found {
  targets: readonly Target[];
  decision: RouteDecision;
  policy: PolicyConfig;
  /** Under what the target that serves is remembered; null: it is not. */
  place: string | null;
  /** What follows. */
  chain: readonly string[];
  /** What targets of the chain are asked for that name no model; default: the model asked for. */
  model?: string;
}

interface Asked extends Omit<RouteQuestion, 'content'> {
  content(): NeutralRequest | undefined;
  conversation(): string | null;
}

function explicit(rule: string, why: string): RouteDecision {
  return { kind: 'explicit', rule, why, order: null };
}

/** Its content read at most once. One that cannot be read matches no rule: its bytes may still pass. */
function readable(question: RouteQuestion): Asked {
  const content = () => {
    try {
      return question.content?.();
    } catch {
      return undefined;
    }
  };
  let conversation: string | null | undefined;
  return {
    ...question,
    content,
    conversation() {
      if (conversation === undefined) {
        const request = content();
        conversation = request === undefined ? null : conversationOf(request);
      }
      return conversation;
    },
  };
}
