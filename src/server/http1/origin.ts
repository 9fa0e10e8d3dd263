// The connections to one server: how to reach it, and which are open.
import type { ConnectionLimits, PoolState } from '../../upstream/connections.ts';
import { Addresses } from './addresses.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { open, type Opened, type OriginAddress } from './opening.ts';

interface Surroundings {
  monotonic(): number;
  elapsed?(): number;
  setTimer(callback: () => void, ms: number): () => void;
  limits: () => ConnectionLimits;
  verifiesServers: boolean;
}

/** A server closes an idle connection at about the time it announced, so it is not used from this much earlier on. */
const CLOSING_MARGIN_MS = 1_000;
/** How often connections that were idle for too long are closed, in milliseconds. */
const SWEEP_MS = 5_000;
/** How often requests that were sent are checked, in milliseconds. */
const LOOK_MS = 1_000;

export class Origin implements ConnectionOwner {
  readonly address: OriginAddress;
  private readonly surroundings: Surroundings;
  private readonly addresses: Addresses;
  private readonly elapsed: () => number;
  /** The one used last is at the end, and is used next. */
  private idle: Connection[] = [];
  private open = 0;
  private opened = 0;
  private reused = 0;
  private stopSweep: (() => void) | undefined;
  /** Connections whose request may not have arrived. */
  private readonly sending = new Set<Connection>();
  private stopLook: (() => void) | undefined;

  constructor(address: OriginAddress, surroundings: Surroundings) {
    this.address = address;
    this.surroundings = surroundings;
    this.elapsed = surroundings.elapsed ?? surroundings.monotonic;
    this.addresses = new Addresses((address.proxy ?? address).hostname, this.elapsed);
  }

  get limits(): ConnectionLimits {
    return this.surroundings.limits();
  }

  /** Takes an open connection that is idle. */
  take(): Connection | undefined {
    const now = this.idle.length === 0 ? 0 : this.elapsed();
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (connection.usableUntil > now && !connection.hasUnread) {
        this.reused++;
        connection.takenAt = this.monotonic();
        return connection;
      }
      connection.destroy();
    }
    return undefined;
  }

  monotonic(): number {
    return this.surroundings.monotonic();
  }

  /** Opens a connection. `opened` is called only after this has returned. */
  dial(connectMs: number, opened: Opened): Connection {
    const { address, addresses, surroundings } = this;
    const connection = new Connection(this);
    this.open++;
    this.opened++;
    const { setTimer, verifiesServers } = surroundings;
    const began = surroundings.monotonic();
    const noted: Opened = (problem) => {
      connection.openingMs = surroundings.monotonic() - began;
      opened(problem);
    };
    open(connection, { address, addresses, setTimer, connectMs, verifiesServers, opened: noted });
    return connection;
  }

  /** Watches the request that was just sent over it until it has arrived. */
  sent(connection: Connection): void {
    this.sending.add(connection);
    this.stopLook ??= this.surroundings.setTimer(this.look, LOOK_MS);
  }

  free(connection: Connection, keepAliveMs: number | null): void {
    const { keepAliveMs: longest, maxIdle } = this.limits;
    const announcedMs = keepAliveMs === null ? longest : keepAliveMs - CLOSING_MARGIN_MS;
    const ms = Math.min(longest, announcedMs);
    if (ms <= 0 || this.idle.length >= maxIdle) {
      connection.destroy();
      return;
    }
    connection.usableUntil = this.elapsed() + ms;
    this.idle.push(connection);
    this.stopSweep ??= this.surroundings.setTimer(this.sweep, SWEEP_MS);
  }

  gone(connection: Connection): void {
    this.open--;
    const at = this.idle.lastIndexOf(connection);
    if (at !== -1) this.idle.splice(at, 1);
  }

  /** The idle connections use the same network, which is gone, and in the machine's current network the name may have another address. */
  lost(): void {
    this.addresses.forget();
    this.closeIdle();
  }

  state(): PoolState {
    const { address, idle, open, opened, reused } = this;
    return { origin: address.origin, active: open - idle.length, idle: idle.length, opened, reused };
  }

  close(): void {
    this.stopSweep?.();
    this.stopSweep = undefined;
    this.stopLook?.();
    this.stopLook = undefined;
    this.closeIdle();
  }

  private closeIdle(): void {
    for (const connection of [...this.idle]) connection.destroy();
  }

  private readonly look = () => {
    this.stopLook = undefined;
    for (const connection of this.sending) if (!connection.isSending()) this.sending.delete(connection);
    if (this.sending.size > 0) this.stopLook ??= this.surroundings.setTimer(this.look, LOOK_MS);
  };

  private readonly sweep = () => {
    this.stopSweep = undefined;
    const now = this.elapsed();
    for (const connection of this.idle.filter(({ usableUntil }) => usableUntil <= now)) connection.destroy();
    if (this.idle.length > 0) this.stopSweep = this.surroundings.setTimer(this.sweep, SWEEP_MS);
  };
}
