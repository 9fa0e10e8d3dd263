// Compresses answers for clients that accept it: each piece is flushed when it comes, so that no event waits for the next.
import { zlib } from './node-modules.ts';

/** Best first, for clients without a preference: zstd reaches the same size with the least CPU (`npm run bench:compression`). */
export const ENCODINGS = ['zstd', 'br', 'gzip'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Windows of 64 KB, since repetitions in an answer are close together, and each open stream has a window of its own. */
const WINDOW_BITS = 16;
const MAKE = {
  zstd() {
    const { constants, createZstdCompress } = zlib();
    return createZstdCompress({
      flush: constants.ZSTD_e_flush,
      params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: WINDOW_BITS },
    });
  },
  br() {
    const { constants, createBrotliCompress } = zlib();
    return createBrotliCompress({
      flush: constants.BROTLI_OPERATION_FLUSH,
      params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS },
    });
  },
  gzip() {
    const { constants, createGzip } = zlib();
    return createGzip({ level: 5, flush: constants.Z_SYNC_FLUSH });
  },
} as const satisfies Record<Encoding, () => unknown>;

/** In bytes: shorter answers are not worth it. */
const SHORTEST = 1_024;
const WORTH_IT = /^(text\/|application\/(json|problem\+json))/i;

/** By `accept-encoding` (RFC 9110, 12.5.3); undefined: no compression. */
export function chooseEncoding(accepted: string | null): Encoding | undefined {
  if (accepted === null) return undefined;
  const weights = new Map<string, number>();
  for (const entry of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name, Number(weight));
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  const wanted = ENCODINGS.filter((encoding) => weightOf(encoding) > 0);
  const best = wanted.sort((one, other) => weightOf(other) - weightOf(one))[0];
  // A client that prefers uncompressed bytes gives `identity` a weight.
  return best !== undefined && weightOf(best) >= (weights.get('identity') ?? 0) ? best : undefined;
}

/** The same answer in this encoding, if that is worth it. */
export function compress(response: Response, encoding: Encoding): Response {
  const { body, headers, status, statusText } = response;
  const length = Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  const type = headers.get('content-type') ?? '';
  if (body === null || headers.has('content-encoding') || length < SHORTEST || !WORTH_IT.test(type))
    return response;
  const changed = new Headers(headers);
  changed.delete('content-length');
  changed.set('content-encoding', encoding);
  changed.append('vary', 'accept-encoding');
  return new Response(compressStream(body, encoding), { status, statusText, headers: changed });
}

/** One piece comes out for each piece that goes in, and then the encoding's end. Cancelling the result cancels `body`. */
export function compressStream(
  body: ReadableStream<Uint8Array>,
  encoding: Encoding,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const compressor = MAKE[encoding]();
  let pieces: Uint8Array[] = [];
  compressor.on('data', (piece: Uint8Array) => pieces.push(piece));
  // Rejects the pull that waits. A single promise for all pulls would keep something of each of them for as long as the answer lasts.
  let fail = (_error: unknown) => {};
  compressor.on('error', (error) => fail(error));

  function take(): Uint8Array {
    const taken = Buffer.concat(pieces);
    pieces = [];
    return taken;
  }
  /** Resolves when the compressor has processed the piece or, without a piece, written the encoding's end. */
  const compressed = (piece: Uint8Array | undefined) =>
    new Promise<void>((resolve, reject) => {
      fail = reject;
      if (piece !== undefined) compressor.write(piece, () => resolve());
      else compressor.end(() => compressor.once('end', resolve));
    });

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        await compressed(done ? undefined : value);
        controller.enqueue(take());
        if (done) controller.close();
      },
      async cancel(reason) {
        compressor.destroy();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
