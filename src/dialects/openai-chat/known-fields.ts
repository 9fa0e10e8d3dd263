// The fields that this dialect's request parser reads, or keeps and names; all others are reported as unread.
import { byType, type KnownFields, type KnownRequest } from '../shared/losses/unread-fields.ts';
import { GOOGLE_TOOLS } from './parse-tools.ts';

const CACHED: KnownFields = { cache_control: true, prompt_cache_breakpoint: true };

const TEXT: KnownFields = { text: true, annotations: true };

const NOT_TEXT: Readonly<Record<string, KnownFields>> = {
  // `format` is LiteLLM's and Strands'.
  image_url: { image_url: { url: true, detail: true, format: true } },
  input_audio: { input_audio: { data: true, format: true } },
  file: { file: { filename: true, file_data: true, file_id: true } },
  refusal: { refusal: true },
  // Mistral's.
  document_url: { document_url: true, document_name: true },
  thinking: { thinking: true, closed: true },
};

/** Parts of any other type are kept whole. */
const PART = byType({ text: TEXT, ...NOT_TEXT }, CACHED);

/** OpenAI's Agents SDK for JavaScript also sends an answer's fields back on its text. */
const OF_ANSWER: KnownFields = {
  role: true,
  refusal: true,
  reasoning: true,
  reasoning_content: true,
  reasoning_details: true,
  audio: true,
  tool_calls: true,
  function_call: true,
};
const ANSWER_PART = byType({ text: { ...TEXT, ...OF_ANSWER }, ...NOT_TEXT }, CACHED);

const MESSAGE: KnownFields = {
  role: true,
  content: PART,
  name: true,
  tool_call_id: true,
  cache_control: true,
  copilot_cache_control: true,
};

const CALL: KnownFields = {
  id: true,
  type: true,
  index: true,
  // The SDKs add the arguments in parsed form.
  function: { name: true, arguments: true, parsed_arguments: true },
  custom: { name: true, input: true },
  extra_content: { google: { thought_signature: true } },
  provider_specific_fields: { thought_signature: true },
  cache_control: true,
};

/** Other fields of an assistant message are kept. */
const ASSISTANT: KnownFields = { content: ANSWER_PART, tool_calls: CALL, '*': true };

const FUNCTION: KnownFields = {
  name: true,
  description: true,
  parameters: true,
  strict: true,
  cache_control: true,
};

/** Tools that the server runs are kept whole. */
const TOOL = byType(
  {
    function: {
      function: FUNCTION,
      cache_control: true,
      copilot_cache_control: true,
      ...Object.fromEntries(GOOGLE_TOOLS.map((name) => [name, true] as const)),
    },
    custom: { custom: { name: true, description: true, format: true } },
  },
  {},
  'function',
);

const NAMED: KnownFields = { name: true };

const CHOICE = byType(
  {
    function: { function: NAMED },
    custom: { custom: NAMED },
    allowed_tools: { allowed_tools: { mode: true, tools: true } },
  },
  {},
  'function',
);

const FORMAT = byType({
  text: {},
  json_object: { schema: true, value: true },
  json_schema: {
    json_schema: { name: true, description: true, schema: true, strict: true },
    schema: true,
  },
});

const PLACE: KnownFields = { city: true, region: true, country: true, timezone: true };

export const KNOWN: KnownRequest = {
  body: {
    messages: (message) => (message.role === 'assistant' ? ASSISTANT : MESSAGE),
    tools: TOOL,
    functions: FUNCTION,
    tool_choice: CHOICE,
    function_call: NAMED,
    // The gateway itself decides about padding against eavesdroppers.
    stream_options: { include_usage: true, include_obfuscation: true },
    response_format: FORMAT,
    web_search_options: { user_location: { type: true, approximate: PLACE, ...PLACE }, '*': true },
    '*': true,
  },
};
