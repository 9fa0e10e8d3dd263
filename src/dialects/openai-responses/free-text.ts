// Custom tools accept free text. A provider without them is shown a function with one text argument, `input`, which is extracted from the
// JSON here while it streams.
import { asString, parseObject } from '../../model/json/json.ts';
import { FREE_TEXT } from '../shared/tools/call-arguments.ts';

/** The free text in complete arguments; arguments of another form stay as they are. */
export function freeTextOf(args: string): string {
  const fields = parseObject(args);
  const text = asString(fields?.[FREE_TEXT]);
  if (text !== undefined) return text;
  return fields !== undefined && Object.keys(fields).length === 0 ? '' : args;
}

export interface FreeTextReader {
  /** The free text in the fragment; empty if there is none. */
  push(fragment: string): string;
  /** The remaining text once the arguments are complete. */
  end(): string;
}

const OPENING = new RegExp(`^\\s*\\{\\s*"${FREE_TEXT}"\\s*:\\s*"`);
/** Longer than any way in which a model writes the opening. */
const OPENING_LIMIT = 64;

/**
 * Reads `{"input":"…"}` as it arrives. Arguments that begin differently are held back until they are complete; what follows the text is
 * ignored.
 */
export function createFreeTextReader(): FreeTextReader {
  let state: 'opening' | 'text' | 'other' | 'closed' = 'opening';
  let held = '';

  function readText(): string {
    const { length, closed } = scanText(held);
    const text = held.slice(0, length);
    held = held.slice(length);
    if (closed) state = 'closed';
    return text === '' ? '' : unescapeText(text);
  }

  return {
    push(fragment) {
      if (state === 'closed') return '';
      held += fragment;
      if (state === 'opening') {
        const opening = OPENING.exec(held);
        if (opening !== null) {
          held = held.slice(opening[0].length);
          state = 'text';
        } else if (held.length > OPENING_LIMIT) state = 'other';
      }
      return state === 'text' ? readText() : '';
    },
    end: () => (state === 'opening' || state === 'other' ? freeTextOf(held) : ''),
  };
}

/** How much of a JSON string's inside is complete, up to its closing quote or an unfinished escape. */
function scanText(text: string): { length: number; closed: boolean } {
  let index = 0;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === 34) return { length: index, closed: true };
    const size = code === 92 ? escapeLength(text, index) : 1;
    if (size === undefined) break;
    index += size;
  }
  return { length: index, closed: false };
}

/** Length of the escape at `at`, with both halves of a surrogate pair together; undefined if more must arrive. */
function escapeLength(text: string, at: number): number | undefined {
  const kind = text[at + 1];
  if (kind === undefined) return undefined;
  if (kind !== 'u') return 2;
  if (text.length < at + 6) return undefined;
  if (!/^d[89ab]/i.test(text.slice(at + 2, at + 4))) return 6;
  const second = text.slice(at + 6, at + 8);
  if (second !== '\\u') return '\\u'.startsWith(second) ? undefined : 6;
  return text.length < at + 12 ? undefined : 12;
}

function unescapeText(text: string): string {
  // Raw line breaks are not JSON, and models write them.
  const json = `"${text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;
  try {
    return JSON.parse(json) as string;
  } catch {
    return text;
  }
}
