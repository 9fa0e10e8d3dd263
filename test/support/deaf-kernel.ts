// Simulates a network that is gone: the kernel drops all that arrives for a server's socket, and acknowledges none of it. What
// the socket itself sends still goes out.
import { openCLibrary } from '../../src/server/c-library.ts';
import { ptr } from 'bun:ffi';

// https://www.kernel.org/doc/html/latest/networking/filter.html
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;
/** One instruction: return 0, so many bytes of a packet are kept. */
const DROP_ALL = Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0);
const PROGRAM_BYTES = 16;
const INSTRUCTIONS_AT = 8;

/** Linux alone. */
export function cutOff(socket: object): void {
  const program = Buffer.alloc(PROGRAM_BYTES);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(BigInt(ptr(DROP_ALL)), INSTRUCTIONS_AT);
  set(socket, SO_ATTACH_FILTER, program);
}

/** The network is back. */
export function reconnect(socket: object): void {
  set(socket, SO_DETACH_FILTER, Buffer.alloc(4));
}

function set(socket: object, option: number, value: Buffer): void {
  const descriptor = 'fd' in socket && typeof socket.fd === 'number' ? socket.fd : -1;
  const { setsockopt } = openCLibrary({
    setsockopt: { args: ['i32', 'i32', 'i32', 'ptr', 'u32'], returns: 'i32' },
  });
  if (setsockopt(descriptor, SOL_SOCKET, option, value, value.length) !== 0)
    throw new Error('the kernel does not take the filter');
}
