// How much the model should think, as `reasoning_effort`, `reasoning:{…}`, `thinking:{…}` or `enable_thinking`.
import { asString, type JsonObject } from '../../model/json/json.ts';
import {
  isReasoningEffort,
  REASONING_EFFORTS,
  type NeutralRequest,
  type ReasoningEffort,
  type ReasoningSettings,
} from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { Quirks, ReasoningField } from '../quirks.ts';
import { callsWithoutThinking, effortsOf, leastEffort, nearestEffort } from '../openai/efforts.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { effortForBudget } from '../shared/settings/budget-effort.ts';
import { isHidden, reportSummary } from '../shared/settings/reasoning-summary.ts';
import { isOff, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import type { Edits } from './adapt.ts';
import { thinkingOf } from './model-thinking.ts';

const UNTHINKING_CALLS =
  'Chat Completions refuses tools to a model that thinks; `dialect: openai-responses` allows both';

/** The fields that ask for thinking; empty if none was requested, or the provider has no such field. */
export function buildReasoning(
  { reasoning: settings, tools }: NeutralRequest,
  options: BuildOptions,
  losses: LossReport,
): JsonObject {
  if (settings !== undefined) reportIdleEffort(settings, losses);
  const calls = tools.some(({ type }) => type !== 'server');
  if (
    calls &&
    options.quirks.fixedSampling?.test(options.model) === true &&
    callsWithoutThinking(options.model)
  ) {
    if (settings !== undefined && !isOff(settings)) losses.lost(featureOf(settings), UNTHINKING_CALLS);
    return { reasoning_effort: 'none' };
  }
  if (settings === undefined) return {};
  const { field, thinks, efforts: known } = thinkingOf(options.model, options.quirks);
  const efforts = known ?? openAiEfforts(options);
  if (thinks === 'always' && isOff(settings)) return buildLeastThinking(field, efforts, losses);
  switch (field) {
    case 'reasoning_effort': {
      const effort = buildReasoningEffort(settings, options, efforts, losses);
      return effort === undefined ? {} : { reasoning_effort: effort };
    }
    case 'reasoning':
      return buildReasoningObject(settings, losses);
    case 'reasoning.enabled':
      return buildSwitch(settings, efforts, losses, (on) => ({ reasoning: { enabled: on } }));
    case 'thinking':
      return buildSwitch(settings, efforts, losses, (on) => ({
        thinking: { type: on ? 'enabled' : 'disabled' },
      }));
    case 'enable_thinking': {
      const { budgetTokens, ...others } = settings;
      // A budget by itself asks for thinking.
      const asked: ReasoningSettings = budgetTokens === undefined ? others : { mode: 'on', ...others };
      const fields = buildSwitch(asked, efforts, losses, (on) => ({ enable_thinking: on }));
      if (fields.enable_thinking !== true || budgetTokens === undefined) return fields;
      // Only one of effort and budget is allowed.
      if (fields.reasoning_effort === undefined) return { ...fields, thinking_budget: budgetTokens };
      losses.approximated('thinking.budget_tokens', `effort \`${String(fields.reasoning_effort)}\``);
      return fields;
    }
  }
}

/** Adapts a client's own effort for a server that refuses efforts it does not know. */
export function adaptEffort(body: JsonObject, model: string, quirks: Quirks, losses: LossReport): Edits {
  const effort = asString(body.reasoning_effort);
  const { field, thinks, efforts } = thinkingOf(model, quirks);
  if (!isReasoningEffort(effort) || efforts === undefined || efforts.includes(effort)) return {};
  if (effort !== 'none') return { reasoning_effort: substituteEffort(effort, efforts, losses) };
  if (thinks === 'always')
    return { reasoning_effort: undefined, ...buildLeastThinking(field, efforts, losses) };
  losses.lost('reasoning_effort');
  return { reasoning_effort: undefined };
}

/** For provider rows that distinguish OpenAI's reasoning models. */
function openAiEfforts({ model, quirks }: BuildOptions): readonly ReasoningEffort[] | undefined {
  return quirks.fixedSampling?.test(model) === true ? effortsOf(model) : undefined;
}

/** Losses are reported as `reasoning_effort` to clients that gave an effort, as `thinking` to others. */
function featureOf({ effort }: ReasoningSettings): string {
  return effort === undefined ? 'thinking' : 'reasoning_effort';
}

/** For models that always think. */
function buildLeastThinking(
  field: ReasoningField,
  efforts: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
): JsonObject {
  const least = REASONING_EFFORTS.find((each) => each !== 'none' && efforts?.includes(each));
  if (least === undefined) {
    losses.lost('thinking');
    return {};
  }
  losses.approximated('thinking', `the model always thinks: sent as effort \`${least}\``);
  return field === 'reasoning' ? { reasoning: { effort: least } } : { reasoning_effort: least };
}

/** OpenRouter's object. https://openrouter.ai/docs/use-cases/reasoning-tokens */
function buildReasoningObject(settings: ReasoningSettings, losses: LossReport): JsonObject {
  const { mode, effort, budgetTokens, summary } = settings;
  const built: JsonObject = {};
  if (isOff(settings)) return { reasoning: { enabled: false } };
  if (effort !== undefined) built.effort = effort;
  // Only one of effort and budget is allowed; an effort for the whole turn says more than a bound on its tokens.
  if (budgetTokens !== undefined && effort === undefined) built.max_tokens = budgetTokens;
  else if (budgetTokens !== undefined) {
    losses.approximated('thinking.budget_tokens', `effort \`${effort}\``);
  }
  if (Object.keys(built).length === 0 && mode !== undefined) built.enabled = true;
  reportSummary(summary, true, losses);
  if (isHidden(summary)) built.exclude = true;
  return Object.keys(built).length === 0 ? {} : { reasoning: built };
}

/** For servers where thinking is on or off; those with `efforts` accept an effort as well. */
function buildSwitch(
  settings: ReasoningSettings,
  efforts: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
  build: (on: boolean) => JsonObject,
): JsonObject {
  const { mode, effort, budgetTokens, summary } = settings;
  if (summary !== undefined) losses.lost('reasoning_summary');
  if (isOff(settings)) return build(false);
  const isAsked = mode === 'on' || effort !== undefined || budgetTokens !== undefined;
  // `adaptive`: the model decides, as it does when nothing is sent.
  if (!isAsked) return {};
  if (budgetTokens !== undefined)
    losses.approximated('thinking.budget_tokens', 'thinking is on, without a limit');
  if (effort === undefined) return build(true);
  const sent = efforts === undefined ? unsaid(losses) : substituteEffort(effort, efforts, losses);
  return { ...build(true), ...(sent !== undefined && { reasoning_effort: sent }) };
}

function unsaid(losses: LossReport): undefined {
  losses.approximated('reasoning_effort', 'thinking is on, the model decides how much');
}

function substituteEffort(
  effort: ReasoningEffort,
  known: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
): ReasoningEffort | undefined {
  // Unknown servers: if they have any effort above `high`, it is `xhigh`; hardly any has `max`.
  const sent = known === undefined ? (effort === 'max' ? 'high' : effort) : nearestEffort(effort, known);
  if (sent === undefined) return unsaid(losses);
  if (sent !== effort) losses.approximated('reasoning_effort', `effort \`${effort}\` is sent as \`${sent}\``);
  return sent;
}

/**
 * The `reasoning_effort` to send; undefined for none. Where a provider's row distinguishes its reasoning models (`fixedSampling`), other
 * models refuse it and never get one.
 */
function buildReasoningEffort(
  settings: ReasoningSettings,
  { model, quirks }: BuildOptions,
  known: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
): ReasoningEffort | undefined {
  const { mode, effort, budgetTokens, summary } = settings;
  const feature = featureOf(settings);
  const off = isOff(settings);
  const isReasoningModel = quirks.fixedSampling?.test(model);
  if (isReasoningModel === false) {
    if (!off) losses.lost(feature);
    return undefined;
  }
  if (summary !== undefined) losses.lost('reasoning_summary');
  if (off) return effortForOff(settings, isReasoningModel === true, known, losses);
  if (effort !== undefined) {
    if (budgetTokens !== undefined)
      losses.approximated('thinking.budget_tokens', `reasoning_effort \`${effort}\``);
    return substituteEffort(effort, known, losses);
  }
  if (budgetTokens !== undefined) {
    const stand = effortForBudget(budgetTokens);
    const sent = known === undefined ? stand : nearestEffort(stand, known);
    losses.approximated(
      'thinking.budget_tokens',
      sent === undefined ? 'thinking is on, without a limit' : `reasoning_effort \`${sent}\``,
    );
    return sent;
  }
  if (mode === 'on') {
    const sent = known === undefined ? 'medium' : nearestEffort('medium', known);
    // A model without efforts thinks if nothing is sent.
    if (sent === undefined) return undefined;
    losses.approximated(feature, `thinking without an effort is sent as \`${sent}\``);
    return sent;
  }
  // `adaptive`: the model decides, as it does when nothing is sent.
  return undefined;
}

function effortForOff(
  settings: ReasoningSettings,
  isReasoningModel: boolean,
  known: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
): ReasoningEffort | undefined {
  const feature = featureOf(settings);
  if (known === undefined ? settings.effort === 'none' : known.includes('none')) return 'none';
  if (!isReasoningModel) {
    losses.lost(feature);
    return undefined;
  }
  // Some of OpenAI's reasoning models refuse `none`, but hardly any refuses `low`.
  const least = leastEffort(known ?? ['low']);
  losses.approximated(feature, `reasoning cannot be switched off everywhere: sent as \`${least}\``);
  return least;
}
