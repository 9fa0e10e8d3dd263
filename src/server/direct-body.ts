// The body of a streamed answer in the form that costs Bun's server least: its source writes it straight to the
// connection, without a queue or a promise in between. https://bun.com/docs/api/streams#direct-readablestream
import type { ByteSink, ByteSource } from '../gateway/response/byte-source.ts';

/**
 * For a response that Bun's server sends unchanged; with any other reader, its back pressure is unreliable.
 * @param ended called before the last part goes out, unless the client still has to take earlier parts.
 */
export function directBody(source: ByteSource, ended: () => void): ReadableStream<Uint8Array> {
  const direct: Bun.DirectUnderlyingSource<Uint8Array> = {
    type: 'direct',
    pull: (controller) => source.start(new ConnectionSink(controller, source, ended)),
    cancel: () => source.cancel(),
  };
  // The web's types do not include direct streams.
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
    // Bun sends them when the current callback has ended; a call to flush would only add its own cost.
    const written = this.controller.write(bytes);
    if (typeof written === 'number') return true;
    this.isFull = true;
    this.resumeAfter(written);
    return false;
  }

  end(): void {
    // A client that stalls has unlimited time for the rest.
    if (!this.isFull) this.ended();
    this.controller.close();
  }

  fail(error: Error): void {
    this.controller.close(error);
  }

  private async resumeAfter(drained: Promise<number>): Promise<void> {
    try {
      await drained;
    } catch {
      // The connection is gone, which `cancel` reports.
      return;
    }
    this.isFull = false;
    this.source.resume();
  }
}
