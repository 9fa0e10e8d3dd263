// How providers depart from the dialect that they speak: rows of `src/providers` state it, and the dialects follow them.
import type { DialectId } from '../model/dialect-id.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { JsonObject } from '../model/json/json.ts';
import type { ReasoningEffort } from '../model/request.ts';

/** How a provider departs from its dialect. Its row sets them, and the dialect follows them. */
export interface Quirks {
  /** How long answers may get, in requests that are translated; the first match counts. Left out: unknown. */
  outputLimits?: readonly OutputLimit[];
  /** openai-chat: the field that limits the output. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** openai-chat: false if `stream_options` is refused. */
  streamOptions?: boolean;
  /** openai-chat: true if streams have each call whole in one piece, as Mistral's SDKs and similar readers require. */
  wholeCalls?: true;
  /** openai-chat: whose terms the server knows; a request in those of others is rebuilt (`saysOthers`). Left out: unknown. */
  words?: 'openai' | 'openrouter' | 'mistral';
  /** openai-chat: fields besides `reasoningField` by which the server can be asked to think. */
  thinkingFields?: readonly string[];
  /** openai-chat: true if a tool's result must be text. */
  textResults?: true;
  /** openai-chat: true if documents are sent as `document_url`, with a URL or a data URL. Otherwise they are sent as files, in bytes. */
  documentUrls?: boolean;
  /** openai-chat: true if text files are accepted as bytes. Otherwise their text is sent. */
  textFiles?: true;
  /** openai-chat: false if documents are refused, even as bytes. */
  documents?: false;
  /**
   * openai-chat: which videos are accepted as `video_url`: `files`, by URL or as a data URL; `pages`, also by the URL of a page that shows
   * one. Left out: none.
   */
  videos?: 'files' | 'pages';
  /** openai-chat: the highest temperature. Left out: no bound. */
  maxTemperature?: number;
  /** openai-chat: true if `top_p` must be 1 when the temperature is 0. */
  greedyTopP?: boolean;
  /** openai-chat: true if content parts and tools may carry `cache_control`. */
  cacheControl?: boolean;
  /** openai-chat: models that, like Claude, cache only up to `cache_control` (a pattern over the model name). */
  cachedIfMarked?: RegExp;
  /** openai-chat: false if `cache_control` for the whole prompt may not stand beside the messages. */
  cacheWhole?: boolean;
  /** openai-chat: models whose `cache_control` may say how long the prompt is kept (a pattern over the model name). Left out: all. */
  cacheTtl?: RegExp;
  /**
   * openai-chat, openai-responses: where requests name their conversation, so that they reach the server that has its prompt in the cache.
   * Left out: only in the client's own field.
   */
  conversation?: ConversationPlace;
  /** openai-chat, openai-responses: where OpenAI's cache breakpoints are accepted in place of Anthropic's. Left out: nowhere. */
  breakpoints?: {
    /** A pattern over the model name. */
    models: RegExp;
    /** A pattern over the base URL, followed by `/`. */
    at: RegExp;
  };
  /** openai-chat: models that refuse sampling parameters (a pattern over the model name). */
  fixedSampling?: RegExp;
  /** openai-chat: true if assistant turns accept `reasoning_content` back. */
  replaysReasoning?: boolean;
  /** openai-chat: true if assistant turns accept `reasoning_details` back (OpenRouter). */
  replaysReasoningDetails?: boolean;
  /** openai-chat: fields beyond OpenAI's that the server accepts. */
  extraFields?: readonly 'top_k'[];
  /** openai-chat: the field that requests thinking. Default `reasoning_effort`. */
  reasoningField?: ReasoningField;
  /**
   * openai-chat: the efforts that the server knows; others become the nearest of them. Left out: all but `max`, or none
   * if `reasoningField` is a switch.
   */
  efforts?: readonly ReasoningEffort[];
  /** openai-chat: models that refuse other efforts, so that even a client's own becomes the nearest (a pattern over the model name). */
  refusesOtherEfforts?: RegExp;
  /** openai-chat, anthropic-messages: models whose thinking departs from the row's; the first match decides. */
  modelThinking?: readonly ModelThinking[];
  /** openai-chat: true if tool_choice values other than auto are refused. */
  toolChoiceAutoOnly?: boolean;
  /** openai-chat: top-level request fields that the server refuses. */
  refusedFields?: readonly string[];
  /** openai-chat: true if `service_tier` may not have Groq's name of the usual tier. */
  refusesOnDemand?: true;
  /** openai-chat: further fields that some of its models refuse (patterns over the model name). */
  modelRefusals?: readonly { models: RegExp; fields: readonly string[] }[];
  /** openai-chat: fields that some of its models need, added if the request lacks them. */
  modelFields?: readonly { models: RegExp; fields: JsonObject }[];
  /** openai-chat: OpenAI's name of a top-level field → the server's. */
  renamedFields?: Readonly<Record<string, string>>;
  /** openai-chat: false if messages may not name their participant. */
  participantNames?: boolean;
  /**
   * openai-chat: the only fields that messages may have besides role and content, since the server refuses others. Left out if it refuses
   * none. `reasoning` is sent only to models that think; `tool.name` is a field of messages of one role.
   */
  messageFields?: readonly string[];
  /**
   * openai-chat: what the content of an assistant turn must be: `text`, which is empty if the turn only calls tools; `words`, unless the
   * turn calls tools. Left out if it may be missing.
   */
  needsContent?: 'text' | 'words';
  /** openai-chat: false if the role `developer` is unknown: it becomes `system`. */
  developerRole?: boolean;
  /** openai-chat, openai-responses: true if instructions may stand between turns, whatever the model. */
  laterInstructions?: boolean;
  /** openai-chat: true if a conversation without a user message is refused. */
  needsUserMessage?: boolean;
  /**
   * openai-chat: true if the order of turns is restricted: no user turn right after a tool result, no instruction after an
   * assistant turn, no assistant turn at the end unless marked as a prefix.
   */
  messageOrder?: boolean;
  /**
   * openai-chat: what the model does with an assistant turn that ends the conversation: `continues` it, `restarts` from nothing, `repeats`
   * it and then continues, or continues it when asked to. Left out: unknown.
   */
  prefill?: 'continues' | 'restarts' | 'repeats' | AskedPrefill;
  /** openai-chat: models that restart, whatever `prefill` says (a pattern over the model name). */
  restartsPrefill?: RegExp;
  /** openai-chat: models that refuse such a turn (a pattern over the model name). */
  refusesPrefill?: RegExp;
  /** openai-chat: false if a tool's `strict` is refused; `all` if it is refused unless all tools have it. */
  strictTools?: false | 'all';
  /** openai-chat: true if free-text tools (`custom`) are supported. Otherwise each is sent as a function. */
  customTools?: boolean;
  /**
   * openai-chat: true if `tool_choice` may list the allowed tools. Otherwise the other tools are not sent. If false, even a client's own
   * list is refused and does not pass.
   */
  allowedTools?: boolean;
  /** openai-chat: true if a function's schema must be one object, not a choice among several. */
  objectSchemas?: boolean;
  /** openai-chat: the highest output limit with which it answers whole; beyond that it must be asked for a stream. */
  wholeUpTo?: number;
  /** openai-chat: the subset of JSON Schema that functions and answers must be described in. `mfjs` is Moonshot's. */
  schemaForm?: 'mfjs';
  /** openai-chat: what a function's name must begin with. Left out: anything. */
  toolNameStart?: RegExp;
  /** openai-chat: true if tool arguments are streamed in pieces only when `tool_stream` asks for it. */
  toolStream?: boolean;
  /** openai-chat: false if `response_format` accepts no schema, only `json_object`. */
  jsonSchema?: boolean;
  /** openai-chat: models for which `response_format` accepts no schema (a pattern over the model name). */
  refusesJsonSchema?: RegExp;
  /** openai-chat: false if `response_format` is refused beside tools. */
  jsonBesideTools?: boolean;
  /** openai-chat: the required form of tool-call ids in earlier turns. */
  callIds?: 'at-most-40' | 'exactly-9';
  /** openai-chat, anthropic-messages: the server's own error codes, if they say more than the status. */
  errorCodes?: Readonly<Record<string, VendorError>>;
  /** False if the model list does not show which models can be requested. */
  listsModels?: boolean;
  /** openai-chat: how text completions are served, if not at `/completions`; false if they are not. */
  textCompletions?: false | ServedCompletions;
  /** openai-chat: the dialect in which the provider counts tokens, since this one has no request for that. */
  countsIn?: DialectId;
  /**
   * anthropic-messages and Bedrock: base URLs of servers that accept a setting for thinking that is no longer valid. Others may refuse the
   * field, even proxies in front of the same models.
   */
  bindingControls?: RegExp;
  /** openai-responses: models have names of the user's choice, and are taken for OpenAI's unless these name another vendor's. */
  deploysOpenAis?: true;
  /** anthropic-messages: base URLs of servers that accept tools which are held back until a search finds them. */
  heldBackTools?: RegExp;
  /**
   * True for Google Cloud. gemini: it counts the tokens of a whole request, and embeds by `:predict`. anthropic-messages: the path names
   * the model, and the body the version.
   */
  cloudMethods?: boolean;
  /** gemini: true if the provider also has Google's preview version. */
  previewVersion?: true;
  /** gemini: true if fields that only Google Cloud knows are refused. */
  refusesCloudFields?: boolean;
  /** gemini: true if schemas must be in Gemini's own subset, not in JSON Schema. */
  schemaSubset?: boolean;
}

/** How many tokens some models can write; a request for more is refused. */
export interface OutputLimit {
  /** A pattern over the model name. */
  models: RegExp;
  tokens: number;
}

export interface ConversationPlace {
  /** The header in Chat Completions. */
  field?: 'prompt_cache_key' | 'session_id';
  /** Of Chat Completions. */
  header?: string;
  /** Responses accepts `prompt_cache_key`. */
  inResponses?: true;
  /** Base URLs of the servers that know it. Left out: any. */
  at?: RegExp;
  /** Models for which they know it (a pattern over the model name). Left out: all. */
  models?: RegExp;
  /** Servers and models other than these refuse a request with it, even with the client's own `prompt_cache_key`. */
  refusedElsewhere?: true;
}

/** The answer holds only the `rest`, or `all`: the turn repeated and then the rest. */
export type TurnContinued = 'rest' | 'all';

/** How a server is asked to continue the last turn; without any field, the turn alone is enough. */
export interface AskedPrefill {
  /** Fields added to that turn. */
  turn?: JsonObject;
  /** Fields added to the request. */
  request?: JsonObject;
  /** Not while the model thinks. */
  notThinking?: true;
  /**
   * Only this address continues turns. Requests to one of `instead` are sent there; requests to other addresses are not, and their turns
   * are not continued.
   */
  at?: OtherAddress;
}

/** Takes the requests that would go to one of `instead`; those to other addresses stay there. */
export interface OtherAddress {
  baseUrl: string;
  instead: readonly string[];
}

interface ServedCompletions {
  /** Path below the base URL. Default: `/completions`. */
  path?: string;
  at?: OtherAddress;
  /** The answers are chat completions. */
  answersInChat?: true;
}

/** `reasoning.enabled` is a switch; `reasoning` is OpenRouter's whole object. */
export type ReasoningField =
  | 'reasoning_effort'
  | 'reasoning'
  | 'reasoning.enabled'
  | 'thinking'
  | 'enable_thinking';

export interface ModelThinking {
  /** A pattern over the model name. */
  models: RegExp;
  /** Replaces the row's `reasoningField` and `efforts`. */
  field?: ReasoningField;
  /** Replaces the row's `efforts`. */
  efforts?: readonly ReasoningEffort[];
  /** Left out if it thinks only when asked to. */
  thinks?: 'by-default' | 'always';
  /** The tool choices refused while the model thinks: `required` (any tool), `tool` (a named one). */
  refuses?: readonly ('required' | 'tool')[];
  /** While thinking, it answers only in streams. */
  streamsOnly?: true;
  /** While thinking, it refuses a `response_format` of JSON. */
  refusesJson?: true;
  /** While thinking, it refuses earlier tool calls without the `reasoning_content` that led to them. */
  needsReasoning?: true;
}

/** What a vendor's error code means, and the status for clients if the vendor's own would mislead them. */
export interface VendorError {
  code: ErrorCode;
  status?: number;
  /** The key's allowance is used up. */
  exhausted?: boolean;
}
