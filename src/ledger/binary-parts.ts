// Binary parts of a JSON body (images, documents, audio in base64): where they are, and what stands for them in the
// ledger, which keeps each once.

export interface BinaryRun {
  start: number;
  /** Behind the last character. */
  end: number;
  /** As the body tells it. */
  mediaType: string;
}

/** Characters of base64: shorter runs stay in their body. */
const SHORTEST_RUN = 4096;
/** A run of that length has a probe within it, whole. */
const PROBE_EVERY = 2048;
const PROBE_LENGTH = 64;
/** How far around a run its media type may stand. */
const NEIGHBOURHOOD = 200;
const UNKNOWN_TYPE = 'application/octet-stream';

/** Long runs of base64 that fill a string, or the rest of one behind a comma. Looks at 3 % of the text. */
export function findBinaryRuns(text: string): BinaryRun[] {
  const runs: BinaryRun[] = [];
  for (let at = PROBE_EVERY; at + PROBE_LENGTH <= text.length; ) {
    if (!isBase64(text, at, at + PROBE_LENGTH)) {
      at += PROBE_EVERY;
      continue;
    }
    let start = at;
    while (start > 0 && isBase64Code(text.charCodeAt(start - 1))) start -= 1;
    let end = at;
    while (end < text.length && isBase64Code(text.charCodeAt(end))) end += 1;
    while (text[end] === '=') end += 1;
    const isString = (text[start - 1] === '"' || text[start - 1] === ',') && text[end] === '"';
    if (isString && end - start >= SHORTEST_RUN)
      runs.push({ start, end, mediaType: typeAround(text, start, end) });
    at = Math.max(at + PROBE_EVERY, end);
  }
  return runs;
}

/** `text` with each run replaced. */
export function replaceRuns(
  text: string,
  runs: readonly BinaryRun[],
  by: (run: BinaryRun) => string,
): string {
  let replaced = '';
  let from = 0;
  for (const run of runs) {
    replaced += text.slice(from, run.start) + by(run);
    from = run.end;
  }
  return replaced + text.slice(from);
}

export interface BinaryReference {
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: string;
  mediaType: string;
  /** Of the part itself, not of its base64. */
  bytes: number;
}

export function writeReference({ hash, mediaType, bytes }: BinaryReference): string {
  return `sluice-binary:${hash};${mediaType};${bytes}`;
}

const REFERENCE = /sluice-binary:([0-9a-f]{64});([\w.+/-]+);(\d+)/g;

export function findReferences(text: string): (BinaryReference & { text: string })[] {
  return [...text.matchAll(REFERENCE)].map(([found, hash = '', mediaType = '', bytes]) => ({
    text: found,
    hash,
    mediaType,
    bytes: Number(bytes),
  }));
}

function isBase64(text: string, from: number, until: number): boolean {
  for (let at = from; at < until; at++) if (!isBase64Code(text.charCodeAt(at))) return false;
  return true;
}

/** A–Z, a–z, 0–9, + and /. */
function isBase64Code(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 47 && code <= 57) || code === 43
  );
}

const IN_ADDRESS = /data:([\w.+-]+\/[\w.+-]+)[^"]*;base64,$/;
const TYPE_KEY = '"(?:media_type|mimeType|mime_type)"\\s*:\\s*"([\\w.+-]+\\/[\\w.+-]+)"';
const TYPE_BEFORE = new RegExp(`${TYPE_KEY}[^{}]*$`);
const TYPE_BEHIND = new RegExp(`^"[^{}]*${TYPE_KEY}`);

function typeAround(text: string, start: number, end: number): string {
  const before = text.slice(Math.max(0, start - NEIGHBOURHOOD), start);
  const behind = text.slice(end, end + NEIGHBOURHOOD);
  return (
    (IN_ADDRESS.exec(before) ?? TYPE_BEFORE.exec(before) ?? TYPE_BEHIND.exec(behind))?.[1] ?? UNKNOWN_TYPE
  );
}
