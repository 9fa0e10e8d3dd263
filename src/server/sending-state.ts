// How sending on a connection stands, as the kernel knows it: a network that is gone tells nobody, and the kernel repeats for a quarter of
// an hour what is not acknowledged.
import { openCLibrary } from './c-library.ts';

export interface SendingState {
  /** Segments that the other end has not acknowledged. */
  unacknowledged: number;
  /** How often the oldest of them was sent again, each time after twice the wait before. */
  repeats: number;
  /** How often the other end, which had no room for more, was asked in vain whether it has some. */
  probes: number;
  /** Milliseconds since the other end last acknowledged anything. */
  silentMs: number;
}

// https://man7.org/linux/man-pages/man7/tcp.7.html, and struct tcp_info of linux/tcp.h, to which fields are only ever added.
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const REPEATS_AT = 2;
const PROBES_AT = 3;
const UNACKNOWLEDGED_AT = 24;
const SILENT_AT = 56;
const INFO_BYTES = 60;

const info = Buffer.alloc(INFO_BYTES);
const size = Buffer.alloc(4);

/** Null: unknown, on a system other than Linux, or for a closed socket. */
export function sendingState(socket: object): SendingState | null {
  // The runtime's types do not have it.
  const descriptor = 'fd' in socket && typeof socket.fd === 'number' ? socket.fd : -1;
  size.writeInt32LE(INFO_BYTES);
  if (ask()?.(descriptor, IPPROTO_TCP, TCP_INFO, info, size) !== 0) return null;
  return {
    unacknowledged: info.readUInt32LE(UNACKNOWLEDGED_AT),
    repeats: info.readUInt8(REPEATS_AT),
    probes: info.readUInt8(PROBES_AT),
    silentMs: info.readUInt32LE(SILENT_AT),
  };
}

type GetSocketOption = (
  descriptor: number,
  level: number,
  name: number,
  value: Buffer,
  size: Buffer,
) => number;

/** Undefined: not looked for yet. */
let found: GetSocketOption | null | undefined;

function ask(): GetSocketOption | null {
  if (found === undefined) found = process.platform === 'linux' ? load() : null;
  return found;
}

function load(): GetSocketOption | null {
  try {
    return openCLibrary({
      getsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'ptr'], returns: 'i32' },
    }).getsockopt;
  } catch {
    return null;
  }
}
