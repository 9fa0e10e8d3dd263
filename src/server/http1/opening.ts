// From nothing to a connection over which requests may be sent: dialled, through a proxy's tunnel, behind TLS.
import type { Socket, SocketHandler } from 'bun';
import { ProxyFailure } from '../../upstream/proxy-failure.ts';
import type { Addresses } from './addresses.ts';
import type { Connection, ConnectionOpening } from './connection.ts';
import { dial } from './dial.ts';
import type { HttpProxy } from './proxies.ts';
import { openTunnel } from './tunnel.ts';

export interface OriginAddress {
  /** Scheme, host and port, for messages. */
  origin: string;
  /** For the `host` field. */
  host: string;
  hostname: string;
  port: number;
  secure: boolean;
  /** Who is asked in its place. */
  proxy: HttpProxy | null;
}

/** Tells that a connection stands (undefined), that it does not in time, or what the network said. */
export type Opened = (problem: undefined | 'late' | Error) => void;

export interface OpeningOptions {
  address: OriginAddress;
  /** Of the proxy where there is one. */
  addresses: Addresses;
  setTimer(callback: () => void, ms: number): () => void;
  connectMs: number;
  verifiesServers: boolean;
  opened: Opened;
}

/** Of IPv6, or of IPv4 as URLs write it in the end. */
const ADDRESS = /:|^\d+(\.\d+){3}$/;

/** Tells `opened` once, unless the connection is closed before. */
export function open(connection: Connection, options: OpeningOptions): void {
  connection.opening = new Opening(connection, options);
}

class Opening implements ConnectionOpening {
  private readonly connection: Connection;
  private readonly address: OriginAddress;
  private readonly verifiesServers: boolean;
  /** Null: it is over. */
  private opened: Opened | null;
  private readonly stopTimer: () => void;
  private readonly stopDial: () => void;

  constructor(connection: Connection, { address, verifiesServers, opened, ...options }: OpeningOptions) {
    this.connection = connection;
    this.address = address;
    this.verifiesServers = verifiesServers;
    this.opened = opened;
    this.stopTimer = options.setTimer(() => this.fail('late'), options.connectMs);
    this.stopDial = dial({
      addresses: options.addresses,
      port: (address.proxy ?? address).port,
      data: connection,
      setTimer: options.setTimer,
      opened: (socket) => this.reached(socket),
      failed: (error) => this.failBefore(error),
    });
  }

  end(): void {
    this.opened = null;
    this.connection.opening = null;
    this.stopTimer();
    this.stopDial();
  }

  // Nothing is sent before the server has shown who it is.
  shaken(success: boolean, error: Error | null): void {
    // Where nobody asks who it is, a wrong name is still told, as if the handshake had failed.
    const stands = success || (!this.verifiesServers && isVerdict(error));
    if (stands) this.succeed();
    else this.fail(error ?? new Error('the TLS handshake failed'));
  }

  closed(error: Error | undefined): void {
    this.fail(error ?? new Error('the server closed the connection'));
  }

  private succeed(): void {
    const { opened } = this;
    this.end();
    opened?.(undefined);
  }

  private fail(problem: 'late' | Error): void {
    const { opened } = this;
    this.end();
    opened?.(problem);
    this.connection.destroy();
  }

  /** Something came between before the server itself was reached. */
  private failBefore(problem: number | Error): void {
    const { proxy } = this.address;
    if (proxy !== null) this.fail(new ProxyFailure(proxy, problem));
    else this.fail(typeof problem === 'number' ? new Error(`status ${problem}`) : problem);
  }

  /** The server, or who stands before it. */
  private reached(socket: Socket<Connection>): void {
    const { secure, proxy, hostname, port } = this.address;
    this.connection.opened(socket);
    if (!secure) {
      socket.reload({ socket: HANDLERS });
      this.succeed();
    } else if (proxy === null) this.encrypt(socket);
    else
      openTunnel(socket, {
        authority: `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`,
        authorization: proxy.authorization,
        opened: () => this.encrypt(socket),
        failed: (problem) => this.failBefore(problem),
      });
  }

  private encrypt(socket: Socket<Connection>): void {
    if (this.opened === null) return;
    // What it was until now hears nothing of what is encrypted.
    socket.reload({ socket: { drain() {} } });
    const options = { data: this.connection, tls: this.tlsOptions(), socket: HANDLERS };
    const [, encrypted] = socket.upgradeTLS(options);
    this.connection.opened(encrypted);
  }

  /** With a name to hold the certificate against, Bun checks it and the chain as its own fetch does. */
  private tlsOptions() {
    const { hostname, proxy } = this.address;
    // An address is no name to ask for (RFC 6066, section 3). Without a name Bun holds the certificate against the address
    // of whom the connection leads to: the server's own, but behind a proxy the proxy's.
    const serverName = proxy === null && ADDRESS.test(hostname) ? '' : hostname;
    return this.verifiesServers ? { serverName } : { serverName, rejectUnauthorized: false };
  }
}

/** The same for all, so that an open connection holds nothing of how it was opened. */
const HANDLERS: SocketHandler<Connection> = {
  handshake: (socket, success, error) => socket.data.opening?.shaken(success, error),
  data: (socket, bytes) => socket.data.data(bytes),
  drain: (socket) => socket.data.drain(),
  end: (socket) => socket.data.ended(),
  close(socket, error) {
    const { opening } = socket.data;
    if (opening === null) socket.data.ended(error);
    else opening.closed(error);
  },
  error: (socket, error) => socket.data.ended(error),
};

/** It is about the certificate (`CERT_HAS_EXPIRED`), not about the connection (`EPROTO`). */
function isVerdict(error: Error | null): boolean {
  return error !== null && 'code' in error && typeof error.code === 'string' && error.code.includes('_');
}
