// Estimates the tokens of a prompt without its provider: o200k for all text, fixed numbers for media.
import { tallyPrompt } from '../../model/prompt-tally.ts';
import type { NeutralRequest } from '../../model/request.ts';
import { loadTokenizer } from './tokenizer.ts';

/** How much text is counted at once, in UTF-16 units: some 10 ms, after which streams get their turn. */
const PIECE = 64 * 1024;
/** In UTF-16 units: a longer text is extrapolated from its beginning. */
const MOST_COUNTED = 2 * 1024 * 1024;

/** @param pause resolves when other work has had its turn. */
export async function estimateTokens(request: NeutralRequest, pause: () => Promise<void>): Promise<number> {
  const { texts, tokens } = tallyPrompt(request);
  return tokens + (await countText(texts, pause));
}

/** The tokens of all texts together. @param pause resolves when other work has had its turn. */
export async function countText(texts: readonly string[], pause: () => Promise<void>): Promise<number> {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length === 0) return 0;
  const { clearMergeCache, countTokens } = await loadTokenizer();
  let tokens = 0;
  let counted = 0;
  for (const text of texts) {
    for (let at = 0; at < text.length && counted < MOST_COUNTED; at += PIECE) {
      const piece = text.slice(at, at + PIECE);
      tokens += countTokens(broken(piece), { disallowedSpecial: new Set() });
      counted += piece.length;
      if (counted % PIECE === 0 || piece.length === PIECE) await pause();
    }
  }
  // The cache would keep pieces of the text.
  clearMergeCache();
  return Math.round((tokens * length) / counted);
}

/**
 * Merging takes time quadratic in the length of a word, so words are cut at a length that real ones do not reach. What the encoding takes
 * for one word: a text without spaces, a run of spaces including line ends, and line ends with slashes after a sign.
 */
function broken(text: string): string {
  return text
    .replace(/\S{256}/g, '$&\n')
    .replace(/\s{256}/g, '$&.')
    .replace(/[\r\n/]{256}/g, '$&a');
}
