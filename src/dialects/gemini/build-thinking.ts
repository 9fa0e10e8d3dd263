// Reasoning settings → `thinkingConfig`, in the form that the model accepts.
// https://ai.google.dev/gemini-api/docs/thinking
import type { JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest, ReasoningEffort, ReasoningSettings } from '../../model/request.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { isHidden, onlyHides, reportSummary } from '../shared/settings/reasoning-summary.ts';
import { isOffUnlessOn, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import type { ModelTraits, ThinkingLevel } from './models.ts';

/** The tokens that Google itself sets for an effort on models without levels. */
const BUDGETS: Record<Exclude<ReasoningEffort, 'none'>, number> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 32_768,
};

const LEVELS: Record<ReasoningEffort, ThinkingLevel> = {
  none: 'MINIMAL',
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: 'XHIGH',
  max: 'XHIGH',
};
const ORDER: readonly ThinkingLevel[] = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'XHIGH'];

/** Lets the model decide how much it thinks. */
const DYNAMIC = -1;

export function buildThinking(
  { reasoning: settings, hidesReasoning }: Pick<NeutralRequest, 'reasoning' | 'hidesReasoning'>,
  traits: ModelTraits,
  losses: LossReport,
): JsonObject | undefined {
  if (settings === undefined) return undefined;
  reportIdleEffort(settings, losses);
  const isOff = isOffUnlessOn(settings);
  const name = settings.effort === undefined ? 'thinking' : 'reasoning_effort';
  if (traits.thinking === 'none') {
    if (!isOff && !onlyHides(settings)) losses.lost(name, 'the model does not think');
    return undefined;
  }
  if (isOff) return turnOff(traits, losses, name);
  const config: JsonObject = {};
  reportSummary(settings.summary, true, losses);
  if (!isHidden(settings.summary) && hidesReasoning !== true) config.includeThoughts = true;
  if (traits.thinking === 'level') Object.assign(config, byLevel(settings, traits, losses));
  else Object.assign(config, byBudget(settings, traits, losses));
  return Object.keys(config).length === 0 ? undefined : config;
}

function turnOff(traits: ModelTraits, losses: LossReport, name: string): JsonObject {
  if (traits.thinkingCanStop) return { thinkingBudget: 0 };
  losses.approximated(name, 'the model always thinks: set to the minimum');
  const [lowest] = traits.levels;
  return lowest === undefined ? { thinkingBudget: traits.budget[0] } : { thinkingLevel: lowest };
}

function byLevel(settings: ReasoningSettings, traits: ModelTraits, losses: LossReport): JsonObject {
  const { effort, budgetTokens } = settings;
  if (effort !== undefined) {
    const level = nearest(LEVELS[effort], traits);
    if (level.toLowerCase() !== effort) losses.approximated('reasoning_effort', level.toLowerCase());
    if (budgetTokens !== undefined) losses.approximated('thinking.budget_tokens', `level \`${level}\``);
    return { thinkingLevel: level };
  }
  if (budgetTokens === undefined) return {};
  // A budget may not be combined with a level.
  if (!traits.refusesBudgets) return { thinkingBudget: clamp(budgetTokens, traits, losses) };
  const wanted = budgetTokens <= BUDGETS.low ? 'LOW' : budgetTokens <= BUDGETS.medium ? 'MEDIUM' : 'HIGH';
  const level = nearest(wanted, traits);
  losses.approximated('thinking.budget_tokens', `level \`${level}\``);
  return { thinkingLevel: level };
}

/** The nearest level that is not lower, as Google maps unsupported efforts. */
function nearest(wanted: ThinkingLevel, { levels }: ModelTraits): ThinkingLevel {
  return levels.find((each) => ORDER.indexOf(each) >= ORDER.indexOf(wanted)) ?? levels.at(-1) ?? 'HIGH';
}

function byBudget(settings: ReasoningSettings, traits: ModelTraits, losses: LossReport): JsonObject {
  const { mode, effort, budgetTokens } = settings;
  if (budgetTokens !== undefined) {
    const budget = clamp(budgetTokens, traits, losses);
    if (effort !== undefined) losses.approximated('reasoning_effort', `a budget of ${budget} tokens`);
    return { thinkingBudget: budget };
  }
  if (effort !== undefined && effort !== 'none') {
    const budget = Math.min(Math.max(BUDGETS[effort], traits.budget[0]), traits.budget[1]);
    losses.approximated('reasoning_effort', `a budget of ${budget} tokens`);
    return { thinkingBudget: budget };
  }
  return mode === undefined ? {} : { thinkingBudget: DYNAMIC };
}

function clamp(tokens: number, { budget: [least, most] }: ModelTraits, losses: LossReport): number {
  const budget = Math.min(Math.max(tokens, least), most);
  if (budget !== tokens)
    losses.approximated('thinking.budget_tokens', `${budget}, the nearest that the model accepts`);
  return budget;
}
