// Which connections a process holds, as Linux tells it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Connection {
  localPort: number;
  remotePort: number;
}

const ESTABLISHED = '01';

/** Established ones over IPv4; none of a process that is gone. */
export function connectionsOf(pid: number): Connection[] {
  const directory = `/proc/${pid}/fd`;
  const held = new Set(
    namesIn(directory).map((name) => /socket:\[(\d+)\]/.exec(linkOf(`${directory}/${name}`))?.[1]),
  );
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === ESTABLISHED && held.has(inode))
    .map(([, local, remote]) => ({ localPort: portOf(local), remotePort: portOf(remote) }));
}

/** How many sockets a process holds, of whatever kind and state. */
export function socketsOf(pid: number): number {
  const directory = `/proc/${pid}/fd`;
  return namesIn(directory).filter((name) => linkOf(`${directory}/${name}`).startsWith('socket:')).length;
}

/** `0100007F:1F98` */
function portOf(address = ''): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}

/** Empty where it is closed by now. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
