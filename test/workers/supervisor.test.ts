// The processes that serve: where one of them cannot even be started, and when one that died is replaced.
import { expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkersMemory } from '../../src/workers/shared-layout.ts';
import { type SupervisorOptions, createSupervisor, WorkerFailed } from '../../src/workers/supervisor.ts';
import { BEAT_MS } from '../../src/workers/heartbeat.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inTime } from '../support/time-limit.ts';

test.skipIf(process.platform !== 'linux')(
  'a program that cannot be started is told as one, with what to do',
  async () => {
    const { supervisor } = createLab(['/no/such/program']);
    const failure: unknown = await supervisor.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkerFailed);
    expect(String(failure)).toMatch(/worker 0 could not be started \(.*\/no\/such\/program.*ulimit -u/);
    expect(supervisor.serving()).toEqual([]);
  },
);

/** Says that it serves, answers all it is asked, and ends where that is asked. */
const SERVING = `
  process.on('message', ({ kind, id, name }) => {
    if (kind === 'call') process.send({ kind: 'answer', id, result: 0 }, () => name === 'drain' && process.exit(0));
  });
  process.send({ kind: 'notify', name: 'ready', args: [] });
`;

test.skipIf(process.platform !== 'linux')(
  'the pause before one that died early is replaced grows with its own early deaths alone',
  async () => {
    const { supervisor, timers, pauses, events, replaces } = createLab([process.execPath, '-e', SERVING]);
    expect(supervisor.starting()).toBe(2);
    await supervisor.start();
    expect(supervisor.starting()).toBe(0);
    /** Its worker dies, and is replaced after this pause. */
    const die = async (index: number, pause: number) => {
      const gone = events.once(`gone ${index}`);
      supervisor
        .serving()
        .find((worker) => worker.index === index)
        ?.kill();
      await gone;
      expect(pauses.at(-1)).toBe(pause);
    };
    let cameBack = 0;
    const comeBack = async (index: number, ms: number) => {
      const serving = events.once(`serving ${index}`);
      await timers.advance(ms);
      await serving;
      cameBack++;
    };
    await die(0, 100);
    await comeBack(0, 100);
    await die(0, 200);
    await comeBack(0, 200);
    await die(1, 100);
    await comeBack(1, 100);
    await die(0, 400);
    await comeBack(0, 400);
    // The other's healthy life says nothing of this one's.
    await timers.advance(4_700);
    await die(1, 0);
    await comeBack(1, 0);
    await die(0, 800);
    await comeBack(0, 800);
    await timers.advance(5_000);
    await die(0, 0);
    // With that its early deaths are forgotten.
    await comeBack(0, 0);
    await die(0, 100);
    expect(supervisor.replaced()).toBe(cameBack);
    expect(replaces.splice(0)).not.toContain(false);
    expect(await supervisor.end({ delayMs: 0, timeoutMs: 0 })).toBe(0);
    expect(replaces).toEqual([false]);
  },
);

test.skipIf(process.platform !== 'linux')(
  'where one that died cannot be started again, that is told and tried again, after longer and longer pauses, until it serves',
  async () => {
    const program = [process.execPath, '-e', SERVING];
    const command = [...program];
    const { supervisor, timers, pauses, events, logged } = createLab(command);
    await supervisor.start();
    const gone = events.once('gone 0');
    supervisor
      .serving()
      .find((worker) => worker.index === 0)
      ?.kill();
    await gone;
    command.splice(0, command.length, '/no/such/program');
    for (const pause of [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) {
      expect(pauses.at(-1)).toBe(pause);
      await timers.advance(pause);
      expect(logged.splice(0)).toEqual(['error a worker could not be replaced; this is tried again']);
    }
    command.splice(0, command.length, ...program);
    expect([supervisor.serving().length, supervisor.starting(), supervisor.replaced()]).toEqual([1, 0, 0]);
    const serving = events.once('serving 0');
    const replaced = events.once('info a worker was replaced');
    await timers.advance(10_000);
    await Promise.all([serving, replaced]);
    expect([supervisor.serving().length, supervisor.replaced()]).toEqual([2, 1]);
    await supervisor.end({ delayMs: 0, timeoutMs: 0 });
  },
);

test.skipIf(process.platform !== 'linux')(
  'where one ends before it serves at the start, one that serves is ended too',
  async () => {
    const folder = temporaryFolder('supervisor');
    const mayEnd = join(folder, 'the other serves');
    const program = `
      if (process.env.SLUICE_WORKER?.startsWith('1/')) {
        while (!require('node:fs').existsSync(${JSON.stringify(mayEnd)})) Bun.sleepSync(1);
        process.exit(7);
      }
      ${SERVING}`;
    const { supervisor, events } = createLab([process.execPath, '-e', program]);
    void events.once('serving 0').then(() => writeFileSync(mayEnd, ''));
    const gone = events.once('gone 0');
    const failure: unknown = await supervisor.start().catch((error: unknown) => error);
    expect(String(failure)).toContain('worker 1 ended with code 7 before it served');
    await gone;
    expect(supervisor.serving()).toEqual([]);
    rmSync(folder, { recursive: true });
  },
);

test.skipIf(process.platform !== 'linux')(
  'where one ends before it serves at the start, one that does not serve yet is ended too',
  async () => {
    const program = `if (process.env.SLUICE_WORKER?.startsWith('1/')) process.exit(7); setInterval(() => {}, 60_000);`;
    const { supervisor, replaces } = createLab([process.execPath, '-e', program]);
    // It waits for the other's end, which never comes by itself.
    const failure: unknown = await supervisor.start().catch((error: unknown) => error);
    expect(String(failure)).toContain('worker 1 ended with code 7 before it served');
    expect(replaces).toEqual([]);
  },
);

test.skipIf(process.platform !== 'linux')(
  'one that is ended while it starts, as all of them are, has not failed',
  async () => {
    const command = [process.execPath, '-e', SERVING];
    const { supervisor, timers, events, logged } = createLab(command);
    await supervisor.start();
    const gone = events.once('gone 0');
    supervisor
      .serving()
      .find((worker) => worker.index === 0)
      ?.kill();
    await gone;
    command[2] = 'setInterval(() => {}, 60_000)';
    await timers.advance(100);
    await supervisor.end({ delayMs: 0, timeoutMs: 0 });
    expect(logged).toEqual([]);
  },
);

/** Two workers at a clock turned by hand. @param command may change: the next one that is started is of the new one. */
function createLab(command: string[]) {
  const timers = createManualTimers();
  const pauses: number[] = [];
  const logged: string[] = [];
  /** Of each that is gone, whether it is replaced. */
  const replaces: boolean[] = [];
  const waiting = new Map<string, () => void>();
  const events = {
    once: (name: string) =>
      inTime(
        new Promise<void>((resolve) => waiting.set(name, resolve)),
        () => `not so: ${name}; logged: ${logged.join(', ')}`,
      ),
    notify: (name: string) => waiting.get(name)?.(),
  };
  const options: SupervisorOptions = {
    workers: 2,
    command,
    program: '',
    environment: {},
    directory: import.meta.dir,
    shared: createWorkersMemory(2),
    methods: () => ({
      setup: () => {
        throw new Error('nobody is there to ask');
      },
      notice() {},
      remoteChanged() {},
      spent() {},
      append() {},
      page: async () => undefined,
      nextPiece: async () => ({ bytes: new Uint8Array(), isLast: true }),
      leavePage() {},
      watching: async () => {},
      frame() {},
    }),
    onNoneLeft() {},
    onServing: ({ index }) => events.notify(`serving ${index}`),
    // What follows its end is done in the same turn.
    onGone({ index }, _how, isReplaced) {
      replaces.push(isReplaced);
      queueMicrotask(() => events.notify(`gone ${index}`));
    },
    monotonic: timers.now,
    setTimer(callback, ms) {
      // Nobody is asked whether it hangs: real processes do not answer by this clock.
      if (ms === BEAT_MS) return () => {};
      pauses.push(ms);
      return timers.setTimer(callback, ms);
    },
    log(level, message) {
      logged.push(`${level} ${message}`);
      events.notify(`${level} ${message}`);
    },
  };
  return { supervisor: createSupervisor(options), timers, pauses, events, logged, replaces };
}
