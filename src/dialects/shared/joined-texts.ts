// Joins an answer's texts where the client's form has a single one: decides what stands between two of them.
import type { Part, ReasoningPart, TextPart } from '../../model/content.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { OpaqueToken } from '../../model/opaque-token.ts';
import { openSignature } from '../claude/seals.ts';

/** Joins the texts of an answer, by the same rule for whole answers and streams. */
export class TextJoiner {
  private said = '';
  private isApart = false;
  /** The number of the block after which the same text continues. */
  private block = -1;

  /** The next piece of text, preceded by what separates it from the text before. */
  join(piece: string): string {
    if (piece === '') return '';
    const joined = this.isApart ? gapBetween(this.said, piece) + piece : piece;
    this.isApart = false;
    this.said = piece;
    return joined;
  }

  /** What comes next is separate from what came before. */
  setApart(): void {
    this.isApart = true;
  }

  /** A text begins in a stream. */
  begin({ block, message }: Extract<StreamEvent, { type: 'text-start' }>): void {
    if (message !== undefined || block !== this.block + 1) this.isApart = true;
    this.block = block;
  }

  /** Thoughts have ended in a stream. */
  endThoughts(block: number, thoughts: Thoughts): void {
    if (isSignature(thoughts) && block === this.block + 1) this.block = block;
  }

  /** A text of a whole answer. */
  joinPart({ text, message }: TextPart): string {
    if (message !== undefined) this.isApart = true;
    return this.join(text);
  }

  /** A part of a whole answer has ended. */
  endPart(part: Part): void {
    const goesOn =
      part.type === 'reasoning'
        ? isSignature({ ...sealOf(part), length: part.text.length })
        : part.type === 'text' || part.type === 'opaque';
    if (!goesOn) this.isApart = true;
  }
}

/**
 * The gap between what was said before and after a search, a call, thoughts or the end of a message. Without it the last word and the next
 * first word would run together ("…about it.Based on…"). Empty if there is white space already, or if the second text may continue the
 * sentence.
 */
function gapBetween(before: string, after: string): string {
  return before === '' || GOES_ON.test(after) || /\s$/.test(before) ? '' : '\n\n';
}

/** Nothing, white space, a small letter, or a mark that begins no sentence. */
const GOES_ON = /^($|[\s\p{Ll}.,;:!?…)\]}%'’”])/u;

interface Thoughts {
  /** Their signature, or all of redacted ones. */
  token: OpaqueToken | null | undefined;
  isRedacted: boolean;
  length: number;
}

/** What seals a thought, and whether it is all there is of it. */
export function sealOf({ signature, redacted }: ReasoningPart): Pick<Thoughts, 'token' | 'isRedacted'> {
  return { token: redacted ?? signature, isRedacted: redacted !== undefined };
}

/**
 * Whether nothing but a signature came, which is of the text before it. Gemini signs pieces of a text that goes on behind them:
 * https://github.com/aaif-goose/goose/pull/6400, https://github.com/aaif-goose/goose/pull/7204. Claude signs thoughts alone, also
 * those that it does not show.
 */
function isSignature({ token, isRedacted, length }: Thoughts): boolean {
  const isClaudes = !!token && openSignature(token) !== undefined;
  return length === 0 && !isRedacted && !isClaudes;
}
