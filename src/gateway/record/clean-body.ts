// A body as its row may hold it: without secrets, its binary parts separate, and no longer than the ledger keeps.
import { type BinaryPart, findBinaryParts } from '../../ledger/rows/binary-parts.ts';
import { markCut, MAX_BODY_LENGTH } from '../../ledger/rows/storable-row.ts';
import { withoutSecretThoughts } from '../../model/redact/carried-thoughts.ts';

/**
 * Cleans only twice as much of a body as the ledger keeps: a secret is then removed whole before the ledger cuts, and the rest of a body of
 * many megabytes is not searched. Its binary parts go to `binaries`.
 * @param redactText null where the body holds no secret.
 */
export function cleanBody(
  body: string | null,
  of: BinaryPart['of'],
  redactText: ((text: string) => string) | null,
  binaries: BinaryPart[],
): string | null {
  if (body === null) return null;
  const redact = (text: string) =>
    redactText === null ? text : redactText(withoutSecretThoughts(text, redactText));
  const found = findBinaryParts(body);
  if (found.length === 0) return redact(beginningOf(body, 2 * MAX_BODY_LENGTH));
  // Joined in one step: a string concatenated piece by piece would keep the body that the pieces are slices of.
  const clean: string[] = [];
  let at = 0;
  let from = 0;
  let left = 2 * MAX_BODY_LENGTH;
  for (const { start, end, mediaType, content } of found) {
    if (start - from > left) break;
    const text = redact(body.slice(from, start));
    clean.push(text);
    at += text.length;
    binaries.push({ of, at, mediaType, content });
    left -= start - from;
    from = end;
  }
  clean.push(redact(beginningOf(body.slice(from), left)));
  return clean.join('');
}

function beginningOf(text: string, length: number): string {
  return text.length <= length ? text : markCut(withoutLastWord(text.slice(0, length)));
}

/** Longer than any key. */
const LONGEST_WORD = 1_024;

/** Removes the last word, which may be a key cut in the middle. */
export function withoutLastWord(text: string): string {
  const least = Math.max(0, text.length - LONGEST_WORD);
  let end = text.length;
  while (end > least && text.charCodeAt(end - 1) > BLANK) end--;
  return text.slice(0, end);
}

const BLANK = 0x20;
