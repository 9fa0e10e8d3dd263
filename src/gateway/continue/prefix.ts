// Finds what of another answer comes after the text that the client has already.

export interface PrefixReader {
  /** The new part of `text`, '' where it only repeats; undefined once the answer deviates. */
  read(text: string): string | undefined;
  /** Whether everything that the client has has been repeated. */
  complete(): boolean;
}

const SPACE = /\s/;

/**
 * For an answer that starts over: it must repeat `had` letter by letter. Only white space may differ, since models and
 * servers trim it differently.
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

/** For an answer that continues where `had` ends: white space at the joint is sent once. */
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
 * For an answer that starts over for a client whose own turn, `turn`, was repeated before `had`: it may repeat `turn` too,
 * or continue it. Text that fits both is held until one is ruled out.
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
