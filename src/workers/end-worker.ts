// The end of one worker: its running requests finish first, for as long as they may.
import type { EndTimes } from './protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Beyond the drain itself, for a worker that hangs. */
const END_GRACE_MS = 3_000;

export interface WorkerEnding extends EndTimes {
  /** When it resolves, the time is over. */
  sooner?: Promise<void> | undefined;
  setTimer(callback: () => void, ms: number): () => void;
}

/** Resolves when it is gone, to how many of its requests were cut. */
export async function endServing(
  worker: WorkerProcess,
  { delayMs, timeoutMs, sooner, setTimer }: WorkerEnding,
): Promise<number> {
  const kill = () => worker.kill();
  let cancel = setTimer(kill, delayMs + timeoutMs + END_GRACE_MS);
  let isGone = false;
  void sooner?.then(() => {
    if (isGone) return;
    cancel();
    cancel = setTimer(kill, END_GRACE_MS);
    worker.channel.notify('hurry');
  });
  try {
    return await worker.channel.call('drain', { delayMs, timeoutMs });
  } catch {
    // It died meanwhile; its requests are accounted like those of any dead worker.
    return 0;
  } finally {
    await worker.gone;
    isGone = true;
    cancel();
  }
}

/** It has nothing to finish, and may have long to load. */
export async function endStarting(worker: WorkerProcess): Promise<number> {
  worker.kill();
  await worker.gone;
  return 0;
}
