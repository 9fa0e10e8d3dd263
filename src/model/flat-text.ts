// Text in one piece. What `+` and templates give is a tree of their pieces until somebody reads it, and what is put
// together with such a tree walks through all of it again.

/** For text that stands in many others: `pieces` as one string without a tree, of two pieces or more. */
export function flatText(...pieces: [string, string, ...string[]]): string {
  return pieces.join('');
}
