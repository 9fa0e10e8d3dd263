// Text in one piece. `+` and templates produce a tree of pieces until it is read, and joining such a tree with more text walks through all
// of it again.

/** Two or more `pieces` as one flat string, for text that becomes part of many others. */
export function flatText(...pieces: [string, string, ...string[]]): string {
  return pieces.join('');
}
