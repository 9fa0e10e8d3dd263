// A short chaos run; `npm run chaos` is the long one.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { runChaos } from './run.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

test('clients, rows and providers agree, and nothing is left', async () => {
  const clients = 60;
  const { problems, requests, breakerOpened, breakerClosedAgain, seen, descriptors } = await runChaos({
    clients,
    durationMs: 5_000,
    workers: 1,
    seed: 1,
  });
  expect(problems).toEqual([]);
  expect({ breakerOpened, breakerClosedAgain }).toEqual({ breakerOpened: true, breakerClosedAgain: true });
  // Each kind of end was met, so that the comparison was one.
  for (const outcome of ['success', 'failed', 'left'] as const) expect(seen[outcome]).toBeGreaterThan(0);
  // Connections to providers are kept for a while, on a busy machine one for each client; those of clients are gone.
  expect(requests).toBeGreaterThan(clients);
  expect(descriptors.after).toBeLessThan(descriptors.before + 2 * clients);
});
