// Names with wildcards: `*` matches any text, everything else matches itself.

/** The time to match grows only with the length of the text, whatever the pattern. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const [start = '', ...rest] = pattern.split('*');
  const end = rest.pop();
  if (end === undefined) return (text) => text === pattern;
  return (text) => {
    if (text.length < start.length + end.length || !text.startsWith(start) || !text.endsWith(end))
      return false;
    const last = text.length - end.length;
    let at = start.length;
    for (const piece of rest) {
      const found = text.indexOf(piece, at);
      if (found === -1 || found + piece.length > last) return false;
      at = found + piece.length;
    }
    return true;
  };
}
