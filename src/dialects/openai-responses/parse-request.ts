// A Responses request → NeutralRequest. https://platform.openai.com/docs/api-reference/responses/create
import { asArray, asObject, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type { Binding, NeutralRequest } from '../../model/request.ts';
import { hasSecondUser, otherFields, readSettings, SETTINGS } from '../openai/fields.ts';
import {
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredString,
} from '../shared/read-field.ts';
import { keepItems, withAdditional } from './additional-tools.ts';
import { onlyAllowed } from './mcp.ts';
import { parseOutputFormat } from './output-format.ts';
import { parseInput } from './parse-input.ts';
import { allowedOfServers, parseToolChoice, parseToolList } from './parse-tools.ts';
import { parseReasoningSettings } from './reasoning-settings.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import { changeSettings } from './settings-changes.ts';
import { type NumberFields, readNumbers } from '../shared/settings/numbers.ts';
import { ID } from './wire.ts';

/** The value of `include` that asks for encrypted reasoning, to be sent back. */
export const ENCRYPTED_REASONING = 'reasoning.encrypted_content';

/** The value of `include` that asks for log probabilities. */
export const LOGPROBS = 'message.output_text.logprobs';

/** OpenAI's code for an unknown or expired id; clients such as VS Code's Copilot then send the whole conversation. */
const PREVIOUS_NOT_FOUND = 'previous_response_not_found';

/** Top-level fields that have a neutral form. Those that are kept in another form are handled where they are read. */
const NEUTRAL_FIELDS = [
  'model',
  'input',
  'instructions',
  'stream',
  'tools',
  'max_output_tokens',
  'temperature',
  'top_p',
  ...SETTINGS,
  'reasoning',
  // Controls whether deltas are padded against eavesdroppers.
  'stream_options',
];

const NUMBERS: NumberFields = [
  ['maxOutputTokens', 'max_output_tokens'],
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
];

/**
 * The result always has an `extension` of this dialect, empty if every field has a neutral form: it tells buildRequest that the client
 * spoke this dialect and meant exactly what it sent.
 */
export function parseRequest(body: JsonObject): NeutralRequest {
  const model = requiredString(body, 'model', 'model', 'name the model to use');
  const boundTo = findBinding(body);
  const hasHistory = boundTo !== undefined && (body.input === undefined || body.input === null);
  const input = parseInput(hasHistory ? [] : body.input);
  const instructions = optionalString(body, 'instructions');
  const system = instructions ? [{ type: 'text' as const, text: instructions }] : [];
  const request: NeutralRequest = {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    system: [...system, ...input.system],
    messages: input.messages,
    tools: withAdditional(parseToolList(body), input.tools),
  };
  const kept = new Set(NEUTRAL_FIELDS);
  const bound = boundTo ?? input.boundTo;
  if (bound !== undefined) request.boundTo = bound;

  const choice = parseToolChoice(body, request.tools);
  const ofServers = allowedOfServers(body.tool_choice);
  if (choice !== 'unknown') {
    if (ofServers === undefined) kept.add('tool_choice');
    else request.tools = request.tools.map((tool) => onlyAllowed(tool, ofServers));
    Object.assign(request, choice);
  }
  readNumbers(request, NUMBERS, (field) => optionalNumber(body, field));
  readSettings(request, body);
  // Sent by clients that read answers of Chat Completions; in this dialect counts come in any case.
  if (asObject(body.stream_options)?.include_usage === true) request.includeUsage = true;
  if (hasSecondUser(body)) kept.delete('user');

  const reasoning = parseReasoningSettings(optionalObject(body, 'reasoning') ?? {});
  if (reasoning.settings !== undefined) request.reasoning = reasoning.settings;
  const text = optionalObject(body, 'text') ?? {};
  const textRest = parseText(text, request);
  kept.add('text');

  const fields = otherFields(body, kept, isDefault);
  const rests = Object.entries({ reasoning: reasoning.rest, text: textRest }).filter(
    ([, rest]) => !isEmpty(rest),
  );
  Object.assign(fields, Object.fromEntries(rests));
  readRetention(body, request, fields);
  const extension = keepItems(fields, input.toolItems);
  if (rests.length > 0) extension.rests = rests.map(([field]) => field);
  request.extension = ofServers
    ? { ...extension, defaults: [...(extension.defaults ?? []), 'tool_choice'] }
    : extension;
  changeSettings(request, input.settings);
  return request;
}

/** Fields that make the answer depend on what only a provider of this dialect stores or does. */
function findBinding(body: JsonObject): Binding | undefined {
  const because: Record<string, string> = {
    previous_response_id:
      'the earlier turns are stored by the provider that returned this id; send the whole conversation as `input`',
    conversation: 'the earlier turns are stored by another provider; send the whole conversation as `input`',
    prompt: 'the prompt template is stored by another provider; send its text as `instructions` and `input`',
  };
  for (const [field, problem] of Object.entries(because)) {
    if (body[field] === undefined || body[field] === null) continue;
    const bound: Binding = { dialect: ID, field, problem };
    return field === 'previous_response_id' ? { ...bound, code: PREVIOUS_NOT_FOUND } : bound;
  }
  if (body.background === true) {
    const problem = 'background answers are stored by the provider; send the request without `background`';
    return { dialect: ID, field: 'background', problem };
  }
  if (asObject(body.prompt_cache_options)?.prewarm !== true) return undefined;
  // Any other provider would write, and bill, a whole answer that nobody wants.
  const problem = 'only OpenAI fills its cache without writing an answer; omit that request';
  return { dialect: ID, field: 'prompt_cache_options.prewarm', problem };
}

/** Reads `text`; returns the part of it that only this dialect knows. */
function parseText(text: JsonObject, request: NeutralRequest): JsonObject {
  const rest = withoutFields(text, ['format', 'verbosity']);
  const verbosity = optionalString(text, 'verbosity', 'text.verbosity');
  if (verbosity !== undefined && verbosity !== 'medium') request.verbosity = verbosity;
  const format = optionalObject(text, 'format', 'text.format');
  if (format === undefined) return rest;
  const outputFormat = parseOutputFormat(format);
  if (outputFormat === undefined) rest.format = format;
  else request.outputFormat = outputFormat;
  return rest;
}

/** Reads `store` and `include`. Every translation returns reasoning tokens unasked, so a request for them is lost nowhere. */
function readRetention(body: JsonObject, request: NeutralRequest, fields: JsonObject): void {
  const store = optionalBoolean(body, 'store');
  if (store !== undefined) request.store = store;
  delete fields.store;
  if (store === true) fields.store = true;
  const include = asArray(body.include) ?? [];
  if (include.includes(ENCRYPTED_REASONING)) request.replaysReasoning = true;
  if (include.includes(LOGPROBS)) {
    const top = optionalNumber(body, 'top_logprobs') ?? 0;
    request.logprobs = top > 0 ? { top } : {};
    delete fields.top_logprobs;
  }
  const others = include.filter((each) => each !== ENCRYPTED_REASONING && each !== LOGPROBS);
  delete fields.include;
  if (others.length > 0) fields.include = others;
}

function isDefault(name: string, value: JsonValue): boolean {
  switch (name) {
    case 'background':
      return value === false;
    case 'truncation':
      return value === 'disabled';
    case 'top_logprobs':
    case 'frequency_penalty':
    case 'presence_penalty':
      return value === 0;
    default:
      return false;
  }
}
