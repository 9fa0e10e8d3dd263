// The live view over all workers: each sends its frames as long as any worker has viewers, and those that have some get all frames.
import type { Questions } from './ask-all.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface FrameRelay {
  /** Sets whether the worker has viewers. Resolves when the other workers that answer know. */
  watch(worker: WorkerProcess, isOn: boolean): Promise<void>;
  isWatched(): boolean;
  publish(frame: Uint8Array): void;
}

export function createFrameRelay(serving: () => WorkerProcess[], questions: Questions): FrameRelay {
  const watchedAt = new Set<WorkerProcess>();
  const isWatched = () => watchedAt.size > 0;
  return {
    async watch(worker, isOn) {
      const before = isWatched();
      if (isOn) watchedAt.add(worker);
      else watchedAt.delete(worker);
      if (isWatched() !== before) await questions.all(serving(), 'watched', isWatched());
    },
    isWatched,
    publish(frame) {
      for (const { channel } of watchedAt) channel.notify('frame', frame);
    },
  };
}
