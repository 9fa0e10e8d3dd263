// Reads one field of JSON objects that pass by in pieces, without holding the rest: an image is megabytes of base64, what it
// cost a hundred bytes behind it.
import { asObject, type JsonObject, parseObject } from './json.ts';

export interface FieldReader {
  /** Takes the next bytes; does not hold on to them. */
  take(bytes: Uint8Array): void;
  /** The field of the last object that had it, if that is an object itself. */
  value(): JsonObject | undefined;
}

/** Longer values are not read, in bytes. */
const LONGEST = 16 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = { brace: 0x7b, bracket: 0x5b };
const CLOSE = { brace: 0x7d, bracket: 0x5d };

/**
 * For a body that is one object, and for a stream whose events hold one each: whatever is between objects is skipped.
 * @param name of a field at the top of an object.
 */
export function createFieldReader(name: string): FieldReader {
  return new Reader(name);
}

class Reader implements FieldReader {
  private readonly name: string;
  private depth = 0;
  private inString = false;
  /** The last byte was a backslash within a string, and not itself escaped. */
  private escaped = false;
  /** At the top of an object, where a key begins or has begun. */
  private atKey = false;
  private key: number[] = [];
  /** The bytes of the value that is being read; null: none is. */
  private reading: number[] | null = null;
  private found: JsonObject | undefined;

  constructor(name: string) {
    this.name = name;
  }

  take(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.inString ? this.passString(bytes, at) : this.passSign(bytes, at);
  }

  value(): JsonObject | undefined {
    return this.found;
  }

  /** Returns the index behind the string, or behind the bytes. */
  private passString(bytes: Uint8Array, from: number): number {
    let at = from;
    for (;;) {
      if (this.escaped) {
        this.escaped = false;
        at++;
      }
      const quote = bytes.indexOf(QUOTE, at);
      const end = quote === -1 ? bytes.length : quote;
      let backslashes = 0;
      while (end - backslashes > at && bytes[end - backslashes - 1] === BACKSLASH) backslashes++;
      const isEscaped = backslashes % 2 === 1;
      if (quote === -1) this.escaped = isEscaped && bytes.length > from;
      if (quote !== -1 && isEscaped) {
        at = quote + 1;
        continue;
      }
      const next = quote === -1 ? end : quote + 1;
      this.keep(bytes, from, next);
      if (this.atKey && this.depth === 1 && this.key.length <= this.name.length)
        for (let index = from; index < end; index++) this.key.push(bytes[index] ?? 0);
      this.inString = quote === -1;
      return next;
    }
  }

  private passSign(bytes: Uint8Array, at: number): number {
    const sign = bytes[at] ?? 0;
    if (this.depth === 0 && sign !== OPEN.brace && sign !== OPEN.bracket) return at + 1;
    switch (sign) {
      case QUOTE:
        this.inString = true;
        if (this.atKey && this.depth === 1) this.key = [];
        break;
      case COLON:
        this.atKey = false;
        break;
      case COMMA:
        if (this.depth === 1) this.atKey = true;
        break;
      case OPEN.brace:
      case OPEN.bracket:
        this.depth++;
        if (this.depth === 1) this.atKey = sign === OPEN.brace;
        else if (this.depth === 2 && sign === OPEN.brace && this.isNamed()) this.reading = [];
        break;
      case CLOSE.brace:
      case CLOSE.bracket:
        this.depth--;
        break;
      default:
        break;
    }
    this.keep(bytes, at, at + 1);
    if (this.depth === 1 && this.reading !== null) this.finish(this.reading);
    return at + 1;
  }

  private isNamed(): boolean {
    return !this.atKey && String.fromCharCode(...this.key) === this.name;
  }

  private keep(bytes: Uint8Array, from: number, to: number): void {
    const { reading } = this;
    if (reading === null) return;
    if (reading.length + to - from > LONGEST) this.reading = null;
    else for (let index = from; index < to; index++) reading.push(bytes[index] ?? 0);
  }

  private finish(value: readonly number[]): void {
    this.reading = null;
    this.found = asObject(parseObject(new TextDecoder().decode(Uint8Array.from(value)))) ?? this.found;
  }
}
