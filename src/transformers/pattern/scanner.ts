// Finds the matches of a program in text that comes in pieces. It works by single characters, so it does not matter
// where pieces end; holds back only text that could still be part of a match.
import type { Program } from './program.ts';

/** What applies to the text between the last decision and this one. */
export type Decision =
  /** No match. */
  | 'keep'
  /** A match, or its beginning. */
  | 'match'
  /** More of the previous match. */
  | 'more';

export interface Scanner {
  feed(text: string): void;
  /** There is no more text: decides everything left. */
  flush(): void;
}

interface Threads {
  /** Instructions in order of preference, each with the offset where its match begins. */
  at: number[];
  begin: number[];
}

/**
 * Offsets count UTF-16 units since the scanner was made.
 * @param window characters that may be held back for an unfinished match; beyond that it is given up.
 * @param decide called with the end of each stretch of text, in order and without gaps.
 */
export function createScanner(
  program: Program,
  window: number,
  decide: (end: number, decision: Decision) => void,
): Scanner {
  const { instructions, start } = program;
  /** Text from `base` on, of which up to `decided` is settled. */
  let text = '';
  let base = 0;
  let decided = 0;
  let position = 0;
  let before: string | undefined;
  /** The character in front of `base`. */
  let baseBefore: string | undefined;
  /** Threads behind the last character. */
  const live: Threads = { at: [], begin: [] };
  /** Threads before the next character. */
  const standing: Threads = { at: [], begin: [] };
  let matchBegin = -1;
  let matchEnd = -1;
  /** Whether the match's beginning has been reported. */
  let reported = false;
  const visited = new Uint32Array(instructions.length);
  let generation = 0;
  let cut = false;
  let ended = false;

  function settle(end: number, decision: Decision): void {
    if (end <= decided) return;
    decided = end;
    decide(end, decision);
  }

  /** Follows every instruction that consumes no character, in order of preference. */
  function follow(at: number, begin: number, after: string | undefined, into: Threads): void {
    const instruction = instructions[at];
    if (cut || instruction === undefined || visited[at] === generation) return;
    visited[at] = generation;
    switch (instruction.op) {
      case 'split':
        follow(instruction.first, begin, after, into);
        follow(instruction.second, begin, after, into);
        return;
      case 'assert':
        if (instruction.holds(before, after)) follow(instruction.next, begin, after, into);
        return;
      case 'match':
        // Less preferred threads can no longer win.
        matchBegin = begin;
        matchEnd = position;
        cut = true;
        return;
      case 'char':
        into.at.push(at);
        into.begin.push(begin);
    }
  }

  /** The threads before the character `after`, which is undefined at the end of all text. */
  function stand(after: string | undefined): void {
    standing.at.length = 0;
    standing.begin.length = 0;
    generation++;
    cut = false;
    for (let index = 0; index < live.at.length; index++)
      follow(live.at[index] ?? 0, live.begin[index] ?? 0, after, standing);
    if (matchEnd === -1 && after !== undefined) follow(start, position, after, standing);
  }

  function endMatch(): void {
    settle(matchBegin, 'keep');
    settle(matchEnd, reported ? 'more' : 'match');
    position = matchEnd;
    before = charBefore(position);
    forgetMatch();
  }

  function forgetMatch(): void {
    live.at.length = 0;
    live.begin.length = 0;
    matchBegin = -1;
    matchEnd = -1;
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
    stand(char);
    if (standing.at.length === 0 && matchEnd !== -1) {
      endMatch();
      return;
    }
    live.at.length = 0;
    live.begin.length = 0;
    for (let index = 0; index < standing.at.length; index++) {
      const instruction = instructions[standing.at[index] ?? 0];
      if (instruction?.op !== 'char' || !instruction.test(char)) continue;
      live.at.push(instruction.next);
      live.begin.push(standing.begin[index] ?? 0);
    }
    position += char.length;
    before = char;
    lookBack();
  }

  /** Run after each character: settles what is certain by now, and gives up what has waited too long. */
  function lookBack(): void {
    for (;;) {
      const first = live.begin[0];
      if (first === undefined) {
        if (matchEnd !== -1) endMatch();
        else settle(position, 'keep');
        return;
      }
      if (matchEnd === -1 || first < matchBegin) {
        settle(first, 'keep');
        if (position - first <= window) return;
      } else {
        // Whatever follows, this much is a match.
        settle(matchBegin, 'keep');
        const more = reported ? 'more' : 'match';
        reported = true;
        settle(matchEnd, more);
        if (position - matchEnd <= window) return;
      }
      giveUp(first);
    }
  }

  function giveUp(begin: number): void {
    const kept = live.begin.findIndex((other) => other !== begin);
    const count = kept === -1 ? live.begin.length : kept;
    live.at.splice(0, count);
    live.begin.splice(0, count);
  }

  function run(): void {
    const end = base + text.length;
    while (position < end) {
      if (live.at.length === 0 && matchEnd === -1) {
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
    if (live.at.length === 0 && matchEnd === -1) settle(position, 'keep');
    // Settled text is dropped.
    if (decided > base) {
      baseBefore = charBefore(decided);
      text = text.slice(decided - base);
      base = decided;
    }
  }

  /** Undefined where the other half of a surrogate pair may still come. */
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
        stand(undefined);
        if (matchEnd === -1) break;
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
