// The `.env` of a folder in which a gateway was started, for commands that are given elsewhere: Bun reads only that of their own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** Values that Bun would put together of others (`$NAME`) are left out. */
export function readDotEnv(folder: string): NodeJS.Dict<string> {
  let text: string;
  try {
    text = readFileSync(join(folder, '.env'), 'utf8');
  } catch {
    // There is none, or it is not for this user: what it would have said is missing then, and is named as missing.
    return {};
  }
  return Object.fromEntries(Object.entries(parseEnv(text)).filter(([, value]) => !value?.includes('$')));
}
