// Reads and decompresses the body of a client's request, within limits of size and silence.
import type { ServerConfig } from '../../config/resolved.ts';
import { GatewayError, outOfMemory } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { GatewayHost } from '../host.ts';
import { Pieces } from './pieces.ts';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** Formats by their names in `content-encoding`; some clients compress large conversations. */
const FORMATS = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'brotli',
  zstd: 'zstd',
} as const;

/** In bytes: such a body arrives in one piece or two, however slow the client is. */
const SHORT = 4 * 1024;

interface Packing {
  /** As the client names it. */
  encoding: string;
  format: (typeof FORMATS)[keyof typeof FORMATS];
}

export type BodyLimits = Pick<ServerConfig, 'maxBody' | 'bodyTimeoutMs'>;

/**
 * A JSON body as text. Throws what `readBytes` throws, a 415 for a body that is not JSON, and `invalid_request` for one that is not UTF-8,
 * since replacement characters would reach the provider.
 *
 * @param taken further content types that are accepted for JSON.
 */
export async function readBody(
  request: Request,
  headers: HeaderReader,
  limits: BodyLimits,
  setTimer: GatewayHost['setTimer'],
  taken: TakenTypes = {},
): Promise<string> {
  const type = headers.get('content-type');
  if (type !== null && !isJsonType(type) && !mayBe(type, taken, headers)) {
    throw new GatewayError(
      'invalid_request',
      `content-type is ${JSON.stringify(type)}; send "content-type: application/json"`,
      { status: 415 },
    );
  }
  const bytes = await readBytes(request, headers, limits, setTimer);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw new GatewayError('invalid_request', 'the body is not UTF-8 text; send one JSON object in UTF-8');
  }
}

export interface TakenTypes {
  one?: string | undefined;
  /** Accept any content type from programs: curl labels JSON as a form unless told otherwise. */
  any?: true | undefined;
}

function mayBe(type: string, { one, any }: TakenTypes, headers: HeaderReader): boolean {
  return type === one || (any === true && !isBrowser(headers));
}

/** A web page may send forms and plain text to any server without a preflight, but it cannot hide that a browser sends them. */
function isBrowser(headers: HeaderReader): boolean {
  return (
    headers.has('origin') ||
    headers.has('sec-fetch-site') ||
    (headers.get('user-agent') ?? '').startsWith('Mozilla/')
  );
}

export function isJsonType(type: string): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(type);
}

/**
 * The body, decompressed. Throws `too_large` past `maxBody` bytes, compressed or not, a 415 for an unknown encoding, and `invalid_request`
 * for a body that does not match its encoding. A client that falls silent midway gets a 408.
 *
 * @param headers a copy of the request's, which is faster to read.
 */
export async function readBytes(
  request: Request,
  headers: HeaderReader,
  { maxBody, bodyTimeoutMs }: BodyLimits,
  setTimer: GatewayHost['setTimer'],
): Promise<Uint8Array<ArrayBuffer>> {
  const packing = packingOf(headers);
  const declared = Number(headers.get('content-length') ?? Number.NaN);
  if (declared > maxBody) throw tooLarge(maxBody);
  const limited = <T>(piece: Promise<T>) => within(piece, bodyTimeoutMs, setTimer);
  // Reading it whole is cheaper, but hides whether the client is slow or has stopped. For a short body that does not matter.
  const bytes =
    declared <= Math.min(SHORT, maxBody)
      ? await limited(request.bytes())
      : await readBounded(request.body, { maxBody, declared, wait: limited });
  if (bytes.length > maxBody) throw tooLarge(maxBody);
  return packing === null || bytes.length === 0 ? bytes : await unpack(bytes, packing, maxBody);
}

/** Throws a 415. */
export function isCompressed(headers: HeaderReader): boolean {
  return packingOf(headers) !== null;
}

/** Null where it is not compressed. Throws a 415. */
function packingOf(headers: HeaderReader): Packing | null {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return null;
  if (isKnown(encoding)) return { encoding, format: FORMATS[encoding] };
  throw new GatewayError(
    'invalid_request',
    `content-encoding is ${JSON.stringify(encoding)}; send the body compressed once, as one of ${Object.keys(FORMATS).join(', ')}, or uncompressed`,
    { status: 415 },
  );
}

function isKnown(encoding: string): encoding is keyof typeof FORMATS {
  return Object.hasOwn(FORMATS, encoding);
}

/** Decompresses at most `maxBody` bytes: a small body may expand a thousandfold. */
async function unpack(
  bytes: Uint8Array<ArrayBuffer>,
  { encoding, format }: Packing,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // The DOM's types do not list all formats yet.
    const unpacking = new DecompressionStream(format as CompressionFormat);
    const plain = new Blob([bytes]).stream().pipeThrough(unpacking);
    return await readBounded(plain, { maxBody });
  } catch (thrown) {
    const known = thrown instanceof GatewayError ? thrown : outOfMemory(thrown);
    if (known !== undefined) throw known;
    throw new GatewayError(
      'invalid_request',
      `the body is not complete ${encoding}, as its content-encoding claims; compress it again, or send it uncompressed`,
    );
  }
}

interface Bounds {
  maxBody: number;
  /** How long the body says it is, in bytes; NaN or left out if it does not. */
  declared?: number;
  wait?: Limiter;
}

async function readBounded(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  { maxBody, declared, wait = (piece) => piece }: Bounds,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  const pieces = new Pieces(declared);
  try {
    for (;;) {
      const { done, value } = await wait(reader.read());
      if (done) break;
      pieces.add(value);
      if (pieces.size > maxBody) throw tooLarge(maxBody);
    }
  } catch (thrown) {
    // The rest is not wanted; if cancelling fails, the error that is thrown matters more.
    reader.cancel().catch(() => {});
    throw thrown;
  }
  return pieces.join();
}

/** Limits the wait for the next piece. */
type Limiter = <T>(piece: Promise<T>) => Promise<T>;

/** Rejects with a 408. */
export function within<T>(
  piece: Promise<T>,
  timeoutMs: number,
  setTimer: GatewayHost['setTimer'],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = setTimer(() => reject(fellSilent(timeoutMs)), timeoutMs);
    piece.then(
      (read) => {
        callOff();
        resolve(read);
      },
      (failure: unknown) => {
        callOff();
        reject(failure);
      },
    );
  });
}

function fellSilent(timeoutMs: number): GatewayError {
  return new GatewayError(
    'invalid_request',
    `the rest of the body did not come: nothing for ${timeoutMs / 1_000} s (server.body_timeout); send the request again`,
    { status: 408 },
  );
}

function tooLarge(maxBody: number): GatewayError {
  return new GatewayError(
    'too_large',
    `the body is larger than server.max_body (${maxBody} bytes); send less or raise it`,
  );
}
