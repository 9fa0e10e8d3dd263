// Tells the service manager that started this process that it serves, as systemd requests (sd_notify(3)).
import { openCLibrary } from './c-library.ts';

/** Linux's own numbers, as in its sys/socket.h. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL = 0x4000;
const MOST_PATH_BYTES = 108;

/**
 * Returns what is wrong if it could not be told; the service manager then takes the start for hanging.
 *
 * @param socket `$NOTIFY_SOCKET`: a path, or a name in the abstract namespace after an @. The runtime has no datagrams
 * over such sockets.
 */
export function notifyReady(socket: string): string | undefined {
  const path = Buffer.from(socket);
  if (!/^[/@]./.test(socket) || path.length >= MOST_PATH_BYTES || process.platform !== 'linux') {
    return `NOTIFY_SOCKET is not the address of a socket that this system has: ${socket}`;
  }
  if (socket.startsWith('@')) path[0] = 0;
  const address = Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), path]);
  const state = Buffer.from('READY=1');
  const system = openCLibrary({
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    sendto: { args: ['i32', 'ptr', 'usize', 'i32', 'ptr', 'u32'], returns: 'i64' },
    close: { args: ['i32'], returns: 'i32' },
  });
  const descriptor = system.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const sent = system.sendto(descriptor, state, state.length, MSG_NOSIGNAL, address, address.length);
  if (descriptor >= 0) system.close(descriptor);
  return Number(sent) === state.length ? undefined : `the service manager takes nothing at ${socket}`;
}
