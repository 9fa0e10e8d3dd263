// The neutral request: what a client asks, whatever dialect it speaks.
import type { Extension, Part, TextPart } from './content.ts';
import type { DialectId } from './dialect-id.ts';
import type { JsonObject } from './json/json.ts';

/**
 * One turn. Tool results are parts of `user` messages (as in Anthropic and Gemini); `system` here is an
 * instruction in the middle of the conversation, those before it are `NeutralRequest.system`.
 */
export interface Message {
  role: 'system' | 'user' | 'assistant';
  parts: Part[];
  /** Participant name (OpenAI Chat). */
  name?: string;
}

export type Tool = FunctionTool | CustomTool | ServerTool;

export interface FunctionTool {
  type: 'function';
  name: string;
  description?: string;
  /** JSON Schema of the arguments; undefined where the client gave none. */
  parameters?: JsonObject;
  strict?: boolean;
  /** Declared in the older `functions` of OpenAI Chat, whose clients read a call in `function_call` alone. */
  legacy?: true;
  namespace?: ToolNamespace;
  cacheControl?: JsonObject;
  extension?: Extension;
}

/** A tool whose argument is free text, perhaps under a grammar (OpenAI). */
export interface CustomTool {
  type: 'custom';
  name: string;
  description?: string;
  /** `{type:'text'}`, or `{type:'grammar', grammar:{syntax:'lark'|'regex', definition}}`. */
  format?: JsonObject;
  namespace?: ToolNamespace;
}

/** The group that the client put a tool in (OpenAI Responses). The tool's `name` is one name for both. */
export interface ToolNamespace {
  name: string;
  description?: string;
  /** The tool's own name within the group. */
  tool: string;
}

/** A tool that the provider itself runs (web search, code execution, MCP…), in its dialect's shape. */
export interface ServerTool {
  type: 'server';
  name: string;
  definition: Extension;
  /** Set where it searches the web, which other dialects' providers may do as well. */
  search?: WebSearch;
}

/** What a search of the web is told, whatever the dialect. */
export interface WebSearch {
  allowedDomains?: string[];
  blockedDomains?: string[];
  /** Where the user is, roughly. */
  location?: { city?: string; region?: string; country?: string; timezone?: string };
  /** How much of what is found the model is to read: `low` or `high` (OpenAI). Undefined: the usual. */
  contextSize?: string;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

export type ToolChoice =
  | { type: 'auto' }
  | { type: 'none' }
  /** Some tool must be called (Anthropic `any`, OpenAI `required`). */
  | { type: 'required' }
  | { type: 'tool'; name: string };

/** From least to most. */
export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

export function isReasoningEffort(value: string | undefined): value is ReasoningEffort {
  return REASONING_EFFORTS.some((effort) => effort === value);
}

export interface ReasoningSettings {
  /** `adaptive`: the model decides how much (Anthropic). Undefined: only the effort was given. */
  mode?: 'on' | 'off' | 'adaptive';
  effort?: ReasoningEffort;
  budgetTokens?: number;
  /** Whether and how readable thinking is wanted, in the dialect's word (`auto`, `summarized`, `omitted`…). */
  summary?: string;
}

export type OutputFormat =
  | { type: 'text' }
  /** Some JSON object, no schema. */
  | { type: 'json' }
  | { type: 'json-schema'; name?: string; description?: string; schema: JsonObject; strict?: boolean };

export interface NeutralRequest {
  model: string;
  stream: boolean;
  /** The client asked for token counts inside the stream (OpenAI `stream_options.include_usage`). */
  includeUsage?: boolean;
  system: TextPart[];
  messages: Message[];
  tools: Tool[];
  /** The provider is to search the web, whether by a tool or by a field of its own. */
  searchesWeb?: true;
  toolChoice?: ToolChoice;
  /** With the choice `auto` or `required`: names of the declared tools that may be called. Undefined: all. */
  allowedTools?: string[];
  parallelToolCalls?: boolean;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  stopSequences?: string[];
  /** The answer is to tell how likely each of its tokens was, and `top` others in its place. */
  logprobs?: { top?: number };
  reasoning?: ReasoningSettings;
  outputFormat?: OutputFormat;
  verbosity?: string;
  /** End-user id for abuse tracking (`user`, `safety_identifier`, `metadata.user_id`). */
  user?: string;
  metadata?: JsonObject;
  serviceTier?: string;
  cacheKey?: string;
  /** A breakpoint of the provider's prompt cache behind all of the prompt, wherever that ends (Anthropic, OpenRouter). */
  cacheControl?: JsonObject;
  /** How a provider's own prompt cache is to keep the prompt, by OpenAI's names: `prompt_cache_retention`, `prompt_cache_options`. */
  cacheSettings?: JsonObject;
  /** The client says whether the provider may keep the exchange (OpenAI `store`); undefined: it does not say. */
  store?: boolean;
  /** The client will send the model's reasoning back, and asks for what the provider needs for that. */
  replaysReasoning?: boolean;
  /** Set where only a provider of this dialect can answer: the request rests on what such a provider keeps. */
  boundTo?: Binding;
  /** Top-level fields of the client's dialect that the neutral model has no word for. */
  extension?: Extension;
}

/** What ties a request to one dialect's providers. */
export interface Binding {
  dialect: DialectId;
  /** The field that does, as the client wrote it. */
  field: string;
  /** Why, and what to send instead. */
  problem: string;
  /** Of the error, by which the dialect's own clients know what to send instead. */
  code?: string;
}

/** A feature of the request that the target cannot carry, or carries in another form. */
export interface Loss {
  /** Stable name, the client's own field name where there is one: `top_k`, `cache_control`, `tools.web_search`. */
  feature: string;
  /** `lost`: dropped. `approximated`: `how` says what stands in for it. */
  outcome: 'lost' | 'approximated';
  how?: string;
}
