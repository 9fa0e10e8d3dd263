// Lets the simulator be reached by address, like any other upstream.
import type { Simulator } from './simulator.ts';

type Fetch<Rest extends unknown[]> = (url: string, init: RequestInit, ...rest: Rest) => Promise<Response>;

const SCHEME = 'simulator:';

/** `fetch`, with `simulator://…` answered inside the process. */
export function withSimulator<Rest extends unknown[]>(simulator: Simulator, fetch: Fetch<Rest>): Fetch<Rest> {
  return (url, init, ...rest) =>
    url.startsWith(SCHEME)
      ? simulator.fetch(new Request(`http:${url.slice(SCHEME.length)}`, init))
      : fetch(url, init, ...rest);
}
