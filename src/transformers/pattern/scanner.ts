// Finds the matches of a program in text that comes in pieces. It works character by character, so that the result does not depend on the
// pieces, and holds back only text that could still be part of a match.
import { Matcher } from './matcher.ts';
import type { Program } from './program.ts';

/** What applies to the text between the last decision and this one. */
export type Decision =
  /** No match. */
  | 'keep'
  /** A match, or its beginning. */
  | 'match'
  /** More of the previous match. */
  | 'more';

interface Scanner {
  feed(text: string): void;
  /** To be called when no more text comes: decides everything left. */
  flush(): void;
}

/**
 * Offsets count UTF-16 units since the scanner was created.
 * @param window how many characters may be held back for an unfinished match, which is given up beyond that.
 * @param decide called with the end of each stretch of text, in order and without gaps.
 */
export function createScanner(
  program: Program,
  window: number,
  decide: (end: number, decision: Decision) => void,
): Scanner {
  const matcher = new Matcher(program);
  /** The text from `base` on, of which the part up to `decided` is settled. */
  let text = '';
  let base = 0;
  let decided = 0;
  let position = 0;
  let before: string | undefined;
  /** The character before `base`. */
  let baseBefore: string | undefined;
  /** Whether the beginning of the match has been reported. */
  let reported = false;
  let ended = false;

  function settle(end: number, decision: Decision): void {
    if (end <= decided) return;
    decided = end;
    decide(end, decision);
  }

  function endMatch(): void {
    const { matchBegin, matchEnd } = matcher;
    settle(matchBegin, 'keep');
    settle(matchEnd, reported ? 'more' : 'match');
    position = matchEnd;
    before = charBefore(position);
    forgetMatch();
  }

  function forgetMatch(): void {
    matcher.forget();
    reported = false;
  }

  function charBefore(offset: number): string | undefined {
    const end = offset - base;
    if (end <= 0) return baseBefore;
    const unit = text[end - 1];
    const pair = end > 1 && isLow(unit) && isHigh(text[end - 2]);
    return pair ? text.slice(end - 2, end) : unit;
  }

  function step(char: string): void {
    const goesOn = matcher.stand(position, before, char);
    if (!goesOn && matcher.matchEnd !== -1) {
      endMatch();
      return;
    }
    matcher.consume(char);
    position += char.length;
    before = char;
    lookBack();
  }

  /** Called after each character: settles what has become certain, and gives up matches that have waited too long. */
  function lookBack(): void {
    for (;;) {
      const { firstBegin: first, matchBegin, matchEnd } = matcher;
      if (first === undefined) {
        if (matchEnd !== -1) endMatch();
        else settle(position, 'keep');
        return;
      }
      if (matchEnd === -1 || first < matchBegin) {
        settle(first, 'keep');
        if (position - first <= window) return;
      } else {
        // Whatever follows, this much of the text is a match.
        settle(matchBegin, 'keep');
        const more = reported ? 'more' : 'match';
        reported = true;
        settle(matchEnd, more);
        if (position - matchEnd <= window) return;
      }
      matcher.giveUp(first);
    }
  }

  function run(): void {
    const end = base + text.length;
    while (position < end) {
      if (matcher.isIdle) {
        const next = base + program.nextBegin(text, position - base);
        if (next > position) {
          position = next;
          before = charBefore(position);
          continue;
        }
      }
      const char = charAt(position - base);
      if (char === undefined) break;
      step(char);
    }
    if (matcher.isIdle) settle(position, 'keep');
    // Settled text is dropped.
    if (decided > base) {
      baseBefore = charBefore(decided);
      text = text.slice(decided - base);
      base = decided;
    }
  }

  /** Returns undefined where the other half of a surrogate pair may still come. */
  function charAt(index: number): string | undefined {
    const unit = text[index];
    if (!isHigh(unit)) return unit;
    const low = text[index + 1];
    if (low === undefined) return ended ? unit : undefined;
    return isLow(low) ? text.slice(index, index + 2) : unit;
  }

  return {
    feed(piece) {
      text += piece;
      run();
    },
    flush() {
      ended = true;
      for (;;) {
        run();
        matcher.stand(position, before, undefined);
        if (matcher.matchEnd === -1) break;
        endMatch();
      }
      settle(base + text.length, 'keep');
      text = '';
      base = decided;
      position = decided;
      before = undefined;
      baseBefore = undefined;
      forgetMatch();
      ended = false;
    },
  };
}

function isHigh(unit: string | undefined): boolean {
  return unit !== undefined && unit >= '\ud800' && unit <= '\udbff';
}

function isLow(unit: string | undefined): boolean {
  return unit !== undefined && unit >= '\udc00' && unit <= '\udfff';
}
