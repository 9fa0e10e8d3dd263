// The rules in the order of evaluation, from the agent to the system prompt; the first that matches decides.
import type { RoutingConfig, RuleConfig, Scenario } from '../config/resolved.ts';
import { compileGlob } from '../model/glob.ts';
import type { NeutralRequest } from '../model/request.ts';
import type { RouteRuleKind } from '../model/route-decision.ts';
import { tierOf } from '../providers/model-tiers.ts';
import { measureContext, type TextCounter } from './long-context.ts';
import { createPhraseSearch } from './phrases.ts';
import { hasImage, lastUserText, searchesWeb, systemText, thinkingAsked } from './request-view.ts';

export interface RuleQuestion {
  model: string;
  agentType: string | null;
  /** Undefined if there is no prompt, or none that can be read. */
  content(): NeutralRequest | undefined;
}

export interface RuleMatch {
  kind: RouteRuleKind;
  rule: RuleConfig;
  why: string;
}

type Finding = RuleMatch | undefined;
type Step = (question: RuleQuestion) => Finding | Promise<Finding>;

/** Undefined if no rule matches; a promise only if a rule has to wait. */
type RuleBook = (question: RuleQuestion) => Finding | Promise<Finding>;

/** Created once per configuration. Steps without rules cost nothing, and only a step that needs the request reads it. */
export function createRuleBook(routing: RoutingConfig, count: TextCounter): RuleBook {
  const steps = [
    byAgent(routing),
    byModel(routing),
    byTier(routing),
    ...byScenario(routing, count),
    byPattern(routing),
    byInferredAgent(routing),
  ].filter((step) => step !== undefined);
  const askFrom = (first: number, question: RuleQuestion): Finding | Promise<Finding> => {
    for (let index = first; index < steps.length; index++) {
      const finding = steps[index]?.(question);
      if (finding instanceof Promise) return finding.then((match) => match ?? askFrom(index + 1, question));
      if (finding !== undefined) return finding;
    }
    return undefined;
  };
  return (question) => askFrom(0, question);
}

function byAgent({ agentRules }: RoutingConfig): Step | undefined {
  if (Object.keys(agentRules).length === 0) return undefined;
  return ({ agentType }) => {
    const rule = agentType === null ? undefined : ownRule(agentRules, agentType);
    return rule && { kind: 'agent', rule, why: `agent_type is "${agentType}"` };
  };
}

function byModel({ modelMappings }: RoutingConfig): Step | undefined {
  if (modelMappings.length === 0) return undefined;
  const mappings = modelMappings.map(({ from, rule }) => ({ from, rule, fits: compileGlob(from) }));
  return ({ model }) => {
    const found = mappings.find(({ fits }) => fits(model));
    return found && { kind: 'model-mapping', rule: found.rule, why: `model "${model}" fits "${found.from}"` };
  };
}

function byTier({ modelTierRules }: RoutingConfig): Step | undefined {
  if (Object.keys(modelTierRules).length === 0) return undefined;
  return ({ model }) => {
    const tier = tierOf(model)?.tier;
    const rule = tier === undefined ? undefined : ownRule(modelTierRules, tier);
    return rule && { kind: 'model-tier', rule, why: `model "${model}" is of tier ${tier}` };
  };
}

function byScenario({ scenarios }: RoutingConfig, count: TextCounter): Step[] {
  const { longContextThreshold: limit } = scenarios;
  const tests: [
    Scenario,
    (request: NeutralRequest, model: string) => string | undefined | Promise<string | undefined>,
  ][] = [
    ['image', (request) => (hasImage(request) ? 'the conversation has an image' : undefined)],
    ['web_search', (request) => (searchesWeb(request) ? 'web search is requested' : undefined)],
    ['long_context', (request) => longContext(request, limit, count)],
    [
      'think',
      (request) => {
        const asked = thinkingAsked(request);
        return asked && `${asked} is requested`;
      },
    ],
  ];
  const steps = tests.flatMap(([name, test]): Step[] => {
    const rule = scenarios[name];
    if (rule === null) return [];
    const matched = (why: string | undefined): Finding =>
      why === undefined ? undefined : { kind: 'scenario', rule, why };
    return [
      (question) => {
        const request = question.content();
        const why = request && test(request, question.model);
        return why instanceof Promise ? why.then(matched) : matched(why);
      },
    ];
  });
  const { background } = scenarios;
  if (background !== null) {
    steps.push(({ model }) => {
      const tier = tierOf(model);
      if (tier?.small !== true) return undefined;
      return {
        kind: 'scenario',
        rule: background,
        why: `model "${model}" is a small one (tier ${tier.tier})`,
      };
    });
  }
  return steps;
}

function longContext(
  request: NeutralRequest,
  limit: number,
  count: TextCounter,
): string | undefined | Promise<string | undefined> {
  const describe = ({ isLong, tokens, how }: Awaited<ReturnType<typeof measureContext>>) =>
    isLong ? `the prompt has ${tokens} tokens (${how}), over ${limit}` : undefined;
  const measured = measureContext(request, limit, count);
  return measured instanceof Promise ? measured.then(describe) : describe(measured);
}

function byPattern({ patterns }: RoutingConfig): Step | undefined {
  if (patterns.length === 0) return undefined;
  const phrases = patterns.flatMap(({ phrases: own, caseSensitive }, pattern) =>
    own.map(({ phrase, weight }) => ({ phrase, weight, caseSensitive, pattern })),
  );
  const search = createPhraseSearch(phrases);
  return (question) => {
    const request = question.content();
    if (request === undefined) return undefined;
    const found = [...search(lastUserText(request))]
      .map((index) => phrases[index])
      .filter((each) => each !== undefined);
    const scored = patterns
      .map((pattern, index) => {
        const own = found.filter((each) => each.pattern === index);
        return { ...pattern, own, score: own.reduce((sum, { weight }) => sum + weight, 0) };
      })
      // A threshold is positive, so scenarios without matching phrases are excluded.
      .filter(({ score, threshold }) => score >= threshold)
      .toSorted((one, other) => other.priority - one.priority || other.score - one.score);
    const best = scored[0];
    if (best === undefined) return undefined;
    const phraseList = best.own.map(({ phrase }) => JSON.stringify(phrase)).join(', ');
    const why = `the last user message has ${phraseList} (score ${best.score}, priority ${best.priority})`;
    return { kind: 'pattern', rule: best.rule, why };
  };
}

function byInferredAgent({ inferredAgents, agentRules }: RoutingConfig): Step | undefined {
  if (inferredAgents.length === 0) return undefined;
  const phrases = inferredAgents.flatMap(({ agent, phrases: own }) =>
    own.map(({ phrase }) => ({ phrase, caseSensitive: false, agent })),
  );
  const search = createPhraseSearch(phrases);
  return (question) => {
    // An agent that names itself need not be inferred.
    const request = question.agentType === null ? question.content() : undefined;
    if (request === undefined) return undefined;
    const found = search(systemText(request));
    const first = phrases.find(
      ({ agent }, index) => found.has(index) && ownRule(agentRules, agent) !== undefined,
    );
    const rule = first && ownRule(agentRules, first.agent);
    if (first === undefined || rule === undefined) return undefined;
    const why = `the system prompt has ${JSON.stringify(first.phrase)}, as routing.infer_agents.${first.agent} says`;
    return { kind: 'inferred-agent', rule, why };
  };
}

/** Names come from clients: an inherited one such as `constructor` is not a rule. */
function ownRule(rules: Readonly<Record<string, RuleConfig>>, name: string): RuleConfig | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}
