// The body of an upload as its try sends it. The provider's time is limited only while it has something to take or to answer.
import type { StreamedBody } from '../../upstream/transport.ts';
import type { Watchdog } from '../../upstream/watchdog.ts';
import type { StreamTiming } from '../record/stream-timing.ts';

export interface BodyWatch {
  watchdog: Watchdog;
  timing: StreamTiming;
  /** Longest time for the provider to take a piece, and after the last one to begin its answer. */
  firstByteMs: number;
  monotonic(): number;
}

export class WatchedBody implements StreamedBody {
  readonly length: number | null;
  private readonly body: StreamedBody;
  private readonly watch: BodyWatch;
  private isAnswered = false;

  constructor(body: StreamedBody, watch: BodyWatch) {
    this.body = body;
    this.length = body.length;
    this.watch = watch;
  }

  async next(): ReturnType<StreamedBody['next']> {
    const { body, watch } = this;
    if (this.isAnswered) return body.next();
    const { watchdog, timing } = watch;
    timing.arrived();
    watchdog.rest();
    timing.handed(watch.monotonic());
    const piece = await body.next();
    if (!this.hasAnswer()) watchdog.wait('first_byte', watch.firstByteMs, timing.waiting());
    return piece;
  }

  cancel(): void {
    this.body.cancel();
  }

  /** The answer has begun, or never will: what is waited for after that is watched elsewhere. */
  answered(): void {
    this.isAnswered = true;
  }

  private hasAnswer(): boolean {
    return this.isAnswered;
  }
}
