// A `$` in a value of `.env`, which Bun takes for the beginning of a variable's name.
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDotEnv } from '../../src/cli/dot-env.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LAUNCHER = [Bun.which('node') ?? 'node', join(import.meta.dir, '..', '..', 'bin', 'sluice')];

const WRITTEN: [written: string, key: string][] = [
  ['abc$def', 'abc$def'],
  ['pa$$word', 'pa$$word'],
  ['"pa$1b"', 'pa$1b'],
  ["'a$b'", 'a$b'],
  ['a\\$b', 'a$b'],
  ['$begins', '$begins'],
  ['x$OTHER', 'xof-another'],
  [`x$\{OTHER}`, 'xof-another'],
];

/** What a command prints, and the key that it sent, from this folder. */
async function ask(home: string, command: string[], more: Record<string, string> = {}) {
  const sent: (string | null)[] = [];
  using gateway = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch({ headers }) {
      sent.push(headers.get('x-sluice-key'));
      return Response.json({ status: 'healthy', version: '0', providers: {} });
    },
  });
  writeFileSync(join(home, 'sluice.yaml'), `server: { port: ${gateway.port}, keys: [env:GATE_KEY] }\n`);
  const child = Bun.spawn([...LAUNCHER, ...command], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home, ...more },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([child.stdout, child.stderr].map((each) => new Response(each).text()));
  return { out, err, sent };
}

/** The key with which programs are started from this folder. */
async function keyIn(home: string, written: string, more: Record<string, string> = {}): Promise<string> {
  writeFileSync(join(home, '.env'), written);
  const { out, err } = await ask(home, ['run', 'env'], more);
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

test('every command reads the same key, as the one that serves and knows it', async () => {
  const home = temporaryFolder('dot-env');
  writeFileSync(join(home, '.env'), 'GATE_KEY=pa$$word\n');
  expect((await ask(home, ['tail'])).sent[0]).toBe('pa$$word');
});

test('another file of variables stands before it', async () => {
  const home = temporaryFolder('dot-env');
  writeFileSync(join(home, '.env.local'), 'GATE_KEY=of-this-machine\n');
  expect(await keyIn(home, 'GATE_KEY=$begins\n')).toBe('of-this-machine');
});

test.each(['.env.local', '.env.development', '.env.development.local'])('%s keeps a $, too', async (file) => {
  const home = temporaryFolder('dot-env');
  writeFileSync(join(home, file), 'GATE_KEY=pa$$word\n');
  expect(await keyIn(home, 'GATE_KEY=an$other\n')).toBe('pa$$word');
  expect(readDotEnv(home, {}).GATE_KEY).toBe('pa$$word');
});

test('.env.local is not read where NODE_ENV is test, as Bun reads none then', async () => {
  const home = temporaryFolder('dot-env');
  writeFileSync(join(home, '.env.local'), 'GATE_KEY=pa$$word\n');
  expect(await keyIn(home, 'GATE_KEY=an$other\n', { NODE_ENV: 'test' })).toBe('an$other');
});

test('nothing but the name of a variable that is not set is no key', async () => {
  expect(await keyIn(temporaryFolder('dot-env'), 'GATE_KEY=$OTHER_KEY\n')).toContain(
    'environment variable GATE_KEY is not set',
  );
});
