// Reads a client's Messages request as a neutral one. https://docs.anthropic.com/en/api/messages
import type { HeaderReader } from '../../model/headers.ts';
import type { Part, TextPart } from '../../model/content.ts';
import { asArray, asObject, asString, type JsonObject, type JsonValue } from '../../model/json/json.ts';
import type {
  Binding,
  Message,
  NeutralRequest,
  OutputFormat,
  ReasoningEffort,
  ReasoningSettings,
} from '../../model/request.ts';
import { table } from '../../model/table.ts';
import { namesInterleaving } from '../claude/betas.ts';
import { BILLING_LINE, billingLine } from '../claude/billing-line.ts';
import { isToolPlaceholder, TOOL_PLACEHOLDER } from '../claude/tool-placeholder.ts';
import { sessionIn } from '../claude/session.ts';
import type { ClientRoute } from '../dialect.ts';
import { CLIENT } from './author.ts';
import { takeClearedMessages } from './cleared-messages.ts';
import { takeEffortChanges } from './effort-changes.ts';
import { failRequest, requireArray, requireObject, requireString } from './fields.ts';
import { parseContent, parseText } from './parse-content.ts';
import { parseTool, parseToolChoice, withBoundCode } from './parse-tools.ts';
import { isEmpty, withoutFields } from '../shared/own-fields.ts';
import {
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalObject,
  optionalString,
} from '../shared/read-field.ts';
import { type NumberFields, readNumbers } from '../shared/settings/numbers.ts';
import { MCP_SERVERS, withMcpServers } from './mcp.ts';
import { turnBehindSummary } from './summary.ts';
import { heldBackLast } from './held-back-tools.ts';
import { takeToolChanges } from './tool-changes.ts';
import { COMPACTION, ID } from './wire.ts';

const KNOWN_FIELDS = [
  'model',
  'messages',
  'max_tokens',
  'system',
  'stream',
  'tools',
  'tool_choice',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
  'cache_control',
];

const NUMBERS: NumberFields = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
];

const EFFORTS: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

/**
 * The result always has an `extension` of this dialect, empty if every field has a neutral form: it tells buildRequest that the client
 * spoke this dialect and meant exactly what it sent.
 * @throws GatewayError `invalid_request`, whose message begins with the path of the wrong field.
 */
export function parseRequest(body: JsonObject, route?: ClientRoute, headers?: HeaderReader): NeutralRequest {
  const model = requireString(body.model, 'model', failRequest);
  if (model === '') failRequest('model', 'must not be empty');
  const messages = requireArray(body.messages, 'messages', failRequest);
  if (messages.length === 0) failRequest('messages', 'must contain at least one message');
  const extra = withoutFields(body, KNOWN_FIELDS);
  const billing = billingLine(body.system);
  if (billing !== undefined) extra[BILLING_LINE] = billing;
  const system = parseSystem(body.system ?? undefined);
  const tools = optionalArray(body, 'tools') ?? [];
  const placeholder = tools.find(isToolPlaceholder);
  if (placeholder !== undefined) extra[TOOL_PLACEHOLDER] = placeholder;
  const turns = parseMessages(messages);
  const declared = tools.flatMap((tool, at) =>
    tool === placeholder ? [] : [parseTool(tool, `tools.${at}`)],
  );
  const known = withMcpServers(declared, body[MCP_SERVERS], turns);
  const defaults = [
    ...(placeholder === undefined ? [] : [TOOL_PLACEHOLDER]),
    ...(known === undefined || extra[MCP_SERVERS] === undefined ? [] : [MCP_SERVERS]),
  ];
  const request: NeutralRequest = {
    model,
    stream: optionalBoolean(body, 'stream') ?? false,
    system: billing === undefined ? system : system.slice(1),
    messages: turns,
    tools: withBoundCode(heldBackLast(known ?? declared, turns), body.container, turns),
    ...(needsLimit(body, route) && { maxOutputTokens: parseMaxTokens(body.max_tokens) }),
    extension: {
      dialect: ID,
      fields: extra,
      ...(defaults.length > 0 && { defaults }),
    },
  };
  const boundTo = findBinding(body);
  if (boundTo !== undefined) request.boundTo = boundTo;
  parseSampling(body, request);
  const choice = optionalObject(body, 'tool_choice');
  if (choice !== undefined) Object.assign(request, parseToolChoice(choice));
  parseThinking(body, request, extra);
  if (request.reasoning?.mode === 'on' && namesInterleaving(headers)) request.reasoning.interleaved = true;
  parseMetadata(body, request, extra);
  const serviceTier = optionalString(body, 'service_tier');
  if (serviceTier !== undefined) request.serviceTier = serviceTier;
  const cacheControl = optionalObject(body, 'cache_control');
  if (cacheControl !== undefined) request.cacheControl = cacheControl;
  takeToolChanges(request);
  takeEffortChanges(request);
  takeClearedMessages(request);
  return request;
}

/** Whether `max_tokens` is required: nothing is generated where tokens are only counted. */
function needsLimit(body: JsonObject, route: ClientRoute | undefined): boolean {
  const mayLack = route?.envelope?.rewrites === true && body.max_tokens === undefined;
  return route?.operation !== 'count-tokens' && !mayLack;
}

/** Fields that only Anthropic's own servers can answer. */
function findBinding({ thread, compaction }: JsonObject): Binding | undefined {
  if (asObject(thread)?.type === 'continue') {
    const problem =
      'the earlier turns are stored by the provider that returned this id; send the whole conversation';
    // At this code the official SDK resends the whole conversation by itself.
    return { dialect: ID, field: 'thread', problem, code: 'thread_not_found' };
  }
  if (asObject(compaction) === undefined) return undefined;
  const problem = 'it asks for a signed summary, which that provider does not write';
  return { dialect: ID, field: COMPACTION, problem };
}

/** Zero is allowed: it fills the prompt cache without producing an answer. */
function parseMaxTokens(value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  const problem = value === undefined ? 'is required: set' : 'must be';
  return failRequest('max_tokens', `${problem} a whole number, the most tokens to generate`);
}

function parseSystem(system: JsonValue | undefined): TextPart[] {
  if (system === undefined || system === '') return [];
  if (typeof system === 'string') return [{ type: 'text', text: system }];
  const blocks = asArray(system) ?? failRequest('system', 'must be a string or an array of text blocks');
  return blocks.map((value, at) => {
    const path = `system.${at}`;
    const block = requireObject(value, path, failRequest);
    if (block.type !== 'text') failRequest(`${path}.type`, 'must be "text"');
    return parseText(block, path, failRequest);
  });
}

function parseMessages(messages: readonly JsonValue[]): Message[] {
  const parsed = messages.map((message, at) => parseMessage(message, `messages.${at}`));
  const behind = turnBehindSummary(messages);
  return behind === undefined ? parsed : [...parsed, behind];
}

function parseMessage(value: JsonValue, path: string): Message {
  const message = requireObject(value, path, failRequest);
  const role = requireString(message.role, `${path}.role`, failRequest);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    return failRequest(`${path}.role`, `"${role}" is not one of user, assistant, system`);
  }
  const fields = withoutFields(message, ['role', 'content']);
  const parts: Part[] = [];
  // A system message may consist of settings (`output_config`).
  if (message.content !== undefined || isEmpty(fields)) {
    parts.push(...parseContent(message.content, `${path}.content`, CLIENT));
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field !== undefined)
      parts.push({ type: 'opaque', dialect: ID, name: `messages.${name}`, value: field });
  }
  return { role, parts };
}

function parseSampling(body: JsonObject, request: NeutralRequest): void {
  readNumbers(request, NUMBERS, (field) => optionalNumber(body, field));
  const stops = optionalArray(body, 'stop_sequences');
  if (stops !== undefined) {
    request.stopSequences = stops.map((stop, at) => requireString(stop, `stop_sequences.${at}`, failRequest));
  }
}

/** Reads `thinking`, `output_config` and its predecessor `output_format`; their other fields go to `extra`. */
function parseThinking(body: JsonObject, request: NeutralRequest, extra: JsonObject): void {
  const settings: ReasoningSettings = {};
  const thinking = optionalObject(body, 'thinking');
  if (thinking !== undefined) {
    const known = ['budget_tokens', 'display'];
    const mode = MODES[requireString(thinking.type, 'thinking.type', failRequest)];
    if (mode !== undefined) {
      settings.mode = mode;
      known.push('type');
    }
    const budget = optionalNumber(thinking, 'budget_tokens', 'thinking.budget_tokens');
    if (budget !== undefined) settings.budgetTokens = budget;
    const display = optionalString(thinking, 'display', 'thinking.display');
    if (display !== undefined) settings.summary = display;
    const rest = withoutFields(thinking, known);
    if (!isEmpty(rest)) extra.thinking = rest;
  }
  const config = optionalObject(body, 'output_config');
  if (config !== undefined) {
    const known: string[] = [];
    const effort = EFFORTS.find((each) => each === config.effort);
    if (effort !== undefined) {
      settings.effort = effort;
      known.push('effort');
    }
    const format = parseFormat(optionalObject(config, 'format', 'output_config.format'));
    if (format !== undefined) {
      request.outputFormat = format;
      known.push('format');
    }
    const rest = withoutFields(config, known);
    if (!isEmpty(rest)) extra.output_config = rest;
  }
  const legacy = optionalObject(body, 'output_format');
  const format = parseFormat(legacy);
  if (format !== undefined) request.outputFormat ??= format;
  else if (legacy !== undefined) extra.output_format = legacy;
  if (Object.keys(settings).length > 0) request.reasoning = settings;
}

const MODES: Record<string, NonNullable<ReasoningSettings['mode']>> = table({
  enabled: 'on',
  disabled: 'off',
  adaptive: 'adaptive',
});

function parseFormat(format: JsonObject | undefined): OutputFormat | undefined {
  if (format?.type !== 'json_schema') return undefined;
  return {
    type: 'json-schema',
    schema: requireObject(format.schema, 'output_config.format.schema', failRequest),
    isKept: true,
  };
}

function parseMetadata(body: JsonObject, request: NeutralRequest, extra: JsonObject): void {
  const metadata = optionalObject(body, 'metadata');
  if (metadata === undefined) return;
  const user = asString(metadata.user_id);
  if (user !== undefined) request.user = user;
  const session = user === undefined ? undefined : sessionIn(user);
  if (session !== undefined) request.session = session;
  const rest = withoutFields(metadata, user === undefined ? [] : ['user_id']);
  if (!isEmpty(rest)) extra.metadata = rest;
}
