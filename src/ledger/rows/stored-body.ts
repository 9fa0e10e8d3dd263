// A body as a store keeps it: binary parts apart, the text truncated and compressed.
import {
  type BinaryPart,
  type BinaryReference,
  findReferences,
  putBack,
  writeReference,
} from './binary-parts.ts';
import {
  type BinariesOfRows,
  partsOf,
  REQUEST_ID,
  type RowValues,
  type SqlRow,
  type SqlValue,
} from './row-columns.ts';
import { cutBody } from './storable-row.ts';

/** One part, whose bytes are kept once for all bodies that contain it. */
interface StoredBinary extends BinaryReference {
  content: Uint8Array;
}

/** A short body as it is, a longer one as Zstandard of UTF-8; null where there is none. */
type PackedBody = string | Uint8Array | null;

/** A row whose bodies are packed. */
export interface PackedRow {
  columns: RowValues;
  request: PackedBody;
  response: PackedBody;
  binaries: StoredBinary[];
}

/** Packing a shorter body would save less than it costs: some 6 µs for a few hundred bytes. */
export const SHORTEST_PACKED = 512;
/** In UTF-16 units. A longer body is packed on another thread; for a shorter one the round trip costs more. */
const LONGEST_AT_ONCE = 32 * 1024;
/** For a single body the default level takes a quarter longer and saves 1 %; for a long one it saves more. */
const SHORT_LEVEL = 1;
const NO_PARTS: readonly BinaryPart[] = [];
/** A larger part is referred to but not kept. */
const MAX_BINARY_BYTES = 16 * 1024 * 1024;

/**
 * In UTF-16 units; a part that would make a body longer is not restored. A body's author may have written references into
 * it, thousands of them in a megabyte.
 */
const LONGEST_RESTORED = 256 * 1024 * 1024;

/** Does not wait where no body is long. */
export async function packRows(
  rows: readonly RowValues[],
  taken?: BinariesOfRows,
): Promise<readonly PackedRow[]> {
  const packed = rows.map((values) => packAtOnce(values, taken) ?? packRow(values, taken));
  return packed.every(isPacked) ? packed : Promise.all(packed);
}

function isPacked(row: PackedRow | Promise<PackedRow>): row is PackedRow {
  return !(row instanceof Promise);
}

/** Returns undefined where a body is long, or binary parts were taken out. */
function packAtOnce(values: RowValues, taken?: BinariesOfRows): PackedRow | undefined {
  if (taken?.has(String(values[REQUEST_ID])) === true) return undefined;
  const { columns, bodies } = partsOf(values);
  const [request = null, response = null] = bodies;
  if (isLong(request) || isLong(response)) return undefined;
  return { columns, request: packedAtOnce(request), response: packedAtOnce(response), binaries: [] };
}

function isLong(body: SqlValue): boolean {
  return typeof body === 'string' && body.length > LONGEST_AT_ONCE;
}

function packedAtOnce(body: SqlValue): PackedBody {
  if (body instanceof Uint8Array) return body;
  if (typeof body !== 'string') return null;
  return isShort(body) ? body.toWellFormed() : Bun.zstdCompressSync(body, { level: SHORT_LEVEL });
}

/** Not every database can keep NUL in text, and UTF-8 has no half of a surrogate pair. */
function isShort(body: string): boolean {
  return body.length < SHORTEST_PACKED && !body.includes('\0');
}

async function packRow(values: RowValues, taken?: BinariesOfRows): Promise<PackedRow> {
  const parts = taken?.get(String(values[REQUEST_ID])) ?? NO_PARTS;
  const { columns, bodies } = partsOf(values);
  const [requestBody = null, responseBody = null] = bodies;
  const binaries: StoredBinary[] = [];
  const pack = (body: SqlValue, of: BinaryPart['of']) =>
    packBody(
      body,
      parts.filter((part) => part.of === of),
      binaries,
    );
  const [request, response] = await Promise.all([
    pack(requestBody, 'request'),
    pack(responseBody, 'response'),
  ]);
  return { columns, request, response, binaries };
}

async function packBody(
  body: SqlValue,
  parts: readonly BinaryPart[],
  binaries: StoredBinary[],
): Promise<PackedBody> {
  if (body instanceof Uint8Array) return body;
  if (typeof body !== 'string') return null;
  // Short bodies are not searched for references.
  if (isShort(body) && parts.length === 0) return body.toWellFormed();
  const text = putBack(body, parts, ({ mediaType, content }) => {
    const hash = new Bun.CryptoHasher('sha256').update(content).digest('hex');
    const reference = { hash, mediaType, bytes: content.length };
    if (content.length <= MAX_BINARY_BYTES) binaries.push({ ...reference, content });
    return writeReference(reference);
  });
  return packText(text);
}

/** A body without binary parts, truncated, as Zstandard of UTF-8. Another thread packs it. */
export function packText(body: string): Promise<Uint8Array> {
  return Bun.zstdCompress(cutBody(body));
}

export const BODY_COLUMNS = 'request_body, response_body, request_zstd, response_zstd';

/** Both bodies in the order of `BODY_COLUMNS`; undefined where there is none. */
export function bodyValues({ request, response }: PackedRow) {
  if (request === null && response === null) return undefined;
  return [textOf(request), textOf(response), bytesOf(request), bytesOf(response)] as const;
}

function textOf(body: PackedBody): string | null {
  return typeof body === 'string' ? body : null;
}

function bytesOf(body: PackedBody): Uint8Array | null {
  return typeof body === 'string' ? null : body;
}

/** The row with its bodies as text; binary parts are restored where `contentOf` is given and has them. */
export async function withBodies(
  row: SqlRow,
  contentOf?: (hash: string) => Promise<Uint8Array | undefined>,
): Promise<SqlRow> {
  const [request_body, response_body] = await Promise.all([
    unpack(row.request_zstd, row.request_body, contentOf),
    unpack(row.response_zstd, row.response_body, contentOf),
  ]);
  return { ...row, request_body, response_body };
}

async function unpack(
  packed: Uint8Array | null | undefined,
  plain: string | null | undefined,
  contentOf?: (hash: string) => Promise<Uint8Array | undefined>,
): Promise<string | null> {
  if (packed == null) return plain ?? null;
  let text = (await Bun.zstdDecompress(packed)).toString('utf8');
  if (contentOf === undefined) return text;
  const places = Map.groupBy(findReferences(text), (reference) => reference.text);
  for (const [reference, same] of places) {
    const content = await contentOf(same[0]?.hash ?? '');
    if (content === undefined) continue;
    const base64 = Buffer.from(content).toString('base64');
    if (text.length + same.length * base64.length > LONGEST_RESTORED) continue;
    text = text.replaceAll(reference, base64);
  }
  return text;
}
