// Asks every worker a question, and collects the answers that come in time.
import { type Answer, type Arguments, ChannelClosed } from './channel.ts';
import type { WorkerMethods } from './protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How long, in milliseconds, a possibly busy worker is waited for; a later answer is left out. */
const ASK_MS = 500;

type Asked = Pick<WorkerProcess, 'channel'>;

export interface Questions {
  all<Name extends keyof WorkerMethods & string>(
    workers: Iterable<Asked>,
    name: Name,
    ...args: Arguments<WorkerMethods[Name]>
  ): Promise<Answer<WorkerMethods[Name]>[]>;
  /** The same with another time limit. */
  allWithin<Name extends keyof WorkerMethods & string>(
    ms: number,
    workers: Iterable<Asked>,
    name: Name,
    ...args: Arguments<WorkerMethods[Name]>
  ): Promise<Answer<WorkerMethods[Name]>[]>;
  /**
   * Whether any of them says yes; resolves as soon as one does. Workers that missed a question are waited for as well, since even a busy
   * one does what it was asked.
   */
  anyWithin(
    ms: number,
    workers: Iterable<Asked>,
    name: 'cancel',
    ...args: Arguments<WorkerMethods['cancel']>
  ): Promise<boolean>;
  /** Whether it missed a question and has answered none since: it is asked, but not waited for. */
  isSilent(worker: Asked): boolean;
}

export function createQuestions(setTimer: (callback: () => void, ms: number) => () => void): Questions {
  const silent = new WeakSet<Asked>();

  /** The answer, or none if it takes longer or the worker is gone. */
  function within<Value>(ms: number, worker: Asked, asked: Promise<Value>): Promise<[] | [Value]> {
    return new Promise((resolve, reject) => {
      const passed = () => {
        silent.add(worker);
        resolve([]);
      };
      const cancel = setTimer(passed, ms);
      const settle = () => {
        cancel();
        // Any answer, however late, shows that it is awake.
        silent.delete(worker);
      };
      asked.then(
        (value) => {
          settle();
          resolve([value]);
        },
        (error) => {
          settle();
          if (error instanceof ChannelClosed) resolve([]);
          else reject(error);
        },
      );
    });
  }

  async function allWithin<Name extends keyof WorkerMethods & string>(
    ms: number,
    workers: Iterable<Asked>,
    name: Name,
    ...args: Arguments<WorkerMethods[Name]>
  ): Promise<Answer<WorkerMethods[Name]>[]> {
    const asked = [...workers].map((worker) =>
      within(silent.has(worker) ? 0 : ms, worker, worker.channel.call(name, ...args)),
    );
    const answers = await Promise.all(asked);
    return answers.flat();
  }

  return {
    all: (workers, name, ...args) => allWithin(ASK_MS, workers, name, ...args),
    allWithin,
    anyWithin: (ms, workers, name, ...args) =>
      new Promise((resolve, reject) => {
        const asked = [...workers].map(async (worker) => {
          const [isSo = false] = await within(ms, worker, worker.channel.call(name, ...args));
          if (isSo) resolve(true);
        });
        Promise.all(asked).then(() => resolve(false), reject);
      }),
    isSilent: (worker) => silent.has(worker),
  };
}
