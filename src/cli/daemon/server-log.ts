// The background process's log: its newest lines, and new ones as they are written.
import { existsSync } from 'node:fs';
import { countFlag } from '../arguments.ts';
import type { CliContext, ParsedArguments } from '../command.ts';
import { logPath } from './daemon-process.ts';
import { usingHome } from '../home.ts';
import { type LogTail, openLogTail } from './log-tail.ts';
import { createLooks, untilShutdown } from '../serve/until-shutdown.ts';

const DEFAULT_LINES = 20;
const POLL_MS = 250;

export async function printServerLog(input: ParsedArguments, context: CliContext): Promise<number> {
  const path = logPath(context.environment);
  if (!existsSync(path)) {
    context.err(`there is no log yet at ${path}; "sluice daemon start" creates one`);
    return 1;
  }
  const tail = usingHome(path, () => openLogTail(path));
  try {
    for (const line of tail.newest(countFlag(input, 'lines', { least: 0 }) ?? DEFAULT_LINES))
      context.out(line);
    if (input.flags.follow) await follow(tail, context);
    else if (tail.unfinished() !== '') context.out(tail.unfinished());
  } finally {
    tail.close();
  }
  return 0;
}

async function follow(tail: LogTail, context: CliContext): Promise<void> {
  const looks = createLooks(untilShutdown(context));
  while (!looks.isOver()) {
    for (const line of tail.fresh()) context.out(line);
    await looks.pause(POLL_MS);
  }
}
