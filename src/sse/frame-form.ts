// Tells frames that are the one before but for the text in them: most events of an answer add a few letters and repeat
// all that is around these. Their text is known without reading the rest again.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;
const SPACE = 0x20;
/** In bytes. What is longer is rare, and would be held for as long as the stream flows. */
const LONGEST_FRAME = 4096;
/** So many in a row to which none was like: the stream counts something in each of its frames. */
const MOST_UNLIKE = 16;

const NO_BYTES = new Uint8Array(0);

// A byte order mark in the middle of a frame is a character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Who is told of such frames. */
export interface RepeatReader {
  /**
   * A field behind the text that may differ, too: a string that says nothing, or an object of counts. Without one, as many
   * blanks as there are before the last brace.
   */
  readonly varies: string | undefined;
  /** @param varied JSON of that field, where it is not the one of the frame before. False: the frame has to be read. */
  repeat(text: string, varied: string | undefined): boolean;
}

/** To be extended by what takes frames: each frame looks at both, and so they are one object. */
export class FrameForm {
  /** A frame, whole. Empty: there is none. */
  private model = NO_BYTES;
  /** Of the text in it. */
  private textStart = 0;
  private textEnd = 0;
  /** Of what may differ behind the text. */
  private variedStart = 0;
  private variedEnd = 0;
  /** It is a field, not blanks. */
  private hasField = false;
  /** The field as it was last, where that is not as in the model. */
  private latest: Uint8Array | null = null;
  /** Models in a row to which no frame was like. */
  private unlike = 0;

  /** Frames to come may be like this one, in which `text` is a whole string of JSON. */
  learn(frame: Uint8Array, text: string, varies: string | undefined): void {
    this.model = NO_BYTES;
    if (text === '' || frame.length > LONGEST_FRAME || this.unlike === MOST_UNLIKE) return;
    this.unlike++;
    const whole = decoder.decode(frame);
    const quoted = JSON.stringify(text);
    const at = whole.indexOf(quoted);
    if (at === -1 || whole.lastIndexOf(quoted) !== at) return;
    const textStart = at + 1;
    const textEnd = at + encoder.encode(quoted).length - 1;
    const rest = whole.slice(at + quoted.length - 1);
    // Only where no letter around it is spelled in another way is it sure to be the one that stands there.
    if (rest.includes('\\') || whole.lastIndexOf('\\', at) !== -1) return;
    // Characters are bytes in front of it and behind it.
    if (textEnd + rest.length !== frame.length) return;
    const place = varies === undefined ? undefined : placeOf(varies, rest);
    const [start, end] = place ?? blanksIn(rest);
    this.model = new Uint8Array(frame);
    this.textStart = textStart;
    this.textEnd = textEnd;
    this.variedStart = textEnd + start;
    this.variedEnd = textEnd + end;
    this.hasField = place !== undefined;
    this.latest = null;
  }

  /** The next frame cannot be like one before. */
  forget(): void {
    this.model = NO_BYTES;
  }

  /**
   * Tells the text of the frame from one place in `bytes` to another, if that is the learned one but for it. False where it is
   * another, or has to be read.
   */
  repeat(bytes: Uint8Array, from: number, to: number, reader: RepeatReader): boolean {
    const { model, variedEnd } = this;
    if (model.length === 0 || !this.holds(bytes, from, 0, this.textStart)) return false;
    const textStart = from + this.textStart;
    const textEnd = endOfText(bytes, textStart, to);
    const start = textEnd + this.variedStart - this.textEnd;
    const end = to - model.length + variedEnd;
    if (textEnd <= textStart || end < start) return false;
    if (!this.holds(bytes, textEnd, this.textEnd, this.variedStart)) return false;
    if (!this.holds(bytes, end, variedEnd, model.length)) return false;
    if (!this.hasField) for (let at = start; at < end; at++) if (bytes[at] !== SPACE) return false;
    const isLatest = !this.hasField || this.isLatest(bytes, start, end);
    // Two frames, perhaps.
    if (!isLatest) for (let at = start; at < end; at++) if (bytes[at] === LF) return false;
    const text = textOf(bytes.subarray(textStart, textEnd));
    if (text === undefined) return false;
    const varied = isLatest ? null : bytes.subarray(start, end);
    if (!reader.repeat(text, varied === null ? undefined : decoder.decode(varied))) return false;
    if (varied !== null) this.latest = new Uint8Array(varied);
    this.unlike = 0;
    return true;
  }

  private isLatest(bytes: Uint8Array, start: number, end: number): boolean {
    const { latest, variedStart, variedEnd } = this;
    if (latest === null)
      return end - start === variedEnd - variedStart && this.holds(bytes, start, variedStart, variedEnd);
    if (end - start !== latest.length) return false;
    for (let at = 0; at < latest.length; at++) if (bytes[start + at] !== latest[at]) return false;
    return true;
  }

  /** Whether what the model has in `from` to `to` stands at this place. */
  private holds(bytes: Uint8Array, place: number, from: number, to: number): boolean {
    const { model } = this;
    const shift = place - from;
    for (let at = from; at < to; at++) if (bytes[at + shift] !== model[at]) return false;
    return true;
  }
}

/** Where the quote stands that ends a string; -1 where none does. */
function endOfText(bytes: Uint8Array, start: number, to: number): number {
  for (let at = start; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** What stands between a string's quotes says; undefined where that is no JSON. */
function textOf(bytes: Uint8Array): string | undefined {
  const spelled = decoder.decode(bytes);
  if (!spelled.includes('\\')) return spelled;
  try {
    const text: unknown = JSON.parse(`"${spelled}"`);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Of the field's value: of a string, or of an object without strings that hold braces. */
function placeOf(field: string, json: string): [number, number] | undefined {
  const name = `"${field}":`;
  const found = json.indexOf(name);
  if (found === -1 || json.lastIndexOf(name) !== found) return undefined;
  const start = found + name.length + (json[found + name.length] === ' ' ? 1 : 0);
  if (json[start] === '"') return [start, json.indexOf('"', start + 1) + 1];
  if (json[start] !== '{') return undefined;
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    if (json[at] === '{') depth++;
    if (json[at] === '}' && --depth === 0) return [start, at + 1];
  }
  return undefined;
}

/** Those before the last brace hide how long the text is (Anthropic). */
function blanksIn(json: string): [number, number] {
  let end = json.length;
  while (json[end - 1] === '\n' || json[end - 1] === '\r') end--;
  if (json[end - 1] === '}') end--;
  let start = end;
  while (json[start - 1] === ' ') start--;
  return [start, end];
}
