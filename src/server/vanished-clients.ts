// Clients that vanish without a word, as a laptop that is closed or loses its network: the kernel goes on repeating what it sent
// for a quarter of an hour, in which the provider would write on and a place of `concurrent` would be held.
import { readdir } from 'node:fs/promises';
import { openCLibrary } from './c-library.ts';
import { type SendingState, sendingState } from './sending-state.ts';

const LOOK_MS = 10_000;
/** As for a WebSocket that answers no ping. */
const VANISHED_MS = 120_000;
/** By then the network has been gone for a minute, even where nothing had been sent for long before. */
const VANISHED_REPEATS = 8;
/** They are two minutes apart to one that has not read for long. */
const VANISHED_PROBES = 3;
/** Descriptors that are looked at together, in about 0.2 ms. */
const AT_ONCE = 256;

export interface VanishedOptions {
  /** Of the server whose clients they are. */
  port: number;
  /** Requests whose answers have not ended: without any, nobody looks. */
  open(): number;
  lookMs?: number;
  /** Default: the kernel's, by descriptor. */
  stateOf?(descriptor: number): SendingState | null;
}

/** Closes connections of clients that are gone, like those that a client closes. Linux alone tells. The returned function stops it. */
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
      // Without the list or the library, the kernel gives them up, later.
    }
  };
  const timer = setInterval(() => void look(), lookMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** One that only does not read answers whenever it is asked whether it has room. */
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

/** Neither a connection to a provider nor the socket that listens. */
function isClientOf(port: number, descriptor: number): boolean {
  library ??= load();
  for (const ask of [library.getpeername, library.getsockname]) {
    size.writeInt32LE(ADDRESS_BYTES);
    if (ask(descriptor, address, size) !== 0) return false;
  }
  return address.readUInt16BE(PORT_AT) === port;
}

/** Only says it to the kernel, and the server hears of it as of any connection that ends: the descriptor stays the server's. */
function close(descriptor: number): void {
  library?.shutdown(descriptor, BOTH_WAYS);
}
