// A `$` in a value of `.env`, which Bun takes for the beginning of a variable's name.
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDotEnv } from '../../src/cli/dot-env.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = join(import.meta.dir, '..', '..', 'src', 'main.ts');

const WRITTEN: [string, string][] = [
  ['abc$def', 'abc$def'],
  ['pa$$word', 'pa$$word'],
  ['"pa$1b"', 'pa$1b'],
  ["'a$b'", 'a$b'],
  ['a\\$b', 'a$b'],
  ['$begins', '$begins'],
  ['x$OTHER', 'xof-another'],
  [`x$\{OTHER}`, 'xof-another'],
];

/** The key with which programs are started from this folder, by a launcher that was given these variables. */
async function keyIn(home: string, written: string, more: Record<string, string> = {}): Promise<string> {
  using gateway = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => Response.json({ status: 'healthy', version: '0', providers: {} }),
  });
  writeFileSync(join(home, '.env'), written);
  writeFileSync(join(home, 'sluice.yaml'), `server: { port: ${gateway.port}, keys: [env:GATE_KEY] }\n`);
  const given = { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home, ...more };
  const child = Bun.spawn([process.execPath, MAIN, 'run', 'env'], {
    cwd: home,
    env: { ...given, SLUICE_LAUNCHER_VARIABLES: JSON.stringify(Object.keys(given)) },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([child.stdout, child.stderr].map((each) => new Response(each).text()));
  return /^OPENAI_API_KEY=(.*)$/m.exec(out ?? '')?.[1] ?? `none: ${err}`;
}

test.each(WRITTEN)('%s is the key %s', async (written, key) => {
  const home = temporaryFolder('dot-env');
  expect(await keyIn(home, `OTHER=of-another\nGATE_KEY=${written}\n`)).toBe(key);
  // The same from elsewhere, where it does not depend on another variable.
  expect(readDotEnv(home, {}).GATE_KEY).toBe(written.includes('OTHER') ? undefined : key);
});

test('what the program was started with stands before it', async () => {
  expect(await keyIn(temporaryFolder('dot-env'), 'GATE_KEY=a$b\n', { GATE_KEY: 'a' })).toBe('a');
});
