// The neutral stream: what every decoder emits and every encoder accepts.
//
// Order (asserted by gateway/pumps/sequence.ts for what reaches an encoder): `start` first; each block is start → deltas → end with one
// `block` number, and the numbers of blocks rise; decoders may interleave blocks, but encoders see one open block at a time; `usage`
// anywhere after `start`; then exactly one terminal, `finish` or `error`, and nothing after it.
import type { Citation, Extension, MessageStart, ServerToolResultPart } from './content.ts';
import type { GatewayError } from './errors.ts';
import type { Finish } from './finish.ts';
import type { JsonObject } from './json/json.ts';
import type { TokenLogprob } from './logprobs.ts';
import type { OpaqueToken } from './opaque-token.ts';
import type { StatedUsage } from './usage.ts';

/** Receives the events of a stream one by one. */
export interface EventSink {
  push(event: StreamEvent): void;
  /** Notes that the decoder keeps so much more of the answer than it has pushed, in UTF-16 units, roughly: how much is kept is limited. */
  kept?(units: number): void;
}

export type StreamEvent =
  | { type: 'start'; id: string | null; model: string | null }
  /** `message`: set if the text begins a message of its own, whatever came before. */
  | { type: 'text-start'; block: number; message?: MessageStart }
  /** `logprobs`: for the tokens of this text, if requested; may come with an empty text. */
  | { type: 'text-delta'; block: number; text: string; logprobs?: TokenLogprob[] }
  | { type: 'citation'; block: number; citation: Citation }
  | { type: 'text-end'; block: number }
  | { type: 'refusal-start'; block: number }
  | { type: 'refusal-delta'; block: number; text: string; logprobs?: TokenLogprob[] }
  | { type: 'refusal-end'; block: number }
  /** `redacted`: the whole block is this opaque data, and no delta follows. */
  | { type: 'reasoning-start'; block: number; redacted?: OpaqueToken }
  | { type: 'reasoning-delta'; block: number; text: string }
  /** The opaque token to send back next turn: whole, and once per block. */
  | { type: 'reasoning-signature'; block: number; signature: OpaqueToken }
  | { type: 'reasoning-end'; block: number }
  | {
      type: 'tool-start';
      block: number;
      id: string;
      name: string;
      kind: 'function' | 'custom' | 'server';
      signature?: OpaqueToken;
      mcpServer?: string;
      runsCode?: true;
      extension?: Extension;
    }
  /** A fragment of the argument text; all fragments together are the whole text. */
  | { type: 'tool-delta'; block: number; arguments: string }
  /** `incomplete`: the arguments are at most the beginning of a JSON object. */
  | { type: 'tool-end'; block: number; incomplete?: true }
  | { type: 'server-tool-result'; block: number; part: ServerToolResultPart }
  /** Generated image or audio, whole. */
  | { type: 'media'; block: number; mediaType: string; data: string; extension?: Extension }
  /** Cumulative counts so far; a count that is left out is not known yet, and a later report replaces an earlier one. */
  | { type: 'usage'; usage: StatedUsage }
  /**
   * Something that only the same dialect can replay: its wire event or fields, or `{value}` for the value of an opaque part. An encoder
   * that cannot express it reports it as lost. If its name begins with `reasoning.`, it concerns the open reasoning block.
   */
  | { type: 'extension'; dialect: Extension['dialect']; name: string; value: JsonObject }
  | { type: 'finish'; finish: Finish }
  | { type: 'error'; error: GatewayError };

/**
 * The event types of each kind of text, for code that knows the kind only at run time: a name built for each event would be a new string,
 * which is allocated and compared character by character.
 */
export const TEXT_EVENTS = {
  text: { start: 'text-start', delta: 'text-delta', end: 'text-end' },
  refusal: { start: 'refusal-start', delta: 'refusal-delta', end: 'refusal-end' },
  reasoning: { start: 'reasoning-start', delta: 'reasoning-delta', end: 'reasoning-end' },
} as const;

/** The size of an event or an entry besides its text, in UTF-16 units, roughly. */
export const ENTRY_SIZE = 64;

/** How much memory keeping the event takes, in UTF-16 units, roughly, whatever an encoder really keeps. */
export function sizeOf(event: StreamEvent): number {
  switch (event.type) {
    case 'text-delta':
    case 'refusal-delta':
      return event.text.length + (event.logprobs === undefined ? 0 : sizeOfLogprobs(event.logprobs));
    case 'reasoning-delta':
      return event.text.length;
    case 'tool-delta':
      return event.arguments.length;
    case 'media':
      return event.data.length;
    case 'start':
    case 'usage':
    case 'finish':
    case 'error':
      return 0;
    case 'text-end':
    case 'refusal-end':
    case 'reasoning-end':
    case 'tool-end':
      return ENTRY_SIZE;
    default:
      return ENTRY_SIZE + JSON.stringify(event).length;
  }
}

function sizeOfLogprobs(tokens: readonly TokenLogprob[]): number {
  return tokens.reduce((sum, { token, top }) => sum + ENTRY_SIZE * (1 + top.length) + token.length, 0);
}

/** Whether the event ends a block. */
export function isBlockEnd({ type }: StreamEvent): boolean {
  return type === 'text-end' || type === 'refusal-end' || type === 'reasoning-end' || type === 'tool-end';
}

/** Whether the event brings part of the answer itself (not envelope, empty start or usage). */
export function isContent(event: StreamEvent): boolean {
  switch (event.type) {
    case 'text-delta':
    case 'refusal-delta':
    case 'reasoning-delta':
      return event.text !== '';
    case 'tool-start':
    case 'tool-delta':
    case 'reasoning-signature':
    case 'citation':
    case 'server-tool-result':
    case 'media':
    case 'finish':
      return true;
    case 'reasoning-start':
      return event.redacted !== undefined;
    default:
      return false;
  }
}
