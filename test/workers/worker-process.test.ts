// A worker as its primary sees it, with a real process that behaves as it likes.
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { createWorkersMemory } from '../../src/workers/shared-layout.ts';
import { startWorker, type WorkerProcess } from '../../src/workers/worker-process.ts';
import { eventually } from '../support/time-limit.ts';

const start = (program: string) => startCommand([process.execPath, '-e', program]);

function startCommand(command: string[]): WorkerProcess {
  const shared = createWorkersMemory(1);
  try {
    return startWorker({
      command,
      program: '',
      environment: {},
      directory: import.meta.dir,
      index: 0,
      workers: 1,
      shared,
      methods: {
        setup: () => {
          throw new Error('not asked');
        },
        ready() {},
        notice() {},
        remoteChanged() {},
        spent() {},
        append() {},
        page: async () => undefined,
        nextPiece: async () => ({ bytes: new Uint8Array(), isLast: true }),
        leavePage() {},
        watching: async () => {},
        frame() {},
      },
      onError(error) {
        throw error;
      },
    });
  } finally {
    shared.close();
  }
}

test('messages to one that no longer listens are dropped, until it is gone', async () => {
  const worker = start(`process.once('message', () => {
    process.disconnect();
    setTimeout(() => process.exit(3), 100);
  })`);
  let how: string | undefined;
  void worker.gone.then((message) => {
    how = message;
  });
  // The news of its end comes between two turns.
  await eventually(() => {
    worker.channel.notify('watched', true);
    return how !== undefined;
  });
  expect(how).toBe('ended with code 3');
  await expect(worker.channel.call('running')).rejects.toThrow('the process is gone');
});

test('only one that was killed and not from here is told as ended from outside, and the reason of the first kill stays', async () => {
  const waits = 'setTimeout(() => {}, 2 ** 30)';
  const ends = async (end: (worker: WorkerProcess) => void) => {
    const worker = start(waits);
    end(worker);
    return await worker.gone;
  };
  expect(await ends(({ pid }) => process.kill(pid, 'SIGKILL'))).toBe(
    'was ended by SIGKILL from outside, as the system does where memory runs out',
  );
  expect(await ends(({ pid }) => process.kill(pid, 'SIGTERM'))).toBe('was ended by SIGTERM');
  expect(await ends((worker) => worker.kill())).toBe('was ended by SIGKILL');
  expect(
    await ends((worker) => {
      worker.kill('it had not answered for 30 s');
      worker.kill();
    }),
  ).toBe('was ended by SIGKILL because it had not answered for 30 s');
});

test.skipIf(process.platform !== 'linux')('one that cannot be started leaves no descriptor', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let attempt = 0; attempt < 20; attempt++)
    expect(() => startCommand(['/no/such/program'])).toThrow('/no/such/program');
  // Fewer, where those of earlier tests are closed meanwhile.
  expect(descriptors()).toBeLessThanOrEqual(before);
});
