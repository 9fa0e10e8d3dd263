// Reads a JSON text fragment by fragment without holding it: whether it is whole, and whether it can still become
// so. Time is one step a character, memory one byte a level of nesting. https://www.rfc-editor.org/rfc/rfc8259

export interface JsonScanner {
  push(fragment: string): void;
  /** Nothing but white space so far. */
  empty(): boolean;
  /** One value, and every bracket, string and word of it is closed. */
  complete(): boolean;
  /** Nothing that could follow would make it JSON. */
  broken(): boolean;
  /** The value began as an object. */
  isObject(): boolean;
}

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
/** The characters behind a backslash, beside `u`. */
const ESCAPES = '"\\/bfnrt';
const WORDS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const PART_OF_NUMBER = /^-?((0|[1-9]\d*)(\.\d*)?)?([eE][+-]?\d*)?$/;
/** Of a number, in characters: what is longer is not looked at closely, so that it costs no memory. */
const LONGEST_NUMBER = 400;

export function createJsonScanner(): JsonScanner {
  /** The opening brackets that are not closed. */
  let open = new Uint8Array(16);
  let depth = 0;
  let state = VALUE;
  let first = 0;
  let inKey = false;
  let digitsLeft = 0;
  let word = '';
  let number = '';

  function enter(bracket: number): void {
    if (depth === open.length) {
      const larger = new Uint8Array(open.length * 2);
      larger.set(open);
      open = larger;
    }
    open[depth++] = bracket;
    state = bracket === OBJECT ? KEY_OR_END : VALUE_OR_END;
  }

  function valueEnded(): void {
    state = depth === 0 ? NOTHING : COMMA_OR_END;
  }

  function leave(bracket: number): void {
    if (open[depth - 1] !== bracket) {
      state = BROKEN;
      return;
    }
    depth--;
    valueEnded();
  }

  function beginValue(code: number, character: string): void {
    first ||= code;
    if (code === QUOTE) {
      inKey = false;
      state = IN_STRING;
    } else if (code === OBJECT || code === ARRAY) enter(code);
    else if (code === 45 || (code >= 48 && code <= 57)) {
      number = character;
      state = IN_NUMBER;
    } else {
      word = WORDS[character] ?? '';
      state = word === '' ? BROKEN : IN_WORD;
      word = word.slice(1);
    }
  }

  /** Any character outside strings, words and numbers. */
  function structure(code: number, character: string): void {
    if (code === 32 || code === 10 || code === 13 || code === 9) return;
    switch (state) {
      case VALUE_OR_END:
        if (code === ARRAY_END) leave(ARRAY);
        else beginValue(code, character);
        return;
      case VALUE:
        beginValue(code, character);
        return;
      case KEY_OR_END:
      case KEY:
        inKey = true;
        if (code === QUOTE) state = IN_STRING;
        else if (code === OBJECT_END && state === KEY_OR_END) leave(OBJECT);
        else state = BROKEN;
        return;
      case COLON:
        state = code === 58 ? VALUE : BROKEN;
        return;
      case COMMA_OR_END:
        if (code === 44) state = open[depth - 1] === OBJECT ? KEY : VALUE;
        else if (code === OBJECT_END) leave(OBJECT);
        else if (code === ARRAY_END) leave(ARRAY);
        else state = BROKEN;
        return;
      default:
        state = BROKEN;
    }
  }

  /** @returns where the string's content stops being plain. */
  function skipPlain(fragment: string, from: number): number {
    for (let at = from; at < fragment.length; at++) {
      const code = fragment.charCodeAt(at);
      if (code === QUOTE || code === BACKSLASH || code < 32) return at;
    }
    return fragment.length;
  }

  function step(code: number, character: string): void {
    switch (state) {
      case IN_STRING:
        if (code === BACKSLASH) state = IN_ESCAPE;
        else if (code !== QUOTE) state = BROKEN;
        else if (inKey) state = COLON;
        else valueEnded();
        return;
      case IN_ESCAPE:
        digitsLeft = 4;
        if (character === 'u') state = IN_CODE_UNIT;
        else state = ESCAPES.includes(character) ? IN_STRING : BROKEN;
        return;
      case IN_CODE_UNIT:
        if (!/[\da-fA-F]/.test(character)) state = BROKEN;
        else if (--digitsLeft === 0) state = IN_STRING;
        return;
      case IN_WORD:
        if (word[0] !== character) state = BROKEN;
        else if (word.length === 1) valueEnded();
        word = word.slice(1);
        return;
      case IN_NUMBER:
        if (/[-+.\deE]/.test(character)) {
          if (number.length < LONGEST_NUMBER) number += character;
          if (!PART_OF_NUMBER.test(number)) state = BROKEN;
          return;
        }
        valueEnded();
        if (!isNumber()) state = BROKEN;
        else structure(code, character);
        return;
      default:
        structure(code, character);
    }
  }

  const isNumber = () => number.length >= LONGEST_NUMBER || NUMBER.test(number);

  return {
    push(fragment) {
      for (let at = 0; at < fragment.length && state !== BROKEN; at++) {
        if (state === IN_STRING) {
          at = skipPlain(fragment, at);
          if (at === fragment.length) return;
        }
        step(fragment.charCodeAt(at), fragment.charAt(at));
      }
    },
    empty: () => first === 0 && state === VALUE,
    complete: () => state === NOTHING || (state === IN_NUMBER && depth === 0 && isNumber()),
    broken: () => state === BROKEN,
    isObject: () => first === OBJECT,
  };
}
