// How much the model shall think, as `reasoning_effort`, `reasoning:{…}`, `thinking:{…}` or `enable_thinking`.
import type { JsonObject } from '../../model/json.ts';
import type { ReasoningEffort, ReasoningSettings } from '../../model/request.ts';
import type { BuildOptions } from '../dialect.ts';
import type { LossReport } from '../loss-report.ts';

/** The fields that ask for thinking; empty where nothing is asked, or nothing can be. */
export function buildReasoning(
  settings: ReasoningSettings | undefined,
  options: BuildOptions,
  losses: LossReport,
): JsonObject {
  if (settings === undefined) return {};
  const { reasoningField = 'reasoning_effort' } = options.quirks;
  switch (reasoningField) {
    case 'reasoning_effort': {
      const effort = buildReasoningEffort(settings, options, losses);
      return effort === undefined ? {} : { reasoning_effort: effort };
    }
    case 'reasoning':
      return buildReasoningObject(settings, losses);
    case 'thinking':
      return buildSwitch(settings, options, losses, (on) => ({
        thinking: { type: on ? 'enabled' : 'disabled' },
      }));
    case 'enable_thinking': {
      const { budgetTokens, ...others } = settings;
      // A budget alone asks for thinking.
      const asked: ReasoningSettings = budgetTokens === undefined ? others : { mode: 'on', ...others };
      const fields = buildSwitch(asked, options, losses, (on) => ({ enable_thinking: on }));
      return fields.enable_thinking === true && budgetTokens !== undefined
        ? { ...fields, thinking_budget: budgetTokens }
        : fields;
    }
  }
}

/** OpenRouter's object. https://openrouter.ai/docs/use-cases/reasoning-tokens */
function buildReasoningObject(settings: ReasoningSettings, losses: LossReport): JsonObject {
  const { mode, effort, budgetTokens, summary } = settings;
  const built: JsonObject = {};
  if (mode === 'off' || effort === 'none') return { reasoning: { enabled: false } };
  if (effort === 'max') {
    losses.approximated('reasoning_effort', 'effort `max` is sent as `xhigh`');
    built.effort = 'xhigh';
  } else if (effort !== undefined) built.effort = effort;
  // One of the two is allowed; a client's word for the whole turn says more than its bound.
  if (budgetTokens !== undefined && effort === undefined) built.max_tokens = budgetTokens;
  else if (budgetTokens !== undefined) {
    losses.approximated('thinking.budget_tokens', `effort \`${effort}\``);
  }
  if (Object.keys(built).length === 0 && mode !== undefined) built.enabled = true;
  if (summary === 'omitted') built.exclude = true;
  return Object.keys(built).length === 0 ? {} : { reasoning: built };
}

/** Servers on which thinking is on or off; with `efforts`, some say how much beside it. */
function buildSwitch(
  settings: ReasoningSettings,
  { quirks }: BuildOptions,
  losses: LossReport,
  build: (on: boolean) => JsonObject,
): JsonObject {
  const { mode, effort, budgetTokens, summary } = settings;
  if (summary !== undefined) losses.lost('reasoning_summary');
  if (mode === 'off' || effort === 'none') return build(false);
  const isAsked = mode === 'on' || effort !== undefined || budgetTokens !== undefined;
  // `adaptive`: the model decides, as it does when nothing is sent.
  if (!isAsked) return {};
  if (budgetTokens !== undefined)
    losses.approximated('thinking.budget_tokens', 'thinking is on, without a bound');
  if (effort === undefined) return build(true);
  if (quirks.efforts === undefined) {
    losses.approximated('reasoning_effort', 'thinking is on, the model decides how much');
    return build(true);
  }
  return { ...build(true), reasoning_effort: standIn(effort, quirks.efforts, losses) };
}

const ORDER: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** The next one up where the server has it not, else the next one down. Never `none`. */
function nearestEffort(effort: ReasoningEffort, known: readonly ReasoningEffort[]): ReasoningEffort {
  if (known.includes(effort)) return effort;
  const candidates = ORDER.filter((each) => each !== 'none' && known.includes(each));
  const at = ORDER.indexOf(effort);
  return candidates.find((each) => ORDER.indexOf(each) > at) ?? candidates.at(-1) ?? effort;
}

function standIn(
  effort: ReasoningEffort,
  known: readonly ReasoningEffort[] | undefined,
  losses: LossReport,
): ReasoningEffort {
  // Unknown servers: `xhigh` is their word for it if they have it, `max` is hardly anybody's.
  const sent = known === undefined ? (effort === 'max' ? 'high' : effort) : nearestEffort(effort, known);
  if (sent !== effort) losses.approximated('reasoning_effort', `effort \`${effort}\` is sent as \`${sent}\``);
  return sent;
}

/** Budgets up to these many tokens read as low and medium. Anthropic's least is 1024, its usual maximum 32k. */
const LOW_BUDGET = 4096;
const MEDIUM_BUDGET = 16_384;

/**
 * The `reasoning_effort` to send, undefined for none. Where a provider's row tells its reasoning models apart
 * (`fixedSampling`), the others never get one: they refuse it.
 */
function buildReasoningEffort(
  settings: ReasoningSettings,
  { model, quirks }: BuildOptions,
  losses: LossReport,
): ReasoningEffort | undefined {
  const { mode, effort, budgetTokens, summary } = settings;
  // Clients that give an effort call it so, the others speak of thinking.
  const feature = effort === undefined ? 'thinking' : 'reasoning_effort';
  const isOff = mode === 'off' || effort === 'none';
  const known = quirks.efforts;
  const isReasoningModel = quirks.fixedSampling?.test(model);
  if (isReasoningModel === false) {
    if (!isOff) losses.lost(feature);
    return undefined;
  }
  if (summary !== undefined) losses.lost('reasoning_summary');
  if (isOff) {
    if (known === undefined ? effort === 'none' : known.includes('none')) return 'none';
    // `none` is refused by the older of OpenAI's reasoning models, `low` by none of them.
    if (isReasoningModel === true) {
      losses.approximated(feature, 'reasoning cannot be switched off everywhere: sent as `low`');
      return 'low';
    }
    losses.lost(feature);
    return undefined;
  }
  if (effort !== undefined) {
    if (budgetTokens !== undefined)
      losses.approximated('thinking.budget_tokens', `reasoning_effort \`${effort}\``);
    return standIn(effort, known, losses);
  }
  if (budgetTokens !== undefined) {
    const stand = budgetTokens <= LOW_BUDGET ? 'low' : budgetTokens <= MEDIUM_BUDGET ? 'medium' : 'high';
    const sent = known === undefined ? stand : nearestEffort(stand, known);
    losses.approximated('thinking.budget_tokens', `reasoning_effort \`${sent}\``);
    return sent;
  }
  if (mode === 'on') {
    const sent = known === undefined ? 'medium' : nearestEffort('medium', known);
    losses.approximated(feature, `thinking without an effort is sent as \`${sent}\``);
    return sent;
  }
  // `adaptive`: the model decides, as it does when nothing is sent.
  return undefined;
}
