// A port on which no connection is ever established: nobody accepts, and the queue is full.
import { dlopen, FFIType } from 'bun:ffi';

export interface DeafListener {
  /** `127.0.0.1:port`. */
  readonly host: string;
  close(): void;
}

const { int, ptr } = FFIType;
const AF_INET = 2;
const SOCK_STREAM = 1;
const ADDRESS_BYTES = 16;
const PORT_AT = 2;
const HOST_AT = 4;

/** Linux alone: elsewhere a kernel accepts in the program's place. */
export async function createDeafListener(): Promise<DeafListener> {
  const { symbols } = dlopen('libc.so.6', {
    socket: { args: [int, int, int], returns: int },
    bind: { args: [int, ptr, int], returns: int },
    listen: { args: [int, int], returns: int },
    getsockname: { args: [int, ptr, ptr], returns: int },
    close: { args: [int], returns: int },
  });
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.set([127, 0, 0, 1], HOST_AT);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(ADDRESS_BYTES);
  const descriptor = symbols.socket(AF_INET, SOCK_STREAM, 0);
  const failed =
    symbols.bind(descriptor, address, ADDRESS_BYTES) ||
    symbols.listen(descriptor, 0) ||
    symbols.getsockname(descriptor, address, size);
  if (descriptor < 0 || failed) throw new Error('no socket can be had that listens');
  const port = address.readUInt16BE(PORT_AT);
  // A queue of no length still takes one.
  const first = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } });
  return {
    host: `127.0.0.1:${port}`,
    close() {
      first.terminate();
      symbols.close(descriptor);
    },
  };
}
