// Whether this process can open another file or connection: the runtime, which then accepts no client, says so nowhere.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { DescriptorState } from '../model/descriptor-state.ts';
import type { Log } from './log.ts';

const LOOK_MS = 1_000;
/** Looks that find a free one before the shortage is over: what becomes free for a moment is taken by a client that waits. */
const CALM_LOOKS = 3;

const SHORTAGE =
  'this process has reached its limit of open files and connections (EMFILE): further clients wait, and requests may fail; raise it (ulimit -n, LimitNOFILE=), or let fewer clients connect';

let isShort = false;

/** Of this process, while `watchDescriptors` watches it. */
export function descriptorState(): DescriptorState {
  return { ok: !isShort, lastError: isShort ? SHORTAGE : null };
}

/** Looks once a second for as long as the process lives, and logs when a shortage begins and ends. */
export function watchDescriptors(log: Log): void {
  let calm = 0;
  const look = () => {
    if (!canOpen()) {
      calm = 0;
      if (!isShort) log('error', SHORTAGE);
      isShort = true;
      return;
    }
    calm += 1;
    if (!isShort || calm < CALM_LOOKS) return;
    isShort = false;
    log('info', 'this process can open files and connections again');
  };
  setInterval(look, LOOK_MS).unref();
}

function canOpen(): boolean {
  try {
    closeSync(openSync(devNull, 'r'));
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EMFILE');
  }
}
