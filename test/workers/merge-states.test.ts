// How the states of providers and rate limits at several workers are merged: the worst of each, and counts added up.
import { expect, test } from 'bun:test';
import type { RateLimit } from '../../src/config/resolved.ts';
import type { LimitState } from '../../src/limits/limit-line.ts';
import { mergeRemoteStates } from '../../src/limits/remote-count.ts';
import type { ProviderState } from '../../src/upstream/provider-state.ts';
import { mergeLimits, mergeStates } from '../../src/workers/merge-states.ts';

const FINE: ProviderState = {
  name: 'lab',
  healthy: true,
  breaker: 'closed',
  inFlight: 1,
  queued: 2,
  limit: null,
  keys: [{ name: '#1', state: 'ready' }],
};

test('a provider is as bad as the worst of them knows, whoever says it first', () => {
  const open: Partial<ProviderState> = {
    ...{ healthy: false, breaker: 'open', retryInMs: 5_000, lastError: 'upstream_failed: down' },
    ...{ limit: 4, keys: [{ name: '#1', state: 'rate_limited', retryInMs: 700 }] },
  };
  const merged = { ...FINE, ...open, inFlight: 3, queued: 6 };
  const halfOpen: ProviderState = { ...FINE, breaker: 'half-open', retryInMs: 100, limit: 8 };
  for (const states of [
    [FINE, halfOpen, { ...FINE, ...open }],
    [{ ...FINE, ...open }, FINE, halfOpen],
    [halfOpen, { ...FINE, ...open }, FINE],
  ])
    expect(mergeStates(states.map((state) => [state]))).toEqual([merged]);
});

test('of breakers that are open for different times the longest counts, and never that of one that is half-open', () => {
  const open = (retryInMs: number): ProviderState => ({ ...FINE, breaker: 'open', retryInMs });
  const halfOpen: ProviderState = { ...FINE, breaker: 'half-open', retryInMs: 9_000 };
  for (const states of [
    [open(100), open(5_000), halfOpen],
    [halfOpen, open(5_000), open(100)],
  ])
    expect(mergeStates(states.map((state) => [state]))).toMatchObject([
      { breaker: 'open', retryInMs: 5_000 },
    ]);
});

test('one that all know as well has nothing else, and each provider is one', () => {
  expect(mergeStates([[FINE, { ...FINE, name: 'other' }], [FINE]])).toEqual([
    { ...FINE, inFlight: 2, queued: 4 },
    { ...FINE, name: 'other' },
  ]);
});

test('of a limit the most that one of them has seen, in the order of the configuration, most used first', () => {
  const minute = { kind: 'requests', most: 9, per: 'minute', each: 'agent' } as RateLimit;
  const state = (index: number, agent: string, used: number): LimitState => ({
    index,
    limit: { ...minute, agent },
    used,
    isReached: used >= 9,
  });
  expect(
    mergeLimits([
      [state(1, 'a', 2), state(0, 'b', 1)],
      [state(1, 'a', 9)],
      [state(1, 'a', 3), state(0, 'c', 4)],
    ]),
  ).toEqual([state(0, 'c', 4), state(0, 'b', 1), state(1, 'a', 9)]);
});

test('limits are counted by the server while every worker reaches it', () => {
  const well = { ok: true, lastError: null };
  const cut = { ok: false, lastError: 'connection refused' };
  expect(mergeRemoteStates([])).toEqual(well);
  expect(mergeRemoteStates([well, well])).toEqual(well);
  expect(mergeRemoteStates([well, cut])).toEqual(cut);
  expect(mergeRemoteStates([cut, well])).toEqual(cut);
});
