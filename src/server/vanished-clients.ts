// Clients that vanish without a word, like a laptop that is closed or loses its network: the kernel repeats what it sent for a quarter of
// an hour, during which the provider would write on and a place of `concurrent` would be held.
import { readdir } from 'node:fs/promises';
import { openCLibrary } from './c-library.ts';
import { type SendingState, sendingState } from './sending-state.ts';

const LOOK_MS = 10_000;
/** As long as for a WebSocket that answers no ping. */
const VANISHED_MS = 120_000;
/** By then the network has been gone for a minute, even if nothing had been sent for long before. */
const VANISHED_REPEATS = 8;
/** For a client that has not read for long, probes are two minutes apart. */
const VANISHED_PROBES = 3;
/** How many descriptors are checked together, in about 0.2 ms. */
const AT_ONCE = 256;

export interface VanishedOptions {
  /** The port of the server whose clients they are. */
  port: number;
  /** How many requests have answers that have not ended; if there are none, nothing is checked. */
  open(): number;
  lookMs?: number;
  /** Default: the kernel's, by descriptor. */
  stateOf?(descriptor: number): SendingState | null;
}

/**
 * Closes connections of clients that are gone, as if the clients had closed them. Only Linux reports them. The returned function stops it.
 */
export function watchVanishedClients({
  port,
  open,
  lookMs = LOOK_MS,
  stateOf = (fd) => sendingState({ fd }),
}: VanishedOptions): () => void {
  if (process.platform !== 'linux') return () => {};
  const look = async () => {
    if (open() === 0) return;
    try {
      for (const [at, name] of (await readdir('/proc/self/fd')).entries()) {
        if (at % AT_ONCE === AT_ONCE - 1) await new Promise(setImmediate);
        const descriptor = Number(name);
        const state = stateOf(descriptor);
        if (state !== null && hasVanished(state) && isClientOf(port, descriptor)) close(descriptor);
      }
    } catch {
      // Without the list or the library, the kernel gives them up, though later.
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether it is gone. A client that merely does not read answers each time it is asked whether it has room. */
export function hasVanished({ unacknowledged, repeats, probes, silentMs }: SendingState): boolean {
  const isInVain = unacknowledged > 0 ? repeats >= VANISHED_REPEATS : probes >= VANISHED_PROBES;
  return isInVain && silentMs >= VANISHED_MS;
}

// https://man7.org/linux/man-pages/man7/ip.7.html: struct sockaddr_in and sockaddr_in6 have the port, in network order, at 2.
const PORT_AT = 2;
const ADDRESS_BYTES = 28;
const BOTH_WAYS = 2;

const address = Buffer.alloc(ADDRESS_BYTES);
const size = Buffer.alloc(4);

function load() {
  const named = { args: ['i32', 'ptr', 'ptr'], returns: 'i32' } as const;
  return openCLibrary({
    getsockname: named,
    getpeername: named,
    shutdown: { args: ['i32', 'i32'], returns: 'i32' },
  });
}

let library: ReturnType<typeof load> | undefined;

/** True neither for a connection to a provider nor for the listening socket. */
function isClientOf(port: number, descriptor: number): boolean {
  library ??= load();
  for (const ask of [library.getpeername, library.getsockname]) {
    size.writeInt32LE(ADDRESS_BYTES);
    if (ask(descriptor, address, size) !== 0) return false;
  }
  return address.readUInt16BE(PORT_AT) === port;
}

/** Only tells the kernel; the server notices, as for any connection that ends, and the descriptor remains the server's. */
function close(descriptor: number): void {
  library?.shutdown(descriptor, BOTH_WAYS);
}
