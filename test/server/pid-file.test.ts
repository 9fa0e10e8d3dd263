// The pid file: it belongs to one process from the first moment, and others may read it.
import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { claimPidFile, PidFileError, readPidFile } from '../../src/server/pid-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder('pid');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const SERVER = { pid: process.pid, url: 'http://127.0.0.1:1', config: null, startedAt: 5 };

test('names its process before anything is served, then where it serves, and is gone with it', () => {
  const path = join(FOLDER, 'new', 'sluice.pid');
  expect(readPidFile(path).is).toBe('absent');
  const file = claimPidFile(path);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  expect(readPidFile(path).is).toBe('starting');
  expect(() => claimPidFile(path)).toThrow(PidFileError);
  file.write(SERVER);
  expect(readPidFile(path)).toEqual({ is: 'running', server: SERVER });
  for (const each of [path, `${path}.lock`]) expect(statSync(each).mode & 0o777).toBe(0o600);
  file.release();
  expect(existsSync(path)).toBe(false);
  expect(readPidFile(path).is).toBe('absent');
});

test('a lock that an earlier release left readable by all is the owner’s alone', () => {
  const path = join(temporaryFolder('pid-lock'), 'sluice.pid');
  writeFileSync(`${path}.lock`, '', { mode: 0o644 });
  const file = claimPidFile(path);
  expect(statSync(`${path}.lock`).mode & 0o777).toBe(0o600);
  expect(() => claimPidFile(path)).toThrow(PidFileError);
  file.release();
});

test('a name that cannot be written is reported at once, and nobody is left holding it', () => {
  const path = join(FOLDER, 'taken', 'sluice.pid');
  mkdirSync(path, { recursive: true });
  expect(() => claimPidFile(path)).toThrow('cannot be written');
  expect(readdirSync(dirname(path)).sort()).toEqual(['sluice.pid', 'sluice.pid.lock']);
  rmSync(path, { recursive: true });
  claimPidFile(path).release();
});

test.skipIf(process.platform !== 'linux')('a disk that is full is reported as what it is', () => {
  const path = join(FOLDER, 'full.pid');
  symlinkSync('/dev/full', `${path}.${process.pid}.tmp`);
  expect(() => claimPidFile(path)).toThrow('free some space there');
});

test('where it serves is written in the place that was had at first, as the disk may have become full since', () => {
  const path = join(FOLDER, 'in-place.pid');
  const file = claimPidFile(path);
  const { ino } = statSync(path);
  file.write(SERVER);
  expect(statSync(path).ino).toBe(ino);
  expect(readPidFile(path)).toEqual({ is: 'running', server: SERVER });
  // Removed by hand.
  rmSync(path);
  file.write(SERVER);
  expect(readPidFile(path)).toEqual({ is: 'running', server: SERVER });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  file.release();
});

test('one that cannot be removed is no error, and nobody is left holding it', () => {
  const path = join(FOLDER, 'kept.pid');
  const file = claimPidFile(path);
  rmSync(path);
  mkdirSync(join(path, 'what is in the way'), { recursive: true });
  file.release();
  expect(readPidFile(path).is).toBe('stale');
  rmSync(path, { recursive: true });
  claimPidFile(path).release();
});

test('a lock that cannot be used is reported as what it is, and not as a gateway that runs', () => {
  const path = join(FOLDER, 'damaged.pid');
  writeFileSync(`${path}.lock`, 'what no lock is. '.repeat(64));
  expect(readPidFile(path).is).toBe('absent');
  expect(() => claimPidFile(path)).toThrow('damaged.pid.lock cannot be written (file is not a database)');
});

test('whoever only looks at the lock is waited for', async () => {
  const path = join(FOLDER, 'looked-at.pid');
  claimPidFile(path).release();
  const look = `
    import { Database } from 'bun:sqlite';
    const lock = new Database(${JSON.stringify(`${path}.lock`)});
    lock.run('BEGIN');
    lock.query('SELECT count(*) FROM sqlite_schema').get();
    console.log('looks');
    setTimeout(() => lock.close(), 100);`;
  const looker = Bun.spawn([process.execPath, '-e', look], { stdout: 'pipe' });
  await looker.stdout.getReader().read();
  const file = claimPidFile(path);
  expect(readPidFile(path).is).toBe('starting');
  file.release();
  expect(await looker.exited).toBe(0);
});
