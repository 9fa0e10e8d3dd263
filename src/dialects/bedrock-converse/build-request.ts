// NeutralRequest → a body of Converse, and what it could not carry.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { asObject, type JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import { STOP_PATHS } from '../aws/matched-stop.ts';
import { THINKING_PATH } from '../aws/thinking-count.ts';
import { AMAZON_TIERS } from '../aws/service-tiers.ts';
import { takesCacheTtl } from '../aws/prompt-cache.ts';
import { bindsFormat } from '../claude/bound-format.ts';
import { forgetsThinking } from '../claude/build-thinking.ts';
import { withBreakpoints } from '../claude/cache-breakpoints.ts';
import { type ModelTraits, traitsOf } from '../claude/models.ts';
import { withoutBlankStops } from '../claude/stop-sequences.ts';
import { strictSchema } from '../claude/strict-schema.ts';
import { dropContinuedThinking, lacksThinking, replaysThinking } from '../claude/thinking-in-turns.ts';
import { formatInstruction } from '../shared/schemas/described-schema.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { effortsOf, samplesAt } from '../openai/efforts.ts';
import { AS_INSTRUCTION, SAID_FIRST } from '../shared/losses/substitutes.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { pairCalls } from '../shared/tools/pair-calls.ts';
import { buildServiceTier } from '../shared/settings/service-tier.ts';
import { withoutUncalledTools, withoutUnsentChoice } from '../shared/tools/unsent-choice.ts';
import { declareKnownTools } from '../shared/tools/known-tools.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { buildCachePoint, type ContentScope } from './build-content.ts';
import { buildConversation, TURN_FORM } from './build-messages.ts';
import { buildSingleCalls, buildToolConfig } from './build-tools.ts';
import { buildModelFields } from './model-fields.ts';
import {
  cachePointsOf,
  endsWithUser,
  familyOf,
  gptName,
  refusesSystem,
  searchesWeb,
  separatesTools,
  streamsCalls,
  takesStops,
  takesSearchResults,
} from './models.ts';
import { isOwnTool, withOwnTools } from './own-tools.ts';
import { CONTEXT_MANAGEMENT, ID } from './wire.ts';

const UNSAID = [
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'verbosity',
  'user',
  'metadata',
  'moderation',
  'cacheKey',
  'logprobs',
] as const;

export function buildRequest(
  asked: NeutralRequest,
  { model, quirks, baseUrl = '' }: BuildOptions,
): BuiltRequest {
  const losses = new LossReport(ID);
  const family = familyOf(model);
  const declared = declareKnownTools(asked, losses, (tool) => isOwnTool(tool, family));
  const told = codeInWords(declared, losses);
  const paired = pairCalls(declareAllowed(told, losses), losses);
  const chosen = withoutUnsentChoice(paired, losses, (tool) => isOwnTool(tool, family));
  const callable = withoutUncalledTools(
    chosen,
    losses,
    ({ search }) => search !== undefined && searchesWeb(model),
  );
  const request = withBreakpoints(callable, model, losses);
  const traits = family === 'claude' ? traitsOf(model) : undefined;
  let documents = 0;
  const nextDocument = () => ++documents;
  const scope: ContentScope = {
    losses,
    model,
    family,
    cachePoints: cachePointsOf(family, model),
    cacheTtl: family === 'claude' && takesCacheTtl(model),
    forgetsThinking: traits !== undefined && forgetsThinking(request.reasoning, traits),
    systemMessages: traits?.systemMessages === true,
    separatesTools: separatesTools(model),
    citesDocuments: family === 'claude',
    takesSearchResults: takesSearchResults(model),
    nextDocument,
  };
  const refusesPrefill = traits?.prefill === false || endsWithUser(model);
  const { system, turns } = buildConversation(request, scope, refusesPrefill);
  const end = turns.at(-1)?.content;
  const point = buildCachePoint(request.cacheControl, end?.at(-1), scope);
  if (point !== undefined) end?.push(point);
  const body: JsonObject = { messages: turns.map(({ role, content }) => ({ role, content })) };
  const facts = {
    model,
    family,
    lacksThinking: lacksThinking(turns, TURN_FORM),
    replaysThinking: replaysThinking(turns, TURN_FORM),
    bindingControls: quirks.bindingControls?.test(baseUrl) === true,
  };
  const { fields, thinks } = buildModelFields(request, facts, losses);
  const byDefault = fields.thinking === undefined && traits?.thinksByDefault === true;
  if (traits !== undefined && !thinks && !byDefault) dropContinuedThinking(turns, TURN_FORM, losses);
  const put = (name: string, value: JsonObject | undefined) => {
    if (value !== undefined && Object.keys(value).length > 0) body[name] = value;
  };
  put('outputConfig', buildFormat(request, traits, system, losses));
  const [first] = turns;
  if (system.length > 0 && first !== undefined && refusesSystem(model)) {
    first.content.unshift(...system);
    losses.approximated('messages.system', SAID_FIRST);
  } else if (system.length > 0) body.system = system;
  const isSampled = !thinks && traits?.fixedSampling !== true && samplesGpt(model, fields);
  put('inferenceConfig', buildInference(request, traits, model, isSampled, losses));
  // Some models always think, whatever the request says.
  const isForcible = !thinks && traits?.forcedTools !== false;
  const toolConfig = buildToolConfig(request, turns, { model, isForcible }, scope);
  put('toolConfig', toolConfig);
  const own =
    toolConfig === undefined ? fields : withOwnTools(fields, request, { family, isForcible }, losses);
  put('additionalModelRequestFields', {
    ...own,
    ...buildSingleCalls(request, toolConfig, own, model, losses),
  });
  const tier = buildServiceTier(request.serviceTier, AMAZON_TIERS, losses);
  if (tier !== undefined) body.serviceTier = { type: tier };
  // Returned only on request: the matched sequence, what was cleared from the conversation, and how much was thinking.
  const paths = traits !== undefined && (request.stopSequences?.length ?? 0) > 0 ? [...STOP_PATHS] : [];
  if (fields[CONTEXT_MANAGEMENT] !== undefined) paths.push(`/${CONTEXT_MANAGEMENT}`);
  if (traits !== undefined && (thinks || byDefault)) paths.push(THINKING_PATH);
  if (paths.length > 0) body.additionalModelResponseFieldPaths = paths;
  reportUnsupported(request, UNSAID, losses);
  const answersWhole = body.toolConfig !== undefined && !streamsCalls(model);
  return { body, losses: losses.list(), ...(answersWhole && { answersWhole }) };
}

function buildFormat(
  request: NeutralRequest,
  traits: ModelTraits | undefined,
  system: JsonObject[],
  losses: LossReport,
): JsonObject | undefined {
  const { outputFormat: format } = request;
  if (format === undefined || format.type === 'text') return undefined;
  if (format.type === 'json-schema' && traits !== undefined && bindsFormat(request, traits)) {
    const schema = strictSchema(format.schema, 'response_format', losses);
    const { name = 'answer', description } = format;
    const jsonSchema = {
      name,
      schema: JSON.stringify(schema),
      ...(description === undefined ? {} : { description }),
    };
    return { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
  }
  system.push({ text: formatInstruction(format) });
  losses.approximated('response_format', AS_INSTRUCTION);
  return undefined;
}

function buildInference(
  request: NeutralRequest,
  traits: ModelTraits | undefined,
  model: string,
  isSampled: boolean,
  losses: LossReport,
): JsonObject {
  const { maxOutputTokens, temperature, topP, stopSequences } = request;
  const config: JsonObject = {};
  // If left out, Claude's limit is 4,096, whatever Amazon's documentation says: long answers are cut off, and larger thinking budgets are
  // refused. https://github.com/BerriAI/litellm/issues/41529
  const maxTokens = maxOutputTokens ?? traits?.defaultMaxTokens;
  if (maxTokens !== undefined) config.maxTokens = maxTokens;
  // 1 is the default, so nothing is lost by leaving it out.
  if (temperature !== undefined && !isSampled && temperature !== 1) losses.lost('temperature');
  if (temperature !== undefined && isSampled) {
    config.temperature = Math.min(temperature, 1);
    if (temperature > 1) losses.approximated('temperature', '1, the highest');
  }
  if (topP !== undefined) {
    const either = traits?.oneSampler === true && config.temperature !== undefined;
    if (isSampled && !either) config.topP = topP;
    else if (topP !== 1) losses.lost('top_p');
  }
  const asked = (stopSequences ?? []).filter((stop) => stop !== '');
  const stops = traits === undefined ? asked : withoutBlankStops(asked, losses);
  if (stops.length === 0) return config;
  if (takesStops(familyOf(model), model)) config.stopSequences = stops;
  else losses.lost('stop_sequences');
  return config;
}

/** Whether it is none of OpenAI's models that reason, or one that samples nevertheless. */
function samplesGpt(model: string, { reasoning }: JsonObject): boolean {
  const gpt = gptName(model);
  return gpt === undefined || effortsOf(gpt) === undefined || samplesAt(asObject(reasoning)?.effort, gpt);
}
