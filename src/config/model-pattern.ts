// Whether the pattern of a model's name is written in another language than this one, which has `*` alone.

/** Signs of shell patterns and regular expressions that no model's name has; a dot before `*` may end a version's first half (`gpt-4.*`). */
const FOREIGN = /[?^$]|(?<!\d)\.(?=\*)/;

/** What to say of such a pattern; undefined if there is nothing to say. */
export function patternDoubt(pattern: string): string | undefined {
  const sign = FOREIGN.exec(pattern)?.[0];
  return sign === undefined ? undefined : `"${sign}" stands only for itself here: write * for any text`;
}
