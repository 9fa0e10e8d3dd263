// The kernel's figures of a process. Linux only; elsewhere the columns that need it stay empty.
import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Bun runs on. */
const TICK_MICROSECONDS = 1_000_000 / 100;

/** Microseconds of CPU time of all its threads so far, in steps of 10 ms; null where it cannot be known. */
export function cpuTime(pid: number | null): number | null {
  if (pid === null) return null;
  const stat = readProc(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may contain spaces: fields are counted after it, utime first.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MICROSECONDS : null;
}

/** Kilobytes of memory in RAM; null where it cannot be known. */
export function residentMemory(pid: number | null): number | null {
  return statusOf(pid, 'VmRSS');
}

/** The most that a process ever had in RAM, in kilobytes; null where it cannot be known. */
export function peakMemory(pid: number | null): number | null {
  return statusOf(pid, 'VmHWM');
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
function statusOf(pid: number | null, field: 'VmRSS' | 'VmHWM'): number | null {
  if (pid === null) return null;
  const status = readProc(`/proc/${pid}/status`) ?? '';
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes);
}

/** The one process that a process has started; null where it cannot be known. */
export function childOf(pid: number): number | null {
  const [child, ...others] = childrenOf(pid);
  return child !== undefined && others.length === 0 ? child : null;
}

/** All descendants of a process. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Of its main thread, which starts all of ours. */
function childrenOf(pid: number): number[] {
  const text = readProc(`/proc/${pid}/task/${pid}/children`)?.trim() ?? '';
  return text === '' ? [] : text.split(' ').map(Number);
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
