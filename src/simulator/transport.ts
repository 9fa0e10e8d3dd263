// Lets the simulator be reached by address, like any other upstream.
import type { Simulator } from './simulator.ts';

const SCHEME = 'simulator:';

/** `send`, but for `simulator://…`, which `simulated` answers inside the process. */
export function withSimulator<Request extends { url: string }, Answer>(
  simulated: (request: Request) => Answer,
  send: (request: Request) => Answer,
): (request: Request) => Answer {
  return (request) => (request.url.startsWith(SCHEME) ? simulated(request) : send(request));
}

/** fetch, as far as the simulator is concerned. */
export function fetchSimulator(simulator: Simulator): (url: string, init: RequestInit) => Promise<Response> {
  return (url, init) => simulator.fetch(new Request(`http:${url.slice(SCHEME.length)}`, init));
}
