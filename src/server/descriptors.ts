// Whether this process can open another file or connection. The runtime accepts no client if it cannot, and reports that nowhere.
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import type { DescriptorState } from '../model/descriptor-state.ts';
import { lackOfDescriptors } from '../upstream/network-failure.ts';
import type { Log } from './log.ts';

const LOOK_MS = 1_000;
/**
 * How many consecutive checks must find a free one before the shortage is over: one that becomes free for a moment is taken by a waiting
 * client.
 */
const CALM_LOOKS = 3;

let shortage: string | null = null;

/** Whether this process has none left, while `watchDescriptors` watches it. */
export function isOutOfDescriptors(): boolean {
  return shortage !== null;
}

/** Of this process, while `watchDescriptors` watches it. */
export function descriptorState(): DescriptorState {
  return { ok: shortage === null, lastError: shortage, open: countOpen(), limit: softLimit() };
}

/**
 * Checks once a second for as long as the process lives, and logs when a shortage begins and ends.
 * @param open opens a file and closes it again; throws the system's error.
 */
export function watchDescriptors(log: Log, open = openFile): void {
  let calm = 0;
  const look = () => {
    const lack = lackOfDescriptors(descriptorError(open));
    if (lack !== undefined) {
      calm = 0;
      const found = `${lack.happened}: further clients wait, and requests may fail; ${lack.remedy}`;
      if (shortage !== found) log('error', found);
      shortage = found;
      return;
    }
    calm += 1;
    if (shortage === null || calm < CALM_LOOKS) return;
    shortage = null;
    log('info', 'this process can open files and connections again');
  };
  setInterval(look, LOOK_MS).unref();
}

/** The system's error if no descriptor is left; undefined: there is one. */
export function descriptorError(open = openFile): Error | undefined {
  try {
    open();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && lackOfDescriptors(thrown) !== undefined ? thrown : undefined;
  }
}

function openFile(): void {
  closeSync(openSync(devNull, 'r'));
}

/** Null if the system does not tell. */
function countOpen(): number | null {
  try {
    // Linux 6.2 and later has the number in the folder's size, which needs no descriptor and no list of ten thousand names.
    const { size } = statSync('/proc/self/fd', { throwIfNoEntry: false }) ?? { size: 0 };
    // The list includes the descriptor through which it is read.
    return size > 0 ? size : readdirSync('/dev/fd').length - 1;
  } catch {
    return null;
  }
}

/** Null if there is none. */
function softLimit(): number | null {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: unknown } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : null;
}
