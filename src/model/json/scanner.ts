// Checks JSON text fragment by fragment without storing it: whether it is complete, and whether it still can be.
// One step per character, one byte of memory per level of nesting. https://www.rfc-editor.org/rfc/rfc8259

/** What may come next. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const COLON = 4;
const COMMA_OR_END = 5;
const NOTHING = 6;
const IN_STRING = 7;
const IN_ESCAPE = 8;
const IN_CODE_UNIT = 9;
const IN_WORD = 10;
const IN_NUMBER = 11;
const BROKEN = 12;

const QUOTE = 34;
const BACKSLASH = 92;
const OBJECT = 123;
const ARRAY = 91;
const OBJECT_END = 125;
const ARRAY_END = 93;
/** The characters that may follow a backslash, besides `u`. */
const ESCAPES = '"\\/bfnrt';
const WORDS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const PART_OF_NUMBER = /^-?((0|[1-9]\d*)(\.\d*)?)?([eE][+-]?\d*)?$/;
/** In characters; longer numbers are not fully checked, so that they take no memory. */
const LONGEST_NUMBER = 400;

/** A class: as closures it would be thirteen objects per call in a stream. */
export class JsonScanner {
  /** The opening brackets that are not closed yet. */
  private open = new Uint8Array(16);
  private depth = 0;
  private state = VALUE;
  private first = 0;
  private inKey = false;
  private digitsLeft = 0;
  private word = '';
  private number = '';

  push(fragment: string): void {
    for (let at = 0; at < fragment.length && this.state !== BROKEN; at++) {
      if (this.state === IN_STRING) {
        at = skipPlain(fragment, at);
        if (at === fragment.length) return;
      }
      this.step(fragment.charCodeAt(at), fragment.charAt(at));
    }
  }

  /** Whether there was nothing but white space so far. */
  empty(): boolean {
    return this.first === 0 && this.state === VALUE;
  }

  /** Whether it is one value, with every bracket, string and literal closed. */
  complete(): boolean {
    return this.state === NOTHING || (this.state === IN_NUMBER && this.depth === 0 && this.isNumber());
  }

  /** Whether no continuation can make it JSON. */
  broken(): boolean {
    return this.state === BROKEN;
  }

  /** Whether the value began as an object. */
  isObject(): boolean {
    return this.first === OBJECT;
  }

  private enter(bracket: number): void {
    if (this.depth === this.open.length) {
      const larger = new Uint8Array(this.open.length * 2);
      larger.set(this.open);
      this.open = larger;
    }
    this.open[this.depth++] = bracket;
    this.state = bracket === OBJECT ? KEY_OR_END : VALUE_OR_END;
  }

  private valueEnded(): void {
    this.state = this.depth === 0 ? NOTHING : COMMA_OR_END;
  }

  private leave(bracket: number): void {
    if (this.open[this.depth - 1] !== bracket) {
      this.state = BROKEN;
      return;
    }
    this.depth--;
    this.valueEnded();
  }

  private beginValue(code: number, character: string): void {
    this.first ||= code;
    if (code === QUOTE) {
      this.inKey = false;
      this.state = IN_STRING;
    } else if (code === OBJECT || code === ARRAY) this.enter(code);
    else if (code === 45 || (code >= 48 && code <= 57)) {
      this.number = character;
      this.state = IN_NUMBER;
    } else {
      this.word = WORDS[character] ?? '';
      this.state = this.word === '' ? BROKEN : IN_WORD;
      this.word = this.word.slice(1);
    }
  }

  /** Any character outside strings, words and numbers. */
  private structure(code: number, character: string): void {
    if (code === 32 || code === 10 || code === 13 || code === 9) return;
    switch (this.state) {
      case VALUE_OR_END:
        if (code === ARRAY_END) this.leave(ARRAY);
        else this.beginValue(code, character);
        return;
      case VALUE:
        this.beginValue(code, character);
        return;
      case KEY_OR_END:
      case KEY:
        this.inKey = true;
        if (code === QUOTE) this.state = IN_STRING;
        else if (code === OBJECT_END && this.state === KEY_OR_END) this.leave(OBJECT);
        else this.state = BROKEN;
        return;
      case COLON:
        this.state = code === 58 ? VALUE : BROKEN;
        return;
      case COMMA_OR_END:
        if (code === 44) this.state = this.open[this.depth - 1] === OBJECT ? KEY : VALUE;
        else if (code === OBJECT_END) this.leave(OBJECT);
        else if (code === ARRAY_END) this.leave(ARRAY);
        else this.state = BROKEN;
        return;
      default:
        this.state = BROKEN;
    }
  }

  private step(code: number, character: string): void {
    switch (this.state) {
      case IN_STRING:
        if (code === BACKSLASH) this.state = IN_ESCAPE;
        else if (code !== QUOTE) this.state = BROKEN;
        else if (this.inKey) this.state = COLON;
        else this.valueEnded();
        return;
      case IN_ESCAPE:
        this.digitsLeft = 4;
        if (character === 'u') this.state = IN_CODE_UNIT;
        else this.state = ESCAPES.includes(character) ? IN_STRING : BROKEN;
        return;
      case IN_CODE_UNIT:
        if (!/[\da-fA-F]/.test(character)) this.state = BROKEN;
        else if (--this.digitsLeft === 0) this.state = IN_STRING;
        return;
      case IN_WORD:
        if (this.word[0] !== character) this.state = BROKEN;
        else if (this.word.length === 1) this.valueEnded();
        this.word = this.word.slice(1);
        return;
      case IN_NUMBER:
        if (/[-+.\deE]/.test(character)) {
          if (this.number.length < LONGEST_NUMBER) this.number += character;
          if (!PART_OF_NUMBER.test(this.number)) this.state = BROKEN;
          return;
        }
        this.valueEnded();
        if (!this.isNumber()) this.state = BROKEN;
        else this.structure(code, character);
        return;
      default:
        this.structure(code, character);
    }
  }

  private isNumber(): boolean {
    return this.number.length >= LONGEST_NUMBER || NUMBER.test(this.number);
  }
}

/** @returns the offset of the first character that is not plain string content. */
function skipPlain(fragment: string, from: number): number {
  for (let at = from; at < fragment.length; at++) {
    const code = fragment.charCodeAt(at);
    if (code === QUOTE || code === BACKSLASH || code < 32) return at;
  }
  return fragment.length;
}
