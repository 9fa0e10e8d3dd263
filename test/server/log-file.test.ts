// The log file of processes that run on: put aside by one, noticed by the others, no line lost.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rotatedLog } from '../../src/server/log-file.ts';
import { TEST_TIMEOUT_MS, WAIT_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOLDER = temporaryFolder('log');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');

test('three processes write while one of them puts the file aside: every line is there once', async () => {
  const path = join(FOLDER, 'sluice.log');
  const descriptor = openSync(path, 'a', 0o600);
  const names = ['primary', 'worker-1', 'worker-2'];
  const children = names.map((name) =>
    Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, 'log-writer.ts'),
        path,
        name,
        String(name === 'primary'),
        '1500',
      ],
      { stdin: 'ignore', stdout: descriptor, stderr: descriptor },
    ),
  );
  closeSync(descriptor);
  expect(await Promise.all(children.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  const older = linesOf(rotatedLog(path));
  const newer = linesOf(path);
  const wanted = names.flatMap((name) =>
    [...Array(1500).keys(), 'out', 'err'].map((what) => `${name} ${what}`),
  );
  expect([...older, ...newer].sort()).toEqual(wanted.sort());
  for (const name of names) for (const what of ['out', 'err']) expect(newer).toContain(`${name} ${what}`);
  expect(statSync(rotatedLog(path)).size).toBeGreaterThan(20_000);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what fails at each look is reported once', async () => {
  const path = join(FOLDER, 'full.log');
  // Nothing can be put aside to it.
  mkdirSync(rotatedLog(path));
  // In a process of its own, whose outputs are pipes: it would lead this one's to the file.
  const script = `
    import { writeFileSync } from 'node:fs';
    import { keepLogFile } from ${JSON.stringify(join(import.meta.dir, '../../src/server/log-file.ts'))};
    const path = ${JSON.stringify(path)};
    const reported = [];
    writeFileSync(path, 'x'.repeat(99));
    keepLogFile({ path, putsAside: true, log: (_, ...said) => reported.push(said), largest: 50, lookMs: 1 });
    while (reported.length === 0) await Bun.sleep(1);
    await Bun.sleep(30);
    const first = reported.length;
    // Anew, once it has worked in between.
    writeFileSync(path, '');
    await Bun.sleep(100);
    writeFileSync(path, 'x'.repeat(99));
    while (reported.length === first) await Bun.sleep(1);
    const [[message, { file, error }]] = reported;
    console.log(JSON.stringify({ first, all: reported.length, message, file, isError: error instanceof Error }));
  `;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'inherit' });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({
    first: 1,
    all: 2,
    message: expect.stringContaining('cannot be written or rotated'),
    file: path,
    isError: true,
  });
});

test('what goes elsewhere is left there: a pipe, as in a container, is no file that was put aside', async () => {
  const path = join(FOLDER, 'none.log');
  writeFileSync(path, '');
  const script = `
    import { keepLogFile } from ${JSON.stringify(join(import.meta.dir, '../../src/server/log-file.ts'))};
    keepLogFile({ path: ${JSON.stringify(path)}, putsAside: true, log: console.error, lookMs: 1 });
    await Bun.sleep(50);
    console.log('still here');`;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'pipe' });
  expect(await new Response(child.stdout).text()).toBe('still here\n');
  expect(await new Response(child.stderr).text()).toBe('');
  expect(readFileSync(path, 'utf8')).toBe('');
});

test('a file whose folder was removed comes back with it', async () => {
  const path = join(FOLDER, 'in', 'sluice.log');
  mkdirSync(join(FOLDER, 'in'));
  const descriptor = openSync(path, 'a', 0o600);
  rmSync(join(FOLDER, 'in'), { recursive: true });
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'log-writer.ts'), path, 'it', 'false', '0'],
    {
      stdin: 'ignore',
      stdout: descriptor,
      stderr: descriptor,
      // It waits for its new file, in vain where the gateway is wrong.
      timeout: WAIT_TIMEOUT_MS,
    },
  );
  closeSync(descriptor);
  expect(await child.exited).toBe(0);
  expect(linesOf(path)).toEqual(['it out', 'it err']);
});
