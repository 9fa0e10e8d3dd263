// A body of `POST /api/chat` → NeutralRequest. https://docs.ollama.com/api/chat
import { asBoolean, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import {
  isReasoningEffort,
  type NeutralRequest,
  type OutputFormat,
  type ReasoningSettings,
  type Tool,
} from '../../model/request.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import {
  invalid,
  optionalArray,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from '../shared/read-field.ts';
import { type NumberFields, readNumbers } from '../shared/settings/numbers.ts';
import { parseStop } from '../shared/settings/stop-sequences.ts';
import { isEmptyValue } from '../shared/losses/unread-fields.ts';
import { parseMessages } from './parse-messages.ts';
import { ID, OPTION } from './wire.ts';

const NEUTRAL_FIELDS = [
  ...['model', 'messages', 'stream', 'tools', 'format', 'options', 'think', 'logprobs', 'top_logprobs'],
];

const NUMBERS: NumberFields = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['seed', 'seed'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['presencePenalty', 'presence_penalty'],
];

const NEUTRAL_OPTIONS = [...NUMBERS.map(([, option]) => option), 'num_predict', 'stop'];

export function parseRequest(body: JsonObject): NeutralRequest {
  const model = requiredString(body, 'model', 'model', 'name the model to use');
  const request: NeutralRequest = {
    model,
    stream: asBoolean(body.stream) ?? true,
    ...parseMessages(body.messages),
    tools: (optionalArray(body, 'tools') ?? []).map(parseTool),
  };
  const options = optionalObject(body, 'options') ?? {};
  const ownOptions = readOptions(request, options);
  const reasoning = parseThink(body.think);
  if (reasoning !== undefined) request.reasoning = reasoning;
  const format = parseFormat(body.format);
  if (format !== undefined) request.outputFormat = format;
  if (asBoolean(body.logprobs) === true) {
    const top = optionalNumber(body, 'top_logprobs') ?? 0;
    request.logprobs = top > 0 ? { top } : {};
  }
  const fields: JsonObject = {};
  for (const [name, value] of Object.entries(withoutFields(body, NEUTRAL_FIELDS)))
    if (!isEmptyValue(value) || name === 'truncate' || name === 'shift') fields[name] = value;
  for (const [name, value] of Object.entries(ownOptions)) fields[OPTION + name] = value;
  // Set even without fields, since it says which dialect the request came in.
  request.extension = { dialect: ID, fields };
  return request;
}

/** Reads the options that have a neutral form, and returns the others. */
function readOptions(request: NeutralRequest, options: JsonObject): JsonObject {
  const numberIn = (option: string) => optionalNumber(options, option, `options.${option}`);
  readNumbers(request, NUMBERS, numberIn);
  // -1 means no limit, -2 the rest of the context window.
  const limit = numberIn('num_predict');
  if (limit !== undefined && limit > 0) request.maxOutputTokens = limit;
  const stop = parseStop(options.stop, 'options.stop');
  if (stop.length > 0) request.stopSequences = stop;
  return withoutFields(options, NEUTRAL_OPTIONS);
}

function parseTool(value: JsonValue, index: number): Tool {
  const path = `tools[${index}]`;
  const tool = requiredObject(value, path);
  const declared = requiredObject(tool.function, `${path}.function`);
  const description = optionalString(declared, 'description', `${path}.function.description`);
  const parameters = optionalObject(declared, 'parameters', `${path}.function.parameters`);
  return {
    type: 'function',
    name: requiredString(declared, 'name', `${path}.function.name`, 'name the function'),
    ...(description && { description }),
    ...(parameters !== undefined && !isEmpty(parameters) && { parameters }),
  };
}

/** Reads a switch, or a level for models that have levels. */
function parseThink(think: JsonValue | undefined): ReasoningSettings | undefined {
  if (think === undefined || think === null || think === '') return undefined;
  if (typeof think === 'boolean') return { mode: think ? 'on' : 'off' };
  const level = asString(think);
  if (isReasoningEffort(level)) return { mode: 'on', effort: level };
  throw invalid('think', 'must be true, false, "low", "medium" or "high"');
}

function parseFormat(format: JsonValue | undefined): OutputFormat | undefined {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { type: 'json' };
  const schema = asObject(format);
  if (schema === undefined) throw invalid('format', 'must be "json" or a JSON Schema');
  return { type: 'json-schema', schema, isKept: true };
}
