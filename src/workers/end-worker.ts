// Ends one worker: its running requests may finish first, for as long as they are allowed.
import type { EndTimes } from './protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Time beyond the drain itself, in milliseconds, for a worker that hangs. */
const END_GRACE_MS = 3_000;

export interface WorkerEnding extends EndTimes {
  /** Ends the time when it resolves. */
  sooner?: Promise<void> | undefined;
  setTimer(callback: () => void, ms: number): () => void;
}

/** Resolves when the worker is gone, with how many of its requests were cut. */
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
    // It died meanwhile; its requests are accounted for like those of any dead worker.
    return 0;
  } finally {
    await worker.gone;
    isGone = true;
    cancel();
  }
}

/** Such a worker has nothing to finish, and may still have much to load. */
export async function endStarting(worker: WorkerProcess): Promise<number> {
  worker.kill();
  await worker.gone;
  return 0;
}
