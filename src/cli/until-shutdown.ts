// How a foreground command waits for its end.
import { createShutdown } from '../server/shutdown.ts';
import type { CliContext } from './command.ts';

/** 128 and the signal's number, as shells count. */
const FORCED_EXIT_CODES: Record<string, number> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Resolves with the first signal, after `onFirst`; a later one ends the process at once. */
export function untilShutdown(
  context: CliContext,
  onFirst: (signal: string) => void = () => {},
): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = createShutdown({
      now: () => performance.now(),
      onShutdown(signal) {
        onFirst(signal);
        resolve();
      },
      onForce: (signal) => context.exit(FORCED_EXIT_CODES[signal] ?? 1),
    });
    context.onSignal(onSignal);
  });
}
