// Builds a Messages body from the neutral request, in the form that the target model accepts. https://docs.anthropic.com/en/api/messages
import type { ToolCallPart } from '../../model/content.ts';
import { asObject, asString, type JsonObject } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { anthropicBreakpoint } from '../shared/settings/cache-control.ts';
import { describedSchema, formatInstruction } from '../shared/schemas/described-schema.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { CHOICE_LEFT, AS_INSTRUCTION } from '../shared/losses/substitutes.ts';
import { pairCalls, repeatsCalls } from '../shared/tools/pair-calls.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { compact } from './build-content.ts';
import { heldBackNames, holdBack } from './found-tools.ts';
import { putBackClearedMessages, withoutClearedMessages } from './cleared-messages.ts';
import { putBackEffortChanges, withoutEffortChanges } from './effort-changes.ts';
import { buildConversation, TURN_FORM, wireMessages } from './build-messages.ts';
import { bindsFormat } from '../claude/bound-format.ts';
import { BILLING_LINE } from '../claude/billing-line.ts';
import { TOOL_PLACEHOLDER } from '../claude/tool-placeholder.ts';
import { withBreakpoints } from '../claude/cache-breakpoints.ts';
import { betasOf } from '../claude/betas.ts';
import { buildThinking, type Thinking } from '../claude/build-thinking.ts';
import { toCloud } from './cloud.ts';
import { buildToolChoice, buildTools, forcesTool } from './build-tools.ts';
import { isClaude, type ModelTraits, traitsOf } from '../claude/models.ts';
import { isForeignServerCall } from '../claude/refused-history.ts';
import { withoutBlankStops } from '../claude/stop-sequences.ts';
import { strictSchema } from '../claude/strict-schema.ts';
import { dropContinuedThinking, lacksThinking, replaysThinking } from '../claude/thinking-in-turns.ts';
import { withoutFetch } from '../claude/server-tools.ts';
import { isEmpty, put } from '../shared/own-fields.ts';
import { adaptThinking } from './adapt-thinking.ts';
import { CODE_EXECUTION } from './code-runs.ts';
import { buildMcpServers, MCP_SERVERS } from './mcp.ts';
import { putBackToolChanges, withoutToolChanges } from './tool-changes.ts';
import { ID, ownFields } from './wire.ts';

const UNSAID = [
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'verbosity',
  'metadata',
  'moderation',
  'cacheKey',
  'logprobs',
] as const;

export function buildRequest(
  given: NeutralRequest,
  { model, quirks, baseUrl = '' }: BuildOptions,
): BuiltRequest {
  const losses = new LossReport(ID);
  const traits = traitsOf(model);
  const native = given.extension?.dialect === ID;
  const fitted = fitConversation(given, traits, quirks, losses);
  // What a client of this dialect sends is kept, unless a server gave two of its calls the same id.
  const isPaired = native && !repeatsCalls(fitted.messages);
  const request = withBreakpoints(isPaired ? fitted : pairCalls(fitted, losses), model, losses);
  losses.foreign(request.extension);
  const {
    thinking: moreThinking,
    output_config: moreConfig,
    metadata: moreMetadata,
    [BILLING_LINE]: billing,
    [TOOL_PLACEHOLDER]: placeholder,
    ...own
  } = ownFields(request.extension);
  const body: JsonObject = { model };
  const maxTokens = request.maxOutputTokens ?? traits.defaultMaxTokens;
  body.max_tokens = maxTokens;

  const holdsBack = traits.toolSearch && quirks.heldBackTools?.test(baseUrl) === true;
  const found: ReadonlySet<string> = holdsBack ? heldBackNames(request) : new Set();
  const mcp = buildMcpServers(request, traits.webSearch, losses);
  const tools = holdBack(buildTools(request, traits, mcp, losses), found);
  const told = codeInWords(request, losses, runsTakenBack(tools, traits));
  const { system, turns } = buildConversation(told, traits, losses, found, mcp.names);
  const heldBack = asObject(placeholder);
  if (heldBack !== undefined) tools.push(heldBack);
  const choice = buildToolChoice(request, tools, losses);
  const facts = {
    traits,
    native,
    maxTokens,
    forcesTool: forcesTool(choice),
    lacksThinking: lacksThinking(turns, TURN_FORM),
    replaysThinking: replaysThinking(turns, TURN_FORM),
    bindingControls: quirks.bindingControls?.test(baseUrl) === true,
  };
  const { thinking, effort } = buildThinking(request.reasoning, facts, losses);
  const thinks = thinking === undefined ? traits.thinksByDefault : isThinking(thinking);
  // What a client of this dialect sends is kept, unless it asked for thinking, which is off nevertheless.
  if (isClaude(traits) && !thinks && (!native || (request.reasoning?.mode ?? 'off') !== 'off'))
    dropContinuedThinking(turns, TURN_FORM, losses);
  const isForcible = traits.forcedTools && !isThinking(thinking);
  const takenChoice = isForcible ? choice : unforced(choice, losses);
  const config: JsonObject = { ...(effort === undefined ? {} : { effort }) };
  buildFormat(request, traits, native, config, system, losses);

  const billed = asObject(billing);
  if (billed !== undefined) system.unshift(billed);
  if (system.length > 0) put(body, 'system', compact(system));
  body.messages = wireMessages(turns);
  if (mcp.byTool.size > 0) body[MCP_SERVERS] = [...mcp.byTool.values()].map(({ server }) => server);
  if (tools.length > 0) body.tools = tools;
  put(body, 'tool_choice', takenChoice);
  putMerged(body, 'thinking', thinking ?? {}, moreThinking);
  putMerged(body, 'output_config', config, moreConfig);
  buildSampling(request, traits, isThinking(thinking), body, losses);
  if (request.stopSequences !== undefined)
    body.stop_sequences = withoutBlankStops(request.stopSequences, losses);
  putMerged(body, 'metadata', request.user === undefined ? {} : { user_id: request.user }, moreMetadata);
  buildServiceTier(request.serviceTier, body, losses);
  if (request.cacheControl !== undefined)
    body.cache_control = anthropicBreakpoint(request.cacheControl, losses);
  reportUnsupported(request, UNSAID, losses);
  if (request.stream) body.stream = true;
  Object.assign(body, adaptThinking(body, quirks, losses));
  // A client of this dialect names its own betas.
  const betas = native ? [] : betasOf(body);
  const built = { body: { ...body, ...own }, losses: losses.list() };
  if (quirks.cloudMethods === true) return toCloud(built, !native);
  return {
    ...built,
    ...(betas.length > 0 && { headers: { 'anthropic-beta': betas.join(',') } }),
  };
}

/** The request with only the tools, the system messages and their settings that the model and its platform accept. */
function fitConversation(
  given: NeutralRequest,
  { systemMessages }: ModelTraits,
  { cloudMethods }: Quirks,
  losses: LossReport,
): NeutralRequest {
  const offered = cloudMethods === true ? { ...given, tools: given.tools.map(withoutFetch) } : given;
  const placed = systemMessages
    ? putBackToolChanges(putBackEffortChanges(putBackClearedMessages(offered)))
    : withoutToolChanges(withoutEffortChanges(withoutClearedMessages(offered)), losses);
  return declareAllowed(placed, losses);
}

/** Claude takes back its own runs, also from clients of other dialects while it can run code. */
function runsTakenBack(
  tools: readonly JsonObject[],
  { opensSeals }: ModelTraits,
): (call: ToolCallPart) => boolean {
  const runsCode = tools.some(({ type }) => asString(type)?.startsWith(CODE_EXECUTION) === true);
  return ({ id, extension }) => {
    if (extension?.dialect === ID) return !opensSeals || !isForeignServerCall(id);
    return runsCode && !isForeignServerCall(id);
  };
}

function isThinking(thinking: Thinking['thinking']): boolean {
  return thinking !== undefined && thinking.type !== 'disabled';
}

/** Leaves the choice to the model if it cannot be forced to call a tool. */
function unforced(choice: JsonObject | undefined, losses: LossReport): JsonObject | undefined {
  if (!forcesTool(choice)) return choice;
  losses.approximated('tool_choice', CHOICE_LEFT);
  const { name: _, ...rest } = choice ?? {};
  return { ...rest, type: 'auto' };
}

function putMerged(body: JsonObject, name: string, fields: JsonObject, more: JsonObject[string]): void {
  const merged = { ...fields, ...asObject(more) };
  if (!isEmpty(merged)) body[name] = merged;
}

function buildFormat(
  request: NeutralRequest,
  traits: ModelTraits,
  native: boolean,
  config: JsonObject,
  system: JsonObject[],
  losses: LossReport,
): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  if (format.type === 'json-schema' && (native || bindsFormat(request, traits))) {
    const schema = native ? format.schema : strictSchema(describedSchema(format), 'response_format', losses);
    config.format = { type: 'json_schema', schema };
    return;
  }
  system.push({ type: 'text', text: formatInstruction(format) });
  losses.approximated('response_format', AS_INSTRUCTION);
}

function buildSampling(
  request: NeutralRequest,
  traits: ModelTraits,
  thinking: boolean,
  body: JsonObject,
  losses: LossReport,
): void {
  const { temperature, topP, topK } = request;
  const why = traits.fixedSampling ? 'the model takes no sampling parameters' : 'not while the model thinks';
  const refused = traits.fixedSampling || thinking;
  if (temperature !== undefined) {
    // Leaving out the default, 1, loses nothing.
    if (!refused || (thinking && temperature === 1 && !traits.fixedSampling)) {
      body.temperature = Math.min(temperature, 1);
      if (temperature > 1) losses.approximated('temperature', '1, the highest');
    } else if (temperature !== 1) losses.lost('temperature', why);
  }
  if (topP !== undefined) {
    if (refused && !(thinking && !traits.fixedSampling && topP >= 0.95)) {
      if (topP !== 1) losses.lost('top_p', why);
    } else if (traits.oneSampler && body.temperature !== undefined) {
      if (topP !== 1) losses.lost('top_p', 'the model accepts temperature or top_p, not both');
    } else body.top_p = topP;
  }
  if (topK !== undefined) {
    if (refused) losses.lost('top_k', why);
    else body.top_k = topK;
  }
}

function buildServiceTier(tier: string | undefined, body: JsonObject, losses: LossReport): void {
  if (tier === undefined) return;
  if (tier === 'auto' || tier === 'standard_only') body.service_tier = tier;
  else if (tier === 'default') body.service_tier = 'standard_only';
  else losses.lost('service_tier');
}
