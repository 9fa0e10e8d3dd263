// Tells what of another answer comes after the text that the client has already.

export interface PrefixReader {
  /** The part of `text` that is new, '' where it repeats; undefined from where the answer is another one. */
  read(text: string): string | undefined;
  /** Whether everything that the client has was repeated. */
  complete(): boolean;
}

const SPACE = /\s/;

/**
 * For an answer that begins anew: it must repeat `had` letter by letter. Only white space may differ, since models
 * and servers cut and trim it in their own ways.
 */
export function createRepeatReader(had: string): PrefixReader {
  const end = had.trimEnd().length;
  let at = 0;
  let trailing = had.length > end;
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
      if (at < end) return '';
      const rest = text.slice(from);
      if (!trailing) return rest;
      // The client has this white space too.
      const fresh = rest.trimStart();
      if (fresh !== '') trailing = false;
      return fresh;
    },
  };
}

/** For an answer that goes on where `had` ends: white space there is said once. */
export function createSequelReader(had: string): PrefixReader {
  let trailing = had.trimEnd().length < had.length;
  return {
    complete: () => true,
    read(text) {
      if (!trailing) return text;
      const fresh = text.trimStart();
      if (fresh !== '') trailing = false;
      return fresh;
    },
  };
}

/**
 * For an answer that begins anew to a client whose own turn, `turn`, was repeated before `had`: it may repeat that too, or
 * go on with it. What stands for either is held until it is the one.
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
