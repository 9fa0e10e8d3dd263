// The body of a streamed answer as Bun's server takes it with the least work: written to the connection from within
// what brings it, without a queue or a promise between. https://bun.com/docs/api/streams#direct-readablestream
import type { ByteSink, ByteSource } from '../gateway/response/byte-source.ts';

/**
 * For a response that Bun's server sends as it is; read by anybody else, its back pressure is not to be relied on.
 * @param ended told before the last of it goes out, unless the client still has to take what came before.
 */
export function directBody(source: ByteSource, ended: () => void): ReadableStream<Uint8Array> {
  const direct: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    pull: (controller) => source.start(new ConnectionSink(controller, source, ended)),
    cancel: () => source.cancel(),
  };
  // The types of the web know streams of two kinds.
  return new ReadableStream(direct as object);
}

class ConnectionSink implements ByteSink {
  private readonly controller: ReadableStreamDirectController;
  private readonly source: ByteSource;
  private readonly ended: () => void;
  private isFull = false;

  constructor(controller: ReadableStreamDirectController, source: ByteSource, ended: () => void) {
    this.controller = controller;
    this.source = source;
    this.ended = ended;
  }

  write(bytes: Uint8Array): boolean {
    // They go out when what brought them has been dealt with; a call to flush would change nothing but its own cost.
    const written = this.controller.write(bytes);
    if (typeof written === 'number') return true;
    this.isFull = true;
    this.resumeAfter(written);
    return false;
  }

  end(): void {
    // A reader that stalls has all the time it wants for the rest.
    if (!this.isFull) this.ended();
    this.controller.close();
  }

  private async resumeAfter(drained: Promise<number>): Promise<void> {
    try {
      await drained;
    } catch {
      // The connection is gone, which `cancel` tells.
      return;
    }
    this.isFull = false;
    this.source.resume();
  }
}
