// A TCP connection to whichever address of a name answers first; dialling can be cancelled.
import type { Socket } from 'bun';
import type { Socket as NodeSocket } from 'node:net';
import { descriptorError } from '../descriptors.ts';
import { hasRoute, isOffline, NO_WAY } from '../networks.ts';
import { net } from '../node-modules.ts';
import type { Addresses } from './addresses.ts';
import { codeOf } from '../../model/thrown.ts';

export interface Dialling<Data> {
  addresses: Addresses;
  port: number;
  /** Becomes the socket's `data` once it is connected. */
  data: Data;
  setTimer(callback: () => void, ms: number): () => void;
  /** It is connected, and has no handlers yet. */
  opened(socket: Socket<Data>): void;
  failed(error: Error): void;
}

/**
 * After this many milliseconds without an answer, the next address is tried in parallel. https://www.rfc-editor.org/rfc/rfc8305#section-8
 */
const NEXT_ADDRESS_MS = 250;
const LOOPBACK = /^(127\.|::1$)/;

/**
 * Calls back only after it has returned. The returned function cancels: nothing is called back after that, and no descriptor is left open.
 */
export function dial<Data>(dialling: Dialling<Data>, takeOver = handleOf): () => void {
  const race = new Race(dialling, takeOver);
  return () => race.end();
}

class Race<Data> {
  private readonly dialling: Dialling<Data>;
  private readonly takeOver: (socket: NodeSocket) => unknown;
  /** Still to be tried. */
  private addresses: string[] = [];
  private readonly running = new Set<NodeSocket>();
  private failure: Error | undefined;
  private readonly tried: string[] = [];
  private isOver = false;
  private stopTimer: (() => void) | undefined;

  constructor(dialling: Dialling<Data>, takeOver: (socket: NodeSocket) => unknown) {
    this.dialling = dialling;
    this.takeOver = takeOver;
    const { addresses } = dialling;
    if (addresses.known !== null) this.begin(addresses.known);
    else
      addresses.find().then(
        (found) => this.begin(found),
        (thrown: Error) => this.lost(thrown),
      );
  }

  end(): void {
    this.isOver = true;
    this.stopTimer?.();
    for (const socket of this.running) socket.destroy();
    this.running.clear();
  }

  private begin(addresses: readonly string[]): void {
    this.addresses = [...addresses];
    this.next();
  }

  private next(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    if (this.isOver) return;
    const host = this.addresses.shift();
    if (host === undefined) {
      if (this.running.size === 0) this.lost(this.failure ?? new Error('the name has no address'));
      return;
    }
    this.tried.push(host);
    const socket = net().connect({ host, port: this.dialling.port });
    this.running.add(socket);
    socket.once('connect', () => this.won(socket));
    // It may fail again after it was given up, which does not matter.
    socket.on('error', (error) => {
      if (!this.running.delete(socket)) return;
      if (this.failure === undefined || NO_WAY.has(codeOf(this.failure) ?? '')) this.failure = error;
      this.next();
    });
    if (this.addresses.length > 0)
      this.stopTimer = this.dialling.setTimer(() => this.next(), NEXT_ADDRESS_MS);
  }

  private won(socket: NodeSocket): void {
    if (!this.running.delete(socket)) return;
    this.end();
    this.running.add(socket);
    // node:net has not finished opening it yet.
    queueMicrotask(() => this.handOver(socket));
  }

  private handOver(socket: NodeSocket): void {
    if (!this.running.delete(socket)) return;
    const handle = this.takeOver(socket);
    if (isRuntimeSocket<Data>(handle)) {
      // These properties would keep its former owner, and all listeners of that, in memory.
      for (const symbol of Object.getOwnPropertySymbols(handle)) Reflect.set(handle, symbol, undefined);
      handle.data = this.dialling.data;
      this.dialling.opened(handle);
      return;
    }
    const host = socket.remoteAddress;
    socket.destroy();
    if (host !== undefined) this.dialAnew(host);
    else this.dialling.failed(new Error('the server closed the connection'));
  }

  /** A server answered at this address, so this succeeds or fails soon. */
  private dialAnew(hostname: string): void {
    this.isOver = false;
    const { port, data, opened } = this.dialling;
    Bun.connect<Data>({ hostname, port, data, socket: { data() {} } }).then(
      (socket) => {
        if (this.isOver) socket.terminate();
        else opened(socket);
      },
      (thrown: Error) => this.lost(thrown),
    );
  }

  private lost(error: Error): void {
    if (this.isOver) return;
    // Bun reports a lack of descriptors as a refused connection or an unknown name. Checked before this race's own descriptors are free
    // again.
    const lack = descriptorError();
    this.dialling.addresses.forget();
    if (lack !== undefined) this.fail(lack);
    else reasonFor(error, this.tried).then((reason) => this.fail(reason));
  }

  private fail(error: Error): void {
    if (this.isOver) return;
    this.end();
    this.dialling.failed(error);
  }
}

/**
 * Why none of these addresses could be connected to: `offline` if the cause is this machine's network, which says nothing about the server.
 */
async function reasonFor(error: Error, tried: readonly string[]): Promise<Error> {
  // This machine itself needs no network.
  if (tried.some((address) => LOOPBACK.test(address))) return error;
  const routes = await Promise.all(tried.map(hasRoute));
  if (tried.length > 0 && !routes.includes(true))
    return Object.assign(new Error('no route leads there', { cause: error }), {
      code: 'ENETUNREACH',
      offline: true,
    });
  return isOffline() ? Object.assign(error, { offline: true }) : error;
}

/**
 * Bun.connect returns a socket only once it is connected; node:net wraps the same kind, and can be closed earlier. The socket is taken from
 * its wrapper, since reads and writes cost a third with Bun's own handlers. The property is undocumented: if a release of Bun keeps the
 * socket elsewhere, the connection is dialled once more.
 */
export function handleOf(socket: NodeSocket): unknown {
  return '_handle' in socket ? socket._handle : null;
}

function isRuntimeSocket<Data>(handle: unknown): handle is Socket<Data> {
  return typeof handle === 'object' && handle !== null && 'reload' in handle && 'upgradeTLS' in handle;
}
