// Reads a body of Converse as one of Messages: Amazon's own words for what Claude accepts.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { fromBase64 } from '../../../model/base64.ts';
import {
  asArray,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  parseObject,
} from '../../../model/json/json.ts';
import { GatewayError } from '../../../model/errors.ts';
import { exactText } from '../../../model/json/exact-numbers.ts';
import { table } from '../../../model/table.ts';
import { STOP_PATHS } from '../../aws/matched-stop.ts';
import { THINKING_PATH } from '../../aws/thinking-count.ts';
import { DOCUMENT_FORMATS, IMAGE_FORMATS, mediaTypeOf } from '../../aws/media-formats.ts';
import { betasOf } from '../../claude/betas.ts';
import { TOOL_REFERENCE } from '../wire.ts';
import { readModelFields } from './read-model-fields.ts';

export interface ReadRequest {
  body: JsonObject;
  /** Features that Messages has no place for. */
  lost: string[];
}

const GIVEN_PATHS: readonly string[] = [...STOP_PATHS, THINKING_PATH];

/** What has no form in Messages is left as it is, for the parser of Messages to refuse. Throws GatewayError `invalid_request`. */
export function readConverse(sent: JsonObject): ReadRequest {
  const lost = new Set<string>();
  const {
    messages,
    system,
    inferenceConfig,
    toolConfig,
    outputConfig,
    additionalModelRequestFields: fields,
    additionalModelResponseFieldPaths: paths,
    serviceTier,
    ...others
  } = sent;
  for (const [name, value] of Object.entries(others)) if (value !== null) lost.add(name);
  // Clients get these fields in any case.
  if ((asArray(paths) ?? []).some((path) => !GIVEN_PATHS.includes(asString(path) ?? '')))
    lost.add('additionalModelResponseFieldPaths');
  // Whether to stream is said by the path.
  const { stream: __, ...given } = asObject(fields) ?? {};
  const more = readModelFields(given, (feature) => lost.add(feature));
  const tools = readTools(asObject(toolConfig) ?? {}, lost);
  // Amazon merges both places: only the model's own field can ask for one call at a time.
  if (tools.tool_choice !== undefined)
    tools.tool_choice = { ...asObject(more.tool_choice), ...asObject(tools.tool_choice) };
  // Shells, editors and computers can only be declared there: https://docs.aws.amazon.com/bedrock/latest/userguide/computer-use.html
  const own = asArray(more.tools) ?? [];
  if (own.length > 0 && tools.tools !== undefined) tools.tools = [...(asArray(tools.tools) ?? []), ...own];
  const body: JsonObject = {
    ...more,
    ...readInference(asObject(inferenceConfig) ?? {}, lost),
    ...tools,
    ...readOutput(asObject(outputConfig) ?? {}, asObject(more.output_config), lost),
  };
  // In Amazon's words: it is rewritten for each provider, in that one's names of tiers.
  const tier = asString(asObject(serviceTier)?.type);
  if (tier !== undefined) body.service_tier = tier;
  if (messages !== undefined)
    body.messages = asArray(messages)?.map((message) => readMessage(message, lost)) ?? messages;
  // Amazon requires no name for what Anthropic accepts only with the name of a beta.
  const betas = messages === undefined ? [] : betasOf({ messages: body.messages ?? null });
  if (betas.length > 0) body.anthropic_beta = [...(asArray(more.anthropic_beta) ?? []), ...betas];
  const instructions = readBlocks(system, 'system', lost);
  if (instructions !== undefined && (asArray(instructions)?.length ?? 1) > 0) body.system = instructions;
  return { body, lost: [...lost] };
}

export const INFERENCE: Record<string, string> = table({
  maxTokens: 'max_tokens',
  temperature: 'temperature',
  topP: 'top_p',
  stopSequences: 'stop_sequences',
});

function readInference(config: JsonObject, lost: Set<string>): JsonObject {
  const read: JsonObject = {};
  for (const [name, value] of Object.entries(config)) {
    const known = INFERENCE[name];
    if (value === null) continue;
    if (known === undefined) lost.add(`inferenceConfig.${name}`);
    else read[known] = value;
  }
  return read;
}

/** @param given what the request says in Claude's own words. */
function readOutput(
  { textFormat, effort, ...others }: JsonObject,
  given: JsonObject | undefined,
  lost: Set<string>,
): JsonObject {
  for (const name of Object.keys(others)) lost.add(`outputConfig.${name}`);
  const read: JsonObject = {};
  if (effort !== undefined && effort !== null) read.effort = effort;
  if (textFormat !== undefined && textFormat !== null) read.format = readFormat(textFormat);
  return Object.keys(read).length === 0 ? {} : { output_config: { ...given, ...read } };
}

function readFormat(textFormat: JsonValue): JsonObject {
  const { jsonSchema } = asObject(asObject(textFormat)?.structure) ?? {};
  const schema = parseObject(asString(asObject(jsonSchema)?.schema) ?? '');
  if (schema === undefined) {
    const path = 'outputConfig.textFormat.structure.jsonSchema.schema';
    throw new GatewayError('invalid_request', `${path}: must be a JSON Schema as text`);
  }
  return { type: 'json_schema', schema };
}

function readTools({ tools, toolChoice }: JsonObject, lost: Set<string>): JsonObject {
  const read: JsonObject[] = [];
  for (const tool of asArray(tools) ?? []) {
    const { toolSpec, cachePoint, ...others } = asObject(tool) ?? {};
    for (const name of Object.keys(others)) lost.add(`tools.${name}`);
    if (cachePoint !== undefined) cacheBehind(read, cachePoint);
    const spec = asObject(toolSpec);
    if (spec === undefined) continue;
    const { inputSchema, ...rest } = spec;
    read.push({ ...rest, input_schema: asObject(inputSchema)?.json ?? {} });
  }
  if (read.length === 0) return {};
  const { any, tool, auto, ...others } = asObject(toolChoice) ?? {};
  for (const name of Object.keys(others)) lost.add(`toolChoice.${name}`);
  if (tool !== undefined)
    return { tools: read, tool_choice: { type: 'tool', name: asObject(tool)?.name ?? '' } };
  if (any !== undefined) return { tools: read, tool_choice: { type: 'any' } };
  return { tools: read, ...(auto !== undefined && { tool_choice: { type: 'auto' } }) };
}

function readMessage(message: JsonValue, lost: Set<string>): JsonValue {
  if (!isObject(message)) return message;
  return { ...message, content: readBlocks(message.content, 'messages.content', lost) ?? null };
}

/** @param path names what is lost. */
function readBlocks(content: JsonValue | undefined, path: string, lost: Set<string>): JsonValue | undefined {
  const blocks = asArray(content);
  if (blocks === undefined) return content;
  const read: JsonObject[] = [];
  for (const block of blocks) {
    const fields = asObject(block) ?? {};
    if (fields.cachePoint !== undefined) cacheBehind(read, fields.cachePoint);
    else read.push(...readBlock(fields, path, lost));
  }
  return read;
}

/** A breakpoint is set on the block that it follows. */
function cacheBehind(read: JsonObject[], point: JsonValue): void {
  const last = read.at(-1);
  const ttl = asString(asObject(point)?.ttl);
  if (last !== undefined) last.cache_control = { type: 'ephemeral', ...(ttl !== undefined && { ttl }) };
}

function readBlock(block: JsonObject, path: string, lost: Set<string>): JsonObject[] {
  const [name = '', value = null] = Object.entries(block).find(([, field]) => field !== null) ?? [];
  const fields = asObject(value) ?? {};
  const read = blockOf(name, value, fields, path, lost);
  if (read === undefined) lost.add(`${path}.${name}`);
  return read ?? [];
}

const RESULT = '.toolResult';

/** Undefined for a block without a form in Messages. */
function blockOf(
  name: string,
  value: JsonValue,
  fields: JsonObject,
  path: string,
  lost: Set<string>,
): JsonObject[] | undefined {
  switch (name) {
    case 'text':
      return [{ type: 'text', text: value }];
    case 'json':
      return [{ type: 'text', text: exactText(value) }];
    case 'image':
    case 'document':
      return readMedia(name, fields);
    case 'toolUse':
      return [
        { type: 'tool_use', id: fields.toolUseId ?? '', name: fields.name ?? '', input: fields.input ?? {} },
      ];
    case 'toolResult':
      // Results contain none.
      if (path.endsWith(RESULT)) return undefined;
      return [
        {
          type: 'tool_result',
          tool_use_id: fields.toolUseId ?? '',
          content: readBlocks(fields.content, path + RESULT, lost) ?? [],
          ...(fields.status === 'error' && { is_error: true }),
        },
      ];
    case 'searchResult': {
      const { content, ...own } = fields;
      return [{ type: 'search_result', ...own, content: readBlocks(content, path, lost) ?? [] }];
    }
    case 'reasoningContent':
      return readReasoning(fields);
    case 'citationsContent':
      if ((asArray(fields.citations) ?? []).length > 0) lost.add('citations');
      // Web pages are cited after their text.
      return fields.content === undefined ? [] : [{ type: 'text', text: textOf(fields.content) }];
    case 'toolAddition':
      return readToolChange('tool_addition', fields);
    case 'toolRemoval':
      return readToolChange('tool_removal', fields);
    case 'guardContent': {
      const text = asObject(fields.text)?.text;
      return text === undefined ? undefined : [{ type: 'text', text }];
    }
    default:
      return undefined;
  }
}

/** A change of tools in a system message: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolAdditionBlock.html */
function readToolChange(type: string, fields: JsonObject): JsonObject[] | undefined {
  const { name, serverName } = asObject(fields.tool) ?? {};
  // Converse declares no tools of an MCP server, whose names these would be.
  if (name === undefined || (serverName ?? null) !== null) return undefined;
  return [{ type, tool: { type: TOOL_REFERENCE, name } }];
}

function textOf(content: JsonValue | undefined): string {
  return (asArray(content) ?? []).map((part) => asString(asObject(part)?.text) ?? '').join('');
}

function readReasoning({ reasoningText, redactedContent }: JsonObject): JsonObject[] | undefined {
  const redacted = asString(redactedContent);
  if (redacted !== undefined) return [{ type: 'redacted_thinking', data: utf8In(redacted) ?? redacted }];
  const { text, signature } = asObject(reasoningText) ?? {};
  if (text === undefined) return undefined;
  return [{ type: 'thinking', thinking: text, signature: signature ?? '' }];
}

function readMedia(type: 'image' | 'document', fields: JsonObject): JsonObject[] | undefined {
  const format = asString(fields.format) ?? (type === 'image' ? '' : 'txt');
  const mediaType = mediaTypeOf(format, type === 'image' ? IMAGE_FORMATS : DOCUMENT_FORMATS);
  const source = readSource(asObject(fields.source) ?? {}, mediaType);
  if (source === undefined) return undefined;
  if (type === 'image') return [{ type, source }];
  const { name, context, citations } = fields;
  return [
    {
      type,
      source,
      ...(name !== undefined && { title: name }),
      ...(context !== undefined && { context }),
      ...(citations !== undefined && { citations }),
    },
  ];
}

function readSource(
  { bytes, text, content, s3Location }: JsonObject,
  mediaType: string | undefined,
): JsonObject | undefined {
  const data = asString(bytes);
  if (data !== undefined && mediaType !== undefined) {
    const plain = mediaType.startsWith('text/') ? utf8In(data) : undefined;
    return plain === undefined
      ? { type: 'base64', media_type: mediaType, data }
      : { type: 'text', media_type: 'text/plain', data: plain };
  }
  if (text !== undefined) return { type: 'text', media_type: 'text/plain', data: text };
  if (content !== undefined) return { type: 'text', media_type: 'text/plain', data: textOf(content) };
  const uri = asObject(s3Location)?.uri;
  return uri === undefined ? undefined : { type: 'url', url: uri };
}

/** Undefined if the bytes are not text. */
function utf8In(base64: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fromBase64(base64));
  } catch {
    return undefined;
  }
}
