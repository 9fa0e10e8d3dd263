// What a phrase of a pattern is (words, or a regular expression between slashes), and whether it can be searched for.
import { safeRegex } from 'safe-regex2';
import { PatternError } from '../transformers/pattern/program.ts';
import { createSearch } from '../transformers/pattern/search.ts';

/** `/source/flags`, compiled; undefined if the phrase is plain words. Throws SyntaxError. */
export function regularExpressionOf(phrase: string): RegExp | undefined {
  const [, source, flags = ''] = /^\/(.+)\/([a-z]*)$/s.exec(phrase) ?? [];
  return source === undefined ? undefined : new RegExp(source, flags.replace(/[gy]/g, ''));
}

/**
 * Returns a test of texts for the expression. The texts are clients', and while the runtime's own search backtracks in one, nothing else is
 * served: `/fix.*bug.*test/` took seconds for 8 KB. So it is used only for what requires it, such as lookaround.
 */
export function searchOf(expression: RegExp): (text: string) => boolean {
  return linearSearch(expression) ?? ((text) => expression.test(text));
}

function linearSearch(expression: RegExp): ((text: string) => boolean) | undefined {
  try {
    return createSearch(expression);
  } catch (thrown) {
    if (thrown instanceof PatternError) return undefined;
    throw thrown;
  }
}

/** Why the phrase cannot be searched for, and what to do; undefined if it can. */
export function phraseProblem(phrase: string): string | undefined {
  try {
    const expression = regularExpressionOf(phrase);
    if (expression === undefined) {
      return phrase.trim() === '' ? 'is empty: write the words to look for' : undefined;
    }
    if (linearSearch(expression) !== undefined || safeRegex(expression)) return undefined;
    return 'may take exponential time on some texts: write it without lookarounds and back-references, or without nested repetitions';
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    return `is not a regular expression (${reason}); correct it, or omit the slashes to search for the text itself`;
  }
}
