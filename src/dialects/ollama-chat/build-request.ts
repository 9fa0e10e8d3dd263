// NeutralRequest → a body of `POST /api/chat`, and what it could not carry.
// https://docs.ollama.com/api/chat
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { FunctionTool, NeutralRequest, OutputFormat, ReasoningSettings } from '../../model/request.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import { withChoiceInWords } from '../shared/schemas/choice-in-words.ts';
import { describedSchema } from '../shared/schemas/described-schema.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import { plainTools } from '../shared/tools/plain-tools.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { effortForBudget } from '../shared/settings/budget-effort.ts';
import { mapSchemas } from '../shared/schemas/map-schema.ts';
import { typedSchema } from '../shared/schemas/object-schema.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { pairCalls } from '../shared/tools/pair-calls.ts';
import { declareKnownTools } from '../shared/tools/known-tools.ts';
import { reportSummary } from '../shared/settings/reasoning-summary.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { isOff, reportIdleEffort } from '../shared/settings/thinking-off.ts';
import { buildMessages } from './build-messages.ts';
import { ID, OPTION } from './wire.ts';

const UNSAID = [
  'parallelToolCalls',
  'verbosity',
  'user',
  'metadata',
  'moderation',
  'serviceTier',
  'cacheKey',
  'cacheControl',
] as const;

export function buildRequest(asked: NeutralRequest, { model }: BuildOptions): BuiltRequest {
  const losses = new LossReport(ID);
  const isOwn = asked.extension?.dialect === ID;
  const allowed = codeInWords(declareAllowed(declareKnownTools(asked, losses), losses), losses);
  const request = withChoiceInWords(isOwn ? allowed : pairCalls(allowed, losses), losses);
  const body: JsonObject = {
    model,
    messages: buildMessages(request.system, request.messages, losses),
    // Without this field the answer would stream.
    stream: request.stream,
  };
  const tools = buildTools(request, losses);
  if (tools.length > 0) body.tools = tools;
  const think = buildThink(request.reasoning, model, losses, isOwn);
  if (think !== undefined) body.think = think;
  const format = buildFormat(request.outputFormat);
  if (format !== undefined) body.format = format;
  const options = buildOptions(request);
  for (const [name, value] of isOwn ? Object.entries(request.extension?.fields ?? {}) : [])
    if (name.startsWith(OPTION)) options[name.slice(OPTION.length)] = value;
    else body[name] = value;
  if (Object.keys(options).length > 0) body.options = options;
  if (request.logprobs !== undefined) {
    body.logprobs = true;
    if (request.logprobs.top !== undefined) body.top_logprobs = request.logprobs.top;
  }
  reportUnsupported(request, UNSAID, losses);
  losses.foreign(request.extension);
  return { body, losses: losses.list() };
}

function buildTools({ tools, toolChoice }: NeutralRequest, losses: LossReport): JsonObject[] {
  if (toolChoice?.type === 'none') {
    if (tools.length > 0) losses.approximated('tool_choice', 'the tools are not sent');
    return [];
  }
  const built: JsonObject[] = [];
  for (const tool of plainTools(tools, losses)) {
    if (tool.type === 'function') built.push({ type: 'function', function: buildFunction(tool, losses) });
    else losses.lost(`tools.${tool.name}`);
  }
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool') losses.lost('tool_choice');
  return built;
}

function buildFunction(tool: FunctionTool, losses: LossReport): JsonObject {
  if (tool.cacheControl !== undefined) losses.lost('cache_control');
  if (tool.strict === true) losses.lost('strict');
  losses.foreign(tool.extension);
  const { name, description } = tool;
  const parameters = mapSchemas(typedSchema(tool.parameters ?? { properties: {} }), withoutBooleans);
  return { name, ...(description !== undefined && { description }), parameters };
}

/** Ollama's server reads each argument, and each alternative of a choice, as an object: one that says nothing replaces `true`. */
function withoutBooleans(schema: JsonObject): JsonObject {
  const { properties, anyOf } = schema;
  const fields = Object.entries(asObject(properties) ?? {});
  const choices = asArray(anyOf) ?? [];
  if (!fields.some(([, value]) => isBoolean(value)) && !choices.some(isBoolean)) return schema;
  return {
    ...schema,
    ...(fields.length > 0 && {
      properties: Object.fromEntries(
        fields.map(([name, value]) => [name, value === undefined ? value : spelledOut(value)]),
      ),
    }),
    ...(choices.length > 0 && { anyOf: choices.map(spelledOut) }),
  };
}

function isBoolean(value: JsonValue | undefined): boolean {
  return typeof value === 'boolean';
}

function spelledOut(value: JsonValue): JsonValue {
  if (typeof value !== 'boolean') return value;
  return value ? {} : { not: {} };
}

/** Models that take levels instead of a switch, which they ignore. https://docs.ollama.com/capabilities/thinking */
const LEVELS = /gpt-oss/;

function leastLevel(losses: LossReport): string {
  losses.approximated('thinking', 'the model always thinks: sent as `low`');
  return 'low';
}

/**
 * A model that can think does so unless told otherwise, and one that cannot refuses the field. Therefore thinking is only
 * switched off or given a level, unless an Ollama client itself switches it on.
 */
function buildThink(
  reasoning: ReasoningSettings | undefined,
  model: string,
  losses: LossReport,
  isOwn: boolean,
): JsonValue | undefined {
  if (reasoning === undefined) return undefined;
  const { mode, effort, budgetTokens, summary } = reasoning;
  reportIdleEffort(reasoning, losses);
  if (isOff(reasoning)) return isOwn || !LEVELS.test(model) ? false : leastLevel(losses);
  reportSummary(summary, false, losses);
  if (effort === undefined && budgetTokens !== undefined && LEVELS.test(model)) {
    const level = effortForBudget(budgetTokens);
    losses.approximated('thinking.budget_tokens', `requested as ${level}`);
    return level;
  }
  if (budgetTokens !== undefined) losses.lost('thinking.budget_tokens');
  if (effort === undefined) return isOwn && mode === 'on' ? true : undefined;
  if (isOwn) return effort;
  if (!LEVELS.test(model)) {
    losses.lost('reasoning_effort');
    return undefined;
  }
  const level = effort === 'minimal' ? 'low' : effort === 'xhigh' || effort === 'max' ? 'high' : effort;
  if (level !== effort) losses.approximated('reasoning_effort', `requested as ${level}`);
  return level;
}

function buildFormat(format: OutputFormat | undefined): JsonValue | undefined {
  if (format?.type === 'json') return 'json';
  return format?.type === 'json-schema' ? describedSchema(format) : undefined;
}

function buildOptions(request: NeutralRequest): JsonObject {
  const { maxOutputTokens, temperature, topP, topK, seed, stopSequences = [] } = request;
  const { frequencyPenalty, presencePenalty } = request;
  return {
    ...(maxOutputTokens !== undefined && { num_predict: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(topK !== undefined && { top_k: topK }),
    ...(seed !== undefined && { seed }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(stopSequences.length > 0 && { stop: stopSequences }),
  };
}
