// The log file of processes that run on: put aside by one, noticed by the others, no line lost.
import { afterAll, expect, spyOn, test } from 'bun:test';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepLogFile, rotatedLog } from '../../src/server/log-file.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'sluice-log-'));
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

test('what fails at each look is reported once', () => {
  const path = join(FOLDER, 'full.log');
  writeFileSync(path, 'x'.repeat(99));
  // Nothing can be put aside to it.
  mkdirSync(rotatedLog(path));
  const told: unknown[] = [];
  const clock = spyOn(globalThis, 'setInterval');
  try {
    keepLogFile({ path, putsAside: true, log: (_, ...said) => told.push(said), largest: 50 });
    const look = clock.mock.calls[0]?.[0] as () => void;
    for (let count = 0; count < 3; count += 1) look();
    expect(told).toEqual([
      [expect.stringContaining('cannot be written or rotated'), { file: path, error: expect.any(Error) }],
    ]);
    // Anew, once it has worked in between.
    writeFileSync(path, '');
    look();
    writeFileSync(path, 'x'.repeat(99));
    look();
    expect(told).toHaveLength(2);
  } finally {
    for (const { value } of clock.mock.results) clearInterval(value as Timer);
    clock.mockRestore();
  }
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
      // It waits for its new file.
      timeout: 4_000,
    },
  );
  closeSync(descriptor);
  expect(await child.exited).toBe(0);
  expect(linesOf(path)).toEqual(['it out', 'it err']);
});
