// A changed configuration file is noticed however it was changed.
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchConfigFile } from '../../src/config/watch.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('watch');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

/** A watched file, and what was called so far; `next()` waits for one more call. */
function watchFile(directory = mkdtempSync(join(TEMPORARY, 'd-')), path = join(directory, 'sluice.yaml')) {
  writeFileSync(path, 'one');
  const calls: string[] = [];
  let wake = () => {};
  const call = (name: string) => () => {
    calls.push(name);
    wake();
  };
  const stop = watchConfigFile(path, 'one', call('change'), call('gone'));
  const next = async () => {
    if (calls.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return calls.shift();
  };
  return { directory, path, calls, stop, next };
}

describe('a change', () => {
  test('written in place', async () => {
    const { path, next, stop } = watchFile();
    writeFileSync(path, 'two');
    expect(await next()).toBe('change');
    stop();
  });

  test('by a new file in its place, twice', async () => {
    const { directory, path, next, stop } = watchFile();
    for (const text of ['two', 'three']) {
      writeFileSync(join(directory, 'new'), text);
      renameSync(join(directory, 'new'), path);
      expect(await next()).toBe('change');
    }
    stop();
  });

  test('by removal and return', async () => {
    const { path, next, stop } = watchFile();
    rmSync(path);
    expect(await next()).toBe('gone');
    writeFileSync(path, 'one');
    expect(await next()).toBe('change');
    stop();
  });

  test('of the link that leads to it, as container mounts do', async () => {
    const directory = mkdtempSync(join(TEMPORARY, 'd-'));
    for (const version of ['v1', 'v2']) mkdirSync(join(directory, version));
    symlinkSync('v1', join(directory, 'data'));
    symlinkSync('data/sluice.yaml', join(directory, 'sluice.yaml'));
    writeFileSync(join(directory, 'v2', 'sluice.yaml'), 'two');
    const { next, stop } = watchFile(directory);
    symlinkSync('v2', join(directory, 'new'));
    renameSync(join(directory, 'new'), join(directory, 'data'));
    expect(await next()).toBe('change');
    stop();
  });

  test('in several steps is one', async () => {
    const { path, calls, next, stop } = watchFile();
    for (const text of ['', 'tw', 'two']) writeFileSync(path, text);
    expect(await next()).toBe('change');
    expect(calls).toEqual([]);
    stop();
  });
});

test('a change between loading and watching is noticed', async () => {
  const path = join(mkdtempSync(join(TEMPORARY, 'd-')), 'sluice.yaml');
  writeFileSync(path, 'two');
  await new Promise<void>((resolve) => {
    const stop = watchConfigFile(path, 'one', () => {
      stop();
      resolve();
    });
  });
});

test('the same text written again, or another file, is none', async () => {
  const { directory, path, next, stop } = watchFile();
  writeFileSync(path, 'one');
  writeFileSync(join(directory, 'other'), 'x');
  writeFileSync(path, 'two');
  expect(await next()).toBe('change');
  stop();
});

test('files beside it that are written all the time do not hold it up', async () => {
  const { directory, path, next, stop } = watchFile();
  const writing = setInterval(() => writeFileSync(join(directory, 'sluice.db-wal'), 'x'), 10);
  writeFileSync(path, 'two');
  expect(await next()).toBe('change');
  clearInterval(writing);
  stop();
});
