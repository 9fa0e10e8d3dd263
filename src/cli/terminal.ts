// What commands read from the terminal or a pipe, and how they display text from others.
import { printable } from '../model/printable.ts';
import { isTerminal } from '../server/is-terminal.ts';

export interface Terminal {
  /** False where standard input is a pipe, a file or closed. */
  isInteractive: boolean;
  /** Whether standard input, output or error is a terminal, which may hang up. False in services, containers and under `nohup`. */
  isAttached: boolean;
  /** The width of standard output in characters; undefined where it is not a terminal. */
  columns: number | undefined;
  /** Reads standard input to its end. */
  readAll(): Promise<string>;
  /** Reads one line without echo. Rejects with GivenUp where the person leaves with Ctrl-C. */
  readHidden(prompt: string): Promise<string>;
}

/** The person cancelled a prompt. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

const ENTER = /[\r\n]/;
const CONTROL_C = '\u0003';
const CONTROL_D = '\u0004';
const BACKSPACE = /[\u007f\b]/;

export interface StandardStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: { readonly columns?: number };
  readonly stderr: { write(text: string): unknown };
}

/** @param streams are opened only when a command needs them: that takes 10 ms, and a server reads none. */
export function createTerminal(streams: StandardStreams): Terminal {
  async function readHidden(prompt: string): Promise<string> {
    const { stdin, stderr } = streams;
    // Done first, so that what is typed immediately is not echoed either.
    stdin.setRawMode(true);
    stderr.write(prompt);
    let line = '';
    try {
      for await (const chunk of stdin) {
        for (const key of String(chunk)) {
          if (key === CONTROL_C) throw new GivenUp();
          if (ENTER.test(key) || key === CONTROL_D) return line;
          line = BACKSPACE.test(key) ? line.slice(0, -1) : line + key;
        }
      }
      return line;
    } finally {
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    }
  }

  return {
    get isInteractive() {
      return streams.stdin.isTTY === true;
    },
    get isAttached() {
      return [0, 1, 2].some(isTerminal);
    },
    get columns() {
      return streams.stdout.columns;
    },
    async readAll() {
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of streams.stdin) text += decoder.decode(chunk, { stream: true });
      return text;
    },
    readHidden,
  };
}

/** @param descriptor of standard output or error. If it is a pipe or a file, it gets every byte. */
export function shownOn(descriptor: 1 | 2, text: string): string {
  return isTerminal(descriptor) ? printable(text) : text;
}
