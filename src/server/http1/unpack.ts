// Answers whose body is packed (content-encoding): handed on unpacked, each piece as soon as it can be.
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { AnswerBody, BodyReader, UpstreamAnswer } from '../../upstream/transport.ts';
import { HeaderList } from './header-list.ts';

const UNPACKERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

type Unpacker = ReturnType<typeof createGunzip>;

/** The server packed its answer in a way that nobody asked for. */
export class UnknownEncoding extends Error {
  override readonly name = 'UnknownEncoding';
  readonly code = 'UNKNOWN_CONTENT_ENCODING';
}

/** The same answer as if it had not been packed. Throws UnknownEncoding. */
export function unpacked(answer: UpstreamAnswer): UpstreamAnswer {
  const encoding = answer.headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return answer;
  if (!isKnown(encoding)) {
    answer.body.cancel();
    throw new UnknownEncoding(`the answer is packed as ${encoding.slice(0, 40)}, which cannot be read`);
  }
  const headers = new HeaderList();
  answer.headers.forEach((value, name) => {
    if (name !== 'content-encoding' && name !== 'content-length') headers.append(name, value);
  });
  return { status: answer.status, headers, body: new UnpackedBody(answer.body, UNPACKERS[encoding]()) };
}

function isKnown(encoding: string): encoding is keyof typeof UNPACKERS {
  return Object.hasOwn(UNPACKERS, encoding);
}

class UnpackedBody implements AnswerBody {
  private readonly packed: AnswerBody;
  private readonly unpacker: Unpacker;
  private isOver = false;

  constructor(packed: AnswerBody, unpacker: Unpacker) {
    this.packed = packed;
    this.unpacker = unpacker;
  }

  read(reader: BodyReader): void {
    const { packed, unpacker } = this;
    const fail = (error: Error) => {
      if (this.isOver) return;
      this.cancel();
      reader.failed(error);
    };
    unpacker.on('data', (bytes: Buffer) => {
      if (!this.isOver) reader.chunk(bytes);
    });
    unpacker.on('end', () => {
      if (this.isOver) return;
      this.isOver = true;
      reader.end();
    });
    unpacker.on('error', fail);
    unpacker.on('drain', () => packed.resume());
    packed.read({
      chunk(bytes) {
        if (!unpacker.write(bytes)) packed.pause();
      },
      end: () => void unpacker.end(),
      failed: fail,
    });
  }

  pause(): void {
    this.unpacker.pause();
  }

  resume(): void {
    this.unpacker.resume();
  }

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.packed.cancel();
    this.unpacker.destroy();
  }
}
