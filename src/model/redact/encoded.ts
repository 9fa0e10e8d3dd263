// Finds known secrets in base64: a failing server may echo a header or a body that it was sent.

/** In bytes: only this much of a secret's beginning is searched for. A shorter secret is searched for as a whole. */
const LONGEST_LOOKED_FOR = 24;
/** The characters of encoded text, also when escaped in JSON or a URL. */
const ENCODED = /[\w+/%\\-]/;
const PADDING = '=';

/** Finds secrets in base64 and base64url, wherever in an encoded text they begin. */
export function createEncodedSearch(
  secrets: readonly string[],
): (text: string, replacement: string) => string {
  const traces = [...new Set(secrets.flatMap(tracesOf))];
  return (text, replacement) => {
    let clean = text;
    for (const trace of traces) if (clean.includes(trace)) clean = without(clean, trace, replacement);
    return clean;
  };
}

/** Removes the whole encoded text: what surrounds the secret may be another's name, or half of one. */
function without(text: string, trace: string, replacement: string): string {
  let clean = '';
  let done = 0;
  for (let at = text.indexOf(trace); at !== -1; at = text.indexOf(trace, done)) {
    let start = at;
    while (start > done && ENCODED.test(text.charAt(start - 1))) start--;
    let end = at + trace.length;
    while (goesOn(text, end)) end++;
    while (text.charAt(end) === PADDING) end++;
    clean += text.slice(done, start) + replacement;
    done = end;
  }
  return clean + text.slice(done);
}

/** A backslash at the end may belong to a quotation mark. */
function goesOn(text: string, at: number): boolean {
  const sign = text.charAt(at);
  return sign === '\\' ? text.charAt(at + 1) === '/' : sign !== '' && ENCODED.test(sign);
}

/**
 * The base64 of a secret's own bytes, for each of the three offsets in a group at which it may begin: characters that
 * it shares with its surroundings are left out.
 */
function tracesOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret).subarray(0, LONGEST_LOOKED_FOR);
  return [0, 1, 2].flatMap((before) => {
    const encoded = btoa(String.fromCharCode(...new Uint8Array(before), ...bytes));
    const whole = Math.floor(((before + bytes.length) * 4) / 3);
    const trace = encoded.slice(Math.ceil((before * 4) / 3), whole);
    const inUrl = encodeURIComponent(trace);
    return [
      ...[trace, trace.replaceAll('+', '-').replaceAll('/', '_'), trace.replaceAll('/', '\\/'), inUrl],
      inUrl.replace(/%../g, (code) => code.toLowerCase()),
    ];
  });
}
