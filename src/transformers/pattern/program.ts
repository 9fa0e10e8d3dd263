// A regular expression as a program that consumes single characters (code points), for text that comes in pieces. It never backtracks, so
// the time is linear in the text whatever the expression. What cannot be decided character by character (lookarounds and back-references)
// is refused.
import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';

type Instruction =
  | { op: 'char'; test: (char: string) => boolean; next: number }
  /** Continues at both, and prefers the first. */
  | { op: 'split'; first: number; second: number }
  | { op: 'assert'; holds: (before: string | undefined, after: string | undefined) => boolean; next: number }
  | { op: 'match' };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
  /** The index, at or after `from`, of the next character that can begin a match; the text's length if there is none. */
  nextBegin(text: string, from: number): number;
}

export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Counted quantifiers are expanded into as many instructions. */
const MAX_INSTRUCTIONS = 2_000;
const BEYOND_FIRST_PLANE = /[\u{10000}-\u{10ffff}]|\\u[dD][89abAB]/u;
export const PATTERN_FLAGS = /^(?!.*(.).*\1)[imsu]*$/;

/**
 * Compiles all patterns into one program. Where two matches begin at the same place, the earlier pattern is preferred.
 * `window` is how many characters a match may need before it is certain. Throws PatternError.
 */
export function compilePatterns(patterns: readonly string[], flags: string, window: number): Program {
  const parsed = patterns.map((pattern) => parse(pattern, flags));
  for (const pattern of parsed) {
    const shortest = shortestOf(pattern.alternatives);
    if (shortest === 0) throw new PatternError('matches the empty text; there would be nothing to replace');
    if (shortest > window)
      throw new PatternError(`needs ${shortest} characters, more than the window of ${window} holds back`);
  }
  return assemble(parsed, flags);
}

/**
 * Whether the runtime's own search, which backtracks, is fast on every text: it has at most one repetition, of single
 * characters, which is not started again from each of them, and few optional parts.
 */
export function isPlain(pattern: string, flags: string): boolean {
  let repetitions = 0;
  let options = 0;
  let composed = false;
  let overlapping = false;
  visitRegExpAST(parse(pattern, flags), {
    onQuantifierEnter(quantifier) {
      const { element, max } = quantifier;
      if (max <= 1) options++;
      else {
        repetitions++;
        composed ||= element.type === 'Group' || element.type === 'CapturingGroup';
        overlapping ||= max === Number.POSITIVE_INFINITY && mayBeginWithin(quantifier, flags);
      }
    },
  });
  return repetitions <= 1 && options <= 3 && !composed && !overlapping;
}

/**
 * Whether the part before a repetition may also match inside it while the part after it is missing, as with `/fix.*bug/` in
 * `fix fix fix`: the search would run from each occurrence to the end of the text.
 */
function mayBeginWithin({ parent, element, start, end }: AST.Quantifier, flags: string): boolean {
  if (parent.type !== 'Alternative') return true;
  if (parent.parent.type === 'Pattern' && parent.end === end) return false;
  const repeated = new RegExp(`^(?:${element.raw})$`, flags);
  return parent.elements.every(
    (other) =>
      other.start >= start || other.type !== 'Character' || repeated.test(String.fromCodePoint(other.value)),
  );
}

export interface Searched {
  program: Program;
  /** A match may be empty. */
  mayBeEmpty: boolean;
}

/** For searches that only tell whether a whole text matches, which need no window. Throws PatternError. */
export function compileSearched(pattern: string, flags: string): Searched {
  const parsed = parse(pattern, flags);
  return { program: assemble([parsed], flags), mayBeEmpty: shortestOf(parsed.alternatives) === 0 };
}

function assemble(parsed: readonly AST.Pattern[], flags: string): Program {
  const instructions: Instruction[] = [{ op: 'match' }];
  const add = (instruction: Instruction): number => {
    if (instructions.length >= MAX_INSTRUCTIONS)
      throw new PatternError('is too large: write shorter counts such as {1,64}, or fewer alternatives');
    return instructions.push(instruction) - 1;
  };
  const compiler = createCompiler(add, flags);
  const starts = parsed.map(({ alternatives }) => compiler.alternatives(alternatives, 0));
  const start = starts.reduceRight((second, first) => add({ op: 'split', first, second }));
  return { instructions, start, nextBegin: beginnings(instructions, start) };
}

function parse(pattern: string, flags: string): AST.Pattern {
  const byCodePoints = flags.includes('u');
  // Without `u`, a character beyond the first plane is two units, and a search must not find half of one.
  if (byCodePoints || !BEYOND_FIRST_PLANE.test(pattern)) return parseAs(pattern, byCodePoints);
  try {
    return parseAs(pattern, true);
  } catch (thrown) {
    parseAs(pattern, false);
    const reason = thrown instanceof Error ? thrown.message : '';
    throw new PatternError(
      `${reason}: with characters such as emoji it is read with the flag u, which allows no unnecessary backslashes`,
    );
  }
}

function parseAs(pattern: string, byCodePoints: boolean): AST.Pattern {
  try {
    return new RegExpParser().parsePattern(pattern, 0, pattern.length, byCodePoints);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.replace(/^Invalid regular expression: /, '') : '';
    throw new PatternError(`is not a regular expression: ${reason}`);
  }
}

function createCompiler(add: (instruction: Instruction) => number, flags: string) {
  const lines = flags.includes('m');

  /** Each of these functions returns its entry point; `next` is where to continue. */
  function alternatives(choices: readonly AST.Alternative[], next: number): number {
    return choices
      .map(({ elements }) => elements.reduceRight((after, element) => compile(element, after), next))
      .reduceRight((second, first) => add({ op: 'split', first, second }));
  }

  function compile(node: AST.Element, next: number): number {
    switch (node.type) {
      case 'Character':
      case 'CharacterClass':
      case 'CharacterSet':
        return add({ op: 'char', test: charTest(node.raw, flags), next });
      case 'Group':
        if (node.modifiers !== null) throw new PatternError('has flags inside; give them in `flags`');
        return alternatives(node.alternatives, next);
      case 'CapturingGroup':
        return alternatives(node.alternatives, next);
      case 'Quantifier':
        return quantified(node, next);
      case 'Assertion':
        return assertion(node, next);
      case 'Backreference':
        throw new PatternError('has a back-reference, which text that comes in pieces does not allow');
      case 'ExpressionCharacterClass':
        throw new PatternError('uses the flag v, which is not supported');
    }
  }

  function quantified({ element, min, max, greedy }: AST.Quantifier, next: number): number {
    const branch = (body: number, after: number) =>
      greedy
        ? { op: 'split' as const, first: body, second: after }
        : { op: 'split' as const, first: after, second: body };
    let entry = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = { op: 'split' as const, first: next, second: next };
      const at = add(loop);
      Object.assign(loop, branch(compile(element, at), next));
      entry = at;
    } else {
      for (let count = min; count < max; count++) entry = add(branch(compile(element, entry), next));
    }
    for (let count = 0; count < min; count++) entry = compile(element, entry);
    return entry;
  }

  function assertion(node: AST.Assertion, next: number): number {
    switch (node.kind) {
      case 'start':
        return add({
          op: 'assert',
          holds: (before) => before === undefined || (lines && isLineEnd(before)),
          next,
        });
      case 'end':
        return add({
          op: 'assert',
          holds: (_, after) => after === undefined || (lines && isLineEnd(after)),
          next,
        });
      case 'word': {
        const { negate } = node;
        return add({
          op: 'assert',
          holds: (before, after) => (isWord(before) !== isWord(after)) !== negate,
          next,
        });
      }
      case 'lookahead':
      case 'lookbehind':
        throw new PatternError(
          'has a lookaround, which text that comes in pieces does not allow; \\b, ^ and $ can be used',
        );
    }
  }

  return { alternatives };
}

/** Tests one character against a class with the runtime's own expressions. */
function charTest(source: string, flags: string): (char: string) => boolean {
  const expression = ofOneCharacter(source, flags.replace('m', ''));
  const ascii = Array.from({ length: 128 }, (_, code) => expression.test(String.fromCharCode(code)));
  return (char) => (char.length === 1 ? ascii[char.charCodeAt(0)] : undefined) ?? expression.test(char);
}

/** Characters are whole code points, so that none is split; if only the older syntax accepts the class, both halves are tried. */
function ofOneCharacter(source: string, flags: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, flags.includes('u') ? flags : `${flags}u`);
  } catch {
    return new RegExp(`^(?:${source})+$`, flags);
  }
}

function isLineEnd(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\u2028' || char === '\u2029';
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /^\w$/.test(char);
}

/** The length of the shortest match in characters. */
function shortestOf(choices: readonly AST.Alternative[]): number {
  return Math.min(
    ...choices.map(({ elements }) => elements.reduce((sum, node) => sum + shortestElement(node), 0)),
  );
}

function shortestElement(node: AST.Element): number {
  switch (node.type) {
    case 'Group':
    case 'CapturingGroup':
      return shortestOf(node.alternatives);
    case 'Quantifier':
      return node.min === 0 ? 0 : node.min * shortestElement(node.element);
    case 'Assertion':
    case 'Backreference':
      return 0;
    default:
      return 1;
  }
}

function beginnings(instructions: readonly Instruction[], start: number): Program['nextBegin'] {
  const tests: ((char: string) => boolean)[] = [];
  const seen = new Set<number>();
  const visit = (at: number): void => {
    const instruction = instructions[at];
    if (instruction === undefined || seen.has(at)) return;
    seen.add(at);
    if (instruction.op === 'char') tests.push(instruction.test);
    else if (instruction.op === 'assert') visit(instruction.next);
    else if (instruction.op === 'split') {
      visit(instruction.first);
      visit(instruction.second);
    }
  };
  visit(start);
  const codes = Array.from({ length: 128 }, (_, code) => code).filter((code) =>
    tests.some((test) => test(String.fromCharCode(code))),
  );
  const escaped = codes.map((code) => `\\x${code.toString(16).padStart(2, '0')}`);
  // The runtime's own search is many times faster than a loop here. Characters beyond ASCII are all found, and left to the tests.
  const begin = new RegExp(`[${escaped.join('')}\\u0080-\\uffff]`, 'g');
  return (text, from) => {
    begin.lastIndex = from;
    return begin.exec(text)?.index ?? text.length;
  };
}
