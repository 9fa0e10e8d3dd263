// Where a request goes, why, and what else its rule says: the one question the gateway asks of routing.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { RouteDecision } from '../model/route-decision.ts';
import { conversationOf } from './conversation.ts';
import { resolveTarget, resolveTargets, type Target } from './targets.ts';

export interface RouteQuestion {
  /** The model the client asks for. */
  model: string;
  /** `x-sluice-target`, null where not given. */
  forced: string | null;
  agentType: string | null;
  /** What is asked, read on first use; null where there is no prompt. May throw: then no rule reads it. */
  content: (() => NeutralRequest) | null;
}

export interface Route {
  /** At least one, in the order in which they are tried. */
  readonly targets: readonly Target[];
  readonly decision: RouteDecision;
  /** The same for every turn of a conversation; null where it cannot be told. Read from the request on first use. */
  readonly conversation: string | null;
  readonly policy: RoutePolicy;
}

/** What holds for the request besides where it goes: the rule's own word, else that of `routing`. */
export interface RoutePolicy {
  readonly continueStreams: boolean;
  /** Null: never. */
  readonly hedgeAfterMs: number | null;
  readonly contextFallback: readonly Target[];
  /** Names, in the order in which they apply. */
  readonly transformers: readonly string[];
}

/** Throws GatewayError `unknown_model` naming what is not configured and the mend. */
export async function resolveRoute(question: RouteQuestion, config: ResolvedConfig): Promise<Route> {
  const { continueStreams, hedgeAfterMs, contextFallback } = config.routing.policy;
  const targets = resolveTargets(question, config);
  const larger = contextFallback.map((target) => resolveTarget(target, question.model, config));
  let conversation: string | null | undefined;
  return {
    targets,
    decision: decide(question),
    get conversation() {
      if (conversation === undefined) conversation = readConversation(question);
      return conversation;
    },
    policy: {
      continueStreams,
      hedgeAfterMs,
      contextFallback: larger.filter((target) => target !== undefined),
      transformers: [],
    },
  };
}

function decide({ forced, model }: RouteQuestion): RouteDecision {
  if (forced !== null) return { kind: 'explicit', rule: 'x-sluice-target', why: forced, order: null };
  return { kind: 'default', rule: 'routing.default_provider', why: `model "${model}"`, order: null };
}

function readConversation({ content }: RouteQuestion): string | null {
  if (content === null) return null;
  try {
    return conversationOf(content());
  } catch {
    // Whoever must understand the request tells its client what is wrong with it; its bytes may pass.
    return null;
  }
}
