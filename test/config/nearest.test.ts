// Suggestions for names.
import { expect, test } from 'bun:test';
import { nearestName } from '../../src/config/nearest.ts';

const KEYS = ['host', 'port', 'keys', 'max_body', 'max_event', 'ping_interval', 'drain_timeout'];

test.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['key', 'keys'],
  ['maxBody', 'max_body'],
  ['max-event', 'max_event'],
  ['ping_intervall', 'ping_interval'],
])('%s is meant as %s', (name, meant) => {
  expect(nearestName(name, KEYS)).toBe(meant);
});

test.each(['colour', 'x', 'timeout'])('%s resembles none', (name) => {
  expect(nearestName(name, KEYS)).toBeUndefined();
});
