// Opens a connection until requests may be sent over it: dialling, a proxy's tunnel, TLS.
import type { Socket, SocketHandler } from 'bun';
import { ProxyFailure } from '../../upstream/proxy-failure.ts';
import type { TlsIdentity } from '../../upstream/transport.ts';
import type { Addresses } from './addresses.ts';
import type { Connection, ConnectionOpening } from './connection.ts';
import { dial } from './dial.ts';
import type { HttpProxy } from './proxies.ts';
import { tlsOptions } from './tls-options.ts';
import { openTunnel } from './tunnel.ts';
import { codeOf } from '../../model/thrown.ts';

export interface OriginAddress {
  /** Scheme, host and port, for messages. */
  origin: string;
  /** For the `host` field. */
  host: string;
  hostname: string;
  port: number;
  secure: boolean;
  /** The proxy through which it is reached; null: none. */
  proxy: HttpProxy | null;
  /** The client certificate; left out: none is shown. */
  identity?: TlsIdentity | undefined;
}

/** Why a connection is not established in time: the server is silent, the name server is, or the server is once TLS has begun. */
export type Lateness = 'late' | 'unresolved' | 'unencrypted';

/** Called when a connection is established (undefined), with why it is late, or with the network's error. */
export type Opened = (problem: undefined | Lateness | Error) => void;

export interface OpeningOptions {
  address: OriginAddress;
  /** The proxy's addresses, if there is one. */
  addresses: Addresses;
  setTimer(callback: () => void, ms: number): () => void;
  connectMs: number;
  verifiesServers: boolean;
  opened: Opened;
}

/** An IPv6 address, or an IPv4 address in the form to which URLs normalize it. */
const ADDRESS = /:|^\d+(\.\d+){3}$/;

/** Calls `opened` once, unless the connection is closed before that. */
export function open(connection: Connection, options: OpeningOptions): void {
  connection.opening = new Opening(connection, options);
}

class Opening implements ConnectionOpening {
  private readonly connection: Connection;
  private readonly address: OriginAddress;
  private readonly verifiesServers: boolean;
  /** Null once it is over. */
  private opened: Opened | null;
  private readonly addresses: Addresses;
  /** The address that accepted the connection. */
  private reachedAt: string | null = null;
  private readonly stopTimer: () => void;
  private readonly stopDial: () => void;

  constructor(connection: Connection, { address, verifiesServers, opened, ...options }: OpeningOptions) {
    this.connection = connection;
    this.address = address;
    this.verifiesServers = verifiesServers;
    this.opened = opened;
    const { addresses } = options;
    this.addresses = addresses;
    const isToBeFound = addresses.known === null;
    this.stopTimer = options.setTimer(
      () => this.fail(isToBeFound && addresses.isBeingFound ? 'unresolved' : this.lateness()),
      options.connectMs,
    );
    this.stopDial = dial({
      addresses,
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

  // Nothing is sent before the server has proved its identity.
  shaken(success: boolean, error: Error | null): void {
    // Even where servers are not verified, Bun reports a wrong name as a failed handshake.
    const stands = success || (!this.verifiesServers && isVerdict(error));
    if (stands) this.succeed();
    else this.fail(error ?? new Error('the TLS handshake failed'));
  }

  closed(error: Error | undefined): void {
    this.fail(error ?? new Error('the server closed the connection'));
  }

  private lateness(): Lateness {
    return this.reachedAt === null ? 'late' : 'unencrypted';
  }

  private succeed(): void {
    const { opened } = this;
    this.end();
    opened?.(undefined);
  }

  private fail(problem: Lateness | Error): void {
    const { opened, addresses, reachedAt } = this;
    this.end();
    if (reachedAt !== null) addresses.doubt(reachedAt);
    // The name may have moved, or this machine to another network.
    else if (problem === 'late') addresses.forget();
    opened?.(problem);
    this.connection.destroy();
  }

  /** It failed before the server itself was reached. */
  private failBefore(problem: number | Error): void {
    const { proxy } = this.address;
    if (proxy !== null) this.fail(new ProxyFailure(proxy, problem));
    else this.fail(typeof problem === 'number' ? new Error(`status ${problem}`) : problem);
  }

  /** The server, or the proxy in front of it, has been reached. */
  private reached(socket: Socket<Connection>): void {
    const { secure, proxy, hostname, port } = this.address;
    this.connection.opened(socket);
    // The proxy's address works, whatever the server behind it does.
    if (proxy === null) this.reachedAt = socket.remoteAddress;
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
    // The plain socket's handlers must not see the encrypted bytes.
    socket.reload({ socket: { drain() {} } });
    const options = { data: this.connection, tls: this.tlsOptions(), socket: HANDLERS };
    const [, encrypted] = socket.upgradeTLS(options);
    this.connection.opened(encrypted);
  }

  /** If given a name to check the certificate against, Bun verifies both the name and the chain, as its own fetch does. */
  private tlsOptions() {
    const { hostname, proxy, identity } = this.address;
    // An address must not be sent as server name (RFC 6066, section 3). Without a name Bun checks the certificate against the address of
    // the connection's other end: the server's own or, with a proxy, the proxy's.
    const serverName = proxy === null && ADDRESS.test(hostname) ? '' : hostname;
    return {
      serverName,
      ...(identity !== undefined && tlsOptions(identity)),
      ...(!this.verifiesServers && { rejectUnauthorized: false }),
    };
  }
}

/** Shared by all connections, so that an open one keeps nothing of its opening in memory. */
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

/** Whether an error concerns the certificate (`CERT_HAS_EXPIRED`) rather than the connection (`EPROTO`). */
function isVerdict(error: Error | null): boolean {
  return codeOf(error)?.includes('_') === true;
}
