// Watchers of the live view do not keep the gateway from ending.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

test.each([1, 2])(
  '%d processes end although somebody watches, and the watcher is reported',
  async (workers) => {
    await using sluice = await startSluice({
      config: { server: { drain_timeout: '10m' }, providers: { simulator: { kind: 'simulator' } } },
      workers,
    });
    const response = await fetch(`${sluice.url}/gateway/streams/live`);
    const watched = response.text();
    expect(await sluice.stop()).toBe(0);
    expect(await watched).toContain(': watching');
  },
);
