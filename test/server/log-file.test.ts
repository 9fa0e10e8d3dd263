// The log file of processes that run on: put aside by one, noticed by the others, no line lost.
import { afterAll, expect, test } from 'bun:test';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { olderLog } from '../../src/server/log-file.ts';

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
  const older = linesOf(olderLog(path));
  const newer = linesOf(path);
  const wanted = names.flatMap((name) =>
    [...Array(1500).keys(), 'out', 'err'].map((what) => `${name} ${what}`),
  );
  expect([...older, ...newer].sort()).toEqual(wanted.sort());
  for (const name of names) for (const what of ['out', 'err']) expect(newer).toContain(`${name} ${what}`);
  expect(statSync(olderLog(path)).size).toBeGreaterThan(20_000);
  expect(statSync(path).mode & 0o777).toBe(0o600);
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
