// Texts that an answer has apart, in a form that has one text for all of them: what stands between two.
import type { Part, ReasoningPart } from '../../model/content.ts';

/**
 * Between what was said before and behind a search, a call, thoughts or the end of a message: else the one's last word and the other's
 * first would be one ("…about it.Based on…"). None where the text behind has white space, or may go on with the sentence before.
 */
export function gapBetween(before: string, after: string): string {
  return before === '' || GOES_ON.test(after) || /\s$/.test(before) ? '' : '\n\n';
}

/** Nothing, white space, a small letter, or a mark that stands at no beginning. */
const GOES_ON = /^($|[\s\p{Ll}.,;:!?…)\]}%'’”])/u;

/** Whether the text behind this part is another than the one before it. */
export function setsApart(part: Part): boolean {
  return part.type !== 'opaque' && !(part.type === 'reasoning' && isSignature(part, part.text.length));
}

/**
 * Whether nothing but a signature came, which is of the text before it. Gemini signs pieces of a text that goes on behind them:
 * https://github.com/aaif-goose/goose/pull/6400, https://github.com/aaif-goose/goose/pull/7204
 */
export function isSignature({ redacted }: Pick<ReasoningPart, 'redacted'>, textLength: number): boolean {
  return textLength === 0 && redacted === undefined;
}
