// Makes the simulator reachable by address, like any other upstream.
import type { Simulator } from './simulator.ts';

const SCHEME = 'simulator:';

/** Wraps `send`: `simulator://…` is answered by `simulated` inside the process. */
export function withSimulator<Request extends { url: string }, Answer>(
  simulated: (request: Request) => Answer,
  send: (request: Request) => Answer,
): (request: Request) => Answer {
  return (request) => (request.url.startsWith(SCHEME) ? simulated(request) : send(request));
}

/** The part of fetch that the simulator provides. */
export function fetchSimulator(simulator: Simulator): (url: string, init: RequestInit) => Promise<Response> {
  return (url, init) => simulator.fetch(new Request(`http:${url.slice(SCHEME.length)}`, init));
}
