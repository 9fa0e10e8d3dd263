// The version that `--version`, health and the start-up line tell.
import { readFileSync } from 'node:fs';
import { parseObject } from '../model/json.ts';

/** Of package.json, the one place where it stands. */
export const VERSION = readVersion();

function readVersion(): string {
  const manifest = parseObject(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest?.version === 'string' ? manifest.version : 'unknown';
}
