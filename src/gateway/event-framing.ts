// How most providers frame a stream: server-sent events.
import type { EventTaker, StreamFraming } from '../dialects/dialect.ts';
import { FrameForm } from '../sse/frame-form.ts';
import { createFrameSplitter, type FrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';

export function createEventFraming(maxEvent: number): StreamFraming {
  return new EventFraming(maxEvent);
}

class EventFraming implements StreamFraming {
  private readonly splitter: FrameSplitter;
  private readonly form = new FrameForm();

  constructor(maxEvent: number) {
    this.splitter = createFrameSplitter(maxEvent);
  }

  push(chunk: Uint8Array, taker: EventTaker): void {
    // Mostly a chunk is one frame.
    if (this.splitter.isBetween() && this.form.repeat(chunk, taker)) return;
    for (const frame of this.splitter.push(chunk).frames) {
      if (frame === chunk || !this.form.repeat(frame, taker)) this.read(frame, taker);
    }
  }

  flush(taker: EventTaker): void {
    this.read(this.splitter.flush(), taker);
  }

  private read(frame: Uint8Array, taker: EventTaker): void {
    const event = parseFrame(frame);
    if (event === undefined) return;
    const text = taker.take(event);
    if (text === undefined) this.form.forget();
    else this.form.learn(frame, text, taker.varies);
  }
}
