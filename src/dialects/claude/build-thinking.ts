// Reasoning settings as `thinking` and `output_config.effort`, in the form that the model accepts.
// https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking
import type { JsonObject } from '../../model/json/json.ts';
import { REASONING_EFFORTS, type ReasoningEffort, type ReasoningSettings } from '../../model/request.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { put } from '../shared/own-fields.ts';
import { effortForBudget } from '../shared/settings/budget-effort.ts';
import { isHidden, onlyHides, reportSummary } from '../shared/settings/reasoning-summary.ts';
import { isOffUnlessOn, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import type { ModelTraits } from './models.ts';

interface ThinkingFacts {
  traits: ModelTraits;
  /** Whether the client spoke this dialect, in which an effort without `thinking` does not ask for thinking. */
  native: boolean;
  maxTokens: number;
  forcesTool: boolean;
  /** Whether the turn to be continued lacks thinking; see thinking-in-turns.ts. */
  lacksThinking: boolean;
  /** Whether the history contains thinking that Claude sealed. */
  replaysThinking: boolean;
  /** Whether the client asked, in Anthropic's words, for thinking after tool results only. */
  onlyBetweenTools?: boolean;
  /** Whether the server accepts a setting for thinking that is no longer valid. */
  bindingControls: boolean;
}

export interface Thinking {
  thinking?: JsonObject;
  effort?: ReasoningEffort;
}

/** The thinking budgets, in tokens, that replace an effort. */
const BUDGETS: Record<Exclude<ReasoningEffort, 'none'>, number> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 31_999,
};
/** Why earlier thinking is lost; see `forgetsThinking`. */
export const FORGOTTEN = 'with thinking off, the model would refuse a history that has changed since';
/** The smallest budget that is accepted. */
const LEAST_BUDGET = 1_024;

export function buildThinking(
  settings: ReasoningSettings | undefined,
  facts: ThinkingFacts,
  losses: LossReport,
): Thinking {
  const asked: ReasoningSettings | undefined =
    facts.onlyBetweenTools === true ? { ...settings, mode: 'off' } : settings;
  return withBinding(asked === undefined ? {} : asAsked(asked, facts, losses), facts);
}

/**
 * Claude refuses a request that sends thinking back after a changed history, unless the request asks to drop such thinking. Clients of
 * other dialects cannot ask for that, and could never continue the conversation.
 * https://platform.claude.com/docs/en/build-with-claude/preserved-thinking
 */
function withBinding(asked: Thinking, facts: ThinkingFacts): Thinking {
  const { traits, native, forcesTool, replaysThinking, bindingControls } = facts;
  if (native || !bindingControls || !traits.bindsThinking || !replaysThinking) return asked;
  // The model thinks by default too, and asking for it would rule out forcing a tool.
  if (asked.thinking === undefined && forcesTool && traits.forcedTools) return asked;
  const { thinking = { type: 'adaptive' } } = asked;
  // Other types refuse the setting.
  if (thinking.type !== 'adaptive') return asked;
  return { ...asked, thinking: { ...thinking, block_binding: { prefix_mismatch_behavior: 'drop_block' } } };
}

/**
 * Whether earlier thinking is left out of the request. A model that binds its thinking cannot, with thinking off, be asked to drop what is
 * no longer valid, so all of it is left out; omitting only some would make the rest invalid.
 * https://platform.claude.com/docs/en/build-with-claude/preserved-thinking/fix-bound-to-a-different-conversation
 */
export function forgetsThinking(
  settings: ReasoningSettings | undefined,
  { bindsThinking, thinking }: ModelTraits,
): boolean {
  return bindsThinking && thinking !== 'always' && isOffUnlessOn(settings);
}

function asAsked(asked: ReasoningSettings, facts: ThinkingFacts, losses: LossReport): Thinking {
  const { traits, native } = facts;
  const name = native || asked.effort === undefined ? 'thinking' : 'reasoning_effort';
  if (isOffUnlessOn(asked)) return turnOff(asked, facts, losses, name);
  const settings = ledByEffort(asked, traits);
  // Claude hides anyway what it thinks unasked.
  if (!native && onlyHides(settings)) return {};
  const wanted = settings.mode !== undefined || !native;
  const effort = effortFor(settings, facts, losses);
  const withEffort: Thinking = effort === undefined ? {} : { effort };
  if (!wanted) return withEffort;
  if (traits.thinking === 'none') {
    losses.lost(name, 'the model does not think');
    return withEffort;
  }
  if (traits.thinking === 'always') return { thinking: adaptive(settings, facts, losses), ...withEffort };
  if (facts.forcesTool) {
    losses.lost(name, 'the request forces a tool call, which is impossible while the model thinks');
    return withEffort;
  }
  const adapts = traits.thinking === 'either' && settings.budgetTokens === undefined;
  if (traits.thinking === 'adaptive' || adapts)
    return { thinking: adaptive(settings, facts, losses), ...withEffort };
  if (facts.lacksThinking) {
    losses.lost(name, 'off, since the thinking of the continued turn cannot be sent back');
    return withEffort;
  }
  const thinking = budgeted(settings, facts, losses, name);
  return thinking === undefined ? withEffort : { thinking, ...withEffort };
}

/** A model that decides how much it thinks is led by an effort, in place of a budget. */
function ledByEffort(settings: ReasoningSettings, { thinking }: ModelTraits): ReasoningSettings {
  const { effort, budgetTokens } = settings;
  if (effort !== undefined || budgetTokens === undefined) return settings;
  return thinking === 'adaptive' || thinking === 'always'
    ? { ...settings, effort: effortForBudget(budgetTokens) }
    : settings;
}

function turnOff(
  settings: ReasoningSettings,
  facts: ThinkingFacts,
  losses: LossReport,
  name: string,
): Thinking {
  const { traits, native } = facts;
  const effort = settings.effort === 'none' ? undefined : effortFor(settings, facts, losses);
  if (!native && effort === undefined) reportIdleEffort(settings, losses);
  const withEffort: Thinking = effort === undefined ? {} : { effort };
  if (traits.betweenTools) {
    if (facts.onlyBetweenTools !== true)
      losses.approximated(name, 'the model thinks only between tool calls');
    // Refuses efforts above `high`.
    const isMore = effort === 'xhigh' || effort === 'max';
    return { thinking: { type: 'between_tools' }, ...(isMore ? { effort: 'high' } : withEffort) };
  }
  if (traits.thinking === 'always') {
    losses.approximated(name, 'the model always thinks: lowest effort');
    return { effort: 'low' };
  }
  if (!native && !traits.thinksByDefault) return withEffort;
  return { thinking: { type: 'disabled' }, ...withEffort };
}

function adaptive(settings: ReasoningSettings, facts: ThinkingFacts, losses: LossReport): JsonObject {
  const thinking: JsonObject = { type: 'adaptive' };
  if (settings.budgetTokens !== undefined) {
    losses.approximated('thinking.budget_tokens', `effort \`${settings.effort}\``);
  }
  put(thinking, 'display', displayOf(settings, facts, losses));
  return thinking;
}

function budgeted(
  settings: ReasoningSettings,
  facts: ThinkingFacts,
  losses: LossReport,
  name: string,
): JsonObject | undefined {
  const effort = settings.effort === undefined || settings.effort === 'none' ? 'medium' : settings.effort;
  const asked = settings.budgetTokens ?? BUDGETS[effort];
  // Gemini's clients may ask for less than that.
  const accepted = Math.max(asked, LEAST_BUDGET);
  // Thinking counts towards max_tokens, so at least a quarter is left for the answer.
  const budget = accepted < facts.maxTokens ? accepted : Math.floor(facts.maxTokens * 0.75);
  if (budget < LEAST_BUDGET) {
    losses.lost(name, `max_tokens leaves no room for the smallest budget of ${LEAST_BUDGET} tokens`);
    return undefined;
  }
  if (settings.mode === 'adaptive' && settings.budgetTokens === undefined) {
    losses.approximated('thinking.adaptive', `a budget of ${budget} tokens`);
  } else if (settings.budgetTokens === undefined && !facts.native) {
    losses.approximated(name, `a budget of ${budget} tokens`);
  } else if (budget !== asked) {
    const why = budget > asked ? 'the smallest that the model takes' : 'to stay below max_tokens';
    losses.approximated('thinking.budget_tokens', `${budget}, ${why}`);
  }
  if (!facts.native && facts.traits.thinking === 'budget' && settings.effort !== undefined)
    losses.approximated('reasoning_effort', `a budget of ${budget} tokens`);
  const thinking: JsonObject = { type: 'enabled', budget_tokens: budget };
  put(thinking, 'display', displayOf(settings, facts, losses));
  return thinking;
}

/** Models that think by default hide it unless asked to show it, whereas clients of other dialects show what they get. */
function displayOf(
  settings: ReasoningSettings,
  { native, traits }: ThinkingFacts,
  losses: LossReport,
): string | undefined {
  if (native) return settings.summary;
  const { summary } = settings;
  reportSummary(summary, traits.fixedSampling, losses);
  if (!traits.fixedSampling) return undefined;
  return isHidden(summary) ? 'omitted' : 'summarized';
}

/** An effort that the model accepts: the nearest lower one, else its lowest. */
function effortFor(
  settings: ReasoningSettings,
  facts: ThinkingFacts,
  losses: LossReport,
): ReasoningEffort | undefined {
  const { effort } = settings;
  const { efforts } = facts.traits;
  if (effort === undefined) return undefined;
  if (efforts === null) return facts.native ? effort : undefined;
  if (efforts.includes(effort)) {
    // The budget expresses it already, and this early form of the field requires a beta header.
    return facts.native || facts.traits.thinking !== 'budget' ? effort : undefined;
  }
  if (efforts.length === 0) {
    if (facts.native) losses.lost('output_config.effort');
    return undefined;
  }
  if (!facts.native && facts.traits.thinking === 'budget') return undefined;
  const rank = REASONING_EFFORTS.indexOf(effort);
  const nearest = efforts.findLast((each) => REASONING_EFFORTS.indexOf(each) < rank) ?? efforts[0];
  if (nearest !== undefined)
    losses.approximated(facts.native ? 'output_config.effort' : 'reasoning_effort', nearest);
  return nearest;
}
