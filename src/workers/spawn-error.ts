// Why the system refuses to start a process.
import { accessSync, constants } from 'node:fs';
import { messageOf } from '../model/thrown.ts';

/**
 * The reason and what to do, to follow "could not be started". For a working directory that this user may not enter, the system reports the
 * code and path of a program that may not be run.
 *
 * @param error what the spawn threw. @param directory in which the process was to work. @param remedy for any other reason.
 */
export function describeSpawnError(error: unknown, directory: string, remedy: string): string {
  try {
    accessSync(directory, constants.X_OK);
  } catch {
    return `because this user may not enter the working directory, ${directory}: change to another`;
  }
  return `(${messageOf(error)}): ${remedy}`;
}
