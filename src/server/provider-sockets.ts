// WebSockets to providers, by the runtime's own client.
import { GatewayError } from '../model/errors.ts';
import {
  type ProviderSocket,
  type SocketMessageData,
  type SocketReader,
  SocketRefused,
  type SocketTransport,
} from '../upstream/socket-transport.ts';
import { setTimeLimit } from '../upstream/time-limit.ts';
import type { Proxies } from './http1/proxies.ts';
import { tlsOptions } from './http1/tls-options.ts';

/** The runtime's own socket, which has headers and can be paused. */
type PausableSocket = Bun.WebSocket;
const PausableSocket = WebSocket as unknown as new (
  url: string,
  options: Bun.WebSocketOptions,
) => PausableSocket;

/** How long a provider may take to answer the gateway's closing, and to read what was sent before it. */
const CLOSING_MS = 5_000;

export interface SocketTransportOptions {
  proxies: Pick<Proxies, 'of'>;
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
}

export function createSocketTransport(options: SocketTransportOptions): SocketTransport {
  const { proxies, setTimer } = options;
  return ({ url, headers, protocols, tls, connectMs, signal }) =>
    new Promise((resolve, reject) => {
      const sent: Record<string, string> = {};
      headers.forEach((value, name) => {
        sent[name] = value;
      });
      const proxy = proxies.of(new URL(url.replace(/^ws/, 'http')))?.address;
      const socket = new PausableSocket(url, {
        headers: sent,
        protocols: [...protocols],
        ...(proxy !== undefined && { proxy }),
        ...(tls !== undefined && { tls: tlsOptions(tls) }),
      });
      const abandon = (why: unknown) => {
        settle();
        reject(why);
        socket.terminate();
      };
      const leave = () => abandon(signal.reason);
      const stopTimer = setTimeLimit(options, () => abandon(tooSlow(connectMs)), connectMs);
      const settle = () => {
        stopTimer();
        signal.removeEventListener('abort', leave);
        socket.onopen = socket.onerror = null;
      };
      socket.onopen = () => {
        settle();
        resolve(new OpenSocket(socket, setTimer));
      };
      socket.onerror = (event) => {
        settle();
        reject(failureOf(event));
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
}

function tooSlow(connectMs: number): GatewayError {
  return new GatewayError(
    'upstream_timeout',
    `the WebSocket was not open after ${connectMs} ms (timeouts.connect)`,
  );
}

/** The runtime's reason, without its prefix. */
function wordsOf(event: Event): string {
  const { message = '' } = event as Event & { message?: string };
  return message.replace(/^WebSocket connection to '.*' failed: /, '');
}

/** The runtime states the status of a refusal only in words. */
function failureOf(event: Event): Error {
  const { message = '', error } = event as Event & { message?: string; error?: unknown };
  const status = /Expected 101 status code: (\d{3})/.exec(message)?.[1];
  if (status !== undefined) return new SocketRefused(Number(status));
  return error instanceof Error ? error : new Error(message);
}

class OpenSocket implements ProviderSocket {
  readonly protocol: string;
  private readonly socket: PausableSocket;
  private readonly setTimer: SocketTransportOptions['setTimer'];
  private reader: SocketReader | null = null;
  /** What came with the handshake, before there is a reader. */
  private early: SocketMessageData[] = [];
  private end: { code: number; reason: string } | null = null;
  /** What was wrong with what the provider sent. */
  private fault = '';
  private stopTimer: (() => void) | null = null;

  constructor(socket: PausableSocket, setTimer: SocketTransportOptions['setTimer']) {
    this.socket = socket;
    this.setTimer = setTimer;
    this.protocol = socket.protocol;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => this.arrived(data as string | ArrayBuffer);
    socket.addEventListener('ping', () => this.reader?.pinged());
    socket.addEventListener('pong', () => this.reader?.ponged());
    socket.onerror = (event) => {
      this.fault = wordsOf(event);
    };
    socket.onclose = ({ code, reason }) => this.ended(code, reason || this.fault);
    socket.pause();
  }

  read(reader: SocketReader): void {
    this.reader = reader;
    for (const data of this.early) reader.message(data);
    this.early = [];
    if (this.end !== null) reader.closed(this.end.code, this.end.reason);
    else this.socket.resume();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  send(data: SocketMessageData): void {
    // What the server reads from a client is never shared memory.
    this.socket.send(data as string | Uint8Array<ArrayBuffer>);
  }

  ping(): void {
    this.socket.ping();
  }

  unsent(): number {
    return this.socket.bufferedAmount;
  }

  close(code: number, reason: string): void {
    // A paused socket would not notice that the other side closes too.
    this.socket.resume();
    this.socket.close(code, reason);
    // The runtime would wait for the answer for ever, and hold everything that the provider has not read.
    if (this.end === null) this.stopTimer ??= this.setTimer(() => this.socket.terminate(), CLOSING_MS);
  }

  private arrived(data: string | ArrayBuffer): void {
    const message = typeof data === 'string' ? data : new Uint8Array(data);
    if (this.reader === null) this.early.push(message);
    else this.reader.message(message);
  }

  private ended(code: number, reason: string): void {
    this.end = { code, reason };
    this.stopTimer?.();
    this.reader?.closed(code, reason);
  }
}
