// Reads some fields of JSON objects that pass in pieces, without holding the rest: an image is megabytes of base64, and what it cost a
// hundred bytes after it.
import { asNumber, asObject, type JsonObject, parseObject } from './json.ts';

/** In bytes: longer values are not read. */
const LONGEST = 16 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = { brace: 0x7b, bracket: 0x5b };
const CLOSE = { brace: 0x7d, bracket: 0x5d };

export class FieldReader {
  private readonly names: readonly string[];
  private readonly longestName: number;
  private depth = 0;
  private inString = false;
  /** Whether the last byte was an unescaped backslash within a string. */
  private escaped = false;
  /** Whether a key begins, or has begun, at the top of an object. */
  private atKey = false;
  private key: number[] = [];
  /** The field whose value is being read, with the value's bytes so far; null: none is. */
  private reading: { name: string; bytes: number[] } | null = null;
  private readonly found: JsonObject = {};

  /**
   * For a body that is one object, and for a stream whose events hold one each: whatever stands between objects is skipped.
   * @param names of fields at the top of an object.
   */
  constructor(names: readonly string[]) {
    this.names = names;
    this.longestName = Math.max(...names.map((name) => name.length));
  }

  /** Takes the next bytes, without keeping a reference to them. */
  take(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.inString ? this.passString(bytes, at) : this.passSign(bytes, at);
  }

  /** The value of each field, if it is an object or a number, from the last object that had the field. */
  values(): JsonObject {
    return this.found;
  }

  /** Returns the index after the string, or after the bytes if the string is not over. */
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
      if (this.atKey && this.depth === 1 && this.key.length <= this.longestName)
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
        if (this.atKey && this.depth === 1) {
          this.atKey = false;
          this.reading = this.begin();
          return at + 1;
        }
        break;
      case COMMA:
        if (this.depth === 1) {
          this.atKey = true;
          this.finish();
        }
        break;
      case OPEN.brace:
      case OPEN.bracket:
        this.depth++;
        if (this.depth === 1) this.atKey = sign === OPEN.brace;
        break;
      case CLOSE.brace:
      case CLOSE.bracket:
        this.depth--;
        if (this.depth === 0) this.finish();
        break;
      default:
        break;
    }
    this.keep(bytes, at, at + 1);
    return at + 1;
  }

  private begin(): FieldReader['reading'] {
    const key = String.fromCharCode(...this.key);
    return this.names.includes(key) ? { name: key, bytes: [] } : null;
  }

  private keep(bytes: Uint8Array, from: number, to: number): void {
    const kept = this.reading?.bytes;
    if (kept === undefined) return;
    if (kept.length + to - from > LONGEST) this.reading = null;
    else for (let index = from; index < to; index++) kept.push(bytes[index] ?? 0);
  }

  private finish(): void {
    const { reading } = this;
    this.reading = null;
    if (reading === null) return;
    const text = new TextDecoder().decode(Uint8Array.from(reading.bytes));
    const value = parseObject(`{"value":${text}}`)?.value;
    const known = asObject(value) ?? asNumber(value);
    if (known !== undefined) this.found[reading.name] = known;
  }
}
