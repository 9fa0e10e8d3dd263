// The neutral request: what a client asks for, in any dialect.
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
  /** JSON Schema of the arguments; undefined if the client gave none. */
  parameters?: JsonObject;
  strict?: boolean;
  /** Declared in the older `functions` of OpenAI Chat, whose clients read calls only in `function_call`. */
  legacy?: true;
  namespace?: ToolNamespace;
  /** Offered only since a search in the conversation found it. */
  isFound?: true;
  cacheControl?: JsonObject;
  extension?: Extension;
}

/** A tool whose argument is free text, optionally constrained by a grammar (OpenAI). */
export interface CustomTool {
  type: 'custom';
  name: string;
  description?: string;
  /** `{type:'text'}`, or `{type:'grammar', grammar:{syntax:'lark'|'regex', definition}}`. */
  format?: JsonObject;
  namespace?: ToolNamespace;
  extension?: Extension;
}

/** The group that the client put a tool in (OpenAI Responses). The tool's `name` combines group and tool. */
export interface ToolNamespace {
  name: string;
  description?: string;
  /** The tool's own name within the group. */
  tool: string;
}

/** A tool that the provider itself runs (web search, code execution, MCP…), in its dialect's form. */
export interface ServerTool {
  type: 'server';
  name: string;
  definition: Extension;
  /** Set if it searches the web, which other dialects' providers may support as well. */
  search?: WebSearch;
  /** Set if it fetches pages that the conversation names, which some other dialects' providers do as well. */
  fetch?: PageFetch;
  /** Set if it runs the model's code, in a place of the provider's, which some other dialects' providers do as well. */
  code?: CodeExecution;
  /** Set if it stands for the tools of an MCP server, which some other dialects' providers call as well. */
  mcp?: McpServer | McpObstacle;
}

/** A server whose tools the provider calls by the Model Context Protocol. */
export interface McpServer {
  /** The client's name for it. */
  name: string;
  url: string;
  /** An OAuth access token for it. */
  token?: string;
  /** The tools that may be called, by the server's names for them. Undefined: all. */
  allowedTools?: string[];
  /** Its other tools may be called where the client agrees to the call, for which only its dialect's providers can ask. */
  asksForOthers?: true;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

/** Why only the client's dialect can have the server as the client wants it. */
export interface McpObstacle {
  obstacle: string;
}

export interface CodeExecution {
  /** The code needs what only one provider has: files in its store, or a place where code ran before. */
  isBound?: true;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

export interface PageFetch {
  /** Only some pages may be fetched. */
  isLimited?: true;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

/** The settings of a web search, in any dialect. */
export interface WebSearch {
  allowedDomains?: string[];
  blockedDomains?: string[];
  /** The user's approximate location. */
  location?: { city?: string; region?: string; country?: string; timezone?: string };
  /** How much of the results the model reads: `low` or `high` (OpenAI). Undefined: the default. */
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

export function isReasoningEffort(value: unknown): value is ReasoningEffort {
  return REASONING_EFFORTS.some((effort) => effort === value);
}

export interface ReasoningSettings {
  /** `adaptive`: the model decides how much (Anthropic). Undefined: only the effort was given. */
  mode?: 'on' | 'off' | 'adaptive';
  effort?: ReasoningEffort;
  budgetTokens?: number;
  /** It should also think between the calls of one turn, where models that think by a budget must be asked for it (Claude). */
  interleaved?: true;
  /** Whether and how the client wants readable thinking, in the dialect's terms (`auto`, `summarized`, `omitted`…). */
  summary?: string;
}

export type OutputFormat =
  | { type: 'text' }
  /** Any JSON object, without a schema. */
  | { type: 'json' }
  | {
      type: 'json-schema';
      name?: string;
      description?: string;
      schema: JsonObject;
      strict?: boolean;
      /** The client's dialect keeps to every schema that it takes, and has no word for less. */
      isKept?: true;
    }
  /** One of these, as plain text. */
  | { type: 'choice'; values: string[] };

export interface NeutralRequest {
  model: string;
  stream: boolean;
  /** The client asked for token counts inside the stream (OpenAI `stream_options.include_usage`). */
  includeUsage?: boolean;
  system: TextPart[];
  messages: Message[];
  tools: Tool[];
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
  /** The answer should state how likely each of its tokens was, and `top` alternatives to it. */
  logprobs?: { top?: number };
  reasoning?: ReasoningSettings;
  /** The client reads thinking as part of the answer, and did not ask to be shown any (Gemini). */
  hidesReasoning?: true;
  /** The client reads thinking in the fields that OpenRouter and Groq have for it (`reasoning`, `reasoning_details`). */
  readsReasoningDetails?: true;
  outputFormat?: OutputFormat;
  verbosity?: string;
  /** End-user id for abuse tracking (`user`, `safety_identifier`, `metadata.user_id`). */
  user?: string;
  metadata?: JsonObject;
  serviceTier?: string;
  cacheKey?: string;
  /** The conversation, as a client names it that has no cache key (Claude Code, in `metadata.user_id`). */
  session?: string;
  /** No breakpoints of the provider's prompt cache are added to those that the request has. */
  keepsBreakpoints?: true;
  /** A breakpoint of the provider's prompt cache at the end of the prompt, wherever that is (Anthropic, OpenRouter). */
  cacheControl?: JsonObject;
  /** How the provider's cache should keep the prompt, by OpenAI's names: `prompt_cache_retention`, `prompt_cache_options`. */
  cacheSettings?: JsonObject;
  /** What the provider should find in question and answer, and what to refuse, in OpenAI's words. */
  moderation?: JsonObject;
  /** Whether the provider may store the exchange (OpenAI `store`); undefined if the client does not say. */
  store?: boolean;
  /** The client will send the model's reasoning back, and requests what the provider needs for that. */
  replaysReasoning?: boolean;
  /** Set if only a provider of this dialect can answer, as the request depends on what that provider stores. */
  boundTo?: Binding;
  /** Top-level fields of the client's dialect without a neutral form. */
  extension?: Extension;
}

/** What ties a request to one dialect's providers. */
export interface Binding {
  dialect: DialectId;
  /** The field that ties it, as the client wrote it. */
  field: string;
  /** Why, and what to send instead. */
  problem: string;
  /** The error's code, from which the dialect's own clients know what to send instead. */
  code?: string;
}

/** A feature of the request that the target cannot carry, or carries in another form. */
export interface Loss {
  /** Stable name; the client's own field name if there is one: `top_k`, `cache_control`, `tools.web_search`. */
  feature: string;
  /** `lost`: dropped. `approximated`: `how` describes the substitute. */
  outcome: 'lost' | 'approximated';
  how?: string;
}
