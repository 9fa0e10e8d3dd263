// What the kernel waits for at the end of an open connection (proc_net_tcp.txt of Linux's documentation).
import { readFileSync } from 'node:fs';

const ESTABLISHED = '01';

/** It asks whether the other end is still there. */
export const KEEP_ALIVE = '02';
/** It asks whether the other end, which had no room for more, has some. */
export const ZERO_WINDOW = '04';

/** Of the end that leads to this port, which others had before: its timer, and what is left of it in seconds. */
export function kernelTimer(port: number): { kind: string; seconds: number } {
  const to = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const ends = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const end = ends.find(([, , remote, state]) => state === ESTABLISHED && remote?.endsWith(to));
  const [kind = '', ticks = ''] = end?.[5]?.split(':') ?? [];
  return { kind, seconds: Number.parseInt(ticks, 16) / 100 };
}
