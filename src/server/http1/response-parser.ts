// Bytes of a connection → answers: HTTP/1.1 responses, framed as in RFC 9112. Knows no sockets.
import type { HeaderList } from '../../model/header-list.ts';
import { checkBeginning, endOfHead, MalformedAnswer, readHead } from './response-head.ts';

/** Called with what is read from the connection, in order of arrival. */
export interface AnswerHandler {
  head(status: number, headers: HeaderList): void;
  /** A part of the body, without its framing. */
  chunk(bytes: Uint8Array): void;
  /** The answer is complete. */
  end(): void;
}

/** Limit, in bytes, of a head, and of the trailers. */
const MAX_HEAD = 64 * 1024;
/** Limit, in bytes, of a chunk's extensions, which follow its size on the same line and are not used. */
const MAX_CHUNK_LINE = 1024;
/** Limit of the hexadecimal digits of a chunk's size: 16 TB. */
const MAX_CHUNK_DIGITS = 11;

/** Proxies that forward a server's field beside their own repeat it, although the body is chunked only once. */
const CHUNKED = /^chunked(, chunked)?$/i;
const CHUNKED_ONCE = 'chunked'.length;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;

const NO_BYTES: Buffer = Buffer.alloc(0);
/** Initial size, in bytes, of the buffer for a head that comes in pieces. */
const SMALLEST_PENDING = 1024;

type State =
  | 'idle'
  | 'head'
  | 'fixed'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'complete';

export class ResponseParser {
  private readonly handler: AnswerHandler;
  private state: State = 'idle';
  private asked = 'GET';
  /** An incomplete head: the first `pendingSize` bytes of a growing buffer. */
  private pending = NO_BYTES;
  private pendingSize = 0;
  /** How many bytes of the body, or of the chunk, are still to come. */
  private left = 0;
  private digits = 0;
  private lineLength = 0;
  /** Whether the connection can serve another request once this answer is complete. */
  private keepsOpen = false;
  /** How long, in milliseconds, the server says that it keeps an idle connection; null if it does not say. */
  keepAliveMs: number | null = null;

  constructor(handler: AnswerHandler) {
    this.handler = handler;
  }

  /** To be called when a request of this method was sent, whose answer comes next. */
  expect(method: string): void {
    this.state = 'head';
    this.asked = method;
  }

  /** Whether no answer is under way. */
  get isIdle(): boolean {
    return this.state === 'idle';
  }

  /** Whether the last answer is complete, and the connection may be used again. */
  get isReusable(): boolean {
    return this.state === 'idle' && this.keepsOpen;
  }

  /** Whether the server intends to keep the connection after the answer that is under way. */
  get staysOpen(): boolean {
    return this.keepsOpen;
  }

  /** Takes what arrived, and modifies it: the framing of chunks is removed in place. Throws MalformedAnswer. */
  push(bytes: Buffer): void {
    let from = 0;
    while (from < bytes.length) {
      switch (this.state) {
        case 'head': {
          const rest = this.readHead(bytes, from);
          if (rest === -1) return;
          from = rest;
          break;
        }
        case 'fixed': {
          const end = Math.min(bytes.length, from + this.left);
          this.left -= end - from;
          this.handler.chunk(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
          from = end;
          if (this.left === 0) this.finish();
          break;
        }
        case 'until-close':
          this.handler.chunk(from === 0 ? bytes : bytes.subarray(from));
          return;
        case 'idle':
          // Nobody asked for it: a server that sends more than its answer is not trusted with another request.
          this.keepsOpen = false;
          return;
        default:
          from = this.readChunks(bytes, from);
      }
    }
  }

  /** The server closed the connection. Returns false if an answer is incomplete. */
  close(): boolean {
    this.keepsOpen = false;
    // After the last chunk nothing of the body is missing. https://www.rfc-editor.org/rfc/rfc9112#section-8
    if (this.state !== 'until-close' && this.state !== 'trailers') return this.state === 'idle';
    this.finish();
    return true;
  }

  private finish(): void {
    this.state = 'idle';
    this.handler.end();
  }

  /** Returns where the head ended; -1 if it has not. */
  private readHead(bytes: Buffer, from: number): number {
    const before = this.pendingSize;
    if (before === 0) {
      const end = endOfHead(bytes, from);
      checkLength((end === -1 ? bytes.length : end) - from);
      if (end === -1) {
        this.hold(bytes, from);
        checkBeginning(this.pending.subarray(0, this.pendingSize));
      } else this.takeHead(bytes.toString('latin1', from, end));
      return end;
    }
    this.hold(bytes, from);
    // The search resumes where the previous piece could have begun the head's end.
    const held = this.pending.subarray(0, this.pendingSize);
    const end = endOfHead(held, Math.max(0, before - 2));
    checkLength(end === -1 ? held.length : end);
    if (end === -1) {
      checkBeginning(held);
      return -1;
    }
    this.pending = NO_BYTES;
    this.pendingSize = 0;
    this.takeHead(held.toString('latin1', 0, end));
    return from + end - before;
  }

  /** The buffer doubles, so that a head that arrives byte by byte is not copied for each byte. */
  private hold(bytes: Buffer, from: number): void {
    const size = this.pendingSize + bytes.length - from;
    if (size > this.pending.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * this.pending.length, SMALLEST_PENDING));
      this.pending.copy(larger, 0, 0, this.pendingSize);
      this.pending = larger;
    }
    bytes.copy(this.pending, this.pendingSize, from);
    this.pendingSize = size;
  }

  private takeHead(text: string): void {
    const { status, isCurrent, headers } = readHead(text);
    if (status < 200) {
      if (status === 101)
        throw new MalformedAnswer('the server switched to another protocol (101) without being asked');
      return;
    }
    this.frame(status, isCurrent, headers);
    this.handler.head(status, headers);
    if (this.state === 'fixed' && this.left === 0) this.finish();
  }

  /** How long the body is. https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
  private frame(status: number, isCurrent: boolean, headers: HeaderList): void {
    const connection = headers.get('connection')?.toLowerCase() ?? '';
    this.keepsOpen = isCurrent ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
    const seconds = /\btimeout=(\d{1,6})\b/i.exec(headers.get('keep-alive') ?? '')?.[1];
    this.keepAliveMs = seconds === undefined ? null : Number(seconds) * 1000;
    const encoding = codingOf(headers);
    const length = headers.get('content-length');
    if (status === 204 || status === 304 || this.asked === 'HEAD') {
      this.state = 'fixed';
    } else if (encoding !== null) {
      if (!CHUNKED.test(encoding))
        throw new MalformedAnswer(`transfer-encoding: ${encoding.slice(0, 40)} is not supported`);
      // The end of the body is declared twice, or by HTTP/1.0, so the connection is not trusted beyond this answer.
      if (length !== null || !isCurrent || encoding.length > CHUNKED_ONCE) this.keepsOpen = false;
      this.state = 'chunk-size';
      this.digits = 0;
    } else if (length !== null) {
      this.state = 'fixed';
      this.left = readLength(length);
    } else {
      this.state = 'until-close';
      this.keepsOpen = false;
    }
  }

  /**
   * Many chunks may arrive at once: their data is moved together and passed on as one piece, so that the reader is called once per arrival.
   * Returns where it stopped.
   */
  private readChunks(bytes: Buffer, from: number): number {
    let at = from;
    let begin = -1;
    let filled = 0;
    try {
      while (at < bytes.length) {
        if (this.state === 'chunk-data') {
          const end = Math.min(bytes.length, at + this.left);
          this.left -= end - at;
          if (begin === -1) {
            begin = at;
            filled = end;
          } else {
            bytes.copyWithin(filled, at, end);
            filled += end - at;
          }
          at = end;
          if (this.left === 0) this.state = 'chunk-end';
        } else if (this.state === 'trailers') {
          at = this.skipTrailers(bytes, at);
        } else if (this.state === 'complete') {
          break;
        } else {
          this.readFraming(bytes[at] ?? 0);
          at++;
        }
      }
    } finally {
      if (begin !== -1) this.handler.chunk(bytes.subarray(begin, filled));
    }
    if (this.state === 'complete') this.finish();
    return at;
  }

  /** Takes one byte of the framing between the data of two chunks. */
  private readFraming(byte: number): void {
    switch (this.state) {
      case 'chunk-size': {
        const value = hexadecimal(byte);
        if (value !== -1) {
          this.digits++;
          if (this.digits > MAX_CHUNK_DIGITS) throw new MalformedAnswer('a chunk is declared too long');
          this.left = this.left * 16 + value;
          return;
        }
        if (this.digits === 0) throw new MalformedAnswer('a chunk has no size');
        if (byte === LF) {
          this.beginChunk();
          return;
        }
        if (byte !== SEMICOLON && byte !== SPACE && byte !== TAB && byte !== CR)
          throw new MalformedAnswer('the size of a chunk is not a number');
        this.state = 'chunk-extension';
        return;
      }
      case 'chunk-extension':
        this.lineLength++;
        if (this.lineLength > MAX_CHUNK_LINE)
          throw new MalformedAnswer('a chunk begins with a line that is too long');
        if (byte === LF) this.beginChunk();
        return;
      case 'chunk-end':
        // Exactly CR LF is accepted: otherwise a chunk that is declared two bytes too short would pass.
        if (byte === CR && this.lineLength === 0) {
          this.lineLength = 1;
          return;
        }
        if (byte !== LF || this.lineLength === 0)
          throw new MalformedAnswer('a chunk is longer than its declared size');
        this.state = 'chunk-size';
        this.digits = 0;
        this.lineLength = 0;
    }
  }

  private beginChunk(): void {
    this.state = this.left === 0 ? 'trailers' : 'chunk-data';
    this.lineLength = 0;
  }

  /** Skips the trailers, which are not used. Returns where they ended. */
  private skipTrailers(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at];
      this.digits++;
      if (this.digits > MAX_HEAD) throw new MalformedAnswer(`trailers are longer than ${MAX_HEAD} bytes`);
      if (byte === LF) {
        if (this.lineLength === 0) {
          this.state = 'complete';
          return at + 1;
        }
        this.lineLength = 0;
      } else if (byte !== CR) this.lineLength++;
    }
    return bytes.length;
  }
}

function checkLength(size: number): void {
  if (size > MAX_HEAD) throw new MalformedAnswer(`the head of the answer is longer than ${MAX_HEAD} bytes`);
}

/** Null: none. `identity`, from the first edition of HTTP/1.1, is sent by servers that want their streams unchunked. */
function codingOf(headers: HeaderList): string | null {
  const coding = headers.get('transfer-encoding');
  return coding?.toLowerCase() === 'identity' ? null : coding;
}

/** If it is repeated, all values must agree. */
function readLength(text: string): number {
  const [first = '', ...others] = text.split(',').map((part) => part.trim());
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first))
    throw new MalformedAnswer(`content-length: ${text.slice(0, 40)} is not a length`);
  return Number(first);
}

function hexadecimal(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
