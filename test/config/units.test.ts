// Durations and sizes.
import { expect, test } from 'bun:test';
import { parseSize } from '../../src/config/units.ts';
import { parseDuration } from '../../src/model/duration.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5s', 1_500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['30d', 2_592_000_000],
  ['0s', 0],
  ['1h30m', 5_400_000],
  ['1d2h3m4s5ms', 93_784_005],
  ['1.5h1.5s', 5_401_500],
  ['2m500ms', 120_500],
])('duration %s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  '',
  '10',
  's',
  '10 s',
  '10S',
  '-1s',
  '1e3s',
  '1s2m',
  '1h1h',
  '30m1h',
  '1h30',
  '1h 30m',
  '1h-30m',
  'h30m',
  '9007199254740993d',
])('%p is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['512B', 512],
  ['1KB', 1024],
  ['64MB', 67_108_864],
  ['64mb', 67_108_864],
  ['0.5GB', 536_870_912],
])('size %s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '64', 'MB', '64 MB', '64MiB', '-1MB'])('%p is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});
