// A port that the system deals out (`--port 0`) belongs to the gateway from then on, also while its workers only start.
import { expect, spyOn, test } from 'bun:test';
import { serveWithWorkers } from '../../src/cli/serve/serve-with-workers.ts';
import { holdPort } from '../../src/server/listen.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hostname = '127.0.0.1';

/** Whether another program could listen there. */
function isFree(port: number | undefined): boolean {
  try {
    void Bun.serve({ hostname, port: port ?? 0, reusePort: false, fetch: () => new Response() }).stop(true);
    return true;
  } catch {
    return false;
  }
}

test('no other program gets it before the workers listen', async () => {
  const { config } = resolveInput({ server: { port: 0 }, audit: { enabled: false } });
  const serve = spyOn(Bun, 'serve');
  let port: number | undefined;
  let wasFree: boolean | undefined;
  const spawn = spyOn(Bun, 'spawn').mockImplementation(() => {
    const held = serve.mock.results[0]?.value as { port: number } | undefined;
    port = held?.port;
    wasFree = isFree(port);
    throw new Error('there is no room for a process');
  });
  try {
    const serving = serveWithWorkers(1, {
      config,
      databasePath: `${temporaryFolder('dealt-out-port')}/sluice.db`,
      environment: {},
      log: () => {},
      command: ['unused'],
      directory: '/',
      program: 'unused',
    });
    await expect(serving).rejects.toThrow('there is no room for a process');
  } finally {
    spawn.mockRestore();
    serve.mockRestore();
  }
  expect(wasFree).toBe(false);
  expect(isFree(port)).toBe(true);
});

test('workers can listen there meanwhile', async () => {
  const { port, release } = holdPort(hostname, 0, true);
  const worker = Bun.serve({ hostname, port, reusePort: true, fetch: () => new Response('here') });
  await release();
  expect(await (await fetch(worker.url)).text()).toBe('here');
  await worker.stop(true);
});
