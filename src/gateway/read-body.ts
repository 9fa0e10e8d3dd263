// Reads the bytes of a client's request, within their limit and unpacked.
import { GatewayError } from '../model/errors.ts';
import type { HeaderReader } from '../model/headers.ts';

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** By their names in `content-encoding`, which some clients pack large conversations with. */
const FORMATS = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'brotli',
  zstd: 'zstd',
} as const;

interface Packing {
  /** As the client names it. */
  encoding: string;
  format: (typeof FORMATS)[keyof typeof FORMATS];
}

/**
 * The body as text, unpacked. Throws `too_large` past `maxBody` bytes, packed or not, a 415 for a body that is no JSON or
 * packed in a way that is not known, and `invalid_request` for one that is not what it says or not UTF-8: text put in place
 * of such bytes would reach the provider changed.
 *
 * @param headers the request's own, where a look is no call out of JavaScript.
 */
export async function readBody(request: Request, headers: HeaderReader, maxBody: number): Promise<string> {
  const type = headers.get('content-type');
  if (type !== null && !/^application\/([\w.-]+\+)?json\b/i.test(type)) {
    throw new GatewayError(
      'invalid_request',
      `content-type is ${JSON.stringify(type)}; send "content-type: application/json"`,
      { status: 415 },
    );
  }
  const packing = packingOf(headers);
  const declared = Number(headers.get('content-length') ?? Number.NaN);
  if (declared > maxBody) throw tooLarge(maxBody);
  const bytes = declared <= maxBody ? await request.bytes() : await readBounded(request.body, maxBody);
  if (bytes.length > maxBody) throw tooLarge(maxBody);
  const plain = packing === null || bytes.length === 0 ? bytes : await unpack(bytes, packing, maxBody);
  try {
    return strictDecoder.decode(plain);
  } catch {
    throw new GatewayError('invalid_request', 'the body is not UTF-8 text; send one JSON object in UTF-8');
  }
}

/** Null: as it is. Throws a 415. */
function packingOf(headers: HeaderReader): Packing | null {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return null;
  if (isKnown(encoding)) return { encoding, format: FORMATS[encoding] };
  throw new GatewayError(
    'invalid_request',
    `content-encoding is ${JSON.stringify(encoding)}; send the body packed once, as one of ${Object.keys(FORMATS).join(', ')}, or uncompressed`,
    { status: 415 },
  );
}

function isKnown(encoding: string): encoding is keyof typeof FORMATS {
  return Object.hasOwn(FORMATS, encoding);
}

/** Never more than `maxBody` bytes of it: a small body may hold a thousand times itself. */
async function unpack(
  bytes: Uint8Array<ArrayBuffer>,
  { encoding, format }: Packing,
  maxBody: number,
): Promise<Uint8Array> {
  try {
    // The types of the web do not know all of them yet.
    const unpacking = new DecompressionStream(format as CompressionFormat);
    const plain = new Blob([bytes]).stream().pipeThrough(unpacking);
    return await readBounded(plain, maxBody);
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw new GatewayError(
      'invalid_request',
      `the body is not whole ${encoding}, which its content-encoding says it is; pack it again, or send it uncompressed`,
    );
  }
}

async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBody) throw tooLarge(maxBody);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

function tooLarge(maxBody: number): GatewayError {
  return new GatewayError(
    'too_large',
    `the body is larger than server.max_body (${maxBody} bytes); send less or raise it`,
  );
}
