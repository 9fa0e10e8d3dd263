// What a phrase of a pattern is: words, or a regular expression between slashes; and whether it can be searched.
import { safeRegex } from 'safe-regex2';

/** `/source/flags`, compiled; undefined where the phrase is plain words. Throws SyntaxError. */
export function regularExpressionOf(phrase: string): RegExp | undefined {
  const [, source, flags = ''] = /^\/(.+)\/([a-z]*)$/s.exec(phrase) ?? [];
  return source === undefined ? undefined : new RegExp(source, flags.replace(/[gy]/g, ''));
}

/** Why the phrase cannot be searched for and how to mend it; undefined where it can. */
export function phraseProblem(phrase: string): string | undefined {
  try {
    const expression = regularExpressionOf(phrase);
    if (expression === undefined) {
      return phrase.trim() === '' ? 'is empty: write the words to look for' : undefined;
    }
    if (safeRegex(expression)) return undefined;
    return 'may take exponential time on some texts: write it without a repetition inside a repetition';
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : 'unreadable';
    return `is no regular expression (${reason}); mend it, or leave out the slashes to look for the text itself`;
  }
}
