// NeutralRequest → a Responses body for one provider, and what it could not carry.
// https://platform.openai.com/docs/api-reference/responses/create
import type { Extension, TextPart, ToolCallPart } from '../../model/content.ts';
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { breakpointIn, takesBreakpoints } from '../openai/breakpoint.ts';
import { buildUser, buildVerbosity, RESPONSES_TIERS } from '../openai/fields.ts';
import { samplesAt } from '../openai/efforts.ts';
import { buildReasoningSettings } from '../openai/reasoning.ts';
import { answerSchema, canBeKept } from '../openai/schemas.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { knownCapabilities } from '../shared/models/known-capabilities.ts';
import { cacheKeyOf } from '../shared/settings/conversation-key.ts';
import { withChoiceInWords } from '../shared/schemas/choice-in-words.ts';
import { formatInstruction } from '../shared/schemas/described-schema.ts';
import { requireLastTurn } from '../shared/turns/last-turn.ts';
import { reportPrefill, reportUnknownPrefill } from '../shared/turns/prefill.ts';
import { AS_INSTRUCTION, TEXT_ALONE } from '../shared/losses/substitutes.ts';
import { pairCalls } from '../shared/tools/pair-calls.ts';
import { declareKnownTools } from '../shared/tools/known-tools.ts';
import { buildServiceTier } from '../shared/settings/service-tier.ts';
import { mcpServerNames } from '../shared/mcp-servers.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { ADDITIONAL_TOOLS } from './additional-tools.ts';
import { type BuildScope, buildInputContent } from './build-content.ts';
import { buildInput } from './build-input.ts';
import { buildTools } from './build-tools.ts';
import { CODE_OUTPUTS } from './code-interpreter.ts';
import { type ModelTraits, modelTraits } from './models.ts';
import { buildOutputFormat } from './output-format.ts';
import { ENCRYPTED_REASONING, LOGPROBS } from './parse-request.ts';
import { CODE_INTERPRETER } from './parse-tools.ts';
import { repeatReasoning } from './reasoning-settings.ts';
import { OPENING_SETTINGS, withOpeningSettings } from './settings-changes.ts';
import { isEmpty, put } from '../shared/own-fields.ts';
import { ID, ownFields } from './wire.ts';

/** OpenAI refuses a smaller `max_output_tokens`. */
const LEAST_OUTPUT_TOKENS = 16;

const UNSAID = [
  'topK',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'stopSequences',
  'cacheControl',
] as const;

export function buildRequest(given: NeutralRequest, options: BuildOptions): BuiltRequest {
  const { model, quirks } = options;
  const losses = new LossReport(ID);
  const asked = declareKnownTools(withOpeningSettings(given), losses);
  const native = asked.extension?.dialect === ID;
  const traits = modelTraits(model, quirks);
  const isOpenAi = traits.reasons !== undefined;
  const scope: BuildScope = {
    losses,
    native,
    marks: native || isOpenAi,
    breakpoints: takesBreakpoints(options),
    seesImages: () => knownCapabilities(model).images === true,
    mcpServers: isOpenAi ? mcpServerNames(asked.tools) : new Set(),
    laterInstructions: native || isOpenAi || quirks.laterInstructions === true,
  };
  // Other servers of the dialect may not know the list of choices.
  const told = codeInWords(asked, losses, isOwnCall);
  const paired = native ? asked : withChoiceInWords(pairCalls(told, losses), losses);
  const request =
    native || isOpenAi ? withAnswerSchema(paired, native, losses) : declareAllowed(paired, losses);
  const { [ADDITIONAL_TOOLS]: _, [OPENING_SETTINGS]: __, ...own } = ownFields(request.extension);
  const stores = native ? request.store : isOpenAi && request.store === true;
  losses.foreign(stores === true ? withoutStore(request.extension) : request.extension);

  const body: JsonObject = { model };
  Object.assign(body, buildPrompt(request, scope));
  // What OpenAI's models do is known.
  if (isOpenAi) reportPrefill(request, losses);
  else reportUnknownPrefill(request, losses);
  if (request.stream) body.stream = true;
  Object.assign(body, buildTools(request, scope, traits));
  const { maxOutputTokens } = request;
  put(body, 'max_output_tokens', native ? maxOutputTokens : leastTokens(maxOutputTokens, losses));
  const taken = withEffortsBeside(asArray(body.tools) ?? [], traits);
  const thinking = buildThinking(request, native, taken, losses);
  const isSampled = native || !traits.fixedSampling || samplesAt(thinking.effort, model);
  Object.assign(body, buildSampling(request, isSampled, losses));
  if (!isEmpty(thinking)) body.reasoning = thinking;
  const { verbosity } = request;
  const text = buildText(request, native ? verbosity : buildVerbosity(verbosity, model, losses));
  if (!isEmpty(text)) body.text = text;
  put(body, 'user', buildUser(request.user, losses));
  put(
    body,
    'service_tier',
    native ? request.serviceTier : buildServiceTier(request.serviceTier, RESPONSES_TIERS, losses),
  );
  put(body, 'prompt_cache_key', cacheKeyOf(request, options));
  Object.assign(body, request.cacheSettings);
  put(body, 'metadata', buildMetadata(request.metadata, native, losses));
  put(body, 'moderation', request.moderation);

  putOwn(body, own);
  const asksLogprobs = isSampled && request.logprobs !== undefined;
  if (asksLogprobs) put(body, 'top_logprobs', request.logprobs?.top);
  else reportUnsupported(request, ['logprobs'], losses);
  put(body, 'store', stores);
  const runsCode = !native && (asArray(body.tools) ?? []).some(isInterpreter);
  const include = [
    ...(wantsReasoningBack(request, native, traits) ? [ENCRYPTED_REASONING] : []),
    ...(asArray(own.include) ?? []),
    ...(asksLogprobs ? [LOGPROBS] : []),
    // Clients of other dialects have no word for what code printed: they are told it where it is run.
    ...(runsCode ? [CODE_OUTPUTS] : []),
  ];
  if (include.length > 0) body.include = include;
  return { body, losses: losses.list() };
}

/** OpenAI's own models answer with an object, so any other form is requested in the instructions. */
function withAnswerSchema(request: NeutralRequest, native: boolean, losses: LossReport): NeutralRequest {
  const { outputFormat, ...rest } = request;
  if (native || outputFormat?.type !== 'json-schema') return request;
  const schema = answerSchema(outputFormat.schema);
  if (schema !== undefined) {
    const isStrict = outputFormat.strict ?? (outputFormat.isKept === true && canBeKept(schema));
    return { ...rest, outputFormat: { ...outputFormat, schema, ...(isStrict && { strict: true }) } };
  }
  losses.approximated('response_format', AS_INSTRUCTION);
  return { ...rest, system: [...rest.system, { type: 'text', text: formatInstruction(outputFormat) }] };
}

/** `instructions` and `input`. */
function buildPrompt(request: NeutralRequest, scope: BuildScope): JsonObject {
  // A breakpoint must stand on a part, and the field for instructions has none.
  const isMarked = scope.marks && request.system.some((part) => hasBreakpoint(part, scope));
  const instructions = isMarked ? undefined : buildInstructions(request, scope.losses);
  const input = buildInput(request, scope);
  if (isMarked) {
    const content = buildInputContent(request.system, scope);
    input.unshift({ type: 'message', role: 'developer', content });
  }
  const isEmptyInput = input.length === 0;
  // A request needs an input, but clients of other dialects may send only a system prompt.
  if (isEmptyInput && !scope.native) {
    if (instructions !== undefined)
      return { input: [{ type: 'message', role: 'system', content: instructions }] };
    requireLastTurn(request, undefined);
  }
  return {
    ...(instructions !== undefined && { instructions }),
    ...((!isEmptyInput || !scope.native) && { input }),
  };
}

/** Adds the fields that only this dialect knows; where both are objects, to what was built. */
function putOwn(body: JsonObject, own: JsonObject): void {
  for (const [field, value] of Object.entries(own)) {
    const built = asObject(body[field]);
    const more = asObject(value);
    if (built !== undefined && more !== undefined) body[field] = { ...built, ...more };
    else if (body[field] === undefined) put(body, field, value);
  }
}

function hasBreakpoint({ cacheControl, extension }: TextPart, { breakpoints }: BuildScope): boolean {
  return cacheControl !== undefined && (breakpoints || breakpointIn(extension) !== undefined);
}

function buildInstructions({ system }: NeutralRequest, losses: LossReport): string | undefined {
  const texts: string[] = [];
  for (const part of system) {
    losses.foreign(part.extension);
    if (part.cacheControl !== undefined) losses.lost('cache_control');
    if (part.citations !== undefined) losses.approximated('citations', TEXT_ALONE);
    if (part.text !== '') texts.push(part.text);
  }
  return texts.length === 0 ? undefined : texts.join('\n\n');
}

/** The extension without `store`, which the provider keeps for clients of Chat Completions too, so that it is not reported. */
function withoutStore(extension: Extension | undefined): Extension | undefined {
  return extension && { ...extension, defaults: [...(extension.defaults ?? []), 'store'] };
}

/**
 * Whether reasoning is to come encrypted, so that the client can send it back. Clients of other dialects send the whole conversation
 * each time, so it is requested for them unless the model is known not to reason: such models refuse the request.
 */
function wantsReasoningBack(
  { replaysReasoning }: NeutralRequest,
  native: boolean,
  { reasons }: ModelTraits,
): boolean {
  return native ? replaysReasoning === true : reasons !== false;
}

function isOwnCall({ extension }: ToolCallPart): boolean {
  return extension?.dialect === ID;
}

function buildThinking(
  { reasoning }: NeutralRequest,
  native: boolean,
  traits: ModelTraits,
  losses: LossReport,
): JsonObject {
  if (reasoning === undefined) return {};
  return native ? repeatReasoning(reasoning) : buildReasoningSettings(reasoning, traits, losses);
}

/** "The following tools cannot be used with reasoning.effort 'minimal': web_search." So it is of all that OpenAI runs. */
function withEffortsBeside(tools: readonly JsonValue[], traits: ModelTraits): ModelTraits {
  const { efforts } = traits;
  if (efforts === undefined || !tools.some(isHosted)) return traits;
  return { ...traits, efforts: efforts.filter((effort) => effort !== 'minimal') };
}

function isHosted(tool: JsonValue): boolean {
  const { type } = asObject(tool) ?? {};
  return type !== 'function' && type !== 'custom' && type !== 'namespace';
}

function isInterpreter(tool: JsonValue): boolean {
  return asObject(tool)?.type === CODE_INTERPRETER;
}

function leastTokens(wanted: number | undefined, losses: LossReport): number | undefined {
  if (wanted === undefined || wanted >= LEAST_OUTPUT_TOKENS) return wanted;
  losses.approximated('max_tokens', `the smallest possible limit is ${LEAST_OUTPUT_TOKENS}`);
  return LEAST_OUTPUT_TOKENS;
}

/** The dialect has two of the usual parameters, which models with fixed sampling refuse; leaving out defaults loses nothing. */
function buildSampling(request: NeutralRequest, isSampled: boolean, losses: LossReport): JsonObject {
  const fields: JsonObject = {};
  const { temperature, topP } = request;
  for (const [field, value] of [
    ['temperature', temperature],
    ['top_p', topP],
  ] as const) {
    if (value === undefined) continue;
    if (isSampled) fields[field] = value;
    else if (value !== 1) losses.lost(field);
  }
  reportUnsupported(request, UNSAID, losses);
  return fields;
}

function buildText({ outputFormat }: NeutralRequest, verbosity: string | undefined): JsonObject {
  const text: JsonObject = {};
  if (outputFormat !== undefined) text.format = buildOutputFormat(outputFormat);
  if (verbosity !== undefined) text.verbosity = verbosity;
  return text;
}

/** OpenAI's limits: 16 pairs, keys of 64 and values of 512 characters, text only. */
function buildMetadata(
  metadata: JsonObject | undefined,
  native: boolean,
  losses: LossReport,
): JsonObject | undefined {
  if (metadata === undefined || native) return metadata;
  const pairs = Object.entries(metadata);
  const fits = pairs.every(
    ([key, value]) => key.length <= 64 && typeof value === 'string' && value.length <= 512,
  );
  if (fits && pairs.length <= 16) return metadata;
  losses.lost('metadata');
  return undefined;
}
