// Packages that are loaded by the first request that needs them, not with the gateway.
import { GatewayError } from './errors.ts';

/**
 * To be called where a module begins that loads packages in this way. Bun keeps a search that failed for good, also one that
 * failed because the process could open no more files: the search is made at the start, when it can.
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
 * Rejects with a GatewayError `overloaded` where it cannot be loaded; the next call tries anew.
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
