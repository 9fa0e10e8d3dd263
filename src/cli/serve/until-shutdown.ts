// How a foreground command waits for its end.
import { createShutdown } from '../../server/shutdown.ts';
import type { CliContext } from '../command.ts';

/** 128 plus the signal's number, by the convention of shells. */
const FORCED_EXIT_CODES: Record<string, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** In milliseconds, how long a hurried end may take: requests that are cut off still get their final error and their row. */
export const HURRY_MS = 5_000;

export interface UntilShutdownOptions {
  onFirst?(signal: string): void;
  /** Called at a second signal with the exit code to end with very soon. If left out, a second signal ends the process at once. */
  onSecond?(exitCode: number): void;
}

/** Resolves at the first signal, after `onFirst`; a third signal ends the process at once. */
export function untilShutdown(
  context: CliContext,
  { onFirst, onSecond }: UntilShutdownOptions = {},
): Promise<void> {
  return new Promise((resolve) => {
    const codeOf = (signal: string) => FORCED_EXIT_CODES[signal] ?? 1;
    const onSignal = createShutdown({
      now: () => performance.now(),
      onShutdown(signal) {
        onFirst?.(signal);
        resolve();
      },
      ...(onSecond !== undefined && {
        onHurry(signal) {
          setTimeout(() => context.exit(codeOf(signal)), HURRY_MS).unref();
          onSecond(codeOf(signal));
        },
      }),
      onForce: (signal) => context.exit(codeOf(signal)),
    });
    context.onSignal(onSignal);
  });
}

/** For a command that looks for something new again and again until it ends. */
export interface Looks {
  isOver(): boolean;
  /** Resolves after `ms`, or at once when the command ends. */
  pause(ms: number): Promise<void>;
}

/** Racing each pause against `over` would keep something of every pause in memory for as long as the command runs. */
export function createLooks(over: Promise<void>): Looks {
  let isOver = false;
  let wake = () => {};
  void over.then(() => {
    isOver = true;
    wake();
  });
  return {
    isOver: () => isOver,
    pause(ms) {
      if (isOver) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
