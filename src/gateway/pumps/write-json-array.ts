// For a client that reads a stream as one JSON array, as Gemini's clients do that do not ask for events: each event that passes becomes an
// element, in the provider's own words.
import type { GatewayError } from '../../model/errors.ts';
import { isJson } from '../../model/json/json.ts';
import { createFrameSplitter, type FrameSplitter } from '../../sse/frame-splitter.ts';
import { parseFrame } from '../../sse/parse-frame.ts';
import { WrappedPump } from './wrapped-pump.ts';

const textEncoder = new TextEncoder();

/** @param stream gives whole events. */
export class JsonArrayWriterPump extends WrappedPump<Uint8Array> {
  /** Unbounded: `stream` has already checked the size of each event. */
  private readonly splitter: FrameSplitter = createFrameSplitter(Number.POSITIVE_INFINITY);
  private isFirst = true;
  private isClosed = false;

  override push(chunk: Uint8Array): Uint8Array | undefined {
    return this.write(this.stream.push(chunk), false);
  }

  override end(): Uint8Array | undefined {
    return this.write(this.stream.end(), true);
  }

  override fail(error: GatewayError): Uint8Array | undefined {
    return this.write(this.stream.fail(error), true);
  }

  private write(events: Uint8Array | undefined, isLast: boolean): Uint8Array | undefined {
    let text = '';
    if (events !== undefined)
      for (const frame of this.splitter.push(events).frames) text += this.element(frame);
    if (isLast && !this.isClosed) {
      text += this.element(this.splitter.flush());
      text += this.isFirst ? '[]' : ']';
      this.isClosed = true;
    }
    return text === '' ? undefined : textEncoder.encode(text);
  }

  private element(frame: Uint8Array): string {
    const event = parseFrame(frame);
    // A broken element would break the whole array, so it is left out; the row counts it.
    if (event === undefined || !isJson(event.data)) return '';
    const before = this.isFirst ? '[' : ',\r\n';
    this.isFirst = false;
    return before + event.data;
  }
}
