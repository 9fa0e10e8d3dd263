// A provider that is silent for long: the kernel probes its connection, so that networks in between do not forget it.
import { expect, test } from 'bun:test';
import { KEEP_ALIVE, kernelTimer } from '../../support/kernel-timer.ts';
import { createLab, plain } from './lab.ts';

const { ask, serve } = createLab();

test.skipIf(process.platform !== 'linux')('are probed after a minute', async () => {
  const server = serve(async (connection) => {
    await connection.request();
    await connection.write(plain('ok'));
  });
  await ask(server.url);
  const { kind, seconds } = kernelTimer(server.port);
  expect(kind).toBe(KEEP_ALIVE);
  expect(seconds).toBeGreaterThan(50);
  expect(seconds).toBeLessThanOrEqual(60);
});
