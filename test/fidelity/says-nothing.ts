// Fields of recorded requests that change nothing, each with the reason. Any other field that changes nothing has vanished.
import type { DialectId } from '../../src/model/dialect-id.ts';
import { isObject, type JsonValue } from '../../src/model/json/json.ts';

/** By the place of the field: the values that say nothing there. */
type Places = Record<string, (value: JsonValue) => boolean>;

const is =
  (...values: JsonValue[]) =>
  (value: JsonValue) =>
    values.some((each) => Bun.deepEquals(each, value));
const anything = () => true;

/** Thinking is off, or goes as far as the model likes, unless more is said. */
const asTheModelLikes = is({ type: 'disabled' }, { type: 'adaptive' }, false);
/** Of models that think anyway, and show it. */
const shown = is(true, { type: 'enabled' }, { includeThoughts: true });
const ONE_ANSWER = is({ candidateCount: 1 }, { responseModalities: ['TEXT'] });
const EMPTY_OBJECT = is({ type: 'object', properties: {} });

const PLACES: Record<DialectId, Places> = {
  'anthropic-messages': {
    stream: is(false),
    thinking: asTheModelLikes,
    // The middle of a budget's range, which stands in for no word on it.
    output_config: is({ effort: 'medium' }),
    'output_config.effort': is('medium'),
    tool_choice: is({ type: 'auto' }, { type: 'auto', disable_parallel_tool_use: false }),
    'tool_choice(auto).disable_parallel_tool_use': is(false),
    'tools[].strict': is(false),
    'messages[].content[](tool_result).is_error': is(false),
    // The one type that a text has.
    'messages[].content[](document).source(text).media_type': is('text/plain'),
    top_p: is(1),
    // Without a place for them, their tools are named.
    mcp_servers: anything,
    'mcp_servers[](url).tool_configuration.enabled': is(true),
  },
  'openai-chat': {
    stream: is(false),
    // Padding against who listens in, of OpenAI's own streams.
    'stream_options.include_obfuscation': anything,
    n: is(1),
    top_p: is(1),
    top_logprobs: is(0),
    presence_penalty: is(0),
    frequency_penalty: is(0),
    store: is(false),
    service_tier: is('auto'),
    parallel_tool_calls: is(true),
    tool_choice: is('auto'),
    function_call: is('auto'),
    response_format: is({ type: 'text' }),
    // OpenRouter's counts, which are asked for always.
    usage: is({ include: true }),
    'usage.include': is(true),
    thinking: (value) => asTheModelLikes(value) || shown(value),
    enable_thinking: is(false),
    'reasoning.enabled': shown,
    'tools[](function).function.strict': is(false),
    'tools[](function).function.parameters': EMPTY_OBJECT,
    'tools[](function).cache_control(ephemeral).ttl': is('5m'),
    // Fragments have numbers, whole calls have an order.
    'messages[].tool_calls[](function).index': anything,
    'messages[].tool_calls[](function).function.arguments': is('{}'),
    'messages[].content[](image_url).image_url.detail': is('auto'),
    'messages[].content[](file).file.filename': is('document.pdf'),
    // A label; and where there is no word for it, a schema is always kept.
    'response_format(json_schema).json_schema.name': anything,
    'response_format(json_schema).json_schema.strict': is(true),
  },
  'openai-responses': {
    stream: is(false),
    // As for Chat Completions; it is all that is said there.
    stream_options: anything,
    'stream_options.include_obfuscation': anything,
    store: is(false),
    service_tier: is('auto'),
    parallel_tool_calls: is(true),
    tool_choice: is('auto'),
    top_p: is(1),
    // Asked for always, where there is any.
    include: is(['reasoning.encrypted_content']),
    'tools[](function).strict': is(false),
    'tools[](function).parameters': EMPTY_OBJECT,
    'text.format(json_schema).name': anything,
    'text.format(json_schema).strict': is(true),
  },
  gemini: {
    generationConfig: (value) => ONE_ANSWER(value),
    'generationConfig.candidateCount': is(1),
    'generationConfig.responseModalities': is(['TEXT']),
    'generationConfig.thinkingConfig': (value) => shown(value) || is({ thinkingBudget: 0 })(value),
    'generationConfig.thinkingConfig.thinkingBudget': is(0),
    'generationConfig.thinkingConfig.includeThoughts': shown,
    'generationConfig.thinkingConfig.include_thoughts': shown,
    'systemInstruction.role': anything,
    systemInstruction: (value) => isObject(value) && Bun.deepEquals(value.parts, { text: '' }),
    'systemInstruction.parts': is({ text: '' }),
    // Who speaks where nobody is named.
    'contents[].role': is('user'),
    'contents[].parts[].thought': is(false),
    toolConfig: is({ functionCallingConfig: { mode: 'AUTO' } }),
    'toolConfig.functionCallingConfig': is({ mode: 'AUTO' }),
    'toolConfig.functionCallingConfig.mode': is('AUTO'),
  },
  'ollama-chat': {
    stream: anything,
    think: is(true, false),
    // Whose result it is follows from the order, too.
    'messages[].tool_name': anything,
    'messages[].tool_calls[].function.index': anything,
    'messages[].tool_calls[].function.arguments': is({}),
  },
};

export function saysNothing(client: DialectId, pattern: string, value: JsonValue): boolean {
  return PLACES[client][pattern]?.(value) === true;
}
