// How the bytes of a streamed answer get from the gateway into the body of a response.

/** Bytes that arrive over time, written into a sink. */
export interface ByteSource {
  /** Called once: from now on bytes are written to `sink`, synchronously as they arrive. */
  start(sink: ByteSink): void;
  /** Called when there is room again, after a write that found none. */
  resume(): void;
  /** The rest is not wanted: nothing more will be written. */
  cancel(): void;
}

export interface ByteSink {
  /** Always takes the bytes. Returns false if nothing more should be written until `resume`. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Breaks the answer off, so that its reader sees that it is not whole. */
  fail(error: Error): void;
}

/** Makes a response's body from a source. */
export type MakeBody = (source: ByteSource) => ReadableStream<Uint8Array>;

/** A standard stream for any runtime: one write for each read. */
export const standardBody: MakeBody = (source) =>
  new ReadableStream<Uint8Array>(new PulledSource(source), { highWaterMark: 0 });

/**
 * A body for a request with a signal. When the signal is aborted, the body fails with the signal's reason, as that of any fetch does, and
 * the source is cancelled, even if nobody is reading.
 */
export function abortableBody(signal: AbortSignal): MakeBody {
  return (source) => {
    const abortable = new AbortableSource(source, signal);
    return new ReadableStream<Uint8Array>(abortable, { highWaterMark: 0 });
  };
}

class PulledSource implements UnderlyingDefaultSource<Uint8Array> {
  protected readonly source: ByteSource;
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
    this.source.start(this.sinkOf(controller));
  }

  cancel(): void {
    this.source.cancel();
  }

  protected sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): ByteSink {
    return {
      write(bytes) {
        controller.enqueue(bytes);
        return false;
      },
      end: () => controller.close(),
      fail: (error) => controller.error(error),
    };
  }
}

class AbortableSource extends PulledSource {
  private readonly signal: AbortSignal;
  private abort = () => {};

  constructor(source: ByteSource, signal: AbortSignal) {
    super(source);
    this.signal = signal;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.abort = () => {
      this.unfollow();
      controller.error(this.signal.reason);
      super.cancel();
    };
    if (this.signal.aborted) this.abort();
    else this.signal.addEventListener('abort', this.abort);
  }

  override cancel(): void {
    this.unfollow();
    super.cancel();
  }

  protected override sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): ByteSink {
    const { write, end, fail } = super.sinkOf(controller);
    // Whatever reacts to the abort by ending the answer may run before this class's own listener.
    const unlessAborted = (then: () => void) => {
      if (this.signal.aborted) return;
      this.unfollow();
      then();
    };
    return {
      write: (bytes) => !this.signal.aborted && write(bytes),
      end: () => unlessAborted(end),
      fail: (error) => unlessAborted(() => fail(error)),
    };
  }

  private unfollow(): void {
    this.signal.removeEventListener('abort', this.abort);
  }
}
