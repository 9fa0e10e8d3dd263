// Takes out of a stream that is kept the secrets that came in pieces: no event alone tells of them.

/** What dialects call the strings that carry on from one event to the next, and what one of them holds. */
const PIECE =
  /"(text|thinking|partial_json|content|reasoning|reasoning_content|refusal|arguments|delta)": ?"([^"\\]*(?:\\.[^"\\]*)*)"/g;

/** Of one kind of string, in the order of the events. */
interface Pieces {
  /** Where each begins in the stream. */
  starts: number[];
  texts: string[];
}

/** A stretch of the stream, and what it becomes. */
interface Change {
  start: number;
  end: number;
  text: string;
}

/**
 * The stream with `[redacted]` where the first piece of such a secret was, and nothing where the others were. What
 * stands whole in one event stays: whoever keeps the stream takes that out of it as out of any text.
 */
export function withoutSplitSecrets(stream: string, redact: (text: string) => string): string {
  const kinds = new Map<string, Pieces>();
  for (const match of stream.matchAll(PIECE)) {
    const [whole, kind = '', text = ''] = match;
    if (text === '') continue;
    const pieces = kinds.get(kind) ?? { starts: [], texts: [] };
    if (pieces.texts.length === 0) kinds.set(kind, pieces);
    pieces.starts.push(match.index + whole.length - 1 - text.length);
    pieces.texts.push(text);
  }
  const changes = [...kinds.values()].flatMap((pieces) => changesOf(pieces, redact));
  return changes.length === 0 ? stream : withChanges(stream, changes);
}

function changesOf({ starts, texts }: Pieces, redact: (text: string) => string): Change[] {
  if (texts.length < 2) return [];
  const whole = texts.join('');
  const clean = redact(whole);
  if (clean === whole || clean === texts.map(redact).join('')) return [];
  // All between the first and the last character that differ stands where the first did.
  const from = commonStart(whole, clean);
  const kept = Math.min(commonEnd(whole, clean), whole.length - from, clean.length - from);
  const to = whole.length - kept;
  const instead = clean.slice(from, clean.length - kept);
  const changes: Change[] = [];
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const begin = Math.max(0, from - at);
    const end = Math.min(text.length, to - at);
    const isFirst = at <= from && from < at + text.length;
    const start = starts[index] ?? 0;
    if (isFirst) changes.push({ start: start + begin, end: start + Math.max(begin, end), text: instead });
    else if (begin < end) changes.push({ start: start + begin, end: start + end, text: '' });
    at += text.length;
  }
  return changes;
}

function commonStart(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  return at;
}

function commonEnd(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  let count = 0;
  while (
    count < length &&
    one.charCodeAt(one.length - 1 - count) === other.charCodeAt(other.length - 1 - count)
  )
    count++;
  return count;
}

function withChanges(stream: string, changes: Change[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text } of changes.sort((one, other) => one.start - other.start)) {
    parts.push(stream.slice(at, start), text);
    at = end;
  }
  parts.push(stream.slice(at));
  return parts.join('');
}
