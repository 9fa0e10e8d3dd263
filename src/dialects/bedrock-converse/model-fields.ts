// `additionalModelRequestFields`: what a family of models takes besides the fields of Converse, mostly about thinking.
import type { Extension } from '../../model/content.ts';
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest, ReasoningEffort, ReasoningSettings } from '../../model/request.ts';
import { betasOf, interleavingBeta } from '../claude/betas.ts';
import { buildThinking } from '../claude/build-thinking.ts';
import { type ModelTraits, traitsOf } from '../claude/models.ts';
import { effortsOf } from '../openai/efforts.ts';
import { buildReasoningSettings } from '../openai/reasoning.ts';
import type { LossReport } from '../shared/losses/loss-report.ts';
import { effortForBudget } from '../shared/settings/budget-effort.ts';
import { onlyHides, reportSummary } from '../shared/settings/reasoning-summary.ts';
import { isOffUnlessOn, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import { type Family, gptName } from './models.ts';
import { ANTHROPIC, CONTEXT_MANAGEMENT } from './wire.ts';

interface ModelFields {
  fields: JsonObject;
  thinks: boolean;
}

interface FieldFacts {
  model: string;
  family: Family;
  /** For these three see ../claude/build-thinking.ts. */
  lacksThinking: boolean;
  replaysThinking: boolean;
  bindingControls: boolean;
}

export function buildModelFields(
  request: NeutralRequest,
  facts: FieldFacts,
  losses: LossReport,
): ModelFields {
  const built = buildReasoning(request, facts, losses);
  const { topK } = request;
  if (topK === undefined) return built;
  const takesTopK = facts.family === 'claude' && !built.thinks && !traitsOf(facts.model).fixedSampling;
  const place = takesTopK ? { top_k: topK } : novaTopK(topK, facts.family, losses);
  if (place === undefined) losses.lost('top_k');
  return { ...built, fields: { ...built.fields, ...place } };
}

/** https://github.com/aws-samples/bedrock-chat/pull/645 */
const MOST_NOVA_TOP_K = 128;

function novaTopK(topK: number, family: Family, losses: LossReport): JsonObject | undefined {
  if (family !== 'nova') return undefined;
  if (topK > MOST_NOVA_TOP_K) losses.approximated('top_k', `${MOST_NOVA_TOP_K}, the highest`);
  return { inferenceConfig: { topK: Math.min(topK, MOST_NOVA_TOP_K) } };
}

function buildReasoning(request: NeutralRequest, facts: FieldFacts, losses: LossReport): ModelFields {
  const { reasoning } = request;
  const { model, family } = facts;
  if (family === 'claude') return buildClaude(request, facts, losses);
  losses.foreign(request.extension);
  if (reasoning === undefined || onlyHides(reasoning)) {
    if (family === 'gpt-oss') reportSummary(reasoning?.summary, false, losses);
    return { fields: {}, thinks: false };
  }
  reportIdleEffort(reasoning, losses);
  switch (family) {
    case 'nova-2': {
      // `high` is refused beside `maxTokens`, which takes precedence: it limits what the client pays, whereas the effort is a wish.
      // https://github.com/UKGovernmentBEIS/inspect_ai/issues/3767
      const highest = request.maxOutputTokens === undefined ? 'high' : 'medium';
      const effort = levelOf(reasoning, losses, highest);
      if (effort === undefined) return { fields: { reasoningConfig: { type: 'disabled' } }, thinks: false };
      return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort } }, thinks: true };
    }
    case 'gpt': {
      const efforts = effortsOf(gptName(model) ?? '');
      const asked = buildReasoningSettings(reasoning, { reasons: true, ...(efforts && { efforts }) }, losses);
      return { fields: Object.keys(asked).length === 0 ? {} : { reasoning: asked }, thinks: false };
    }
    case 'gpt-oss':
      return {
        fields: { reasoning_effort: levelOf(reasoning, losses) ?? leastLevel(losses) },
        thinks: false,
      };
    case 'nova':
    case 'other':
      if (reasoning.mode !== 'off' && reasoning.effort !== 'none')
        losses.lost(reasoning.effort === undefined ? 'thinking' : 'reasoning_effort');
      return { fields: {}, thinks: false };
  }
}

/** Takes what a client of Anthropic asks for that Amazon passes on to the model, and reports the rest of its own fields as lost. */
function takeOwn(
  extension: Extension | undefined,
  { betweenTools }: ModelTraits,
): { onlyBetweenTools: boolean; handedOn: JsonObject; rest: Extension | undefined } {
  if (extension?.dialect !== ANTHROPIC) return { onlyBetweenTools: false, handedOn: {}, rest: extension };
  const { thinking, [CONTEXT_MANAGEMENT]: editing, ...fields } = extension.fields;
  const onlyBetweenTools = betweenTools && asObject(thinking)?.type === 'between_tools';
  return {
    onlyBetweenTools,
    handedOn: editing === undefined ? {} : { [CONTEXT_MANAGEMENT]: editing },
    rest: {
      ...extension,
      fields: onlyBetweenTools || thinking === undefined ? fields : { ...fields, thinking },
    },
  };
}

function buildClaude(
  { reasoning, toolChoice, tools, maxOutputTokens, extension }: NeutralRequest,
  { model, lacksThinking, replaysThinking, bindingControls }: FieldFacts,
  losses: LossReport,
): ModelFields {
  const traits = traitsOf(model);
  const { onlyBetweenTools, handedOn, rest } = takeOwn(extension, traits);
  losses.foreign(rest);
  const { thinking, effort } = buildThinking(
    reasoning,
    {
      traits,
      native: false,
      maxTokens: maxOutputTokens ?? traits.defaultMaxTokens,
      forcesTool: tools.length > 0 && (toolChoice?.type === 'required' || toolChoice?.type === 'tool'),
      lacksThinking,
      replaysThinking,
      bindingControls,
      onlyBetweenTools,
    },
    losses,
  );
  const fields: JsonObject = {
    ...handedOn,
    ...(thinking === undefined ? {} : { thinking }),
    ...(effort === undefined ? {} : { output_config: { effort } }),
  };
  const betas = [...betasOf(fields), ...interleavingBeta(fields, reasoning, traits)];
  if (betas.length > 0) fields.anthropic_beta = betas;
  return { fields, thinks: thinking !== undefined && thinking.type !== 'disabled' };
}

function leastLevel(losses: LossReport): string {
  losses.approximated('thinking', 'the model always thinks: sent as effort `low`');
  return 'low';
}

const LEVELS: Record<Exclude<ReasoningEffort, 'none'>, 'low' | 'medium' | 'high'> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** Returns undefined where no thinking is wanted. */
function levelOf(
  settings: ReasoningSettings,
  losses: LossReport,
  highest: 'medium' | 'high' = 'high',
): string | undefined {
  const { effort, budgetTokens, summary } = settings;
  if (isOffUnlessOn(settings)) return undefined;
  reportSummary(summary, false, losses);
  const wanted = effort ?? (budgetTokens === undefined ? 'medium' : effortForBudget(budgetTokens));
  const asked = LEVELS[wanted === 'none' ? 'medium' : wanted];
  const level = asked === 'high' ? highest : asked;
  if (budgetTokens !== undefined) losses.approximated('thinking.budget_tokens', `effort ${level}`);
  const isExact = effort === undefined ? budgetTokens !== undefined : effort === level;
  if (!isExact) losses.approximated('reasoning_effort', level);
  return level;
}
