// How the bytes of a streamed answer get from the gateway into the body of a response.

/** Bytes that arrive over time, written into a sink. */
export interface ByteSource {
  /** Called once: from now on bytes are written to `sink`, synchronously as they arrive. */
  start(sink: ByteSink): void;
  /** There is room again, after a write that found none. */
  resume(): void;
  /** The rest is not wanted: nothing more is written. */
  cancel(): void;
}

export interface ByteSink {
  /** Takes the bytes in any case. False: nothing more should be written until `resume`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Breaks the answer off: its reader sees that it is not whole. */
  fail(error: Error): void;
}

/** Makes a response's body from a source. */
export type MakeBody = (source: ByteSource) => ReadableStream<Uint8Array>;

/** A standard stream, for any runtime: one write for each read. */
export const standardBody: MakeBody = (source) =>
  new ReadableStream<Uint8Array>(new PulledSource(source), { highWaterMark: 0 });

class PulledSource implements UnderlyingDefaultSource<Uint8Array> {
  private readonly source: ByteSource;
  private isStarted = false;

  constructor(source: ByteSource) {
    this.source = source;
  }

  pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.isStarted) {
      this.source.resume();
      return;
    }
    this.isStarted = true;
    this.source.start({
      write(bytes) {
        controller.enqueue(bytes);
        return false;
      },
      end: () => controller.close(),
      fail: (error) => controller.error(error),
    });
  }

  cancel(): void {
    this.source.cancel();
  }
}
