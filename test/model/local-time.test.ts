// Times for people: the clock of the machine's zone, and how far it is from UTC.
import { afterEach, expect, test } from 'bun:test';
import { localTime } from '../../src/model/local-time.ts';

const ZONE = process.env.TZ;
afterEach(() => {
  process.env.TZ = ZONE ?? 'Etc/UTC';
});

test.each([
  ['Etc/UTC', '2026-01-02T03:04:05.678Z'],
  ['Europe/Berlin', '2026-01-02T04:04:05.678+01:00'],
  ['Asia/Kolkata', '2026-01-02T08:34:05.678+05:30'],
  ['America/St_Johns', '2026-01-01T23:34:05.678-03:30'],
])('in %s it is %s', (zone, text) => {
  process.env.TZ = zone;
  const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(localTime(time)).toBe(text);
  expect(Date.parse(text)).toBe(time);
});
