// How `daemon status` describes a running gateway: its uptime in words, and which of its providers fail.
import { expect, test } from 'bun:test';
import { describeStatus, NOT_RUNNING } from '../../src/cli/daemon/daemon-status.ts';

test.each<[number, string]>([
  [0, '0s'],
  [59, '59s'],
  [60, '1m 0s'],
  [3_599, '59m 59s'],
  [3_600, '1h 0m'],
  [86_399, '23h 59m'],
  [86_400, '1d 0h'],
  [90_000, '1d 1h'],
  [10 * 86_400 + 86_399, '10d 23h'],
])('%d seconds are %s', (uptime_seconds, words) => {
  const description = describeStatus({
    ...NOT_RUNNING,
    running: true,
    url: 'http://127.0.0.1:1',
    uptime_seconds,
  });
  expect(description.find((line) => line.includes('uptime'))?.replace(/ *uptime +/, '')).toBe(words);
});

test('a gateway that does not say how many streams it serves may serve some', () => {
  const running = { ...NOT_RUNNING, running: true, url: 'http://127.0.0.1:1' };
  const streams = (active_streams: number | null) =>
    describeStatus({ ...running, active_streams }).find((line) => line.includes('active streams'));
  expect([streams(0), streams(null)]).toEqual(['  active streams  0', '  active streams  unknown']);
});

test('providers that fail are named although the gateway is healthy', () => {
  const healthy = { ...NOT_RUNNING, running: true, url: 'http://127.0.0.1:1', status: 'healthy' };
  const lines = (failing_providers: string[]) => describeStatus({ ...healthy, failing_providers }).slice(-1);
  expect(lines([])).toEqual(['  status          healthy']);
  expect(lines(['openai', 'lab'])).toEqual(['  failing         openai, lab; "sluice doctor" says why']);
});
