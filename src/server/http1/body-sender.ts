// Sends the body of a request that comes in pieces, at the server's pace. https://www.rfc-editor.org/rfc/rfc9112#section-7.1
import type { StreamedBody } from '../../upstream/transport.ts';
import { asError } from '../../model/thrown.ts';

/** The connection over which the body goes. */
export interface BodyWay {
  write(bytes: Uint8Array): void;
  /** Whether everything that was written has been taken. */
  readonly hasRoom: boolean;
  /** The whole body has been taken. */
  sent(): void;
  /** The body does not come to its end. */
  broken(error: Error): void;
}

/** The source gave more or fewer bytes than announced: the server would take what follows for another request. */
class WrongLength extends Error {
  override readonly name = 'WrongLength';
  readonly code = 'INVALID_REQUEST';
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n');

export class BodySender {
  private readonly body: StreamedBody;
  private readonly way: BodyWay;
  private isOver = false;
  /** Resolves the wait for room. */
  private continue: (() => void) | null = null;

  constructor(body: StreamedBody, way: BodyWay) {
    this.body = body;
    this.way = way;
  }

  /** Returns at once; never throws. */
  start(): void {
    this.send().catch((thrown: unknown) => {
      if (this.isOver) return;
      this.stop();
      this.way.broken(asError(thrown));
    });
  }

  /** To be called when the connection has room again. */
  drained(): void {
    this.continue?.();
    this.continue = null;
  }

  /** Sends nothing more. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.drained();
    this.body.cancel();
  }

  private async send(): Promise<void> {
    const { body, way } = this;
    const { length } = body;
    let size = 0;
    while (!this.isOver) {
      if (!way.hasRoom) await this.room();
      if (this.isOver) return;
      const piece = await body.next();
      if (this.isOver) return;
      if (piece === null) break;
      if (piece.length === 0) continue;
      size += piece.length;
      if (length === null) way.write(chunkOf(piece));
      else if (size > length) throw new WrongLength(`a body of ${length} bytes is longer`);
      else way.write(piece);
    }
    if (length === null) way.write(LAST_CHUNK);
    else if (size < length) throw new WrongLength(`a body of ${length} bytes ended after ${size}`);
    if (!way.hasRoom) await this.room();
    if (this.isOver) return;
    this.isOver = true;
    way.sent();
  }

  private room(): Promise<void> {
    return new Promise((resolve) => {
      this.continue = resolve;
    });
  }
}

/** In one piece, since each write is a system call. */
function chunkOf(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF]);
}

const CRLF = Buffer.from('\r\n');
