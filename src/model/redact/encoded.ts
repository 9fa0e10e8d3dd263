// Finds known secrets in base64: a failing server may echo a header or a body that it was sent.

/** In bytes: only so much of a secret's beginning is searched for; a shorter secret is searched for as a whole. */
const LONGEST_LOOKED_FOR = 24;
/** The characters of encoded text, also when escaped in JSON or a URL. */
const ENCODED = /[\w+/%\\-]/;
const PADDING = '=';

/** `/` and `+` as JSON may write them, also in JSON within JSON, which doubles each backslash: up to three levels. */
const SLASH = String.raw`\\{0,15}(?:\/|u002[fF])`;
const PLUS = String.raw`(?:\+|\\{1,15}u002[bB])`;
const ESCAPED = /\\{1,15}(?:\/|u002[bBfF])/y;

/** Finds secrets in base64 and base64url, wherever they begin in an encoded text. */
export function createEncodedSearch(
  secrets: readonly string[],
): (text: string, replacement: string) => string {
  const own = secrets.flatMap(tracesOf);
  const traces = [...new Set(own.flatMap(spellingsOf))];
  const escaped = escapedIn(own);
  return (text, replacement) => {
    let clean = text;
    for (const trace of traces) {
      const searched = clean;
      if (searched.includes(trace))
        clean = without(searched, (from) => placed(searched.indexOf(trace, from), trace), replacement);
    }
    if (escaped === undefined || !clean.includes('\\')) return clean;
    const searched = clean;
    return without(searched, (from) => matchIn(escaped, searched, from), replacement);
  };
}

interface Found {
  at: number;
  /** The offset after it. */
  end: number;
}

function placed(place: number, trace: string): Found | undefined {
  return place === -1 ? undefined : { at: place, end: place + trace.length };
}

function matchIn(pattern: RegExp, text: string, from: number): Found | undefined {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? undefined : { at: match.index, end: pattern.lastIndex };
}

/** For traces with characters that JSON may escape; undefined if there are none. */
function escapedIn(traces: readonly string[]): RegExp | undefined {
  const signed = traces.filter((trace) => /[+/]/.test(trace));
  if (signed.length === 0) return undefined;
  const patterns = signed.map((trace) => trace.replaceAll(/[+/]/g, (sign) => (sign === '/' ? SLASH : PLUS)));
  return new RegExp(patterns.join('|'), 'g');
}

/** Removes the whole encoded text: what surrounds the secret may be another secret, or half of one. */
function without(text: string, find: (from: number) => Found | undefined, replacement: string): string {
  let clean = '';
  let done = 0;
  for (let found = find(0); found !== undefined; found = find(done)) {
    let start = found.at;
    while (start > done && ENCODED.test(text.charAt(start - 1))) start--;
    let { end } = found;
    for (let more = signAt(text, end); more > 0; more = signAt(text, end)) end += more;
    while (text.charAt(end) === PADDING) end++;
    clean += text.slice(done, start) + replacement;
    done = end;
  }
  return clean + text.slice(done);
}

/** The length of the encoded character at that place; 0 if there is none. A backslash at the end may belong to a quotation mark. */
function signAt(text: string, place: number): number {
  const sign = text.charAt(place);
  if (sign !== '\\') return sign !== '' && ENCODED.test(sign) ? 1 : 0;
  ESCAPED.lastIndex = place;
  return ESCAPED.exec(text)?.[0].length ?? 0;
}

/**
 * The base64 of a secret's own bytes for each of the three offsets at which it may begin in a group; characters that it shares with its
 * surroundings are left out.
 */
function tracesOf(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret).subarray(0, LONGEST_LOOKED_FOR);
  return [0, 1, 2].map((before) => {
    const encoded = btoa(String.fromCharCode(...new Uint8Array(before), ...bytes));
    const whole = Math.floor(((before + bytes.length) * 4) / 3);
    return encoded.slice(Math.ceil((before * 4) / 3), whole);
  });
}

/** In both alphabets, and as JSON and URLs escape it. */
function spellingsOf(trace: string): string[] {
  const inUrl = encodeURIComponent(trace);
  return [
    ...[trace, trace.replaceAll('+', '-').replaceAll('/', '_'), inUrl],
    inUrl.replace(/%../g, (code) => code.toLowerCase()),
  ];
}
