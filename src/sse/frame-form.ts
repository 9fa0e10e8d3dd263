// Tells frames that are the one before but for the text in them: most events of an answer add a few letters and repeat
// all that is around these. Their text is known without reading the rest again.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING = 0x7d;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
/** In bytes. What is longer is rare, and would be held for as long as the stream flows. */
const LONGEST_FRAME = 4096;
/** So many in a row to which none was like: the stream counts something in each of its frames. */
const MOST_UNLIKE = 16;

const NO_BYTES = new Uint8Array(0);

// A byte order mark in the middle of a frame is a character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** A class: one is held by each stream, and each frame looks at all of it. */
export class FrameForm {
  /** A frame, whole. Empty: there is none. */
  private model = NO_BYTES;
  /** Of the text in it. */
  private textStart = 0;
  private textEnd = 0;
  /** Of the blanks before its last brace: as many as there are hide how long the text is (Anthropic). */
  private blankStart = 0;
  private blankEnd = 0;
  /** Models in a row to which no frame was like. */
  private unlike = 0;

  /** Frames to come may be like this one, in which `text` is a whole string of JSON. */
  learn(frame: Uint8Array, text: string): void {
    this.model = NO_BYTES;
    if (text === '' || frame.length > LONGEST_FRAME || this.unlike === MOST_UNLIKE) return;
    this.unlike++;
    const whole = decoder.decode(frame);
    const quoted = `"${text}"`;
    const at = whole.indexOf(quoted);
    // Only where no letter is spelled in another way, and the text stands nowhere else, is it sure to stand there.
    if (at === -1 || whole.includes('\\') || whole.lastIndexOf(quoted) !== at) return;
    const textStart = at + 1;
    const textEnd = textStart + encoder.encode(text).length;
    // Characters are bytes in front of it and behind it.
    if (textEnd + whole.length - at - quoted.length + 1 !== frame.length) return;
    this.model = frame.slice();
    this.textStart = textStart;
    this.textEnd = textEnd;
    let end = frame.length;
    while (frame[end - 1] === LF || frame[end - 1] === CR) end--;
    this.blankEnd = frame[end - 1] === CLOSING ? end - 1 : end;
    this.blankStart = this.blankEnd;
    while (frame[this.blankStart - 1] === SPACE) this.blankStart--;
  }

  /** The next frame cannot be like one before. */
  forget(): void {
    this.model = NO_BYTES;
  }

  /** The text of a frame that is the learned one but for it; undefined where it is another, or to be looked at. */
  textIn(frame: Uint8Array): string | undefined {
    const { model, textStart, blankStart, blankEnd } = this;
    if (model.length === 0 || !this.holds(frame, 0, 0, textStart)) return undefined;
    let at = textStart;
    for (; ; at++) {
      const byte = frame[at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < SPACE || byte === BACKSLASH) return undefined;
    }
    const textEnd = at;
    if (textEnd === textStart || !this.holds(frame, at, this.textEnd, blankStart)) return undefined;
    at += blankStart - this.textEnd;
    while (frame[at] === SPACE) at++;
    if (frame.length - at !== model.length - blankEnd || !this.holds(frame, at, blankEnd, model.length))
      return undefined;
    this.unlike = 0;
    return decoder.decode(frame.subarray(textStart, textEnd));
  }

  /** Whether what the model has in `from` to `to` stands in the frame at this place. */
  private holds(frame: Uint8Array, place: number, from: number, to: number): boolean {
    const { model } = this;
    const shift = place - from;
    for (let at = from; at < to; at++) if (frame[at + shift] !== model[at]) return false;
    return true;
  }
}
