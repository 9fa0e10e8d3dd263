// Tells whether a complete text has a match. All possible matches are followed at once, so that the time is proportional to the text's
// length, whatever the text.
import { compileSearched, isPlain, PATTERN_FLAGS, PatternError, type Searched } from './program.ts';

/**
 * Uses the runtime's own search, which is faster, for expressions for which it is fast on every text.
 * Throws PatternError where the expression cannot be searched for in this way.
 */
export function createSearch(expression: RegExp): (text: string) => boolean {
  const { source, flags } = expression;
  if (!PATTERN_FLAGS.test(flags)) throw new PatternError('has a flag that is not supported');
  if (isPlain(source, flags)) return (text) => expression.test(text);
  const searched = compileSearched(source, flags);
  return (text) => hasMatch(searched, text);
}

export function hasMatch({ program, mayBeEmpty }: Searched, text: string): boolean {
  const { instructions, start, nextBegin } = program;
  const visited = new Uint32Array(instructions.length);
  let generation = 0;
  /** Instructions to continue from after the last character. */
  const live: number[] = [];
  /** Instructions that wait for the next character. */
  const standing: number[] = [];
  let before: string | undefined;

  /** Follows every instruction that consumes no character. Returns whether a match is reached. */
  function follow(at: number, after: string | undefined): boolean {
    const instruction = instructions[at];
    if (instruction === undefined || visited[at] === generation) return false;
    visited[at] = generation;
    switch (instruction.op) {
      case 'split':
        return follow(instruction.first, after) || follow(instruction.second, after);
      case 'assert':
        return instruction.holds(before, after) && follow(instruction.next, after);
      case 'match':
        return true;
      case 'char':
        standing.push(at);
        return false;
    }
  }

  function isMatchBefore(after: string | undefined): boolean {
    generation++;
    standing.length = 0;
    return live.some((at) => follow(at, after)) || follow(start, after);
  }

  for (let position = 0; position < text.length; ) {
    if (live.length === 0 && !mayBeEmpty) {
      const next = nextBegin(text, position);
      if (next > position) before = text[next - 1];
      position = next;
      if (position === text.length) return false;
    }
    const char = String.fromCodePoint(text.codePointAt(position) ?? 0);
    if (isMatchBefore(char)) return true;
    live.length = 0;
    for (const at of standing) {
      const instruction = instructions[at];
      if (instruction?.op === 'char' && instruction.test(char)) live.push(instruction.next);
    }
    before = char;
    position += char.length;
  }
  return isMatchBefore(undefined);
}
