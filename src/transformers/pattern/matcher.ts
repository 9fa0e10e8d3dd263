// Runs a program one character at a time and follows all ways to match at once, in order of preference, as Pike's regular
// expression machine does. https://swtch.com/~rsc/regexp/regexp2.html
import type { Program } from './program.ts';

/** Instructions in order of preference, each with the offset where its match began. */
interface Threads {
  at: number[];
  begin: number[];
}

const empty = (): Threads => ({ at: [], begin: [] });

function clear({ at, begin }: Threads): void {
  at.length = 0;
  begin.length = 0;
}

export class Matcher {
  /** Where the best match so far begins and ends; -1 where there is none. */
  matchBegin = -1;
  matchEnd = -1;
  private readonly program: Program;
  /** Instructions to continue from after the last character. */
  private readonly live = empty();
  /** Instructions that wait for the next character. */
  private readonly standing = empty();
  private readonly visited: Uint32Array;
  private generation = 0;
  private cut = false;
  private position = 0;
  private before: string | undefined;
  private after: string | undefined;

  constructor(program: Program) {
    this.program = program;
    this.visited = new Uint32Array(program.instructions.length);
  }

  /** Whether no match is under way, so that only the following text matters. */
  get isIdle(): boolean {
    return this.live.at.length === 0 && this.matchEnd === -1;
  }

  /** Where the preferred match that is still under way begins; undefined where none is. */
  get firstBegin(): number | undefined {
    return this.live.begin[0];
  }

  /**
   * Moves to the place between two characters; undefined stands for the beginning or the end of all text. Returns whether any match
   * can continue from there.
   */
  stand(position: number, before: string | undefined, after: string | undefined): boolean {
    const { live, standing } = this;
    clear(standing);
    this.generation++;
    this.cut = false;
    this.position = position;
    this.before = before;
    this.after = after;
    for (let index = 0; index < live.at.length; index++)
      this.follow(live.at[index] ?? 0, live.begin[index] ?? 0);
    if (this.matchEnd === -1 && after !== undefined) this.follow(this.program.start, position);
    return standing.at.length > 0;
  }

  /** Moves past the character after the current place. */
  consume(char: string): void {
    const { live, standing } = this;
    clear(live);
    for (let index = 0; index < standing.at.length; index++) {
      const instruction = this.program.instructions[standing.at[index] ?? 0];
      if (instruction?.op !== 'char' || !instruction.test(char)) continue;
      live.at.push(instruction.next);
      live.begin.push(standing.begin[index] ?? 0);
    }
  }

  /** Stops following the preferred matches, which begin at `begin`. */
  giveUp(begin: number): void {
    const { live } = this;
    const kept = live.begin.findIndex((other) => other !== begin);
    const count = kept === -1 ? live.begin.length : kept;
    live.at.splice(0, count);
    live.begin.splice(0, count);
  }

  forget(): void {
    clear(this.live);
    this.matchBegin = -1;
    this.matchEnd = -1;
  }

  /** Follows every instruction that consumes no character, in order of preference. */
  private follow(at: number, begin: number): void {
    const instruction = this.program.instructions[at];
    if (this.cut || instruction === undefined || this.visited[at] === this.generation) return;
    this.visited[at] = this.generation;
    switch (instruction.op) {
      case 'split':
        this.follow(instruction.first, begin);
        this.follow(instruction.second, begin);
        return;
      case 'assert':
        if (instruction.holds(this.before, this.after)) this.follow(instruction.next, begin);
        return;
      case 'match':
        // The ways that are less preferred cannot win any more.
        this.matchBegin = begin;
        this.matchEnd = this.position;
        this.cut = true;
        return;
      case 'char':
        this.standing.at.push(at);
        this.standing.begin.push(begin);
    }
  }
}
