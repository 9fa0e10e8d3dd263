// NeutralRequest → a generateContent body, and what it could not carry.
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import { table } from '../../model/table.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { describedSchema, formatInstruction } from '../shared/schemas/described-schema.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import { requireLastTurn } from '../shared/turns/last-turn.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { pairCalls } from '../shared/tools/pair-calls.ts';
import { promptToContinue } from '../shared/turns/prefill.ts';
import { outermost } from '../shared/schemas/object-schema.ts';
import { firstStops } from '../shared/settings/stop-sequences.ts';
import { AS_INSTRUCTION, SAID_FIRST, SENT_AS_TURN, TEXT_ALONE } from '../shared/losses/substitutes.ts';
import { withoutUncalledTools, withoutUnsentChoice } from '../shared/tools/unsent-choice.ts';
import { declareKnownTools } from '../shared/tools/known-tools.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { buildContents } from './build-contents.ts';
import { buildThinking } from './build-thinking.ts';
import { buildToolConfig, buildTools, declareExpressible, isRunBesides } from './build-tools.ts';
import { reportedSchema } from './clean-schema.ts';
import { type ModelTraits, modelTraits } from './models.ts';
import { plainReferences } from './plain-references.ts';
import { isEmpty, put } from '../shared/own-fields.ts';
import { ENUM_TYPE, ID, putPath } from './wire.ts';

/** https://ai.google.dev/api/generate-content#generationconfig */
const MAX_STOP_SEQUENCES = 5;

const UNSAID = [
  'parallelToolCalls',
  'verbosity',
  'user',
  'metadata',
  'moderation',
  'cacheKey',
  'cacheControl',
] as const;

export function buildRequest(asked: NeutralRequest, options: BuildOptions): BuiltRequest {
  const losses = new LossReport(ID);
  const declared = declareKnownTools(asked, losses);
  const paired = pairCalls(declareExpressible(declared, options, losses), losses);
  const request = withoutUncalledTools(withoutUnsentChoice(paired, losses), losses, isRunBesides);
  const traits = modelTraits(options.model);
  const scope = { options, losses, traits, callNames: new Map<string, string>() };
  const tools = buildTools(request.tools, scope);
  const runsCode = tools.some((tool) => tool.codeExecution !== undefined);
  const told = codeInWords(request, losses, ({ extension }) => runsCode || extension?.dialect === ID);
  const contents = buildContents(told.messages, scope);
  const system = buildSystem(request, losses);
  if (contents.length === 0) speakAsUser(system, contents, losses);
  requireLastTurn(request, asString(contents.at(-1)?.role));
  if (traits.refusesPrefill) endWithUser(contents, losses);
  const format = request.outputFormat ?? { type: 'text' };
  // A client of this dialect knows what its model accepts.
  const place =
    request.extension?.dialect === ID ? 'field' : placeOfFormat(request, traits, tools.length > 0);
  if (place === 'words' && format.type !== 'text') {
    system.push({ text: formatInstruction(format) });
    losses.approximated('response_format', AS_INSTRUCTION);
  } else if (place === 'nowhere' && format.type !== 'text') losses.lost('response_format', FORCED_CALL);
  const body: JsonObject = { contents };
  if (traits.refusesSystem) sayFirst(system, contents, losses);
  else if (system.length > 0) body.systemInstruction = { parts: system };
  if (tools.length > 0) body.tools = tools;
  put(body, 'toolConfig', buildToolConfig(request, losses));

  const config: JsonObject = {};
  put(config, 'maxOutputTokens', request.maxOutputTokens);
  put(config, 'temperature', request.temperature);
  put(config, 'topP', request.topP);
  put(config, 'topK', request.topK);
  put(config, 'seed', buildSeed(request.seed, losses));
  putPenalties(config, request, traits, losses);
  put(config, 'stopSequences', firstStops(request.stopSequences, MAX_STOP_SEQUENCES, losses));
  if (place === 'field') Object.assign(config, buildFormat(format, options, losses));
  put(config, 'thinkingConfig', buildThinking(request, traits, losses));
  if (!isEmpty(config)) body.generationConfig = config;

  put(body, 'serviceTier', buildServiceTier(request.serviceTier, losses));
  reportUnsupported(request, UNSAID, losses);
  // Most models refuse them; only a client of this dialect can know that its model does not.
  if (request.extension?.dialect !== ID) reportUnsupported(request, ['logprobs'], losses);
  losses.foreign(request.extension);
  restore(body, request);
  return { body, losses: losses.list() };
}

function buildSystem(request: NeutralRequest, losses: LossReport): JsonObject[] {
  return request.system.flatMap((part) => {
    if (part.cacheControl !== undefined) losses.lost('cache_control');
    if (part.citations !== undefined) losses.approximated('citations', TEXT_ALONE);
    losses.foreign(part.extension);
    return part.text === '' ? [] : [{ text: part.text }];
  });
}

/** Other dialects accept a request that consists of a system prompt; this one refuses a request without contents. */
function speakAsUser(system: JsonObject[], contents: JsonObject[], losses: LossReport): void {
  const part = system.pop();
  if (part === undefined) return;
  contents.push({ role: 'user', parts: [part] });
  losses.approximated('messages.system', SENT_AS_TURN);
}

const FORCED_CALL = 'the answer is the call that is forced, beside which the model takes no format';

/**
 * Where the model can be asked for JSON. "Forced function calling (ANY mode) with a response mime type: 'application/json' is unsupported".
 * In words the format would change the beginning of the prompt for this turn only, so that the rest of the cached conversation would be
 * read, and paid for, again.
 */
function placeOfFormat(
  { toolChoice }: NeutralRequest,
  { json }: ModelTraits,
  offersTools: boolean,
): 'field' | 'words' | 'nowhere' {
  if (json === 'never') return 'words';
  if (!offersTools) return 'field';
  if (json === 'without-tools') return 'words';
  return toolChoice?.type === 'required' || toolChoice?.type === 'tool' ? 'nowhere' : 'field';
}

/** For models that accept no system prompt. */
function sayFirst(system: readonly JsonObject[], contents: JsonObject[], losses: LossReport): void {
  if (system.length === 0) return;
  const [first] = contents;
  if (first?.role === 'user') contents[0] = { ...first, parts: [...system, ...(asArray(first.parts) ?? [])] };
  else contents.unshift({ role: 'user', parts: [...system] });
  losses.approximated('messages.system', SAID_FIRST);
}

/** For models that refuse a final turn of their own; if that turn calls a tool, results are missing as well. */
function endWithUser(contents: JsonObject[], losses: LossReport): void {
  const last = contents.at(-1);
  const parts = asArray(last?.parts) ?? [];
  if (last?.role !== 'model' || parts.some((part) => asObject(part)?.functionCall !== undefined)) return;
  contents.push({ role: 'user', parts: [{ text: promptToContinue(losses) }] });
}

/** Google's seeds have 32 bits, OpenAI's 64. */
function buildSeed(seed: number | undefined, losses: LossReport): number | undefined {
  if (seed === undefined) return undefined;
  const known = seed | 0;
  if (known !== seed) losses.approximated('seed', 'its lowest 32 bits');
  return known;
}

function putPenalties(
  config: JsonObject,
  { presencePenalty, frequencyPenalty }: NeutralRequest,
  { refusesPenalties }: ModelTraits,
  losses: LossReport,
): void {
  if (!refusesPenalties) {
    put(config, 'presencePenalty', presencePenalty);
    put(config, 'frequencyPenalty', frequencyPenalty);
    return;
  }
  const how = 'the model refuses it';
  // 0 is no penalty, so leaving it out loses nothing.
  if ((presencePenalty ?? 0) !== 0) losses.lost('presence_penalty', how);
  if ((frequencyPenalty ?? 0) !== 0) losses.lost('frequency_penalty', how);
}

function buildFormat(format: OutputFormat, options: BuildOptions, losses: LossReport): JsonObject {
  switch (format.type) {
    case 'text':
      return {};
    case 'json':
      return { responseMimeType: 'application/json' };
    case 'choice':
      return { responseMimeType: ENUM_TYPE, responseSchema: { type: 'STRING', enum: format.values } };
    case 'json-schema': {
      const json = { responseMimeType: 'application/json' };
      const described = describedSchema(format);
      if (options.quirks.schemaSubset !== true)
        return { ...json, responseJsonSchema: plainReferences(outermost(described)) };
      return { ...json, responseSchema: reportedSchema(described, 'response_format', losses) };
    }
  }
}

const SERVICE_TIERS: Record<string, string | undefined> = table({
  flex: 'flex',
  priority: 'priority',
  standard: 'standard',
  default: 'standard',
  standard_only: 'standard',
});

function buildServiceTier(tier: string | undefined, losses: LossReport): string | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  const known = SERVICE_TIERS[tier];
  if (known === undefined) losses.lost('service_tier');
  return known;
}

/** Restores fields for which parseRequest had no neutral form. */
function restore(body: JsonObject, request: NeutralRequest): void {
  if (request.extension?.dialect !== ID) return;
  for (const [path, value] of Object.entries(request.extension.fields)) {
    const place = path
      .split('.')
      .reduce<JsonValue | undefined>((at, name) => (isObject(at) ? at[name] : undefined), body);
    // The mode of a call is set already; this one is more exact.
    if (place === undefined || path.endsWith('.mode')) putPath(body, path, value);
  }
}
