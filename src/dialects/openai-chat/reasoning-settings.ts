// How much the model shall think: `reasoning_effort`, `reasoning:{…}` and `thinking:{…}` ↔ ReasoningSettings.
import { asBoolean, asNumber, asObject, asString, type JsonObject } from '../../model/json.ts';
import type { ReasoningEffort, ReasoningSettings } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { LossReport } from './losses.ts';

const EFFORTS: readonly string[] = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] satisfies ReasoningEffort[];

function isEffort(value: string | undefined): value is ReasoningEffort {
  return value !== undefined && EFFORTS.includes(value);
}

export interface ParsedReasoning {
  settings?: ReasoningSettings;
  /** Fields that are said in `settings`; the others stay as they came. */
  consumed: string[];
}

export function parseReasoningSettings(body: JsonObject): ParsedReasoning {
  const settings: ReasoningSettings = {};
  const consumed: string[] = [];

  // OpenRouter's object. https://openrouter.ai/docs/use-cases/reasoning-tokens
  const object = asObject(body.reasoning);
  if (object !== undefined) {
    const effort = asString(object.effort);
    const budget = asNumber(object.max_tokens);
    const enabled = asBoolean(object.enabled);
    const summary = asString(object.summary);
    if (isEffort(effort)) settings.effort = effort;
    if (budget !== undefined) settings.budgetTokens = budget;
    if (enabled !== undefined) settings.mode = enabled ? 'on' : 'off';
    if (summary !== undefined) settings.summary = summary;
    if (object.exclude === true) settings.summary = 'omitted';
    consumed.push('reasoning');
  }

  // GLM, DeepSeek, Moonshot.
  const thinking = asObject(body.thinking);
  const type = asString(thinking?.type);
  if (type === 'enabled' || type === 'disabled' || type === 'adaptive') {
    settings.mode = type === 'enabled' ? 'on' : type === 'disabled' ? 'off' : 'adaptive';
    const budget = asNumber(thinking?.budget_tokens);
    if (budget !== undefined) settings.budgetTokens = budget;
    consumed.push('thinking');
  }

  // Qwen.
  const enabled = asBoolean(body.enable_thinking);
  if (enabled !== undefined) {
    settings.mode ??= enabled ? 'on' : 'off';
    consumed.push('enable_thinking');
  }

  const effort = asString(body.reasoning_effort);
  if (isEffort(effort)) {
    settings.effort = effort;
    consumed.push('reasoning_effort');
  }
  return Object.keys(settings).length === 0 ? { consumed } : { settings, consumed };
}

/** Budgets up to these many tokens read as low and medium. Anthropic's least is 1024, its usual maximum 32k. */
const LOW_BUDGET = 4096;
const MEDIUM_BUDGET = 16_384;

/**
 * The `reasoning_effort` to send, undefined for none. Where a provider's row tells its reasoning models apart
 * (`fixedSampling`), the others never get one: they refuse it.
 */
export function buildReasoningEffort(
  settings: ReasoningSettings | undefined,
  { model, quirks }: BuildOptions,
  losses: LossReport,
): ReasoningEffort | undefined {
  if (settings === undefined) return undefined;
  const { mode, effort, budgetTokens, summary } = settings;
  // Clients that give an effort call it so, the others speak of thinking.
  const feature = effort === undefined ? 'thinking' : 'reasoning_effort';
  const isOff = mode === 'off' || effort === 'none';
  const isReasoningModel = quirks.fixedSampling?.test(model);
  if (isReasoningModel === false) {
    if (!isOff) losses.lost(feature);
    return undefined;
  }
  if (summary !== undefined) losses.lost('reasoning_summary');
  if (isOff) {
    if (effort === 'none') return 'none';
    // `none` is refused by the older of OpenAI's reasoning models, `low` by none of them.
    if (isReasoningModel === true) {
      losses.approximated(feature, 'reasoning cannot be switched off everywhere: sent as `low`');
      return 'low';
    }
    losses.lost(feature);
    return undefined;
  }
  if (effort === 'max') {
    losses.approximated('reasoning_effort', 'effort `max` is sent as `high`');
    return 'high';
  }
  if (effort !== undefined) {
    if (budgetTokens !== undefined)
      losses.approximated('thinking.budget_tokens', `reasoning_effort \`${effort}\``);
    return effort;
  }
  if (budgetTokens !== undefined) {
    const stand = budgetTokens <= LOW_BUDGET ? 'low' : budgetTokens <= MEDIUM_BUDGET ? 'medium' : 'high';
    losses.approximated('thinking.budget_tokens', `reasoning_effort \`${stand}\``);
    return stand;
  }
  if (mode === 'on') {
    losses.approximated(feature, 'thinking without an effort is sent as `medium`');
    return 'medium';
  }
  // `adaptive`: the model decides, as it does when nothing is sent.
  return undefined;
}
