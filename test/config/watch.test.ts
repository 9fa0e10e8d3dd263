// A changed configuration file is noticed however it was changed.
import { afterAll, describe, expect, spyOn, test } from 'bun:test';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  awaitFile,
  stampOf,
  stampOfAll,
  watchConfigFile,
  watchStore,
  watchTogether,
} from '../../src/config/watch.ts';
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

/** What looks at files from now on, called by hand instead of after some time. */
function takeLooks() {
  const looks: (() => void)[] = [];
  const timer = setInterval(() => {}, 1e6);
  const started = spyOn(globalThis, 'setInterval').mockImplementation(((look: () => void) => {
    looks.push(look);
    return timer;
  }) as typeof setInterval);
  const stopped = spyOn(globalThis, 'clearInterval');
  return {
    look() {
      for (const look of looks) look();
    },
    stops: () => stopped.mock.calls.length,
    [Symbol.dispose]() {
      started.mockRestore();
      stopped.mockRestore();
      clearInterval(timer);
    },
  };
}

test('a file is not read while it is still written', () => {
  using looks = takeLooks();
  const { path, calls, stop } = watchFile();
  looks.look();
  for (const text of ['', 't', 'two']) {
    writeFileSync(path, text);
    looks.look();
    expect(calls).toEqual([]);
  }
  looks.look();
  expect(calls).toEqual(['change']);
  looks.look();
  expect(calls).toEqual(['change']);
  stop();
});

test('a file that is waited for is found once', () => {
  using looks = takeLooks();
  let path: string | null = null;
  const found: string[] = [];
  awaitFile(
    () => path,
    (at) => found.push(at),
  );
  looks.look();
  expect([found, looks.stops()]).toEqual([[], 0]);
  path = '/here';
  looks.look();
  expect([found, looks.stops()]).toEqual([['/here'], 1]);
});

test('another file of the same size and time is another, and so is another size at the same time', () => {
  const directory = mkdtempSync(join(TEMPORARY, 'd-'));
  const [path, other] = [join(directory, 'one'), join(directory, 'other')];
  const write = (at: string, text: string) => {
    writeFileSync(at, text);
    utimesSync(at, 1, 1);
  };
  write(path, 'one');
  const first = stampOf(path);
  write(path, 'one');
  expect(stampOf(path)).toBe(first);
  write(path, 'longer');
  expect(stampOf(path)).not.toBe(first);
  write(path, 'one');
  write(other, 'two');
  renameSync(other, path);
  expect(stampOf(path)).not.toBe(first);
});

test('a file that is not read as text is told of when it appears, is written to and is gone', () => {
  using looks = takeLooks();
  const path = join(mkdtempSync(join(TEMPORARY, 'd-')), 'vault');
  let told = 0;
  const stop = watchStore(path, undefined, () => told++);
  const tell = () => {
    // Once to see that it differs, once more to see that it stays so.
    for (let turn = 0; turn < 2; turn++) looks.look();
    return told;
  };
  expect(tell()).toBe(0);
  writeFileSync(path, 'one');
  expect(tell()).toBe(1);
  writeFileSync(path, 'longer');
  expect(tell()).toBe(2);
  expect(tell()).toBe(2);
  rmSync(path);
  expect(tell()).toBe(3);
  stop();
  expect(looks.stops()).toBe(1);
});

test('each file of a certificate counts, and several that change together are one change', () => {
  using looks = takeLooks();
  const directory = mkdtempSync(join(TEMPORARY, 'd-'));
  const files = { cert: join(directory, 'cert'), key: join(directory, 'key'), ca: join(directory, 'ca') };
  const renew = (...names: (keyof typeof files)[]) => {
    for (const name of names) {
      writeFileSync(join(directory, 'new'), 'renewed');
      renameSync(join(directory, 'new'), files[name]);
    }
  };
  renew('cert', 'key', 'ca');
  let told = 0;
  const seen = stampOfAll(Object.values(files));
  // Renewed between being read and being watched.
  renew('cert');
  const stop = watchTogether(Object.values(files), seen, () => told++);
  const tell = () => {
    for (let turn = 0; turn < 2; turn++) looks.look();
    return told;
  };
  expect(tell()).toBe(1);
  for (const name of ['key', 'ca', 'cert'] as const) {
    const before = told;
    renew(name);
    expect([name, tell()]).toEqual([name, before + 1]);
  }
  renew('cert', 'key');
  expect(tell()).toBe(5);
  expect(tell()).toBe(5);
  stop();
});
