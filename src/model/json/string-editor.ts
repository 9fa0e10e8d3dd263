// Changes the strings at one place of JSON documents that pass in pieces, without holding the rest: a batch may have 200 MB.
import { joinBytes } from '../join-bytes.ts';
import { asString, parseObject } from './json.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** From the top of a document: keys of objects, and null for each element of a list. */
export type JsonPlace = readonly (string | null)[];

/** Where a string was found. */
export interface FoundAt {
  /** Counted from 1, beginning with the line of the first document. */
  line: number;
  /** The element of the place's list, counted from 0; 0 if the place has no list. */
  element: number;
}

interface StringEdit {
  place: JsonPlace;
  /** Whether each line is a separate document, whatever the line before it contained. */
  perLine: boolean;
  /** The string to write in place of `value`. `take` rethrows what it throws. */
  change(value: string, at: FoundAt): string;
}

/** In bytes: longer strings stay as they are, so that none takes memory. */
const LONGEST = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const OPEN = { brace: 0x7b, bracket: 0x5b };
const CLOSE = { brace: 0x7d, bracket: 0x5d };

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** What the editor makes of a whole body. */
export function editWhole(editor: StringEditor, bytes: Bytes): Bytes {
  const passed = editor.take(bytes);
  return joinBytes([passed, editor.end()].filter(({ length }) => length > 0));
}

export class StringEditor {
  private readonly edit: StringEdit;
  private readonly longestKey: number;
  private line = 0;
  private element = 0;
  /** How many objects and lists are open, and how many of these, from the outermost on, lie on the way to the place. */
  private depth = 0;
  private onWay = 0;
  /** For each of those on the way, by depth: whether it is a list. */
  private readonly isList: boolean[] = [];
  private inString = false;
  /** Whether the last byte was an unescaped backslash within a string. */
  private escaped = false;
  /** Whether, in the innermost one on the way, a key begins or has begun. */
  private atKey = false;
  private key: number[] = [];
  /** Whether, in the innermost one on the way, the value that begins is the next step, or the string itself. */
  private isNext = false;
  /** The string that is being read, with its quotes; null: none is. */
  private held: number[] | null = null;
  /** Where that string began in the current bytes; -1: in earlier ones, which are held back. */
  private heldFrom = -1;
  private passed: Bytes[] = [];
  /** How many of the current bytes are in `passed` or were replaced. */
  private done = 0;

  /** What stands between documents is skipped. */
  constructor(edit: StringEdit) {
    this.edit = edit;
    this.longestKey = Math.max(...edit.place.map((step) => step?.length ?? 0));
  }

  /**
   * The bytes to pass on: as many as were taken, except that an unfinished string is held back, and a string that becomes longer takes
   * more. One that becomes shorter is followed by white space.
   */
  take(bytes: Bytes): Bytes {
    this.passed = [];
    this.done = 0;
    for (let at = 0; at < bytes.length; ) {
      const found = this.edit.perLine ? bytes.indexOf(LINE_FEED, at) : -1;
      const to = found === -1 ? bytes.length : found;
      this.pass(bytes.subarray(0, to), at);
      if (found !== -1) this.nextLine(found);
      at = to + 1;
    }
    if (this.held !== null) {
      if (this.heldFrom !== -1) this.passTo(bytes, this.heldFrom);
      this.heldFrom = -1;
    } else this.passTo(bytes, bytes.length);
    return joinBytes(this.passed);
  }

  /** What was held back, when nothing follows. */
  end(): Bytes {
    const rest = Uint8Array.from(this.held ?? []);
    this.held = null;
    return rest;
  }

  private pass(bytes: Bytes, from: number): void {
    let at = from;
    while (at < bytes.length) at = this.inString ? this.passString(bytes, at) : this.passSign(bytes, at);
  }

  private passTo(bytes: Bytes, to: number): void {
    if (to > this.done) this.passed.push(bytes.subarray(this.done, to));
    this.done = to;
  }

  private nextLine(at: number): void {
    if (this.line > 0) this.line++;
    if (this.held !== null) this.release(at);
    this.depth = 0;
    this.onWay = 0;
    this.inString = false;
    this.escaped = false;
  }

  private isOnWay(): boolean {
    return this.depth > 0 && this.depth === this.onWay;
  }

  /** Returns the index after the string, or after the bytes if the string is not over. */
  private passString(bytes: Bytes, from: number): number {
    let at = from;
    let quote: number;
    for (;;) {
      if (this.escaped) {
        this.escaped = false;
        at++;
      }
      quote = bytes.indexOf(QUOTE, at);
      const end = quote === -1 ? bytes.length : quote;
      let backslashes = 0;
      while (end - backslashes > at && bytes[end - backslashes - 1] === BACKSLASH) backslashes++;
      const isEscaped = backslashes % 2 === 1;
      if (quote === -1) this.escaped = isEscaped;
      if (quote === -1 || !isEscaped) break;
      at = quote + 1;
    }
    this.inString = quote === -1;
    const end = this.inString ? bytes.length : quote;
    const next = this.inString ? end : quote + 1;
    if (this.held !== null) this.hold(this.held, bytes, from, next);
    else if (this.atKey && this.isOnWay())
      for (let index = from; index < end && this.key.length <= this.longestKey; index++)
        this.key.push(bytes[index] ?? 0);
    return next;
  }

  private hold(held: number[], bytes: Bytes, from: number, next: number): void {
    if (held.length + next - from > LONGEST) {
      this.release(from);
      return;
    }
    for (let index = from; index < next; index++) held.push(bytes[index] ?? 0);
    if (!this.inString) this.replace(held, bytes, next);
  }

  /** Leaves the string as it is. */
  private release(at: number): void {
    if (this.heldFrom === -1) {
      this.passed.push(this.end());
      this.done = at;
    }
    this.held = null;
  }

  private replace(held: number[], bytes: Bytes, next: number): void {
    const own = Uint8Array.from(held);
    const value = asString(parseObject(`{"value":${decoder.decode(own)}}`)?.value);
    const changed =
      value === undefined ? value : this.edit.change(value, { line: this.line, element: this.element });
    this.held = null;
    if (changed === value || changed === undefined) {
      if (this.heldFrom === -1) this.passed.push(own);
      else return;
    } else {
      if (this.heldFrom !== -1) this.passTo(bytes, this.heldFrom);
      this.passed.push(padded(encoder.encode(JSON.stringify(changed)), own.length));
    }
    this.done = next;
  }

  private passSign(bytes: Bytes, at: number): number {
    const sign = bytes[at] ?? 0;
    const { place } = this.edit;
    switch (sign) {
      case QUOTE:
        if (this.depth === 0) break;
        this.inString = true;
        if (!this.isOnWay()) break;
        if (this.atKey) this.key = [];
        else if (this.isNext && this.onWay === place.length) {
          this.held = [QUOTE];
          this.heldFrom = at;
        }
        break;
      case COLON:
        if (!this.isOnWay() || !this.atKey) break;
        this.atKey = false;
        this.isNext = String.fromCharCode(...this.key) === place[this.onWay - 1];
        break;
      case COMMA:
        if (!this.isOnWay()) break;
        if (this.isList[this.onWay] === true) this.element++;
        else {
          this.atKey = true;
          this.isNext = false;
        }
        break;
      case OPEN.brace:
      case OPEN.bracket:
        this.open(sign === OPEN.bracket);
        break;
      case CLOSE.brace:
      case CLOSE.bracket:
        this.close();
        break;
      default:
        break;
    }
    return at + 1;
  }

  private open(isList: boolean): void {
    const { place } = this.edit;
    if (this.depth === 0 && this.line === 0) this.line = 1;
    const isOnWay = this.depth === 0 || (this.isOnWay() && this.isNext && this.onWay < place.length);
    this.depth++;
    if (!isOnWay) return;
    this.onWay = this.depth;
    this.isList[this.onWay] = isList;
    this.atKey = !isList;
    this.isNext = isList && place[this.onWay - 1] === null;
    if (this.isNext) this.element = 0;
  }

  private close(): void {
    if (this.depth === 0) return;
    if (this.isOnWay()) {
      this.onWay--;
      this.atKey = false;
      // In a list each element is the next step; in an object only the value that just ended was.
      this.isNext = this.isList[this.onWay] === true && this.edit.place[this.onWay - 1] === null;
    }
    this.depth--;
  }
}

function padded(bytes: Uint8Array, length: number): Bytes {
  const filled = new Uint8Array(Math.max(bytes.length, length)).fill(SPACE);
  filled.set(bytes);
  return filled;
}
