// Finds what another answer adds to the text that the client has already.

export interface PrefixReader {
  /** The new part of `text`; empty where it only repeats; undefined once the answer deviates. */
  read(text: string): string | undefined;
  /** Whether all that the client has was repeated. */
  complete(): boolean;
}

const SPACE = /\s/;

/**
 * For an answer that starts over: it must repeat `had` letter by letter. Only white space may differ, since models and servers trim it in
 * different ways.
 */
export function createRepeatReader(had: string): PrefixReader {
  const end = had.trimEnd().length;
  let at = 0;
  const readRest = createJointReader(had.slice(end));
  return {
    complete: () => at >= end,
    read(text) {
      let from = 0;
      while (at < end && from < text.length) {
        const letter = text.charAt(from++);
        if (SPACE.test(letter)) continue;
        while (SPACE.test(had.charAt(at))) at++;
        if (letter !== had.charAt(at)) return undefined;
        at++;
      }
      return at < end ? '' : readRest(text.slice(from));
    },
  };
}

/** For an answer that continues where `had` ends, and may repeat its trailing white space. */
export function createSequelReader(had: string): PrefixReader {
  return { complete: () => true, read: createJointReader(had.slice(had.trimEnd().length)) };
}

/**
 * Reads what follows the last letter that the client has. White space that the client has too is left out, but not what goes beyond it,
 * such as an indentation after a line break.
 * @param had the white space that the client has there.
 */
function createJointReader(had: string): (text: string) => string {
  let isOver = had === '';
  let spaces = '';
  return (text) => {
    if (isOver) return text;
    spaces += text;
    const rest = spaces.trimStart();
    if (rest === '') return '';
    isOver = true;
    spaces = spaces.slice(0, spaces.length - rest.length);
    let from = 0;
    while (!spaces.startsWith(had.slice(from))) from++;
    // White space that begins differently is the same space, written in another way.
    return (from < had.length ? spaces.slice(had.length - from) : '') + rest;
  };
}

/**
 * For an answer that starts over for a client whose own last turn, `turn`, precedes `had`: it may repeat `turn` too, or continue it. Text
 * that fits both is held until one is ruled out.
 */
export function createTurnReader(turn: string, had: string): PrefixReader {
  const whole = createRepeatReader(turn + had);
  let chosen: PrefixReader | undefined;
  let held = '';
  return {
    complete: () => chosen?.complete() ?? false,
    read(text) {
      if (chosen !== undefined) return chosen.read(text);
      held += text;
      const fresh = whole.read(text);
      if (fresh === undefined) {
        chosen = createRepeatReader(had);
        return chosen.read(held);
      }
      if (whole.complete()) chosen = whole;
      return fresh;
    },
  };
}
