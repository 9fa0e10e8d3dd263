// A stream that comes as one JSON array, as Gemini sends it when not asked for events: each element is an event, passed on as its bytes
// arrive.
import type { Pump } from './pump.ts';
import { WrappedPump } from './wrapped-pump.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const BLANK = 0x20;
const OPENS: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSES: ReadonlySet<number> = new Set([0x7d, CLOSE]);

const FIELD = [...new TextEncoder().encode('data: ')];
const END = [10, 10];
const LINE = [10];
const NOTHING: readonly number[] = [];

/** Gives the elements to the stream's own pump as server-sent events; that pump's decoder decides whether an element is valid. */
export class JsonArrayReaderPump<Out> extends WrappedPump<Out> {
  /** Number of open brackets: 1 between elements. */
  private depth = 0;
  private inText = false;
  private escaped = false;
  /** Part of the current element has been passed on. */
  private inElement = false;
  private before: readonly number[];

  /** @param isBehind the stream's pump has had leading blanks, which would otherwise be read as the beginning of the first field's name. */
  constructor(stream: Pump<Out>, isBehind: boolean) {
    super(stream);
    this.before = isBehind ? LINE : NOTHING;
  }

  override push(chunk: Uint8Array): Out | undefined {
    const bytes: number[] = [];
    for (const byte of chunk) this.take(byte, bytes);
    return bytes.length === 0 ? undefined : this.stream.push(Uint8Array.from(bytes));
  }

  private take(byte: number, out: number[]): void {
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (byte === BACKSLASH) this.escaped = true;
      else this.inText = byte !== QUOTE;
      out.push(byte);
      return;
    }
    // White space is insignificant, and a newline would end the field.
    if (byte <= BLANK) return;
    if (this.depth === 0) {
      // The array's own bracket, or a byte order mark before it.
      if (OPENS.has(byte)) this.depth = 1;
      return;
    }
    if (this.depth === 1 && (byte === COMMA || byte === CLOSE)) {
      this.endElement(out);
      return;
    }
    if (!this.inElement) {
      this.inElement = true;
      out.push(...this.before, ...FIELD);
      this.before = NOTHING;
    }
    out.push(byte);
    if (byte === QUOTE) this.inText = true;
    else if (OPENS.has(byte)) this.depth++;
    else if (CLOSES.has(byte)) {
      this.depth--;
      // The element is whole: its reader need not wait for what follows.
      if (this.depth === 1) this.endElement(out);
    }
  }

  private endElement(out: number[]): void {
    if (!this.inElement) return;
    this.inElement = false;
    out.push(...END);
  }
}
