// What a failure means for the key that was used: how long it is set aside, and for which models.
import { beforeEach, expect, test } from 'bun:test';
import { type ErrorCode, GatewayError } from '../../src/model/errors.ts';
import { createKeyRing, LONGEST_COOLDOWN_MS, REFUSED_MS } from '../../src/upstream/key-ring.ts';

const KEYS = ['first', 'second'];
let now = 0;
let ring = createKeyRing(() => now);
beforeEach(() => {
  now = 0;
  ring = createKeyRing(() => now);
});

const error = (
  code: ErrorCode,
  more: { status?: number; retryAfterMs?: number; exhausted?: boolean | 'model' } = {},
) => new GatewayError(code, 'no', more);
const stateOf = (at = 0) => ring.snapshot(KEYS)[at]?.state;

test.each([
  ['upstream_failed', 503],
  ['upstream_timeout', 408],
  ['upstream_unreachable', 502],
  ['upstream_malformed', 502],
] as const)('%s says nothing of a key, with a hint either', (code, status) => {
  ring.failed('first', 'm', error(code, { status, retryAfterMs: 60_000 }), false);
  expect(stateOf()).toBe('ready');
});

test.each([
  ['upstream_rate_limited', 'rate_limited'],
  ['upstream_overloaded', 'overloaded'],
] as const)('%s with a hint sets it aside for so long, for that model', (code, why) => {
  ring.failed('first', 'm', error(code, { status: 429, retryAfterMs: 60_000 }), false);
  expect([stateOf(0), stateOf(1)]).toEqual([why, 'ready']);
  expect(ring.hasOther(['first'], 'm')).toBe(false);
  expect(ring.hasOther(['first'], 'other')).toBe(true);
  // A timer may fire up to a millisecond early.
  now = 59_999;
  expect(stateOf()).toBe('ready');
  expect(ring.hasOther(['first'], 'm')).toBe(true);
});

test('without a hint a rate limit doubles its rest from one time to the next, beside other keys only', () => {
  const rests: number[] = [];
  for (let count = 0; count < 3; count++) {
    ring.failed('first', 'm', error('upstream_rate_limited', { status: 429 }), false);
    const rest = ring.snapshot(KEYS)[0]?.retryInMs ?? 0;
    rests.push(rest);
    now += rest;
  }
  const [first = 0] = rests;
  expect(first).toBeGreaterThan(0);
  expect(rests).toEqual([first, first * 2, first * 4]);
  ring.failed('second', 'm', error('upstream_rate_limited', { status: 429 }), true);
  ring.failed('second', 'm', error('upstream_overloaded', { status: 529 }), false);
  expect(stateOf(1)).toBe('ready');
});

test('a key that is used up rests for every model or for one, and the longest rest is reported', () => {
  ring.failed('first', 'm', error('upstream_rate_limited', { status: 429, exhausted: 'model' }), false);
  ring.failed('first', 'n', error('upstream_rate_limited', { status: 429, retryAfterMs: 9_000 }), false);
  ring.failed('second', 'm', error('upstream_unauthorized', { status: 403, exhausted: true }), false);
  const state = { state: 'exhausted', retryInMs: REFUSED_MS } as const;
  expect(ring.snapshot(KEYS)).toEqual([
    { name: '#1', ...state, models: ['m', 'n'] },
    { name: '#2', ...state, models: ['m'] },
  ]);
  ring.failed('second', 'm', error('upstream_rate_limited', { status: 429, exhausted: true }), false);
  expect(ring.snapshot(KEYS)[1]).toEqual({ name: '#2', ...state });
});

test('of several models of a key the longest rest is reported, and of its rests for one model that counts which ends last', () => {
  const limited = (retryAfterMs: number) => error('upstream_rate_limited', { status: 429, retryAfterMs });
  ring.failed('first', 'n', limited(9_000), false);
  ring.failed('first', 'm', limited(60_000), false);
  expect(ring.snapshot(KEYS)[0]).toMatchObject({ retryInMs: 60_000, models: ['n', 'm'] });
  ring.failed('first', 'm', error('upstream_unauthorized', { status: 401, retryAfterMs: 20_000 }), false);
  const asked = { keys: ['first'], model: 'm', conversation: () => null, lastResort: false };
  expect(ring.choose(asked)).toEqual({ waitMs: 60_000, why: 'rate_limited' });
  expect(ring.choose({ ...asked, model: 'n' })).toEqual({ waitMs: 20_000, why: 'refused' });
});

test('refused with 401 it is set aside for every model, with 403 for that one; an answer gives it back', () => {
  ring.failed('first', 'm', error('upstream_unauthorized', { status: 401 }), false);
  ring.failed('second', 'm', error('upstream_unauthorized', { status: 403 }), false);
  expect(ring.hasOther(['first'], 'other')).toBe(false);
  expect(ring.hasOther(['second'], 'other')).toBe(true);
  expect(ring.hasOther(['second'], 'm')).toBe(false);
  expect([stateOf(0), stateOf(1)]).toEqual(['refused', 'refused']);
  ring.succeeded('first', 'm');
  ring.succeeded('second', 'm');
  expect([stateOf(0), stateOf(1)]).toEqual(['ready', 'ready']);
});

test('no hint keeps a key away for longer than an hour', () => {
  ring.failed('first', 'm', error('upstream_rate_limited', { status: 429, retryAfterMs: 86_400_000 }), false);
  expect(ring.snapshot(KEYS)[0]?.retryInMs).toBe(LONGEST_COOLDOWN_MS);
});

test('names of models come from clients: those of a key that are kept are bounded', () => {
  for (let count = 0; count < 10_000; count++)
    ring.failed('first', `m${count}`, error('upstream_unauthorized', { status: 403 }), false);
  expect(ring.recall().length).toBeLessThanOrEqual(256);
  expect(ring.hasOther(['first'], 'm9999')).toBe(false);
});

test('another process goes by what this one knows, and for as long', () => {
  ring.failed('first', 'm', error('upstream_rate_limited', { status: 429, retryAfterMs: 60_000 }), false);
  now = 20_000;
  const other = createKeyRing(() => 5);
  other.adopt(ring.recall());
  expect(other.snapshot(KEYS)).toEqual([
    { name: '#1', state: 'rate_limited', retryInMs: 40_000, models: ['m'] },
    { name: '#2', state: 'ready' },
  ]);
  // How often in a row it had to guess, too.
  const unhinted = error('upstream_rate_limited', { status: 429 });
  for (let count = 0; count < 3; count++) ring.failed('second', 'm', unhinted, false);
  other.adopt(ring.recall());
  for (const each of [ring, other]) each.failed('second', 'm', unhinted, false);
  expect(other.recall()).toEqual(ring.recall());
});

const ASKED = { keys: KEYS, model: 'm', conversation: () => null, lastResort: true };

test('a key that only has to wait is waited for, before one that was refused is asked again', () => {
  ring.failed('first', 'm', error('upstream_unauthorized', { status: 401 }), false);
  ring.failed('second', 'm', error('upstream_rate_limited', { status: 429, retryAfterMs: 600_000 }), false);
  expect(ring.choose(ASKED)).toEqual({ waitMs: 600_000, why: 'rate_limited' });
});

test('a refused key is asked where no other is left, but not before the provider’s retry time', () => {
  for (const key of KEYS) ring.failed(key, 'm', error('upstream_unauthorized', { status: 401 }), false);
  expect(ring.choose(ASKED)).toHaveProperty('value');
  expect(ring.choose({ ...ASKED, lastResort: false })).toHaveProperty('why', 'refused');
  for (const key of KEYS)
    ring.failed(key, 'm', error('upstream_unauthorized', { status: 401, retryAfterMs: 9_000 }), false);
  expect(ring.choose(ASKED)).toEqual({ waitMs: 9_000, why: 'refused' });
});

test('keys that are no longer set aside are forgotten, however many reloads bring', () => {
  const ask = (key: string) =>
    ring.choose({ keys: [key], model: 'm', conversation: () => null, lastResort: false });
  const refuse = (key: string) =>
    ring.failed(key, 'm', error('upstream_unauthorized', { status: 401 }), false);
  for (let count = 0; count < 2_000; count++) {
    refuse(`rotated ${count}`);
    now += REFUSED_MS / 100;
  }
  expect(ring.recall().length).toBeLessThan(300);
  // Those that still are, are not.
  expect(ask('rotated 1999')).toMatchObject({ why: 'refused' });
  refuse('first');
  ring.succeeded('first', 'm');
  expect(ring.recall().map(({ key }) => key)).not.toContain('first');
});

test('requests that are part of no conversation take the keys in turn', () => {
  const choose = () => ring.choose({ keys: KEYS, model: 'm', conversation: () => null, lastResort: false });
  expect([choose(), choose(), choose()]).toMatchObject([
    { value: 'first' },
    { value: 'second' },
    { value: 'first' },
  ]);
});
