// Suggestions for names.
import { expect, test } from 'bun:test';
import { nearestName } from '../../src/model/nearest.ts';

const KEYS = ['host', 'port', 'keys', 'max_body', 'max_event', 'ping_interval', 'drain_timeout'];

test.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['key', 'keys'],
  ['maxBody', 'max_body'],
  ['max-event', 'max_event'],
  ['ping_intervall', 'ping_interval'],
  ['drain', 'drain_timeout'],
  ['keys_of_clients', 'keys'],
])('%s is meant as %s', (name, meant) => {
  expect(nearestName(name, KEYS)).toBe(meant);
});

test('of several the nearest is meant, in whatever order they come', () => {
  const names = ['ping_interval', 'ping_intarfax'];
  expect(nearestName('ping_intervaal', names)).toBe('ping_interval');
  expect(nearestName('ping_intervaal', names.toReversed())).toBe('ping_interval');
});

test('of two that are equally near the first is meant', () => {
  expect(nearestName('hort', KEYS)).toBe('host');
  expect(nearestName('hort', KEYS.toReversed())).toBe('port');
});

// `max` begins two of them, `ho` is too short to mean one.
test.each(['colour', 'x', 'timeout', 'max_', 'ho'])('%s resembles none', (name) => {
  expect(nearestName(name, KEYS)).toBeUndefined();
});

test('a name of any length is distinguished at once', () => {
  // Letter by letter it would take minutes.
  expect(nearestName('a'.repeat(20_000_000), KEYS)).toBeUndefined();
});
