// One question to every worker, and the answers of those that have one in time.
import { type Answer, type Arguments, ChannelClosed } from './channel.ts';
import type { WorkerMethods } from './protocol.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How long a worker is waited for that may be busy; what it does not say in time is left out. */
const ASK_MS = 500;

type SetTimer = (callback: () => void, ms: number) => () => void;

export function askAll<Name extends keyof WorkerMethods & string>(
  workers: Iterable<WorkerProcess>,
  setTimer: SetTimer,
  name: Name,
  ...args: Arguments<WorkerMethods[Name]>
): Promise<Answer<WorkerMethods[Name]>[]> {
  return askAllWithin(ASK_MS, workers, setTimer, name, ...args);
}

export async function askAllWithin<Name extends keyof WorkerMethods & string>(
  ms: number,
  workers: Iterable<WorkerProcess>,
  setTimer: SetTimer,
  name: Name,
  ...args: Arguments<WorkerMethods[Name]>
): Promise<Answer<WorkerMethods[Name]>[]> {
  const asked = [...workers].map(({ channel }) => within(ms, channel.call(name, ...args), setTimer));
  const answers = await Promise.all(asked);
  return answers.flat();
}

/** The answer, or none: it takes longer, or the worker is gone. */
function within<Value>(ms: number, asked: Promise<Value>, setTimer: SetTimer): Promise<[] | [Value]> {
  return new Promise((resolve, reject) => {
    const cancel = setTimer(() => resolve([]), ms);
    asked.then(
      (value) => {
        cancel();
        resolve([value]);
      },
      (error) => {
        cancel();
        if (error instanceof ChannelClosed) resolve([]);
        else reject(error);
      },
    );
  });
}
