// Content parts of requests and answers: the superset of what the dialects can express.
import type { ProviderDialectId } from './dialect-id.ts';
import type { JsonObject, JsonValue } from './json/json.ts';
import type { TokenLogprob } from './logprobs.ts';
import type { OpaqueToken } from './opaque-token.ts';

/** Where the bytes of an image, document or audio clip are. */
export type MediaSource =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  /** An id in the provider's own file store, meaningless to any other provider. */
  | { kind: 'file'; id: string; dialect: ProviderDialectId }
  /** Plain text given as a document. */
  | { kind: 'text'; text: string };

/** Fields that any part may have besides its content. */
interface PartBase {
  /** Prompt-cache breakpoint, e.g. `{type:'ephemeral', ttl:'1h'}` (Anthropic, OpenRouter, Bedrock). */
  cacheControl?: JsonObject;
  /** Fields that only the named dialect can replay; builders of others report them as lost. */
  extension?: Extension;
}

/** Fields outside the neutral model, keyed by their own wire names. */
export interface Extension {
  dialect: ProviderDialectId;
  fields: JsonObject;
  /** Fields that only state a default, or repeat what has a neutral form: leaving them out loses nothing. */
  defaults?: readonly string[];
  /** Fields that hold what is left of objects whose other fields have neutral forms: what is lost are the fields inside. */
  rests?: readonly string[];
}

/** A source on which the answer rests. Character offsets count UTF-16 units in the text part they belong to. */
export interface Citation {
  kind: 'url' | 'document' | 'other';
  url?: string;
  title?: string;
  citedText?: string;
  start?: number;
  end?: number;
  /** Where the source is in a document of the request. */
  location?: DocumentLocation;
  /** The citation as its own dialect wrote it. */
  extension?: Extension;
}

export interface DocumentLocation {
  /** Counted from 0 over the documents of the request, or over its search results. */
  document: number;
  /** Characters and blocks count from 0, pages from 1; `end` is exclusive. `result`: blocks of a search result. */
  unit: 'character' | 'page' | 'block' | 'result';
  start: number;
  end: number;
  /** What the client called the origin of that search result. */
  source?: string;
}

export interface TextPart extends PartBase {
  type: 'text';
  text: string;
  citations?: Citation[];
  /** For all tokens of the text, if the request asked for them. */
  logprobs?: TokenLogprob[];
  /** In an answer: set if the text begins a message. */
  message?: MessageStart;
}

/** The beginning of a message, of which an answer of Responses may have several. */
export interface MessageStart {
  /** `commentary` or `final_answer`. */
  phase?: string;
}

/** The model's thinking. It must go back unchanged in the next turn, or the provider refuses it. */
export interface ReasoningPart extends PartBase {
  type: 'reasoning';
  /** The readable text; '' if the provider hides it. */
  text: string;
  /**
   * Anthropic `signature`, Gemini `thoughtSignature`, Responses id and `encrypted_content`. Without text it
   * signs the part before it (Gemini signs text parts too).
   */
  signature?: OpaqueToken;
  /** Anthropic `redacted_thinking.data`: reasoning that only the provider can read. */
  redacted?: OpaqueToken;
}

export interface ToolCallPart extends PartBase {
  type: 'tool-call';
  id: string;
  name: string;
  /** JSON text for `function`, free text for `custom`; '' means no arguments. */
  arguments: string;
  /** `server` tools are run by the provider; the client only sees the call. */
  kind: 'function' | 'custom' | 'server';
  /** Gemini signs calls. */
  signature?: OpaqueToken;
  /** Set if the provider called a tool of an MCP server: the server, as the client or the provider names it. */
  mcpServer?: string;
  /** Set if the provider ran code of the model's: the arguments have it as `code`, or as a `command` of Bash's or of an editor. */
  runsCode?: true;
}

export type ToolResultContent = TextPart | ImagePart | DocumentPart | OpaquePart;

export interface ToolResultPart extends PartBase {
  type: 'tool-result';
  callId: string;
  content: ToolResultContent[];
  isError?: boolean;
  /** If the call was a search for tools: those that it found, by the names under which the request declares them. */
  foundTools?: string[];
}

/** What a tool run by the provider returned, in the provider's own form. */
export interface ServerToolResultPart extends PartBase {
  type: 'server-tool-result';
  callId: string;
  dialect: ProviderDialectId;
  value: JsonObject;
  /** What a tool of an MCP server returned, or what code said, which other dialects can express too. */
  output?: ServerToolOutput;
}

export interface ServerToolOutput {
  text: string;
  /** Set if the call failed; the text says why. */
  isError?: true;
  /** What the code drew. */
  images?: { mediaType: string; data: string }[];
  /** Names of what only its dialect can express of it, such as files in the provider's store. */
  others?: string[];
}

export interface ImagePart extends PartBase {
  type: 'image';
  source: MediaSource;
  detail?: string;
}

export interface DocumentPart extends PartBase {
  type: 'document';
  source: MediaSource;
  name?: string;
  /** Whether the answer should cite it. */
  cites?: true;
  /** Set if it continues the document before it, after an image within that document. */
  continues?: true;
}

export interface AudioPart extends PartBase {
  type: 'audio';
  source: MediaSource;
}

export interface RefusalPart extends PartBase {
  type: 'refusal';
  text: string;
  logprobs?: TokenLogprob[];
}

/** A part without a neutral form: sent unchanged to the same dialect, reported as lost for others. */
export interface OpaquePart {
  type: 'opaque';
  dialect: ProviderDialectId;
  /** Its name in loss reports, e.g. `container_upload`. */
  name: string;
  value: JsonValue;
  /** Set if it is a video, which providers of some other dialects can watch. */
  video?: MediaSource;
}

export type Part =
  | TextPart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | ServerToolResultPart
  | ImagePart
  | DocumentPart
  | AudioPart
  | RefusalPart
  | OpaquePart;
