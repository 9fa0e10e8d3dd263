// Packages that are loaded by the first request that needs them, not at the start.
import { GatewayError } from './errors.ts';

/**
 * To be called where a module begins that loads packages in this way. Bun remembers for good that a search failed, even if the process only
 * could not open more files, so the search is made at the start, when it can.
 */
export function findPackages(...names: readonly string[]): void {
  for (const name of names) {
    try {
      import.meta.resolve(name);
    } catch {
      // Not installed: the first request that needs it says so.
    }
  }
}

/**
 * Rejects with a GatewayError `overloaded` if the package cannot be loaded; the next call tries again.
 * @param what is loaded, as the beginning of a sentence.
 */
export async function loadPackage<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new GatewayError(
      'overloaded',
      `${what} could not be loaded: if this process has reached its limit of open files and connections, raise it ` +
        '(ulimit -n, LimitNOFILE=), or let fewer clients connect; otherwise install Sluice again',
      { cause },
    );
  }
}
