// A worker as its primary sees it, with a real process that behaves as it likes.
import { expect, test } from 'bun:test';
import { boardBytes } from '../../src/workers/board.ts';
import { createSharedMemory } from '../../src/workers/shared-memory.ts';
import { startWorker, type WorkerProcess } from '../../src/workers/worker-process.ts';

function start(program: string): WorkerProcess {
  const board = createSharedMemory(boardBytes(1));
  const worker = startWorker({
    command: [process.execPath, '-e', program],
    environment: {},
    directory: import.meta.dir,
    index: 0,
    workers: 1,
    board,
    methods: {
      setup: () => {
        throw new Error('not asked');
      },
      ready() {},
      notice() {},
      append() {},
      page: async () => undefined,
      watching: async () => {},
      frame() {},
    },
    onError(error) {
      throw error;
    },
  });
  board.close();
  return worker;
}

test('what is said to one that no longer listens goes nowhere, until it is gone', async () => {
  const worker = start(`process.once('message', () => {
    process.disconnect();
    setTimeout(() => process.exit(3), 100);
  })`);
  let how: string | undefined;
  void worker.gone.then((told) => {
    how = told;
  });
  while (how === undefined) {
    worker.channel.tell('watched', true);
    // The news of its end comes between two turns.
    await Bun.sleep(1);
  }
  expect(how).toBe('ended with code 3');
  await expect(worker.channel.call('running')).rejects.toThrow('the process is gone');
});
