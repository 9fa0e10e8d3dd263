// Answers the gateway's question to routing: where a request goes, why, and under which policy.
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
  type CanAnswer,
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
  /** `x-sluice-target`; null if not given. */
  forced: string | null;
  agentType: string | null;
  /** The request's content, read on first use; null if there is no prompt. May throw; then no rule reads it. */
  content: (() => NeutralRequest) | null;
  /** Latencies are compared only among requests of the same kind, such as `stream` or `whole`. */
  timing: string;
  /** Which providers can answer what is asked: if no rule matches, only these are considered. Left out: all can. */
  canAnswer?: CanAnswer | undefined;
}

export interface Route {
  /** At least one, in the order in which they are tried. */
  readonly targets: readonly Target[];
  /** How many of the first targets are the rule's own; the others come from `routing.fallback_chain`. */
  readonly ownTargets: number;
  readonly decision: RouteDecision;
  /** The same for every turn of a conversation; null if unknown. Read from the request on first use. */
  readonly conversation: string | null;
  readonly policy: RoutePolicy;
  /** Records that a target has served, and in how many milliseconds it answered. */
  served(target: Target, ms: number): void;
}

/** The settings that apply to the request besides its targets: the rule's own, else those of `routing`. */
interface RoutePolicy {
  readonly continueStreams: boolean;
  /** Null: never. */
  readonly hedgeAfterMs: number | null;
  readonly contextFallback: readonly Target[];
  /** In the order in which they apply to requests; the provider's own come after them. */
  readonly transformers: readonly Transformer[];
}

export interface Router {
  /**
   * Synchronous unless a rule has to wait. Throws, or rejects with, GatewayError `unknown_model`, which names what is not configured and
   * the remedy.
   */
  route(question: RouteQuestion): Route | Promise<Route>;
}

interface RouterContext {
  signals: RouteSignals;
  memory: RouteMemory;
  /** Called only near `routing.scenarios.long_context_threshold`. */
  countText: TextCounter;
}

/** The outcome of routing, without the request itself, so that it can be cached. */
interface Way {
  targets: readonly Target[];
  /** As in Route. */
  ownTargets: number;
  decision: RouteDecision;
  policy: RoutePolicy;
  /** The key under which the serving target is remembered; null: it is not remembered. */
  place: string | null;
}

/** Model names come from clients, so each cache is cleared when it has this many entries. */
const MOST_WAYS = 1_000;

/** Creates the router of one configuration; `memory` outlives it. */
export function createRouter(config: ResolvedConfig, context: RouterContext): Router {
  const { routing } = config;
  const { policy: plainPolicy, fallbackChain: chain } = routing;
  const findRule = createRuleBook(routing, context.countText);
  /** Results that depend only on the model's name: each takes twenty objects to build, and most requests share one. */
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
    // Other providers are asked for the bare model, since this provider's name means nothing to them.
    const bare = model.slice(model.indexOf('/') + 1);
    return built({ model: bare, targets: [target], decision, policy: plainPolicy, place: null, chain });
  }

  function byDefault(model: string, canAnswer?: CanAnswer): Way {
    const { target, rule, why } = resolveDefault(model, config, canAnswer);
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
    const way = match === undefined ? leadByDefault(question) : byRule(question, match);
    return new FoundRoute(way, question, context.memory);
  }

  function leadByDefault({ model, canAnswer }: Asked): Way {
    return canAnswer === undefined
      ? remembered(defaults, model, (asked) => byDefault(asked))
      : byDefault(model, canAnswer);
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
  /** The fallback targets that follow. */
  chain: readonly string[];
  /** The model for targets that name none. */
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

/** The request itself names its target. */
export function explicit(rule: string, why: string): RouteDecision {
  return { kind: 'explicit', rule, why, order: null };
}

/** A question to the rules. Content that cannot be read matches no rule that needs it; its bytes may still pass. */
class Asked implements RuleQuestion {
  readonly model: string;
  readonly agentType: string | null;
  readonly timing: string;
  readonly canAnswer: RouteQuestion['canAnswer'];
  private readonly read: RouteQuestion['content'];
  private spoken: string | null | undefined = undefined;

  constructor({ model, agentType, timing, content, canAnswer }: RouteQuestion) {
    this.model = model;
    this.agentType = agentType;
    this.timing = timing;
    this.canAnswer = canAnswer;
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
    if (this.spoken === undefined) {
      const request = this.content();
      this.spoken = request === undefined ? null : conversationOf(request);
    }
    return this.spoken;
  }
}
