// One server as connections see it: how to reach it, and those that stand open.
import type { Socket, SocketHandler } from 'bun';
import type { ConnectionLimits, PoolState } from '../../upstream/connections.ts';
import { Addresses } from './addresses.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { dial } from './dial.ts';

export interface OriginAddress {
  /** Scheme, host and port, for messages. */
  origin: string;
  /** For the `host` field. */
  host: string;
  hostname: string;
  port: number;
  secure: boolean;
}

interface Surroundings {
  monotonic(): number;
  setTimer(callback: () => void, ms: number): () => void;
  limits: () => ConnectionLimits;
  verifiesServers: boolean;
}

/** Of IPv6, or of IPv4 as URLs write it in the end. */
const ADDRESS = /:|^\d+(\.\d+){3}$/;
/** A server closes an idle connection about when it said: this much earlier it is not used any more. */
const CLOSING_MARGIN_MS = 1_000;
/** How often connections that were idle for too long are looked for. */
const SWEEP_MS = 5_000;

/** Tells that a connection stands (undefined), that it does not in time, or what the network said. */
type Dialled = (problem: undefined | 'late' | Error) => void;

export class Origin implements ConnectionOwner {
  readonly address: OriginAddress;
  private readonly surroundings: Surroundings;
  private readonly addresses: Addresses;
  /** The one used last is at the end, and is used next. */
  private idle: Connection[] = [];
  private readonly dialling = new Map<Connection, { told: Dialled; stopTimer: () => void }>();
  private open = 0;
  private opened = 0;
  private reused = 0;
  private stopSweep: (() => void) | undefined;

  constructor(address: OriginAddress, surroundings: Surroundings) {
    this.address = address;
    this.surroundings = surroundings;
    this.addresses = new Addresses(address.hostname, surroundings.monotonic);
  }

  get limits(): ConnectionLimits {
    return this.surroundings.limits();
  }

  /** An open connection that nobody uses. */
  take(): Connection | undefined {
    const now = this.idle.length === 0 ? 0 : this.surroundings.monotonic();
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (connection.usableUntil > now) {
        this.reused++;
        connection.takenAt = now;
        return connection;
      }
      connection.destroy();
    }
    return undefined;
  }

  monotonic(): number {
    return this.surroundings.monotonic();
  }

  /** Opens a connection. */
  dial(connectMs: number, told: Dialled): Connection {
    const connection = new Connection(this);
    this.open++;
    this.opened++;
    const stopTimer = this.surroundings.setTimer(() => {
      this.settle(connection, 'late');
      connection.destroy();
    }, connectMs);
    this.dialling.set(connection, { told, stopTimer });
    connection.callOff = dial({
      addresses: this.addresses,
      port: this.address.port,
      data: connection,
      setTimer: this.surroundings.setTimer,
      opened: (socket) => this.stands(connection, socket),
      failed: (error) => this.refused(connection, error),
    });
    return connection;
  }

  free(connection: Connection, keepAliveMs: number | null): void {
    const { keepAliveMs: longest, maxIdle } = this.limits;
    const said = keepAliveMs === null ? longest : keepAliveMs - CLOSING_MARGIN_MS;
    const ms = Math.min(longest, said);
    if (ms <= 0 || this.idle.length >= maxIdle) {
      connection.destroy();
      return;
    }
    connection.usableUntil = this.surroundings.monotonic() + ms;
    this.idle.push(connection);
    this.stopSweep ??= this.surroundings.setTimer(this.sweep, SWEEP_MS);
  }

  gone(connection: Connection): void {
    this.open--;
    const at = this.idle.lastIndexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
    this.dialled(connection);
  }

  state(): PoolState {
    const { address, idle, open, opened, reused } = this;
    return { origin: address.origin, active: open - idle.length, idle: idle.length, opened, reused };
  }

  close(): void {
    this.stopSweep?.();
    this.stopSweep = undefined;
    for (const connection of [...this.idle]) connection.destroy();
  }

  private readonly sweep = () => {
    this.stopSweep = undefined;
    const now = this.surroundings.monotonic();
    for (const connection of this.idle.filter(({ usableUntil }) => usableUntil <= now)) connection.destroy();
    if (this.idle.length > 0) this.stopSweep = this.surroundings.setTimer(this.sweep, SWEEP_MS);
  };

  private settle(connection: Connection, problem: undefined | 'late' | Error): void {
    this.dialled(connection)?.told(problem);
  }

  /** It is not waited for any more. */
  private dialled(connection: Connection) {
    const dialling = this.dialling.get(connection);
    if (dialling === undefined) return undefined;
    dialling.stopTimer();
    this.dialling.delete(connection);
    return dialling;
  }

  /** The server, or who stands before it, has been reached. */
  private stands(connection: Connection, socket: Socket<Connection>): void {
    if (this.address.secure) {
      // What it was until now hears nothing of what is encrypted.
      socket.reload({ socket: { drain() {} } });
      const [, encrypted] = socket.upgradeTLS({
        data: connection,
        tls: this.tlsOptions(),
        socket: this.handlers,
      });
      connection.opened(encrypted);
      return;
    }
    socket.reload({ socket: this.handlers });
    connection.opened(socket);
    this.settle(connection, undefined);
  }

  private refused(connection: Connection, error: Error): void {
    this.settle(connection, error);
    connection.destroy();
  }

  /** Left to itself, Bun checks chain and host name as its own fetch does. */
  private tlsOptions() {
    const { hostname } = this.address;
    // An address is no name to ask for (RFC 6066, section 3); the certificate is still held against it.
    const serverName = ADDRESS.test(hostname) ? '' : hostname;
    return this.surroundings.verifiesServers ? { serverName } : { serverName, rejectUnauthorized: false };
  }

  private readonly handlers: SocketHandler<Connection> = {
    // Nothing is sent before the server has shown who it is.
    handshake: (socket, success, error) => {
      // Where nobody asks who it is, a wrong name is still told, as if the handshake had failed.
      const stands = success || (!this.surroundings.verifiesServers && isVerdict(error));
      if (stands) this.settle(socket.data, undefined);
      else this.refused(socket.data, error ?? new Error('the TLS handshake failed'));
    },
    data: (socket, bytes) => socket.data.data(bytes),
    drain: (socket) => socket.data.drain(),
    end: (socket) => socket.data.ended(),
    close: (socket, error) => {
      if (this.dialling.has(socket.data))
        this.refused(socket.data, error ?? new Error('the server closed the connection'));
      else socket.data.ended(error);
    },
    error: (socket, error) => socket.data.ended(error),
  };
}

/** It is about the certificate (`CERT_HAS_EXPIRED`), not about the connection (`EPROTO`). */
function isVerdict(error: Error | null): boolean {
  return error !== null && 'code' in error && typeof error.code === 'string' && error.code.includes('_');
}
