// The fields that this dialect's request parser reads, or keeps and names; all others are reported as unread.
import { asString, type JsonObject } from '../../model/json/json.ts';
import { byType, type KnownFields, type KnownRequest } from '../shared/losses/unread-fields.ts';

// The SDKs add a text, or arguments, in parsed form as `parsed`.
const TEXT: KnownFields = { text: true, annotations: true, logprobs: true, parsed: true };

const IMAGE: KnownFields = { image_url: true, file_id: true, detail: true };

/** Parts of other types are kept whole, and so is a call's result that is not a list of parts. */
const PART = byType(
  {
    input_text: TEXT,
    output_text: TEXT,
    text: TEXT,
    summary_text: TEXT,
    reasoning_text: TEXT,
    refusal: { refusal: true },
    input_image: IMAGE,
    image_url: IMAGE,
    input_file: { filename: true, file_data: true, file_url: true, file_id: true, detail: true },
    input_audio: { input_audio: { data: true, format: true } },
  },
  { prompt_cache_breakpoint: true },
);

const READABLE: KnownFields = { type: true, text: true };
/**
 * What Codex notes on every item: its turn, when it was made and its kind of context. No model is shown it.
 * https://github.com/openai/codex/blob/main/codex-rs/protocol/src/models.rs
 */
const BOOKKEEPING: KnownFields = { internal_chat_message_metadata_passthrough: true };
const ITEM: KnownFields = { id: true, status: true, ...BOOKKEEPING };
const CALL: KnownFields = { ...ITEM, call_id: true, name: true, namespace: true };
const OUTPUT: KnownFields = { ...ITEM, call_id: true, output: PART };

const MESSAGE: KnownFields = { ...ITEM, role: true, content: PART, phase: true };

const ITEM_BY_TYPE = byType({
  message: MESSAGE,
  reasoning: { ...ITEM, summary: READABLE, content: READABLE, encrypted_content: true },
  function_call: { ...CALL, arguments: true, parsed_arguments: true },
  custom_tool_call: { ...CALL, input: true },
  function_call_output: OUTPUT,
  custom_tool_call_output: OUTPUT,
  additional_tools: { ...ITEM, role: true, tools: (value) => tool(value) },
  agent_message: { ...ITEM, author: true, recipient: true, content: PART },
  tool_search_call: { ...ITEM, call_id: true, execution: true, arguments: true },
  tool_search_output: { ...ITEM, call_id: true, execution: true, tools: (value) => tool(value) },
});

const names = (list: string): KnownFields => Object.fromEntries(list.split(' ').map((name) => [name, true]));

/**
 * The fields of a whole response: those that are read, those that repeat the request and its settings, and the service's own: its time,
 * price, cache and filters.
 */
export const KNOWN_RESPONSE: KnownRequest = {
  body: {
    ...names('id object type status model output output_text error incomplete_details usage tool_usage'),
    ...names('access_programs background conversation image instructions max_output_tokens max_tool_calls'),
    ...names(
      'metadata parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options',
    ),
    ...names('prompt_cache_retention reasoning safety_identifier store stream temperature text tool_choice'),
    ...names('tools top_logprobs top_p truncation user frequency_penalty presence_penalty'),
    ...names('billing completed_at content_filters copilot_usage cost created_at prompt_cache_diagnostics'),
    ...names('provider service_tier'),
  },
};

/** The fields of an output item that are read. */
export const KNOWN_OUTPUT: KnownRequest = { body: { output: ITEM_BY_TYPE } };

const FORMAT = byType({
  text: {},
  json_object: {},
  json_schema: { name: true, description: true, schema: true, strict: true },
});

const PLACE: KnownFields = { type: true, city: true, region: true, country: true, timezone: true };

/** The server's own tools are kept, and so is what the client's tools say besides their schema or form. */
const tool = (value: JsonObject): true | KnownFields => {
  const type = asString(value.type) ?? '';
  if (type === 'namespace') return { type: true, name: true, description: true, tools: tool };
  return type.startsWith('web_search') ? { user_location: PLACE, '*': true } : true;
};

const NAMED: KnownFields = { name: true, function: { name: true }, custom: { name: true } };

const CHOICE = byType({ function: NAMED, custom: NAMED, allowed_tools: { mode: true, tools: true } });

export const KNOWN: KnownRequest = {
  body: {
    input: (item) => (item.type === undefined && item.role !== undefined ? MESSAGE : ITEM_BY_TYPE(item)),
    tools: tool,
    tool_choice: CHOICE,
    text: { format: FORMAT, '*': true },
    stream_options: { include_obfuscation: true, include_usage: true },
    '*': true,
  },
};
