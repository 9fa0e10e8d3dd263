// A provider's server on bare TCP or TLS that is sent uploads: it reads them at the test's pace, and tells what has come of each.
import type { Socket } from 'bun';
import type { Certificate } from './certificates.ts';

export interface UploadProvider {
  readonly url: string;
  readonly port: number;
  /** Requests whose head has come, in that order. */
  readonly received: readonly ReceivedUpload[];
  /** Resolves with the next request that nobody took yet, when its head has come. */
  accept(): Promise<ReceivedUpload>;
  /** Requests from now on are not read beyond their head until `resume`. */
  pausesNew: boolean;
  close(): void;
}

export class ReceivedUpload {
  /** `POST /v1/files HTTP/1.1`. */
  readonly line: string;
  readonly headers: Headers;
  /** Of the body, without the framing of chunks. */
  bytes = 0;
  /** The body came to its end. */
  isWhole = false;
  /** Which of the server's connections it came on, from 0. */
  readonly connection: number;
  readonly closed: Promise<void>;
  private readonly socket: Socket<UploadConnection>;
  private readonly hasher = new Bun.CryptoHasher('sha256');
  private waiting: (() => void)[] = [];

  constructor(head: string, connection: UploadConnection) {
    const [line = '', ...fields] = head.split('\r\n');
    this.line = line;
    this.headers = new Headers(fields.map((field): [string, string] => [nameOf(field), contentOf(field)]));
    this.connection = connection.place;
    this.closed = connection.closed;
    this.socket = connection.socket;
    this.closed.then(() => this.wake());
  }

  /** Of what has come of the body. */
  sha256(): string {
    return this.hasher.copy().digest('hex');
  }

  /** Resolves when `isSo`, or when the connection is over. */
  async until(isSo: () => boolean): Promise<void> {
    let isClosed = false;
    this.closed.then(() => {
      isClosed = true;
    });
    while (!isSo() && !isClosed) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  whole(): Promise<void> {
    return this.until(() => this.isWhole);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** @param fields `name: value`. */
  answer(status: string, body: string, ...fields: string[]): void {
    const head = [`HTTP/1.1 ${status}`, ...fields, `content-length: ${Buffer.byteLength(body)}`, '', ''];
    this.write(head.join('\r\n') + body);
  }

  write(text: string): void {
    this.socket.write(text);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.terminate();
  }

  // From the connection.

  take(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.hasher.update(bytes);
    this.wake();
  }

  over(): void {
    this.isWhole = true;
    this.wake();
  }

  private wake(): void {
    const woken = this.waiting;
    this.waiting = [];
    for (const resolve of woken) resolve();
  }
}

export function startUploadProvider(certificate?: Certificate): UploadProvider {
  const received: ReceivedUpload[] = [];
  const waiting: ((upload: ReceivedUpload) => void)[] = [];
  let taken = 0;
  let connections = 0;
  const listener = Bun.listen<UploadConnection>({
    hostname: '127.0.0.1',
    port: 0,
    ...(certificate && { tls: { cert: certificate.certificate, key: certificate.key } }),
    socket: {
      open(socket) {
        socket.data = new UploadConnection(socket, connections++, (upload) => {
          received.push(upload);
          if (provider.pausesNew) upload.pause();
          if (waiting.length > 0) waiting.shift()?.(received[taken++] ?? upload);
        });
      },
      data: (socket, bytes) => socket.data.data(bytes),
      end: (socket) => socket.data.close(),
      close: (socket) => socket.data.close(),
      error: (socket) => socket.data.close(),
    },
  });
  const provider: UploadProvider = {
    url: `${certificate ? 'https' : 'http'}://127.0.0.1:${listener.port}`,
    port: listener.port,
    received,
    pausesNew: false,
    async accept() {
      const next = received[taken];
      if (next === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return next;
    },
    close: () => listener.stop(true),
  };
  return provider;
}

class UploadConnection {
  readonly closed: Promise<void>;
  readonly close: () => void;
  private upload: ReceivedUpload | null = null;
  /** Of a head, or of the line before a chunk. */
  private text = '';
  /** Bytes to come, of the body or of the chunk with the line's end behind it; null: a line is read. */
  private left: number | null = null;
  private isChunked = false;
  private isLastChunk = false;
  readonly socket: Socket<UploadConnection>;
  readonly place: number;
  private readonly begun: (upload: ReceivedUpload) => void;

  constructor(socket: Socket<UploadConnection>, place: number, begun: (upload: ReceivedUpload) => void) {
    this.socket = socket;
    this.place = place;
    this.begun = begun;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.close = resolve;
  }

  data(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.left === null) at = this.line(bytes, at);
      else {
        const end = Math.min(bytes.length, at + this.left);
        const content = this.isChunked ? Math.min(end, at + Math.max(0, this.left - 2)) : end;
        if (content > at) this.upload?.take(bytes.subarray(at, content));
        this.left -= end - at;
        at = end;
        if (this.left > 0) continue;
        this.left = null;
        if (!this.isChunked || this.isLastChunk) this.whole();
      }
    }
  }

  /** Reads to the end of a head or of a chunk's line. Returns where it stopped. */
  private line(bytes: Buffer, from: number): number {
    const end = this.upload === null ? '\r\n\r\n' : '\r\n';
    const before = this.text.length;
    // A head or a line is short, and what follows is not looked at.
    this.text += bytes.toString('latin1', from, from + 64 * 1024);
    const place = this.text.indexOf(end);
    if (place === -1) return Math.min(bytes.length, from + 64 * 1024);
    const text = this.text.slice(0, place);
    this.text = '';
    if (this.upload === null) this.begin(text);
    else this.chunk(text);
    return from + place + end.length - before;
  }

  private begin(head: string): void {
    const upload = new ReceivedUpload(head, this);
    this.upload = upload;
    this.isChunked = upload.headers.get('transfer-encoding') === 'chunked';
    const length = Number(upload.headers.get('content-length') ?? 0);
    this.left = this.isChunked || length === 0 ? null : length;
    this.begun(upload);
    if (!this.isChunked && length === 0) this.whole();
  }

  private chunk(size: string): void {
    const length = Number.parseInt(size, 16);
    this.left = length + 2;
    // No trailers follow.
    this.isLastChunk = length === 0;
  }

  private whole(): void {
    this.upload?.over();
    this.upload = null;
  }
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':'));
}

function contentOf(field: string): string {
  return field.slice(field.indexOf(':') + 1).trim();
}
