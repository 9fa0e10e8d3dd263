// Texts that an answer has apart, in a form that has one text for all of them: what stands between two.

/**
 * Between what was said before and behind a search, a call, thoughts or the end of a message: else the one's last word and the other's
 * first would be one ("…about it.Based on…"). None where the text behind has white space, or may go on with the sentence before.
 */
export function gapBetween(before: string, after: string): string {
  return before === '' || GOES_ON.test(after) || /\s$/.test(before) ? '' : '\n\n';
}

/** Nothing, white space, a small letter, or a mark that stands at no beginning. */
const GOES_ON = /^($|[\s\p{Ll}.,;:!?…)\]}%'’”])/u;
