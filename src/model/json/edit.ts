// Reads and changes top-level fields of a JSON object in its text, leaving every other byte as the sender wrote it: the spelling of
// numbers, the order of keys, white space and unknown fields survive (GUARANTEES 6).
import { exactText } from './exact-numbers.ts';
import type { JsonValue } from './json.ts';

interface Member {
  key: string;
  /** Offset of the key's opening quote. */
  start: number;
  valueStart: number;
  /** Offset after the value. */
  end: number;
}

/**
 * `text` with each field of `edits` set, or removed if the edit is undefined. `text` must be valid JSON holding an object, which callers
 * have parsed. A field that occurs twice is edited twice.
 */
export function editTopLevel(text: string, edits: Record<string, JsonValue | undefined>): string {
  const keys = Object.keys(edits);
  if (keys.length === 0) return text;
  const { members, close } = scanMembers(text);
  let result = '';
  let position = 0;
  let kept = 0;
  const seen = new Set<string>();
  for (const [index, member] of members.entries()) {
    if (!Object.hasOwn(edits, member.key)) {
      kept++;
      continue;
    }
    seen.add(member.key);
    const value = edits[member.key];
    if (value !== undefined) {
      result += text.slice(position, member.valueStart) + exactText(value);
      position = member.end;
      kept++;
      continue;
    }
    // Removing a member removes one comma: the one after it or, at the end, the one before it.
    const next = members[index + 1];
    if (next !== undefined) {
      result += text.slice(position, member.start);
      position = next.start;
    } else {
      let cut = text.slice(position, member.start);
      if (kept > 0) cut = cut.trimEnd().replace(/,$/, '');
      result += cut;
      if (kept > 0 && cut === '') result = result.trimEnd().replace(/,$/, '');
      position = member.end;
    }
  }
  result += text.slice(position, close);
  for (const key of keys) {
    const value = edits[key];
    if (seen.has(key) || value === undefined) continue;
    const body = result.trimEnd();
    result = `${body}${kept > 0 ? ',' : ''}${JSON.stringify(key)}:${exactText(value)}`;
    kept++;
  }
  return result + text.slice(close);
}

/** The value of a top-level field as its sender wrote it; undefined if there is none. If the field occurs twice, the last value. */
export function topLevelText(text: string, key: string): string | undefined {
  const member = scanMembers(text).members.findLast((each) => each.key === key);
  return member && text.slice(member.valueStart, member.end);
}

function scanMembers(text: string): { members: Member[]; close: number } {
  const members: Member[] = [];
  let position = text.indexOf('{') + 1;
  for (;;) {
    position = skipSpace(text, position);
    const character = text[position];
    if (character === '}' || character === undefined) return { members, close: position };
    if (character === ',') {
      position++;
      continue;
    }
    const start = position;
    const keyEnd = skipString(text, start);
    const key: unknown = JSON.parse(text.slice(start, keyEnd));
    const valueStart = skipSpace(text, text.indexOf(':', keyEnd) + 1);
    const end = skipValue(text, valueStart);
    members.push({ key: String(key), start, valueStart, end });
    position = end;
  }
}

function skipSpace(text: string, from: number): number {
  let position = from;
  while (' \t\n\r'.includes(text[position] ?? 'x')) position++;
  return position;
}

/** The offset just after the closing quote of the string that begins at `from`. */
function skipString(text: string, from: number): number {
  let position = from + 1;
  for (;;) {
    const quote = text.indexOf('"', position);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    position = quote + 1;
  }
}

function skipValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return skipString(text, from);
  let position = from;
  if (first !== '{' && first !== '[') {
    while (position < text.length && !',}] \t\n\r'.includes(text[position] ?? ',')) position++;
    return position;
  }
  let depth = 0;
  while (position < text.length) {
    const character = text[position];
    if (character === '"') {
      position = skipString(text, position);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    position++;
    if (depth === 0) return position;
  }
  return position;
}
