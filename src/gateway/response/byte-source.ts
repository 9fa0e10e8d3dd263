// How the bytes of a streamed answer get from the gateway into the body of a response.

/** Bytes that come by and by, written into whoever takes them. */
export interface ByteSource {
  /** Called once: from now on bytes are written to `sink`, from within what brings them. */
  start(sink: ByteSink): void;
  /** There is room again, after a write that found none. */
  resume(): void;
  /** Nobody wants the rest: nothing more is written. */
  cancel(): void;
}

export interface ByteSink {
  /** Takes the bytes in any case. False: nothing more, please, until `resume`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
}

/** Makes the body of a response of them. */
export type MakeBody = (source: ByteSource) => ReadableStream<Uint8Array>;

/** A stream as any runtime reads it: one read, one write. */
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
    });
  }

  cancel(): void {
    this.source.cancel();
  }
}
