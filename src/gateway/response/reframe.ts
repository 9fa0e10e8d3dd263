// Rewrites a client's stream from the dialect's own form, which the pumps make, in another form.
import type { StreamForm } from '../../dialects/envelope.ts';
import { joinBytes } from '../../model/join-bytes.ts';
import { FRAME_FORMATS, type FrameFormat } from '../../sse/frame-format.ts';
import type { FrameSplitter } from '../../sse/frame-splitter.ts';

export class Reframer {
  readonly ping: Uint8Array;
  private readonly form: StreamForm;
  /** Unbounded: the pumps have checked the size of each event. */
  private readonly splitter: FrameSplitter;
  private readonly parse: FrameFormat['parse'];

  /** @param framing of the stream that is rewritten. */
  constructor(form: StreamForm, framing: keyof typeof FRAME_FORMATS) {
    const { createSplitter, parse } = FRAME_FORMATS[framing];
    this.splitter = createSplitter(Number.POSITIVE_INFINITY);
    this.parse = parse;
    this.form = form;
    this.ping = form.ping;
  }

  /** Empty if the events are only comments. */
  push(events: Uint8Array): Uint8Array {
    return joinBytes(this.splitter.push(events).frames.map((frame) => this.write(frame)));
  }

  /** The last event, if no blank line followed it. */
  flush(): Uint8Array {
    return this.write(this.splitter.flush());
  }

  private write(frame: Uint8Array): Uint8Array {
    const event = this.parse(frame);
    return event === undefined ? NOTHING : this.form.write(event);
  }
}

const NOTHING = new Uint8Array(0);
