// The section `routing` of a valid file → rules whose targets can all be used, and what is wrong with the others.
import { PROVIDER_KINDS } from '../providers/kinds.ts';
import type { TransformerEntry } from '../transformers/entry.ts';
import type { Transformer } from '../transformers/transformer.ts';
import { suggestion } from '../model/nearest.ts';
import { patternDoubt } from './model-pattern.ts';
import { type ConfigProblem, formatKeyPath, type KeyPath, type Severity } from './problem.ts';
import type {
  PatternConfig,
  PhraseConfig,
  PolicyConfig,
  ProviderConfig,
  ResolvedConfig,
  RoutingConfig,
  RuleConfig,
  TransformersConfig,
} from './resolved.ts';
import { phraseProblem } from './phrase.ts';
import type { RoutingFile, RuleEntry, TargetsEntry } from './routing-schema.ts';
import { resolveTransformers } from './resolve-transformers.ts';
import type { ConfigFile } from './schema.ts';
import type { SecretSources } from './secrets.ts';
import { createTargetReader, type TargetReader } from './target-reader.ts';

export interface RoutingContext {
  providers: readonly ProviderConfig[];
  disabled: ResolvedConfig['disabled'];
  problems: ConfigProblem[];
  sources: SecretSources;
  /** Collects what the transformers of the section report. */
  transformers: TransformersConfig;
}

type Report = (severity: Severity, path: KeyPath, message: string) => void;
/** A rule written as an object, of whichever kind. */
type Rule = Exclude<RuleEntry, string | unknown[]>;

export function resolveRouting(file: ConfigFile, context: RoutingContext): RoutingConfig {
  const { routing } = file;
  const report: Report = (severity, path, message) => {
    context.problems.push({ severity, path: ['routing', ...path], message });
  };
  const enabled = context.providers.map((provider) => provider.name);
  const names = [
    ...new Set([...Object.keys(file.providers), ...enabled, ...PROVIDER_KINDS.map((row) => row.kind)]),
  ];
  const reader = createTargetReader(routing.groups, { enabled, names }, report);
  const list = (targets: TargetsEntry, path: KeyPath) =>
    reader.read(targets, path).map(({ target }) => target);
  const fallbackChain = list(routing.fallback_chain, ['fallback_chain']);
  const inPlace = fallbackChain.length > 0;
  checkDefault({ wanted: routing.default_provider, enabled, names, inPlace }, context.disabled, report);
  const steps: StepReader = (entries, path) =>
    resolveTransformers(entries, ['routing', ...path], context.sources, context.transformers, (at, problem) =>
      report('fatal', [...path, ...at], problem),
    );
  const policy: PolicyConfig = {
    continueStreams: routing.continue_streams,
    hedgeAfterMs: routing.hedge_after,
    contextFallback: list(routing.context_fallback, ['context_fallback']),
    transformers: steps(routing.transformers, ['transformers']),
  };
  const rule = createRuleReader(reader, steps, policy, report);
  return {
    defaultProvider: routing.default_provider ?? onlyOne(enabled),
    fallbackChain,
    policy,
    sessionAffinity: routing.session_affinity,
    agentRules: rulesBy(routing.agent_rules, 'agent_rules', rule),
    modelMappings: routing.model_mappings.flatMap((mapping, index) => {
      const doubt = patternDoubt(mapping.from);
      if (doubt !== undefined) report('warning', ['model_mappings', index, 'from'], doubt);
      const found = rule(mapping, ['model_mappings', index], mapping.from);
      return found === undefined ? [] : [{ from: mapping.from, rule: found }];
    }),
    modelTierRules: rulesBy(routing.model_tier_rules, 'model_tier_rules', rule),
    scenarios: resolveScenarios(routing.scenarios, rule),
    patterns: routing.patterns.flatMap((pattern, index) => {
      const phrases = readPhrases(pattern.match, ['patterns', index, 'match'], report);
      const text = phrases.map(({ phrase }) => phrase).join(', ');
      const found = rule(pattern, ['patterns', index], text);
      return found === undefined ? [] : [patternOf(pattern, phrases, found)];
    }),
    inferredAgents: Object.entries(routing.infer_agents).map(([agent, match]) => {
      const path = ['infer_agents', agent];
      if (!Object.hasOwn(routing.agent_rules, agent)) {
        const known = Object.keys(routing.agent_rules);
        const remedy = `${suggestion(agent, known)}; add routing.agent_rules.${agent}`;
        report('fatal', path, `no agent rule has this name${remedy}`);
      }
      return { agent, phrases: readPhrases(match, path, report) };
    }),
  };
}

interface DefaultQuestion {
  wanted: string | null;
  enabled: readonly string[];
  names: readonly string[];
  /** Whether the fallback chain has a target that serves instead. */
  inPlace: boolean;
}

function checkDefault(
  { wanted, enabled, names, inPlace }: DefaultQuestion,
  disabled: ResolvedConfig['disabled'],
  report: Report,
): void {
  if (wanted === null || enabled.includes(wanted)) return;
  if (!names.includes(wanted)) {
    const hint = suggestion(wanted, names);
    report(
      'fatal',
      ['default_provider'],
      `no provider is named "${wanted}"${hint}; there are: ${names.join(', ')}`,
    );
    return;
  }
  const reason = disabled.find((provider) => provider.name === wanted)?.reason ?? 'it cannot start';
  const what = `provider "${wanted}" is disabled: ${reason}`;
  if (inPlace) report('warning', ['default_provider'], `${what}; routing.fallback_chain serves in its place`);
  else report('error', ['default_provider'], `${what}; correct that, or name one of: ${enabled.join(', ')}`);
}

type StepReader = (entries: readonly TransformerEntry[], path: KeyPath) => Transformer[];
type RuleReader = (entry: RuleEntry, path: KeyPath, text: string) => RuleConfig | undefined;

/** Reads a rule; reports, and returns undefined, if none of its targets can be used. `text`: what must match. */
function createRuleReader(
  reader: TargetReader,
  steps: StepReader,
  base: PolicyConfig,
  report: Report,
): RuleReader {
  return (entry, path, text) => {
    const isPlain = typeof entry === 'string' || Array.isArray(entry);
    const rule: Rule = isPlain ? { to: entry } : entry;
    const targets = reader.read(rule.to, isPlain ? path : [...path, 'to']);
    if (targets.length === 0) {
      report('warning', path, 'none of its targets can be used; the rule is skipped');
      return undefined;
    }
    const where = formatKeyPath(['routing', ...path]);
    const to = targets.map(({ target }) => target).join(', ');
    return {
      text: `${where}: ${text === '' ? '' : `${text} → `}${to}`,
      targets,
      strategy: rule.strategy ?? (reader.weighs(rule.to) ? 'weighted' : 'ordered'),
      policy: {
        continueStreams: rule.continue_streams ?? base.continueStreams,
        hedgeAfterMs: rule.hedge_after === undefined ? base.hedgeAfterMs : rule.hedge_after,
        contextFallback:
          rule.context_fallback === undefined
            ? base.contextFallback
            : reader.read(rule.context_fallback, [...path, 'context_fallback']).map(({ target }) => target),
        transformers:
          rule.transformers === undefined
            ? base.transformers
            : steps(rule.transformers, [...path, 'transformers']),
      },
    };
  };
}

function rulesBy(
  entries: Readonly<Record<string, RuleEntry>>,
  key: string,
  rule: RuleReader,
): Record<string, RuleConfig> {
  const rules: Record<string, RuleConfig> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const found = rule(entry, [key, name], '');
    if (found !== undefined) rules[name] = found;
  }
  return rules;
}

function resolveScenarios(scenarios: RoutingFile['scenarios'], rule: RuleReader): RoutingConfig['scenarios'] {
  const { long_context_threshold: longContextThreshold, ...entries } = scenarios;
  const read = (name: keyof typeof entries) => {
    const entry = entries[name];
    return entry === undefined ? null : (rule(entry, ['scenarios', name], '') ?? null);
  };
  return {
    image: read('image'),
    web_search: read('web_search'),
    long_context: read('long_context'),
    longContextThreshold,
    think: read('think'),
    background: read('background'),
  };
}

function readPhrases(
  match: RoutingFile['patterns'][number]['match'],
  path: KeyPath,
  report: Report,
): PhraseConfig[] {
  return match.map((entry, index) => {
    const phrase = typeof entry === 'string' ? { phrase: entry, weight: 1 } : entry;
    const problem = phraseProblem(phrase.phrase);
    if (problem !== undefined) report('fatal', [...path, index], problem);
    return phrase;
  });
}

function patternOf(
  pattern: RoutingFile['patterns'][number],
  phrases: PhraseConfig[],
  rule: RuleConfig,
): PatternConfig {
  const { threshold, priority, case_sensitive: caseSensitive } = pattern;
  return { phrases, threshold, priority, caseSensitive, rule };
}

function onlyOne(names: string[]): string | null {
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** Every provider and group that the section may name. */
export function namesInRouting(routing: RoutingFile): string[] {
  const rules: RuleEntry[] = [
    ...Object.values(routing.agent_rules),
    ...routing.model_mappings,
    ...Object.values(routing.model_tier_rules),
    ...Object.values(routing.scenarios).filter((entry) => typeof entry !== 'number'),
    ...routing.patterns,
  ].filter((entry) => entry !== undefined);
  const lists: TargetsEntry[] = [
    routing.fallback_chain,
    routing.context_fallback,
    ...Object.values(routing.groups),
    ...rules.flatMap((entry) =>
      typeof entry === 'string' || Array.isArray(entry) ? [entry] : [entry.to, entry.context_fallback ?? []],
    ),
  ];
  const targets = lists.flat().map((entry) => (typeof entry === 'string' ? entry : entry.target));
  return [
    ...(routing.default_provider === null ? [] : [routing.default_provider]),
    ...targets.map(providerOf),
  ];
}

/** The first slash splits a target, since model names have slashes of their own. */
function providerOf(target: string): string {
  const slash = target.indexOf('/');
  return slash === -1 ? target : target.slice(0, slash);
}
