// Content parts of requests and answers: the superset of what the dialects can say.
import type { ProviderDialectId } from './dialect-id.ts';
import type { JsonObject, JsonValue } from './json/json.ts';
import type { TokenLogprob } from './logprobs.ts';
import type { OpaqueToken } from './opaque-token.ts';

/** Where the bytes of an image, document or audio clip are. */
export type MediaSource =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string; mediaType?: string }
  /** An id in the provider's own file store: means nothing to another provider. */
  | { kind: 'file'; id: string; dialect: ProviderDialectId }
  /** Plain text given as a document. */
  | { kind: 'text'; text: string };

/** What any part may carry besides its content. */
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
  /** Those of the fields that only spell out a default, or what is told in neutral words too: without them nothing is lost. */
  defaults?: readonly string[];
}

/** A source the answer rests on. Character offsets count UTF-16 units in the text part they belong to. */
export interface Citation {
  kind: 'url' | 'document' | 'other';
  url?: string;
  title?: string;
  citedText?: string;
  start?: number;
  end?: number;
  /** Where in a document of the request the source stands. */
  location?: DocumentLocation;
  /** The citation as its own dialect wrote it. */
  extension?: Extension;
}

export interface DocumentLocation {
  /** Counted from 0 over the documents of the request. */
  document: number;
  /** Characters and blocks count from 0, pages from 1; `end` is the first that is not meant. */
  unit: 'character' | 'page' | 'block';
  start: number;
  end: number;
}

export interface TextPart extends PartBase {
  type: 'text';
  text: string;
  citations?: Citation[];
  /** Of all its tokens, where an answer was asked for them. */
  logprobs?: TokenLogprob[];
}

/** Thinking of the model. Exactly what came must go back next turn, or the provider refuses it. */
export interface ReasoningPart extends PartBase {
  type: 'reasoning';
  /** The readable text; '' where the provider hides it. */
  text: string;
  /**
   * Anthropic `signature`, Gemini `thoughtSignature`, Responses id and `encrypted_content`. With no text it
   * seals what stands before it (Gemini signs text parts too).
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
  /** `server` tools are run by the provider; the client only watches. */
  kind: 'function' | 'custom' | 'server';
  /** Gemini signs calls. */
  signature?: OpaqueToken;
}

export type ToolResultContent = TextPart | ImagePart | DocumentPart | OpaquePart;

export interface ToolResultPart extends PartBase {
  type: 'tool-result';
  callId: string;
  content: ToolResultContent[];
  isError?: boolean;
}

/** What a provider-run tool returned, in the provider's own shape. */
export interface ServerToolResultPart extends PartBase {
  type: 'server-tool-result';
  callId: string;
  dialect: ProviderDialectId;
  value: JsonObject;
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
  /** The answer is to cite it. */
  cites?: true;
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

/** A part that the neutral model has no word for: passes on the same dialect, is reported as lost elsewhere. */
export interface OpaquePart {
  type: 'opaque';
  dialect: ProviderDialectId;
  /** What to call it in a loss report, e.g. `container_upload`. */
  name: string;
  value: JsonValue;
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
