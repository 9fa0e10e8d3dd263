// What the background process wrote: the newest lines of its log, and those that come.
import { existsSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { countFlag } from './arguments.ts';
import type { CliContext, ParsedArguments } from './command.ts';
import { logPath } from './daemon-process.ts';
import { untilShutdown } from './until-shutdown.ts';

const DEFAULT_LINES = 20;
const POLL_MS = 250;
/** How much of the end is read for the newest lines. */
const TAIL_BYTES = 1024 * 1024;

export async function printServerLog(input: ParsedArguments, context: CliContext): Promise<number> {
  const path = logPath(context.environment);
  if (!existsSync(path)) {
    context.err(`there is no log yet at ${path}; "sluice daemon start" begins one`);
    return 1;
  }
  const count = countFlag(input, 'lines') ?? DEFAULT_LINES;
  const { size } = statSync(path);
  const tail = read(path, Math.max(0, size - TAIL_BYTES), size).split('\n');
  const rest = tail.pop() ?? '';
  for (const line of tail.slice(Math.max(0, tail.length - count))) context.out(line);
  if (input.flags.follow) await follow(path, { from: size, rest }, context);
  else if (rest !== '') context.out(rest);
  return 0;
}

async function follow(
  path: string,
  { from, rest }: { from: number; rest: string },
  context: CliContext,
): Promise<void> {
  let at = from;
  let unfinished = rest;
  let isOver = false;
  const over = untilShutdown(context).then(() => {
    isOver = true;
  });
  while (!isOver) {
    const size = existsSync(path) ? statSync(path).size : 0;
    // Put aside by a new start.
    if (size < at) at = 0;
    if (size > at) {
      const lines = (unfinished + read(path, at, size)).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) context.out(line);
      at = size;
    }
    await Promise.race([over, Bun.sleep(POLL_MS)]);
  }
}

function read(path: string, from: number, to: number): string {
  const bytes = new Uint8Array(to - from);
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, bytes, 0, bytes.length, from);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(file);
  }
}
