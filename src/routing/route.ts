// Where a request goes, why, and what else its rule says: the one question the gateway asks of routing.
import type { PolicyConfig, ResolvedConfig } from '../config/resolved.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import type { Transformer } from '../transformers/transformer.ts';
import { conversationOf } from './conversation.ts';
import type { TextCounter } from './long-context.ts';
import type { RouteMemory } from './memory.ts';
import { orderTargets } from './order.ts';
import { createRuleBook, type RuleMatch, type RuleQuestion } from './rules.ts';
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
  /** So many of them, the first ones, are the rule's own; what follows is of `routing.fallback_chain`. */
  readonly ownTargets: number;
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
  /**
   * At once, unless a rule has to wait. Throws, or rejects with, GatewayError `unknown_model` naming what is not
   * configured and the mend.
   */
  route(question: RouteQuestion): Route | Promise<Route>;
}

export interface RouterContext {
  signals: RouteSignals;
  memory: RouteMemory;
  /** Asked only near `routing.scenarios.long_context_threshold`. */
  countText: TextCounter;
}

/** What is found for a request, but for the request itself. */
interface Way {
  targets: readonly Target[];
  /** As in Route. */
  ownTargets: number;
  decision: RouteDecision;
  policy: RoutePolicy;
  /** Under what the target that serves is remembered; null: it is not. */
  place: string | null;
}

/** Names of models come from clients: so many ways are remembered, then all are forgotten. */
const MOST_WAYS = 1_000;

/** Of one configuration; `memory` outlives it. */
export function createRouter(config: ResolvedConfig, context: RouterContext): Router {
  const { routing } = config;
  const { policy: plainPolicy, fallbackChain: chain } = routing;
  const findRule = createRuleBook(routing, context.countText);
  /** Where the name of a model alone leads: twenty objects to find, and most requests find the same. */
  const named = new Map<string, Way | null>();
  const defaults = new Map<string, Way>();

  function built({ model, targets: first, decision, policy, place, chain: following }: Found): Way {
    const targets = [...first];
    for (const entry of following) {
      const target = resolveTarget(entry, model, config);
      if (target !== undefined && !targets.some((known) => sameTarget(known, target))) targets.push(target);
    }
    return {
      targets,
      ownTargets: first.length,
      decision,
      place,
      policy: {
        continueStreams: policy.continueStreams,
        hedgeAfterMs: policy.hedgeAfterMs,
        contextFallback: policy.contextFallback
          .map((entry) => resolveTarget(entry, model, config))
          .filter((target) => target !== undefined),
        transformers: policy.transformers,
      },
    };
  }

  function byHeader(forced: string, model: string): Way {
    const targets = [resolveForced(forced, model, config)];
    const decision = explicit('x-sluice-target', `x-sluice-target is "${forced}"`);
    return built({ model, targets, decision, policy: plainPolicy, place: null, chain: [] });
  }

  function byName(model: string): Way | null {
    const target = resolveNamed(model, config);
    if (target === undefined) return null;
    const decision = explicit('model', `model "${model}" names its provider`);
    // Others are asked for the model alone: the provider's name means nothing to them.
    const bare = model.slice(model.indexOf('/') + 1);
    return built({ model: bare, targets: [target], decision, policy: plainPolicy, place: null, chain });
  }

  function byDefault(model: string): Way {
    const { target, rule, why } = resolveDefault(model, config);
    const decision: RouteDecision = { kind: 'default', rule, why, order: null };
    return built({ model, targets: [target], decision, policy: plainPolicy, place: null, chain });
  }

  function byRule(question: Asked, { kind, rule, why }: RuleMatch): Way {
    const { targets: written, strategy, policy } = rule;
    const { model, timing } = question;
    const candidates = written.flatMap(({ target: entry, weight }) => {
      const target = resolveTarget(entry, model, config);
      return target === undefined ? [] : [{ target, weight }];
    });
    const isChoice = strategy !== 'ordered' && candidates.length > 1;
    const conversation = isChoice && routing.sessionAffinity ? question.conversation() : null;
    const place = conversation === null || strategy === 'weighted' ? null : `${conversation} ${rule.text}`;
    const last = place === null ? null : context.memory.placeOf(place);
    const { targets, order } = orderTargets(
      { candidates, strategy, conversation, last, timing },
      context.signals,
    );
    const decision = { kind, rule: rule.text, why, order };
    return built({ model, targets, decision, policy, place, chain });
  }

  function leadBy(question: Asked, match: RuleMatch | undefined): Route {
    const { model } = question;
    const way = match === undefined ? remembered(defaults, model, byDefault) : byRule(question, match);
    return new FoundRoute(way, question, context.memory);
  }

  return {
    route(asked) {
      const question = new Asked(asked);
      const { model, forced } = asked;
      if (forced !== null) return new FoundRoute(byHeader(forced, model), question, context.memory);
      const way = model.includes('/') ? remembered(named, model, byName) : null;
      if (way !== null) return new FoundRoute(way, question, context.memory);
      const found = findRule(question);
      return found instanceof Promise
        ? found.then((match) => leadBy(question, match))
        : leadBy(question, found);
    },
  };
}

function remembered<W>(known: Map<string, W>, model: string, find: (model: string) => W): W {
  const before = known.get(model);
  if (before !== undefined) return before;
  const found = find(model);
  if (known.size >= MOST_WAYS) known.clear();
  known.set(model, found);
  return found;
}

interface Found extends Omit<Way, 'policy' | 'ownTargets'> {
  policy: PolicyConfig;
  /** What follows the targets. */
  chain: readonly string[];
  /** What targets are asked for that name no model. */
  model: string;
}

class FoundRoute implements Route {
  readonly targets: readonly Target[];
  readonly ownTargets: number;
  readonly decision: RouteDecision;
  readonly policy: RoutePolicy;
  private readonly place: string | null;
  private readonly question: Asked;
  private readonly memory: RouteMemory;

  constructor(way: Way, question: Asked, memory: RouteMemory) {
    const { targets, ownTargets, decision, policy, place } = way;
    this.targets = targets;
    this.ownTargets = ownTargets;
    this.decision = decision;
    this.policy = policy;
    this.place = place;
    this.question = question;
    this.memory = memory;
  }

  get conversation(): string | null {
    return this.question.conversation();
  }

  served(target: Target, ms: number): void {
    this.memory.served(target, this.question.timing, ms, this.place);
  }
}

function explicit(rule: string, why: string): RouteDecision {
  return { kind: 'explicit', rule, why, order: null };
}

/** A question whose content is read at most once. One that cannot be read matches no rule: its bytes may still pass. */
class Asked implements RuleQuestion {
  readonly model: string;
  readonly agentType: string | null;
  readonly timing: string;
  private readonly read: RouteQuestion['content'];
  private told: string | null | undefined = undefined;

  constructor({ model, agentType, timing, content }: RouteQuestion) {
    this.model = model;
    this.agentType = agentType;
    this.timing = timing;
    this.read = content;
  }

  content(): NeutralRequest | undefined {
    try {
      return this.read?.();
    } catch {
      return undefined;
    }
  }

  conversation(): string | null {
    if (this.told === undefined) {
      const request = this.content();
      this.told = request === undefined ? null : conversationOf(request);
    }
    return this.told;
  }
}
