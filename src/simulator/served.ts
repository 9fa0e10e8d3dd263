// The simulator behind an HTTP server, where not every failure can be a rejection.
import { ConnectionRefused } from './fault.ts';
import type { Simulator } from './simulator.ts';

/**
 * For a server's `fetch`: always a response. A connection can no longer be refused here, so it ends without an
 * answer: a body that fails before its first byte closes the connection.
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
