// Where each top-level field of a request is found again in the other format; a field that is not here, or not
// found, must be named as lost.

type Json = Record<string, unknown>;

/** `undefined`: request-essence.ts compares what the field says. */
export type FieldRule = ((value: unknown, arrived: Json) => boolean) | undefined;

const same =
  (name: string): FieldRule =>
  (value, arrived) =>
    Bun.deepEquals(value, arrived[name]);

const thinksHarder: FieldRule = (_, arrived) => arrived.reasoning_effort !== undefined;

function schemaOf(format: unknown): unknown {
  const { json_schema, schema } = (format ?? {}) as { json_schema?: { schema?: unknown }; schema?: unknown };
  return json_schema?.schema ?? schema;
}

export const MESSAGES_FIELDS: Record<string, FieldRule> = {
  model: (_, arrived) => arrived.model === 'gpt-4.1',
  messages: undefined,
  system: undefined,
  tools: undefined,
  tool_choice: undefined,
  max_tokens: undefined,
  stop_sequences: undefined,
  stream: undefined,
  temperature: same('temperature'),
  top_p: same('top_p'),
  thinking: thinksHarder,
  output_config(value, arrived) {
    const { effort, format } = value as { effort?: string; format?: unknown };
    const isAsked = effort === undefined || arrived.reasoning_effort !== undefined;
    return isAsked && Bun.deepEquals(schemaOf(format), schemaOf(arrived.response_format));
  },
  output_format: (value, arrived) => Bun.deepEquals(schemaOf(value), schemaOf(arrived.response_format)),
};

const thinks: FieldRule = (_, arrived) => arrived.thinking !== undefined;

export const CHAT_FIELDS: Record<string, FieldRule> = {
  model: (_, arrived) => arrived.model === 'claude-sonnet-4-5',
  messages: undefined,
  tools: undefined,
  functions: undefined,
  tool_choice: undefined,
  function_call: undefined,
  parallel_tool_calls: undefined,
  max_tokens: undefined,
  max_completion_tokens: undefined,
  stop: undefined,
  stream: undefined,
  // How the client wants its counts told, which is not the provider's business here.
  stream_options: () => true,
  usage: (value) => Bun.deepEquals(value, { include: true }),
  reasoning_format: (value) => value === 'parsed',
  include_reasoning: (value) => value === true,
  temperature: same('temperature'),
  top_p: same('top_p'),
  top_k: same('top_k'),
  reasoning_effort: thinks,
  reasoning: thinks,
  thinking: (value, arrived) => (value as Json).type === 'disabled' || arrived.thinking !== undefined,
  enable_thinking: (value, arrived) => value === false || arrived.thinking !== undefined,
  web_search_options: (_, arrived) =>
    ((arrived.tools ?? []) as Json[]).some(({ name }) => name === 'web_search'),
  response_format(value, arrived) {
    if ((value as Json).type === 'text') return true;
    const { format } = (arrived.output_config ?? {}) as { format?: unknown };
    return Bun.deepEquals(fieldNames(schemaOf(value)), fieldNames(schemaOf(format)));
  },
  user: (value, arrived) => (arrived.metadata as Json | undefined)?.user_id === value,
  service_tier: (value, arrived) => value === 'default' && arrived.service_tier === 'standard_only',
};

/** Structured output closes objects and moves limits into descriptions: what is asked for are the same fields. */
function fieldNames(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { properties, items, required, $defs } = schema as Json;
  const named = (each: unknown) =>
    Object.entries((each ?? {}) as Json).map(([name, inner]) => [name, fieldNames(inner)]);
  return { properties: named(properties), items: fieldNames(items), required, $defs: named($defs) };
}

/** Fields with which vendors say what another says: a loss has the other's name. */
export const OTHER_NAMES: Record<string, string> = {
  random_seed: 'seed',
  // Their tools are named.
  mcp_servers: 'tools',
};

/** Values that only spell out what is so anyway: leaving them out loses nothing. */
const DEFAULTS: Record<string, unknown> = {
  n: 1,
  top_p: 1,
  logprobs: false,
  echo: false,
  presence_penalty: 0,
  frequency_penalty: 0,
  repetition_penalty: 1,
  min_p: 0,
  top_logprobs: 0,
  logit_bias: {},
  service_tier: 'auto',
};

export function isDefault(field: string, value: unknown): boolean {
  return value === null || (field in DEFAULTS && Bun.deepEquals(DEFAULTS[field], value));
}

/** Cache breakpoints anywhere in a request, but for tools that the provider runs, which go as a whole. */
export function cacheBreakpoints(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + cacheBreakpoints(each), 0);
  if (typeof value !== 'object' || value === null) return 0;
  const { type, name, cache_control } = value as Json;
  if (typeof name === 'string' && typeof type === 'string' && /_\d{8}$/.test(type)) return 0;
  return Object.values(value).reduce<number>(
    (sum, each) => sum + cacheBreakpoints(each),
    cache_control ? 1 : 0,
  );
}

/** Names, wherever they stand in the request, that the other format has no place for. */
export function nestedLosses(body: Json): Set<string> {
  const found = new Set<string>();
  walk(body.messages);
  walk(body.system);
  for (const tool of (body.tools ?? []) as Json[]) {
    const { type } = tool;
    const runsAtProvider = type !== undefined && type !== 'custom' && type !== 'function';
    if (runsAtProvider) found.add(`tools.${tool.name ?? type}`);
    else if (tool.defer_loading !== undefined) found.add('defer_loading');
  }
  return found;

  function walk(value: unknown): void {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      const fields = value as Json;
      if (fields.type === 'document' && fields.citations) found.add('citations');
      if (fields.type === 'file' && 'file_id' in fields) found.add('document.file_id');
      if (fields.type === 'thinking' || fields.reasoning_content || fields.reasoning) found.add('reasoning');
      if (fields.type === 'mcp_tool_use') found.add(`tools.${fields.name}`);
      Object.values(fields).forEach(walk);
    }
  }
}
