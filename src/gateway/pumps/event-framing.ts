// How most providers frame a stream: server-sent events.
import type { EventTaker, StreamFraming } from '../../dialects/dialect.ts';
import { FrameForm } from '../../sse/frame-form.ts';
import { createFrameSplitter, type FrameSplitter } from '../../sse/frame-splitter.ts';
import { isComment, parseFrame } from '../../sse/parse-frame.ts';

export function createEventFraming(maxEvent: number): StreamFraming {
  return new EventFraming(maxEvent);
}

class EventFraming extends FrameForm implements StreamFraming {
  private readonly maxEvent: number;
  private readonly splitter: FrameSplitter;
  /** Whether the stream stands between two frames, as the splitter sees it. */
  private isBetween = true;

  constructor(maxEvent: number) {
    super();
    this.maxEvent = maxEvent;
    this.splitter = createFrameSplitter(maxEvent);
  }

  push(chunk: Uint8Array, taker: EventTaker): void {
    // Usually a chunk is exactly one frame.
    if (this.isBetween && chunk.length <= this.maxEvent && this.repeat(chunk, 0, chunk.length, taker)) return;
    const { bytes, ends, tooLarge } = this.splitter.push(chunk);
    this.isBetween = this.splitter.isBetween();
    let from = 0;
    for (const to of ends) {
      if (!this.repeat(bytes, from, to, taker)) this.read(bytes.subarray(from, to), taker);
      from = to;
    }
    if (tooLarge !== undefined) throw tooLarge;
  }

  flush(taker: EventTaker): void {
    this.read(this.splitter.flush(), taker);
  }

  settle(taker: EventTaker): void {
    const numbers = this.takeNumbers();
    if (numbers !== undefined) taker.count(numbers);
  }

  private read(frame: Uint8Array, taker: EventTaker): void {
    const event = parseFrame(frame);
    if (event === undefined) {
      if (isComment(frame)) taker.comment?.();
      return;
    }
    this.settle(taker);
    const text = taker.take(event);
    if (text === undefined) this.forget();
    else this.learn(frame, text, taker);
  }
}
