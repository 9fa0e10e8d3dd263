// Binary parts of a JSON body (images, documents, audio in base64): taken out of it as soon as it is known what the
// ledger keeps, and replaced by references in a store, which keeps each once.

/** A part that was taken out of a body. */
export interface BinaryPart {
  of: 'request' | 'response';
  /** Where it was: the offset in the remaining text of the body, in UTF-16 units. */
  at: number;
  /** The type that the body states. */
  mediaType: string;
  /** In shared memory, so that another thread reads it in place. */
  content: Uint8Array<SharedArrayBuffer>;
}

export interface FoundPart extends Pick<BinaryPart, 'mediaType' | 'content'> {
  /** Where its base64 begins in the text. */
  start: number;
  /** After the last character. */
  end: number;
}

/** In characters of base64: shorter runs stay in their body. */
const SHORTEST_RUN = 4096;
/** A run of `SHORTEST_RUN` contains at least one whole probe. */
const PROBE_EVERY = 2048;
const PROBE_LENGTH = 64;
/** How far from a run its media type may be, in UTF-16 units. */
const NEIGHBOURHOOD = 200;
const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * Long runs of base64 that fill a string, or the rest of one after a comma, and that encode back to the same text: any
 * in a field for binary parts, elsewhere only those that have a known signature or look like noise, since words may use
 * the same alphabet. Of other text 3 % is probed; the whole is only scanned once, by the runtime's own bulk search.
 */
export function findBinaryParts(text: string): FoundPart[] {
  const parts: FoundPart[] = [];
  let seen = 0;
  for (let at = PROBE_EVERY; at + PROBE_LENGTH <= text.length; ) {
    if (!isBase64(text, at, at + PROBE_LENGTH)) {
      at += PROBE_EVERY;
      continue;
    }
    const end = text.indexOf('"', at + PROBE_LENGTH);
    if (end === -1) break;
    const before = text.slice(seen, end);
    const opening = Math.max(before.lastIndexOf('"'), before.lastIndexOf(','));
    const start = seen + opening + 1;
    const part = opening !== -1 && end - start >= SHORTEST_RUN ? partAt(text, start, end) : null;
    if (part !== null) parts.push(part);
    seen = end;
    at = Math.max(at + PROBE_EVERY, end);
  }
  return parts;
}

/** Null where the bytes would not encode back to the same text, and where the runtime shares no memory, as Cloudflare's Workers. */
export function bytesOfBase64(base64: string): BinaryPart['content'] | null {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  if (base64.length % 4 !== 0 || typeof SharedArrayBuffer === 'undefined') return null;
  const content = new Uint8Array(new SharedArrayBuffer((base64.length / 4) * 3 - padding));
  try {
    // White space is ignored, but is part of the length.
    const { read, written } = content.setFromBase64(base64, { lastChunkHandling: 'strict' });
    return read === base64.length && written === content.length ? content : null;
  } catch {
    return null;
  }
}

export function sharedCopy(bytes: ArrayLike<number>): BinaryPart['content'] {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/** `text` with each part back in its place, as `by` writes it. */
export function putBack(
  text: string,
  parts: readonly BinaryPart[],
  by: (part: BinaryPart) => string,
): string {
  let whole = '';
  let from = 0;
  for (const part of parts) {
    whole += text.slice(from, part.at) + by(part);
    from = part.at;
  }
  return whole + text.slice(from);
}

export interface BinaryReference {
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: string;
  mediaType: string;
  /** The length of the part itself, not of its base64. */
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

/** Whether it is one of A–Z, a–z, 0–9, + and /. */
function isBase64Code(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 47 && code <= 57) || code === 43
  );
}

function partAt(text: string, start: number, end: number): FoundPart | null {
  const base64 = text.slice(start, end);
  const before = text.slice(Math.max(0, start - NEIGHBOURHOOD), start);
  const behind = text.slice(end, end + NEIGHBOURHOOD);
  const mediaType = typeAround(before, behind);
  const isDeclared = mediaType !== undefined || isField(before, behind);
  if (!isDeclared && !BEGINNING.test(base64) && !isNoise(base64)) return null;
  const content = bytesOfBase64(base64);
  return content === null ? null : { start, end, mediaType: mediaType ?? UNKNOWN_TYPE, content };
}

const IN_ADDRESS = /data:([\w.+-]+\/[\w.+-]+)[^"]*;base64,$/;
const TYPE_KEY = '"(?:media_type|mimeType|mime_type)"\\s*:\\s*"([\\w.+-]+\\/[\\w.+-]+)"';
const TYPE_BEFORE = new RegExp(`${TYPE_KEY}[^{}]*$`);
const TYPE_BEHIND = new RegExp(`^"[^{}]*${TYPE_KEY}`);
/** Anthropic's plain text document, which also has a media type. */
const WORDS = '"type"\\s*:\\s*"text"';
const WORDS_BEFORE = new RegExp(`${WORDS}[^{}]*$`);
const WORDS_BEHIND = new RegExp(`^"[^{}]*${WORDS}`);

/** Undefined where none is stated. */
function typeAround(before: string, behind: string): string | undefined {
  const inAddress = IN_ADDRESS.exec(before)?.[1];
  if (inAddress !== undefined) return inAddress;
  if (WORDS_BEFORE.test(before) || WORDS_BEHIND.test(behind)) return undefined;
  return (TYPE_BEFORE.exec(before) ?? TYPE_BEHIND.exec(behind))?.[1];
}

/** The fields of Bedrock and OpenAI, and the first in Ollama's list. */
const BINARY_FIELD = /"(?:bytes|file_data|b64_json|partial_image_b64|images)"\s*:\s*\[?\s*"$/;
/** OpenAI's audio has its format beside it. */
const DATA_FIELD = /"data"\s*:\s*"$/;
const FORMAT = '"format"\\s*:\\s*"\\w+"';
const FORMAT_BEFORE = new RegExp(`${FORMAT}[^{}]*$`);
const FORMAT_BEHIND = new RegExp(`^"[^{}]*${FORMAT}`);

function isField(before: string, behind: string): boolean {
  if (BINARY_FIELD.test(before)) return true;
  return DATA_FIELD.test(before) && (FORMAT_BEFORE.test(before) || FORMAT_BEHIND.test(behind));
}

/** PNG, JPEG, GIF, RIFF (WAV, WebP), PDF, BMP, TIFF: they may be long and have little entropy. */
const BEGINNING = /^(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR|JVBERi0|Qk|SUkq|TU0AK)/;
/** Compressed or encrypted data uses the whole alphabet of base64 within a few hundred characters; text never does. */
const SIGNS_OF_NOISE = 63;
/** In this length, text has used all the characters that it ever will. */
const LONGEST_LOOK = 64 * 1024;

function isNoise(base64: string): boolean {
  const seen = new Uint8Array(128);
  let signs = 0;
  for (let at = 0; at < base64.length && at < LONGEST_LOOK; at++) {
    const code = base64.charCodeAt(at);
    if (code > 127 || seen[code] === 1) continue;
    seen[code] = 1;
    if (++signs >= SIGNS_OF_NOISE) return true;
  }
  return false;
}
