// How much the model should think: `reasoning_effort`, `reasoning:{…}` and `thinking:{…}` → ReasoningSettings.
import {
  asBoolean,
  asNumber,
  asObject,
  asString,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { isReasoningEffort, type ReasoningSettings } from '../../model/request.ts';
import { table } from '../../model/table.ts';

interface ParsedReasoning {
  settings?: ReasoningSettings;
  /** The request uses the words of OpenRouter or Groq, whose clients read thinking in fields of their own. */
  readsDetails?: true;
  /** Fields that `settings` express completely; the others stay unchanged. */
  consumed: string[];
  /** Fields that only say how the client reads thinking: they are kept for servers of this dialect, and lost nowhere. */
  shown: JsonObject;
  /** What is left of partly expressed fields, by dotted path. */
  rest: JsonObject;
}

type Reading = Required<Pick<ParsedReasoning, 'settings' | 'consumed' | 'rest'>>;

export function parseReasoningSettings(body: JsonObject): ParsedReasoning {
  const reading: Reading = { settings: {}, consumed: [], rest: {} };
  readOpenRouters(body, reading);
  readThinking(body, reading);
  readQwens(body, reading);
  readGoogles(body, reading);
  const { settings, consumed, rest } = reading;

  // Groq, whose other format (`raw`) is thinking within the text; and OpenRouter's older field, which vLLM has too.
  // https://console.groq.com/docs/reasoning
  const format = asString(body.reasoning_format);
  const included = asBoolean(body.include_reasoning);
  if (hidesThinking(body)) settings.summary = 'omitted';
  const shown: JsonObject = {
    ...((format === 'parsed' || format === 'hidden') && { reasoning_format: format }),
    ...(included !== undefined && { include_reasoning: included }),
  };
  const readsDetails = asObject(body.reasoning) !== undefined || format === 'parsed' || included === true;
  const read = { consumed, rest, shown, ...(readsDetails && { readsDetails }) };

  const effort = asString(body.reasoning_effort);
  if (isReasoningEffort(effort)) {
    settings.effort = effort;
    consumed.push('reasoning_effort');
  }
  return Object.keys(settings).length === 0 ? read : { settings, ...read };
}

/** https://openrouter.ai/docs/use-cases/reasoning-tokens */
function readOpenRouters({ reasoning }: JsonObject, { settings, consumed, rest }: Reading): void {
  const object = asObject(reasoning);
  if (object === undefined) return;
  const effort = asString(object.effort);
  const budget = asNumber(object.max_tokens);
  const enabled = asBoolean(object.enabled);
  const summary = asString(object.summary);
  if (isReasoningEffort(effort)) settings.effort = effort;
  if (enabled !== undefined) settings.mode = enabled ? 'on' : 'off';
  readBudget(budget, settings);
  if (summary !== undefined) settings.summary = summary;
  if (object.exclude === true) settings.summary = 'omitted';
  consumed.push('reasoning');
  Object.assign(rest, others('reasoning', object));
}

/**
 * None turns thinking off, and a negative one leaves it to the model: so Google's is, which these clients hand on (LiteLLM's
 * `budget_tokens`, OpenRouter's `max_tokens`). https://docs.litellm.ai/docs/providers/gemini
 */
function readBudget(tokens: number | undefined, settings: ReasoningSettings): void {
  if (tokens === undefined) return;
  if (tokens > 0) settings.budgetTokens = tokens;
  else if (settings.mode !== 'off') settings.mode = tokens === 0 ? 'off' : 'adaptive';
}

const MODES: Record<string, NonNullable<ReasoningSettings['mode']>> = table({
  enabled: 'on',
  disabled: 'off',
  adaptive: 'adaptive',
});

/** GLM, DeepSeek, Moonshot. */
function readThinking({ thinking }: JsonObject, { settings, consumed, rest }: Reading): void {
  const object = asObject(thinking);
  const mode = MODES[asString(object?.type) ?? ''];
  if (mode === undefined) return;
  settings.mode = mode;
  readBudget(asNumber(object?.budget_tokens), settings);
  consumed.push('thinking');
  Object.assign(rest, others('thinking', object));
}

function readQwens(body: JsonObject, { settings, consumed }: Reading): void {
  const enabled = asBoolean(body.enable_thinking);
  if (enabled === undefined) return;
  settings.mode ??= enabled ? 'on' : 'off';
  const budget = asNumber(body.thinking_budget);
  if (budget !== undefined) {
    readBudget(settings.budgetTokens ?? budget, settings);
    consumed.push('thinking_budget');
  }
  consumed.push('enable_thinking');
}

/**
 * What Google's server of this dialect takes in a field of its own, kept whole unless it says nothing else.
 * https://ai.google.dev/gemini-api/docs/openai#extra-body
 */
function readGoogles({ extra_body: body }: JsonObject, { settings, consumed }: Reading): void {
  const config = asObject(asObject(asObject(body)?.google)?.thinking_config);
  if (config === undefined) return;
  const { thinking_budget: budget, thinking_level: level, include_thoughts: shows, ...others } = config;
  const effort = asString(level)?.toLowerCase();
  if (isReasoningEffort(effort)) settings.effort = effort;
  const tokens = asNumber(budget);
  if (tokens !== undefined) settings.mode ??= 'on';
  readBudget(tokens, settings);
  if (shows === true) settings.summary = 'auto';
  if (
    Object.keys(others).length === 0 &&
    saysOnly(body, 'google') &&
    saysOnly(asObject(body)?.google, 'thinking_config')
  )
    consumed.push('extra_body');
}

function saysOnly(value: JsonValue | undefined, field: string): boolean {
  return Object.keys(asObject(value) ?? {}).every((name) => name === field);
}

/** Whether Groq's field, or OpenRouter's older one, hides thinking. */
export function hidesThinking({
  reasoning_format: format,
  include_reasoning: included,
}: JsonObject): boolean {
  return format === 'hidden' || included === false;
}

const KNOWN = {
  reasoning: new Set(['effort', 'max_tokens', 'enabled', 'summary', 'exclude']),
  thinking: new Set(['type', 'budget_tokens']),
};

function others(field: keyof typeof KNOWN, object: JsonObject | undefined): JsonObject {
  const found: JsonObject = {};
  for (const [name, value] of Object.entries(object ?? {})) {
    if (!KNOWN[field].has(name) && value !== null) found[`${field}.${name}`] = value;
  }
  return found;
}
