// Decompresses answers (content-encoding), passing on each piece as soon as possible.
import type { AnswerBody, BodyReader, UpstreamAnswer } from '../../upstream/transport.ts';
import { HeaderList } from '../../model/header-list.ts';
import { zlib } from '../node-modules.ts';
import { codeOf } from '../../model/thrown.ts';

type Unpacker = ReturnType<ReturnType<typeof zlib>['createGunzip']>;

/** Each is given the first byte of the compressed body. */
const UNPACKERS = {
  gzip: () => zlib().createGunzip(),
  'x-gzip': () => zlib().createGunzip(),
  // Some servers omit zlib's wrapper, whose first byte has the method, 8, in its lower half.
  deflate: (first: number) => ((first & 15) === 8 ? zlib().createInflate() : zlib().createInflateRaw()),
  br: () => zlib().createBrotliDecompress(),
  // The runtime does not report a truncated zstd body, but the reader finds the text incomplete.
  zstd: () => zlib().createZstdDecompress(),
} satisfies Record<string, (first: number) => Unpacker>;

/**
 * Values that mean an uncompressed body. Besides HTTP's own: `none`, with which servers keep proxies from compressing a stream, and values
 * that belong in other fields.
 */
const NO_PACKING: ReadonlySet<string> = new Set(['', 'identity', 'none', 'utf-8', 'chunked']);

/** The body is compressed in an unknown way, or not as the server says, or was corrupted on its way. */
class BrokenEncoding extends Error {
  override readonly name = 'BrokenEncoding';
  readonly code = 'BROKEN_CONTENT_ENCODING';
}

/** The runtime's code for valid data that is truncated. */
const CUT_SHORT = 'Z_BUF_ERROR';

function unpackingError(encoding: string, error: Error): Error {
  if (codeOf(error) === CUT_SHORT) return error;
  return new BrokenEncoding(
    `the answer is not valid ${encoding}, as its content-encoding claims: ${error.message}`,
    {
      cause: error,
    },
  );
}

/** The answer as if it had not been compressed. If that is impossible, its status is kept and its body fails. */
export function unpacked(answer: UpstreamAnswer): UpstreamAnswer {
  const encoding = answer.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (NO_PACKING.has(encoding)) return answer;
  const headers = new HeaderList();
  answer.headers.forEach((value, name) => {
    if (name !== 'content-encoding' && name !== 'content-length') headers.append(name, value);
  });
  return { status: answer.status, headers, body: new UnpackedBody(answer.body, encoding) };
}

function isKnown(encoding: string): encoding is keyof typeof UNPACKERS {
  return Object.hasOwn(UNPACKERS, encoding);
}

class UnpackedBody implements AnswerBody {
  private readonly packed: AnswerBody;
  private readonly encoding: string;
  /** Null before the first byte, since an answer without a body may claim to be compressed. */
  private unpacker: Unpacker | null = null;
  private reader: BodyReader | null = null;
  private isPaused = false;
  private isUnpacked = false;
  private isPackedOver = false;
  /** Why the compressed body failed. */
  private failure: Error | null = null;
  /** What will be reported to the reader when it resumes. */
  private ending: 'end' | Error | null = null;

  constructor(packed: AnswerBody, encoding: string) {
    this.packed = packed;
    this.encoding = encoding;
  }

  read(reader: BodyReader): void {
    this.reader = reader;
    this.packed.read({
      chunk: (bytes) => {
        // The compressed data may end before the body that carries it.
        if (this.isUnpacked) return;
        const { encoding } = this;
        if (!isKnown(encoding)) {
          const what = `the answer's content-encoding ${encoding.slice(0, 40)} is not supported`;
          this.over(new BrokenEncoding(what));
          return;
        }
        this.unpacker ??= this.start(encoding, bytes[0] ?? 0);
        if (!this.unpacker.write(bytes)) this.packed.pause();
      },
      end: () => this.packedEnded(),
      failed: (error) => {
        this.failure = error;
        this.packedEnded();
      },
    });
  }

  pause(): void {
    this.isPaused = true;
    (this.unpacker ?? this.packed).pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.ending !== null) this.over(this.ending);
    else (this.unpacker ?? this.packed).resume();
  }

  cancel(): void {
    this.reader = null;
    this.packed.cancel();
    this.unpacker?.destroy();
  }

  private start(encoding: keyof typeof UNPACKERS, first: number): Unpacker {
    const unpacker = UNPACKERS[encoding](first);
    unpacker.on('data', (bytes: Buffer) => this.reader?.chunk(bytes));
    unpacker.on('end', () => {
      this.isUnpacked = true;
      if (this.isPackedOver) this.over(this.failure ?? 'end');
    });
    unpacker.on('error', (error) => this.over(this.failure ?? unpackingError(encoding, error)));
    unpacker.on('drain', () => this.packed.resume());
    return unpacker;
  }

  /** Data that is still being decompressed is delivered before the end. */
  private packedEnded(): void {
    this.isPackedOver = true;
    if (this.unpacker === null || this.isUnpacked) this.over(this.failure ?? 'end');
    else this.unpacker.end();
  }

  private over(ending: 'end' | Error): void {
    this.ending = ending;
    const { reader } = this;
    if (this.isPaused || reader === null) return;
    this.reader = null;
    if (ending === 'end') {
      reader.end();
      return;
    }
    this.packed.cancel();
    this.unpacker?.destroy();
    reader.failed(ending);
  }
}
