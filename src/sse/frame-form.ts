// Recognizes frames that differ from the previous one only in their text: most events of an answer add a few letters and repeat all that
// surrounds them. Their text is read without parsing the rest again.

const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** In bytes. Longer frames are rare, and would be held for as long as the stream lasts. */
const LONGEST_FRAME = 4096;
/** After so many consecutive models that no frame matched, nothing is learned any more: something differs in each frame. */
const MOST_UNLIKE = 16;

const NO_BYTES = new Uint8Array(0);

// A byte order mark within a frame is a character.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Receives the texts of such frames. */
export interface RepeatReader {
  /** A field after the text whose string is meaningless and may differ. Without one, any number of blanks may precede the last brace. */
  readonly padding: string | undefined;
  /** A field whose digits may differ: a number, or an object of counts. */
  readonly numbers: string | undefined;
  /** Returns false if the frame has to be parsed. */
  repeat(text: string): boolean;
}

/** Extended by the class that takes frames: each frame reads the state of both, so they are one object. */
export class FrameForm {
  /** A whole frame, with the numbers of the last one that matched it; empty: there is none. */
  private model = NO_BYTES;
  /** Bounds of the text in the model. */
  private textStart = 0;
  private textEnd = 0;
  /** Bounds of the padding. */
  private paddingStart = 0;
  private paddingEnd = 0;
  private isPaddedByField = false;
  /** Bounds of the digits that may differ. */
  private numbersStart = 0;
  private numbersEnd = 0;
  /** Whether the frame being compared has other digits. */
  private hasOthers = false;
  /** Whether the last match had other digits that were not taken yet. */
  private isNews = false;
  /** How many consecutive models no frame matched. */
  private unlike = 0;

  /** Makes this frame the model for the next ones; `text` is a whole JSON string in it. */
  learn(frame: Uint8Array, text: string, { padding, numbers }: Omit<RepeatReader, 'repeat'>): void {
    this.forget();
    if (text === '' || frame.length > LONGEST_FRAME || this.unlike === MOST_UNLIKE) return;
    this.unlike++;
    const whole = decoder.decode(frame);
    const quoted = JSON.stringify(text);
    const at = whole.indexOf(quoted);
    if (at === -1 || whole.lastIndexOf(quoted) !== at) return;
    const textStart = at + 1;
    const textEnd = at + encoder.encode(quoted).length - 1;
    const front = whole.slice(0, textStart);
    const rest = whole.slice(at + quoted.length - 1);
    // Without escapes around it, the text that is found here is certainly the one that was parsed.
    if (rest.includes('\\') || front.includes('\\')) return;
    // Only ASCII may surround the text, so that offsets in characters are offsets in bytes.
    if (textEnd + rest.length !== frame.length) return;
    const field = padding === undefined ? undefined : stringIn(rest, padding);
    const [paddingStart, paddingEnd] = field ?? blanksIn(rest);
    this.model = new Uint8Array(frame);
    this.textStart = textStart;
    this.textEnd = textEnd;
    this.paddingStart = textEnd + paddingStart;
    this.paddingEnd = textEnd + paddingEnd;
    this.isPaddedByField = field !== undefined;
    if (numbers === undefined) return;
    const before = numbersIn(front, numbers, 0);
    const behind = numbersIn(rest, numbers, textEnd);
    const [start, end] = before ?? behind ?? [0, 0];
    // Of two such fields, a parser reads only one.
    if (before !== undefined && behind !== undefined) return;
    if (start < this.paddingEnd && end > this.paddingStart) return;
    this.numbersStart = start;
    this.numbersEnd = end;
  }

  /** Drops the model: the next frame must be parsed. */
  forget(): void {
    this.model = NO_BYTES;
    this.numbersEnd = 0;
    this.isNews = false;
  }

  /** JSON of the last matching frame's numbers, if they differ from those reported before. */
  takeNumbers(): string | undefined {
    if (!this.isNews) return undefined;
    this.isNews = false;
    return decoder.decode(this.model.subarray(this.numbersStart, this.numbersEnd));
  }

  /** The last frame that matched the model, apart from its text; empty if there is no model. */
  latest(): Uint8Array {
    return this.model;
  }

  /**
   * Passes the text of the frame at `from` to `to` in `bytes` to `reader`, if only its text differs from the model. Returns false if more
   * differs, or the frame has to be parsed.
   */
  repeat(bytes: Uint8Array, from: number, to: number, reader: RepeatReader): boolean {
    const { model, paddingEnd } = this;
    this.hasOthers = false;
    if (model.length === 0 || !this.holds(bytes, from, 0, this.textStart)) return false;
    const textStart = from + this.textStart;
    const textEnd = endOfText(bytes, textStart, to);
    const start = textEnd + this.paddingStart - this.textEnd;
    const end = to - model.length + paddingEnd;
    if (textEnd <= textStart || end < start) return false;
    if (!this.holds(bytes, textEnd, this.textEnd, this.paddingStart)) return false;
    if (!this.holds(bytes, end, paddingEnd, model.length)) return false;
    if (!(this.isPaddedByField ? isString(bytes, start, end) : isBlank(bytes, start, end))) return false;
    const text = textOf(bytes.subarray(textStart, textEnd));
    if (text === undefined || !reader.repeat(text)) return false;
    if (this.hasOthers) {
      const { numbersStart } = this;
      if (numbersStart < this.textStart) this.keepNumbers(bytes, from + numbersStart);
      else if (numbersStart < this.paddingStart)
        this.keepNumbers(bytes, textEnd + numbersStart - this.textEnd);
      else this.keepNumbers(bytes, end + numbersStart - paddingEnd);
    }
    this.unlike = 0;
    return true;
  }

  /** Whether the model's bytes `from` to `to` stand at `place`, apart from the digits of its numbers. */
  private holds(bytes: Uint8Array, place: number, from: number, to: number): boolean {
    const { model } = this;
    const shift = place - from;
    for (let at = from; at < to; at++) {
      const byte = bytes[at + shift] ?? 0;
      if (byte !== model[at] && !this.isOtherDigit(at, byte)) return false;
    }
    return true;
  }

  /** The number of digits must be the same: it changes only once in ten, a hundred, a thousand frames. */
  private isOtherDigit(at: number, byte: number): boolean {
    const { model } = this;
    if (at < this.numbersStart || at >= this.numbersEnd || !isDigit(byte) || !isDigit(model[at]))
      return false;
    // JSON forbids leading zeros, except for the number 0 itself.
    if (byte === ZERO && !isDigit(model[at - 1]) && isDigit(model[at + 1])) return false;
    this.hasOthers = true;
    return true;
  }

  private keepNumbers(bytes: Uint8Array, place: number): void {
    const { model, numbersStart, numbersEnd } = this;
    const shift = place - numbersStart;
    for (let at = numbersStart; at < numbersEnd; at++) model[at] = bytes[at + shift] ?? 0;
    this.isNews = true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== SPACE) return false;
  return true;
}

/** Whether the bytes are a JSON string without escapes. */
function isString(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 2 || bytes[from] !== QUOTE || bytes[to - 1] !== QUOTE) return false;
  for (let at = from + 1; at < to - 1; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** Position of the quote that ends a string; -1 if there is none. */
function endOfText(bytes: Uint8Array, start: number, to: number): number {
  for (let at = start; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** Decodes what stands between a string's quotes; undefined if it is not valid JSON. */
function textOf(bytes: Uint8Array): string | undefined {
  const spelled = decoder.decode(bytes);
  if (!spelled.includes('\\')) return spelled;
  const text = parseJson(`"${spelled}"`);
  return typeof text === 'string' ? text : undefined;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Bounds of the field's value, if it is a string. */
function stringIn(json: string, field: string): [number, number] | undefined {
  const start = fieldValue(json, field);
  const end = json.indexOf('"', start + 1) + 1;
  return json[start] === '"' && end > start ? [start, end] : undefined;
}

/** Bounds of the field's value, if it is a number or an object. */
function numbersIn(json: string, field: string, offset: number): [number, number] | undefined {
  const start = fieldValue(json, field);
  if (start === -1) return undefined;
  let end = start;
  if (json[start] === '{') {
    let depth = 0;
    do {
      if (json[end] === '{') depth++;
      if (json[end] === '}') depth--;
      end++;
    } while (depth > 0 && end < json.length);
  } else while (isDigit(json.charCodeAt(end))) end++;
  if (start === end || parseJson(json.slice(start, end)) === undefined) return undefined;
  return [offset + start, offset + end];
}

/** Start of the field's value; -1 if the field is missing or appears more than once. */
function fieldValue(json: string, field: string): number {
  const name = `"${field}":`;
  const found = json.indexOf(name);
  if (found === -1 || json.lastIndexOf(name) !== found) return -1;
  const start = found + name.length;
  return json[start] === ' ' ? start + 1 : start;
}

/** Blanks before the last brace, which hide the length of the text (Anthropic). */
function blanksIn(json: string): [number, number] {
  let end = json.length;
  while (json[end - 1] === '\n' || json[end - 1] === '\r') end--;
  if (json[end - 1] === '}') end--;
  let start = end;
  while (json[start - 1] === ' ') start--;
  return [start, end];
}
