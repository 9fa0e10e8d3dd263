// The end of a log file and what is appended to it, also across rotation, truncation and in the middle of a character.
import { afterEach, beforeEach, expect, spyOn, test } from 'bun:test';
import { appendFileSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type LogTail, openLogTail } from '../../src/cli/daemon/log-tail.ts';
import { rotatedLog } from '../../src/server/log-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let path: string;
let tail: LogTail;
beforeEach(() => {
  folder = temporaryFolder('tail');
  path = join(folder, 'sluice.log');
});
afterEach(() => {
  tail.close();
  rmSync(folder, { recursive: true });
});

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index} ${'…'.repeat(60)}`);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

test('the newest lines, however far back they begin', () => {
  const lines = numbered(0, 20_000);
  writeFileSync(path, text(lines));
  tail = openLogTail(path);
  for (const count of [1, 2, 500, 10_000, 19_999, 20_000, 30_000])
    expect(tail.newest(count)).toEqual(lines.slice(-count));
  expect(tail.fresh()).toEqual([]);
});

test('lines that were put aside come first', () => {
  writeFileSync(rotatedLog(path), text(numbered(0, 50)));
  writeFileSync(path, text(numbered(50, 60)));
  tail = openLogTail(path);
  expect(tail.newest(5)).toEqual(numbered(55, 60));
  expect(tail.newest(25)).toEqual(numbered(35, 60));
  expect(tail.newest(99)).toEqual(numbered(0, 60));
});

test('an empty file, and a line without an end', () => {
  writeFileSync(path, '');
  tail = openLogTail(path);
  expect(tail.newest(5)).toEqual([]);
  appendFileSync(path, 'one\ntw');
  expect([tail.fresh(), tail.unfinished()]).toEqual([['one'], 'tw']);
  appendFileSync(path, 'o\n');
  expect([tail.fresh(), tail.unfinished()]).toEqual([['two'], '']);
});

test('a letter that comes in two pieces', () => {
  writeFileSync(path, '');
  tail = openLogTail(path);
  const [first, ...others] = new TextEncoder().encode('é\n');
  appendFileSync(path, Uint8Array.of(first ?? 0));
  expect(tail.fresh()).toEqual([]);
  appendFileSync(path, Uint8Array.from(others));
  expect(tail.fresh()).toEqual(['é']);
});

test('a file that is put aside: its last lines, those that come to it late, and the new ones, each once', () => {
  writeFileSync(path, 'a\n');
  tail = openLogTail(path);
  expect(tail.newest(9)).toEqual(['a']);
  const late = openSync(path, 'a');
  writeSync(late, 'b\n');
  renameSync(path, rotatedLog(path));
  // Nothing has its name for a moment.
  expect(tail.fresh()).toEqual(['b']);
  writeFileSync(path, 'd\n');
  writeSync(late, 'c\n');
  expect(tail.fresh()).toEqual(['c', 'd']);
  writeSync(late, 'late\n');
  appendFileSync(path, 'e\n');
  expect(tail.fresh()).toEqual(['late', 'e']);
  expect(tail.fresh()).toEqual([]);
});

test('what has no end when a file was put aside is reported when nothing can come to it any more', () => {
  const clock = spyOn(performance, 'now');
  try {
    const begun = performance.now();
    writeFileSync(path, 'a\nhal');
    tail = openLogTail(path);
    expect(tail.newest(9)).toEqual(['a']);
    renameSync(path, rotatedLog(path));
    writeFileSync(path, 'b\n');
    clock.mockReturnValue(begun);
    expect(tail.fresh()).toEqual(['b']);
    clock.mockReturnValue(begun + 2_999);
    expect(tail.fresh()).toEqual([]);
    clock.mockReturnValue(begun + 3_000);
    expect(tail.fresh()).toEqual(['hal']);
    expect(tail.fresh()).toEqual([]);
  } finally {
    clock.mockRestore();
  }
});

test('lines that are empty, also the first', () => {
  writeFileSync(path, '\n\n');
  tail = openLogTail(path);
  for (const count of [1, 2, 3]) expect(tail.newest(count)).toEqual(['', ''].slice(-count));
});

test.each(['a\nb\n', 'a\nhalf of one'])(
  'a file that somebody emptied is read from its beginning: %j',
  (before) => {
    writeFileSync(path, before);
    tail = openLogTail(path);
    tail.newest(1);
    writeFileSync(path, 'c\n');
    expect(tail.fresh()).toEqual(['c']);
  },
);
