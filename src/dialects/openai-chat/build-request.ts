// NeutralRequest → a Chat Completions body for one provider, and what it could not carry.
import { asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { NeutralRequest, OutputFormat } from '../../model/request.ts';
import { declareAllowed } from '../shared/tools/allowed-tools.ts';
import { withoutUncalledTools } from '../shared/tools/unsent-choice.ts';
import { withBreakpoints } from '../claude/cache-breakpoints.ts';
import type { BuildOptions, BuiltRequest } from '../dialect.ts';
import type { Quirks } from '../quirks.ts';
import { conversationIn } from '../shared/settings/conversation-key.ts';
import { requireLastTurn } from '../shared/turns/last-turn.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { buildUser, buildVerbosity, SERVICE_TIERS } from '../openai/fields.ts';
import { answerSchema, canBeKept } from '../openai/schemas.ts';
import { reportedGrowth } from '../shared/schemas/schema-growth.ts';
import { AS_INSTRUCTION } from '../shared/losses/substitutes.ts';
import { isEmpty, put } from '../shared/own-fields.ts';
import { codeInWords } from '../shared/code-in-words.ts';
import { pairCalls } from '../shared/tools/pair-calls.ts';
import { declareKnownTools } from '../shared/tools/known-tools.ts';
import { buildServiceTier } from '../shared/settings/service-tier.ts';
import { firstStops } from '../shared/settings/stop-sequences.ts';
import { reportUnsupported } from '../shared/losses/unsupported-settings.ts';
import { adaptBody, applyEdits } from './adapt.ts';
import { sentBreakpoint } from './breakpoint-field.ts';
import { formatInWords, takesSchema } from './answer-format.ts';
import { buildMessages } from './build-messages.ts';
import { buildReasoning } from './build-reasoning.ts';
import { buildTools, isSearchBesides } from './build-tools.ts';
import { samplesAt } from '../openai/efforts.ts';
import { mfjsSchema } from './mfjs-schema.ts';
import { markPrefill } from './mark-prefill.ts';
import { hidesThinking } from './reasoning-settings.ts';
import { ID, ownFields } from './wire.ts';

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-stop */
const MAX_STOP_SEQUENCES = 4;

export function buildRequest(asked: NeutralRequest, options: BuildOptions): BuiltRequest {
  const { model, quirks } = options;
  const losses = new LossReport(ID);
  const declared = declareKnownTools(asked, losses);
  const allowed = quirks.allowedTools === true ? declared : declareAllowed(declared, losses);
  const chosen = withoutUncalledTools(allowed, losses, (tool) => isSearchBesides(tool, model));
  const paired = pairCalls(codeInWords(chosen, losses), losses);
  // What a client of this dialect sends is what this server accepts from it.
  const isOwn = asked.extension?.dialect === ID;
  const request =
    quirks.cacheControl === true && !isOwn
      ? withBreakpoints(paired, model, losses, { hasKeys: true, likeClaude: quirks.cachedIfMarked })
      : paired;
  const scope = { options, losses };
  const messages = buildMessages(request, scope);
  const body: JsonObject = { model, messages };
  if (messages.length === 0) requireLastTurn(request, undefined);
  if (request.stream) {
    body.stream = true;
    // Always requested, since the ledger needs the counts even if the client does not.
    if (quirks.streamOptions !== false) body.stream_options = { include_usage: true };
  }
  Object.assign(body, buildTools(request, scope));
  put(body, quirks.maxTokensField ?? 'max_tokens', request.maxOutputTokens);
  const thinking = buildReasoning(withoutToldSummary(request), options, losses);
  Object.assign(body, buildSampling(request, thinking.reasoning_effort, options, losses));
  put(body, 'seed', request.seed);
  if (quirks.extraFields?.includes('top_k')) put(body, 'top_k', request.topK);
  else if (request.topK !== undefined) losses.lost('top_k');
  Object.assign(body, thinking);
  if (formatInWords(request, options) !== undefined) losses.approximated('response_format', AS_INSTRUCTION);
  else if (request.outputFormat !== undefined)
    put(body, 'response_format', buildResponseFormat(request.outputFormat, options, losses));
  put(body, 'verbosity', buildVerbosity(request.verbosity, model, losses));
  put(body, 'user', buildUser(request.user, losses));
  put(body, 'service_tier', buildServiceTier(request.serviceTier, SERVICE_TIERS, losses));
  // A client of this dialect names its conversation itself.
  const { fields, headers } = conversationIn(request, isOwn ? { ...options, quirks: {} } : options, losses);
  Object.assign(body, fields);
  Object.assign(body, buildCacheSettings(request.cacheSettings, losses));
  if (isOwn) put(body, 'moderation', request.moderation);
  // Few servers know it, and some refuse what they do not know.
  else reportUnsupported(request, ['moderation'], losses);
  if (quirks.cacheControl !== true || quirks.cacheWhole === false)
    reportUnsupported(request, ['cacheControl'], losses);
  else if (request.cacheControl !== undefined)
    body.cache_control = sentBreakpoint(request.cacheControl, options, losses);

  const own = ownFields(request.extension);
  losses.foreign(request.extension);
  for (const [field, value] of Object.entries(own)) restore(body, field, value, losses);
  // OpenAI accepts metadata only for completions that it stores.
  if (request.metadata !== undefined) {
    if (body.store === true) body.metadata = request.metadata;
    else losses.lost('metadata');
  }
  for (const { models, fields } of quirks.modelFields ?? []) {
    if (!models.test(model)) continue;
    for (const [field, value] of Object.entries(fields))
      if (body[field] === undefined) put(body, field, value);
  }
  applyEdits(body, adaptBody(body, quirks, losses));
  const baseUrl = markPrefill(request, body, options, losses);
  return {
    body,
    losses: losses.list(),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(headers !== undefined && { headers }),
  };
}

/** A client of this dialect that hides thinking through a field of its own keeps that field. */
function withoutToldSummary(request: NeutralRequest): NeutralRequest {
  const { reasoning, extension, ...others } = request;
  if (reasoning === undefined || extension?.dialect !== ID) return request;
  if (!hidesThinking(extension.fields)) return request;
  const { summary: _, ...settings } = reasoning;
  return { ...others, extension, ...(!isEmpty(settings) && { reasoning: settings }) };
}

/** Responses has more options than Chat Completions, which refuses unknown ones, and one more time to live. */
function buildCacheSettings(settings: JsonObject | undefined, losses: LossReport): JsonObject {
  const { prompt_cache_options: options, ...others } = settings ?? {};
  const known: JsonObject = {};
  for (const [name, value] of Object.entries(asObject(options) ?? {})) {
    if (name === 'mode' || (name === 'ttl' && value === '30m')) known[name] = value;
    else if (value !== null && value !== false) losses.lost(`prompt_cache_options.${name}`);
  }
  return isEmpty(known) ? others : { ...others, prompt_cache_options: known };
}

/** Restores a field of the client's own dialect; one with a dot in its name goes into the object from which it was taken. */
function restore(body: JsonObject, field: string, value: JsonValue | undefined, losses: LossReport): void {
  const [, outer, inner] = /^(reasoning|thinking)\.(.+)$/.exec(field) ?? [];
  const holder = outer === undefined ? body : asObject(body[outer]);
  const name = inner ?? field;
  // This server accepts thinking settings only in another form.
  if (holder === undefined) losses.lost(field);
  else if (value !== undefined && holder[name] === undefined) holder[name] = value;
}

/**
 * Models with fixed sampling refuse these fields, including `stop`; leaving out defaults loses nothing.
 * @param effort that the model is asked for.
 */
function buildSampling(
  request: NeutralRequest,
  effort: JsonValue | undefined,
  options: BuildOptions,
  losses: LossReport,
): JsonObject {
  const fields: JsonObject = {};
  const { model, quirks } = options;
  const isFixed = quirks.fixedSampling?.test(model) === true;
  const isSampled = !isFixed || samplesAt(effort, model);
  const add = (field: string, value: number | undefined, fallback: number, isTaken: boolean) => {
    if (value === undefined) return;
    if (isTaken) fields[field] = value;
    else if (value !== fallback) losses.lost(field);
  };
  add('temperature', withinRange(request.temperature, quirks, losses), 1, isSampled);
  const isGreedy = quirks.greedyTopP === true && request.temperature === 0;
  add('top_p', request.topP, 1, isSampled && !isGreedy);
  add('frequency_penalty', request.frequencyPenalty, 0, !isFixed);
  add('presence_penalty', request.presencePenalty, 0, !isFixed);

  if (!isSampled) reportUnsupported(request, ['logprobs'], losses);
  else if (request.logprobs !== undefined) {
    fields.logprobs = true;
    if (request.logprobs.top !== undefined) fields.top_logprobs = request.logprobs.top;
  }

  if (isFixed) reportUnsupported(request, ['stopSequences'], losses);
  else put(fields, 'stop', firstStops(request.stopSequences, MAX_STOP_SEQUENCES, losses));
  return fields;
}

function withinRange(
  temperature: number | undefined,
  { maxTemperature = Number.POSITIVE_INFINITY }: Quirks,
  losses: LossReport,
): number | undefined {
  if (temperature === undefined || temperature <= maxTemperature) return temperature;
  losses.approximated('temperature', `${maxTemperature}, the highest`);
  return maxTemperature;
}

/** Undefined if only the instructions can ask for the format. */
function buildResponseFormat(
  format: OutputFormat,
  options: BuildOptions,
  losses: LossReport,
): JsonObject | undefined {
  switch (format.type) {
    case 'choice':
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'json-schema': {
      if (!takesSchema(options)) {
        losses.approximated(
          'response_format',
          'any JSON object is requested; the instructions contain the schema',
        );
        return { type: 'json_object' };
      }
      const { objectSchemas, schemaForm } = options.quirks;
      const whole = objectSchemas === true ? answerSchema(format.schema) : format.schema;
      const schema =
        whole && schemaForm === 'mfjs' ? mfjsSchema(whole, reportedGrowth('response_format', losses)) : whole;
      if (schema === undefined) {
        losses.approximated('response_format', AS_INSTRUCTION);
        return undefined;
      }
      // The name is required here, but optional in other dialects.
      const described: JsonObject = { name: format.name ?? 'response', schema };
      if (format.description !== undefined) described.description = format.description;
      if (format.strict !== undefined) described.strict = format.strict;
      else if (format.isKept === true && objectSchemas === true && canBeKept(schema)) described.strict = true;
      return { type: 'json_schema', json_schema: described };
    }
  }
}
