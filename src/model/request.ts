// The neutral request: what a client asks for, in any dialect.
import type { Extension, Part, TextPart } from './content.ts';
import type { DialectId } from './dialect-id.ts';
import type { JsonObject } from './json/json.ts';

/**
 * A turn. Tool results are parts of `user` messages (as in Anthropic and Gemini). `system` is an instruction within the conversation; those
 * before it are in `NeutralRequest.system`.
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
  /** Declared in OpenAI Chat's older `functions`, whose clients read calls only from `function_call`. */
  legacy?: true;
  namespace?: ToolNamespace;
  /** Offered only because a search within the conversation found it. */
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
  /** Set if it runs the model's code on the provider's machines, which some other dialects' providers do as well. */
  code?: CodeExecution;
  /**
   * Set if the client itself runs it, and its parameters are known to the models of its dialect without being declared: the same tool
   * with them, as models of other dialects need it.
   */
  asFunction?: FunctionTool;
  /** Set if it stands for the tools of an MCP server, which some other dialects' providers call as well. */
  mcp?: McpServer | McpObstacle;
}

/** An MCP server whose tools the provider calls. */
export interface McpServer {
  /** The client's name for it. */
  name: string;
  url: string;
  /** An OAuth access token for the server. */
  token?: string;
  /** The tools that may be called, by the server's names. Undefined: all. */
  allowedTools?: string[];
  /** The server's other tools may be called if the client approves the call, which only its dialect's providers can request. */
  asksForOthers?: true;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

/** Why only providers of the client's dialect can use the server as the client wants. */
export interface McpObstacle {
  obstacle: string;
}

export interface CodeExecution {
  /** The code needs what only one provider has: files in its store, or a container where code ran before. */
  isBound?: true;
  /** Names of settings that only the client's dialect knows. */
  others: string[];
}

export interface PageFetch {
  /** Only certain pages may be fetched. */
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
  /** Whether to think between the calls of a turn as well, which models that think by a budget must be asked for (Claude). */
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
      /** The client's dialect enforces every schema that it accepts, and cannot ask for less. */
      isKept?: true;
    }
  /** One of these values, as plain text. */
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
  /** The answer should state the log probability of each of its tokens, and of the `top` alternatives to it. */
  logprobs?: { top?: number };
  reasoning?: ReasoningSettings;
  /** The client did not ask for thinking, which it would read as part of the answer (Gemini). */
  hidesReasoning?: true;
  /** The client reads thinking in the fields of OpenRouter and Groq (`reasoning`, `reasoning_details`). */
  readsReasoningDetails?: true;
  outputFormat?: OutputFormat;
  verbosity?: string;
  /** End-user id for abuse tracking (`user`, `safety_identifier`, `metadata.user_id`). */
  user?: string;
  metadata?: JsonObject;
  serviceTier?: string;
  cacheKey?: string;
  /** The conversation's id, from a client without a cache key (Claude Code, in `metadata.user_id`). */
  session?: string;
  /** No cache breakpoints may be added to those that the request has. */
  keepsBreakpoints?: true;
  /** A cache breakpoint at the end of the prompt, wherever that is (Anthropic, OpenRouter). */
  cacheControl?: JsonObject;
  /** How the provider's cache should keep the prompt, under OpenAI's names: `prompt_cache_retention`, `prompt_cache_options`. */
  cacheSettings?: JsonObject;
  /** What the provider should look for in question and answer, and what it should refuse, in OpenAI's words. */
  moderation?: JsonObject;
  /** Whether the provider may store the exchange (OpenAI `store`); undefined if the client does not say. */
  store?: boolean;
  /** The client will send the model's reasoning back, and asks for what the provider needs for that. */
  replaysReasoning?: boolean;
  /** Set if only a provider of this dialect can answer, since the request depends on what that provider stores. */
  boundTo?: Binding;
  /** Top-level fields of the client's dialect without a neutral form. */
  extension?: Extension;
}

/** What binds a request to providers of one dialect. */
export interface Binding {
  dialect: DialectId;
  /** The field that binds it, as the client wrote it. */
  field: string;
  /** Why, and what to send instead. */
  problem: string;
  /** The error's code, which tells the dialect's own clients what to send instead. */
  code?: string;
}

/** A feature of the request that the target cannot carry, or only in another form. */
export interface Loss {
  /** Stable name; the client's own field name if there is one: `top_k`, `cache_control`, `tools.web_search`. */
  feature: string;
  /** `lost`: dropped. `approximated`: `how` describes the substitute. */
  outcome: 'lost' | 'approximated';
  how?: string;
}
