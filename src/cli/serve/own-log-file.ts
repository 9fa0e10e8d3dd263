// The log file of a background gateway, as `sluice daemon start` names it to the processes that serve.
import { keepLogFile, LOG_FILE_VARIABLE, type LogFileOptions } from '../../server/log-file.ts';
import type { CliContext } from '../command.ts';

/** Does nothing in the foreground. */
export function keepOwnLogFile(
  { environment }: CliContext,
  options: Pick<LogFileOptions, 'putsAside' | 'log'>,
): void {
  const path = environment[LOG_FILE_VARIABLE];
  if (path !== undefined && path !== '') keepLogFile({ path, ...options });
}
