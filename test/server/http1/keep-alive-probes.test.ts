// Connections over which a provider is silent for long: the kernel asks whether it is still there, before networks between
// forget them.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { createLab, plain } from './lab.ts';

const { ask, serve } = createLab();

const ESTABLISHED = '01';

/** Of the end of an open connection that leads to this port, which others had before: its timer, and what is left of it in seconds, as the kernel tells. */
function timerOf(port: number): { kind: string; seconds: number } {
  const to = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const ends = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const end = ends.find(([, , remote, state]) => state === ESTABLISHED && remote?.endsWith(to));
  const [kind = '', ticks = ''] = end?.[5]?.split(':') ?? [];
  return { kind, seconds: Number.parseInt(ticks, 16) / 100 };
}

const KEEP_ALIVE = '02';

test.skipIf(process.platform !== 'linux')('are probed after a minute', async () => {
  const server = serve(async (connection) => {
    await connection.request();
    await connection.write(plain('ok'));
  });
  await ask(server.url);
  const { kind, seconds } = timerOf(Number(new URL(server.url).port));
  expect(kind).toBe(KEEP_ALIVE);
  expect(seconds).toBeGreaterThan(50);
  expect(seconds).toBeLessThanOrEqual(60);
});
