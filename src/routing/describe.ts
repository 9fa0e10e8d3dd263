// Describes routing for people: every rule in the order of evaluation, and where it leads.
import type { RoutingConfig, RuleConfig } from '../config/resolved.ts';

interface RuleLine {
  /** What a request must match. */
  asks: string;
  leads: string;
}

export function describeRules(routing: RoutingConfig): RuleLine[] {
  const { scenarios } = routing;
  const line = (asks: string, rule: RuleConfig | null): RuleLine[] =>
    rule === null ? [] : [{ asks, leads: describeTargets(rule) }];
  return [
    ...Object.entries(routing.agentRules).flatMap(([name, rule]) => line(`agent ${name}`, rule)),
    ...routing.modelMappings.flatMap(({ from, rule }) => line(`model ${from}`, rule)),
    ...Object.entries(routing.modelTierRules).flatMap(([tier, rule]) => line(`tier ${tier}`, rule)),
    ...line('an image', scenarios.image),
    ...line('web search', scenarios.web_search),
    ...line(`over ${scenarios.longContextThreshold} tokens`, scenarios.long_context),
    ...line('thinking', scenarios.think),
    ...line('a small model', scenarios.background),
    ...routing.patterns
      .toSorted((one, other) => other.priority - one.priority)
      .flatMap(({ phrases, rule }) =>
        line(`message: ${phrases.map(({ phrase }) => phrase).join(', ')}`, rule),
      ),
    ...routing.inferredAgents.flatMap(({ agent, phrases }) =>
      line(
        `system prompt: ${phrases.map(({ phrase }) => phrase).join(', ')}`,
        Object.hasOwn(routing.agentRules, agent) ? (routing.agentRules[agent] ?? null) : null,
      ),
    ),
  ];
}

function describeTargets({ targets, strategy }: RuleConfig): string {
  if (targets.length === 1 || strategy === 'ordered')
    return targets.map(({ target }) => target).join(', then ');
  const names = targets.map(({ target, weight }) =>
    strategy === 'weighted' ? `${target} × ${Number(weight.toPrecision(3))}` : target,
  );
  return `${strategy} of ${names.join(', ')}`;
}

/** Why a provider is skipped if another was asked first. */
export function noKeyFor(name: string): string {
  return `it has no key (providers.${name}.api_key), unless the client brings one for it`;
}
