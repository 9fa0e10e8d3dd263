// The processes that serve, where one of them cannot even be started.
import { expect, test } from 'bun:test';
import { boardBytes } from '../../src/workers/board.ts';
import { createCrew, WorkerFailed } from '../../src/workers/crew.ts';
import { createSharedMemory } from '../../src/workers/shared-memory.ts';
import { createManualTimers } from '../support/manual-timers.ts';

test.skipIf(process.platform !== 'linux')(
  'a program that cannot be started is told as one, with what to do',
  async () => {
    const { now, setTimer } = createManualTimers();
    const crew = createCrew({
      workers: 2,
      command: ['/no/such/program'],
      environment: {},
      directory: import.meta.dir,
      board: createSharedMemory(boardBytes(2)),
      methods: () => ({
        setup: () => {
          throw new Error('nobody is there to ask');
        },
        notice() {},
        append() {},
        page: async () => undefined,
        watching: async () => {},
        frame() {},
      }),
      onServing() {},
      onGone() {},
      monotonic: now,
      setTimer,
      log() {},
    });
    const failure: unknown = await crew.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerFailed);
    expect(String(failure)).toMatch(/worker 0 could not be started \(.*\/no\/such\/program.*ulimit -u/);
    expect(crew.serving()).toEqual([]);
  },
);
