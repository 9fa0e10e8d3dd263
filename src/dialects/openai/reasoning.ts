// How much an OpenAI model is to think, as `reasoning: {effort, summary}`, for a client of another dialect.
import type { JsonObject } from '../../model/json/json.ts';
import { REASONING_EFFORTS, type ReasoningEffort, type ReasoningSettings } from '../../model/request.ts';
import { effortForBudget } from '../shared/settings/budget-effort.ts';
import { isHidden, reportSummary } from '../shared/settings/reasoning-summary.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { isOff, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import { leastEffort, nearestEffort } from './efforts.ts';

export interface ReasoningTraits {
  /** Whether the model reasons; undefined if its name does not tell. */
  reasons?: boolean;
  /** The efforts that it accepts, from least to most; undefined if its name does not tell. */
  efforts?: readonly ReasoningEffort[];
}

/** For models whose efforts are unknown. */
const ALL_BUT_MAX = REASONING_EFFORTS.filter((effort) => effort !== 'max');

const SUMMARIES = new Set(['auto', 'concise', 'detailed']);

/** `reasoning` for a client of another dialect; empty where nothing needs to be sent. */
export function buildReasoningSettings(
  settings: ReasoningSettings,
  traits: ReasoningTraits,
  losses: LossReport,
): JsonObject {
  const { mode, effort, budgetTokens, summary } = settings;
  reportIdleEffort(settings, losses);
  const off = isOff(settings);
  if (traits.reasons === false) {
    if (!off) losses.lost(effort === undefined ? 'thinking' : 'reasoning_effort');
    return {};
  }
  const built: JsonObject = {};
  const wanted = off ? buildOff(settings, traits, losses) : buildEffort(settings, traits, losses);
  if (wanted !== undefined) built.effort = wanted;
  if (off || isHidden(summary)) return built;
  // Summaries are requested only if the client wants them, since some organisations are refused them.
  if (summary !== undefined) {
    built.summary = SUMMARIES.has(summary) ? summary : 'auto';
    if (built.summary !== summary) reportSummary(summary, true, losses);
  } else if (mode !== undefined || budgetTokens !== undefined) {
    losses.approximated('thinking', 'the model thinks, but no summary of it is requested');
  }
  return built;
}

function buildOff(
  { effort }: ReasoningSettings,
  { reasons, efforts }: ReasoningTraits,
  losses: LossReport,
): ReasoningEffort | undefined {
  if (efforts === undefined ? effort === 'none' : efforts.includes('none')) return 'none';
  // Some reasoning models refuse `none`, but hardly any refuses `low`.
  if (reasons === true) {
    const least = leastEffort(efforts ?? ['low']);
    losses.approximated(
      'thinking',
      `reasoning cannot be switched off everywhere: sent as effort \`${least}\``,
    );
    return least;
  }
  losses.lost('thinking');
  return undefined;
}

function buildEffort(
  { mode, effort, budgetTokens }: ReasoningSettings,
  { efforts = ALL_BUT_MAX }: ReasoningTraits,
  losses: LossReport,
): ReasoningEffort | undefined {
  if (effort !== undefined) {
    const sent = nearestEffort(effort, efforts);
    if (sent !== effort)
      losses.approximated('reasoning_effort', `effort \`${effort}\` is sent as \`${sent}\``);
    if (budgetTokens !== undefined) losses.approximated('thinking.budget_tokens', `effort \`${sent}\``);
    return sent;
  }
  if (budgetTokens !== undefined) {
    const sent = nearestEffort(effortForBudget(budgetTokens), efforts);
    losses.approximated('thinking.budget_tokens', `effort \`${sent}\``);
    return sent;
  }
  // `adaptive`, or nothing stated: the model decides, as it does when nothing is sent.
  return mode === 'on' ? nearestEffort('medium', efforts) : undefined;
}
