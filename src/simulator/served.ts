// The simulator behind an HTTP server, where not every failure can be a rejected promise.
import { ConnectionRefused } from './fault.ts';
import type { Simulator } from './simulator.ts';

/**
 * For a server's `fetch`: it always returns a response. Since the connection is already open, a refused one is imitated by a body that
 * fails before its first byte, which closes the connection without an answer.
 */
export function serveSimulator(simulator: Simulator): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return await simulator.fetch(request);
    } catch (thrown) {
      if (thrown instanceof ConnectionRefused) return new Response(failingBody(thrown));
      // A client that left needs no answer, and its leaving is not an error.
      if (request.signal.aborted) return new Response(null, { status: 499 });
      throw thrown;
    }
  };
}

function failingBody(reason: Error): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.error(reason) }, { highWaterMark: 0 });
}
