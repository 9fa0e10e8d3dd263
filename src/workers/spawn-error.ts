// Why the system refuses to start a process.
import { accessSync, constants } from 'node:fs';
import { messageOf } from '../model/thrown.ts';

/**
 * The reason and what to do, to follow "could not be started". A working directory that this user may not enter is refused with
 * the code, and the path, of a program that it may not run.
 *
 * @param error what the spawn threw. @param directory the process was to work in. @param remedy where another reason is to blame.
 */
export function describeSpawnError(error: unknown, directory: string, remedy: string): string {
  try {
    accessSync(directory, constants.X_OK);
  } catch {
    return `because this user may not enter the working directory, ${directory}: change to another`;
  }
  return `(${messageOf(error)}): ${remedy}`;
}
