// How a background process is waited for, and how it is ended while other commands end or replace it as well.
import { afterAll, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endingMs } from '../../src/cli/daemon/daemon.ts';
import { stopDaemon, untilServing } from '../../src/cli/daemon/daemon-process.ts';
import { claimPidFile, readPidFile } from '../../src/server/pid-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOME = temporaryFolder('stop');
afterAll(() => rmSync(HOME, { recursive: true }));

const PATH = join(HOME, 'sluice.pid');
const ENVIRONMENT = { SLUICE_HOME: HOME };
const serverOf = (pid: number) => ({ pid, url: 'http://127.0.0.1:1', config: null, startedAt: 5 });

test('one that has already ended when stopped is no failure', async () => {
  const ended = Bun.spawn(['true']);
  await ended.exited;
  expect(await stopDaemon(serverOf(ended.pid), 0, ENVIRONMENT)).toBe('ended');
});

test('one in whose place another start serves is gone, and the other is left alone', async () => {
  const replaced = Bun.spawn(['sleep', '60']);
  const successor = claimPidFile(PATH);
  successor.write(serverOf(process.pid));
  expect(await stopDaemon(serverOf(replaced.pid), 0, ENVIRONMENT)).toBe('ended');
  expect(replaced.signalCode).toBe('SIGTERM');
  expect(readPidFile(PATH)).toEqual({ is: 'running', server: serverOf(process.pid) });
  successor.release();
});

test('one is given the time that its own settings give it, not those of the next one', () => {
  const [theirs, next] = [join(HOME, 'theirs.yaml'), join(HOME, 'next.yaml')];
  writeFileSync(theirs, 'server: { drain_timeout: 10m, shutdown_delay: 5s }');
  writeFileSync(next, 'server: { keys: [k] }');
  const context = { environment: ENVIRONMENT, directory: HOME };
  const server = { ...serverOf(1), config: theirs };
  const flags = { host: '0.0.0.0', config: next };
  expect(endingMs(server, { flags, operands: [] }, context)).toBe(605_000);
  // The address in the file could not serve without keys: it was started at another.
  writeFileSync(theirs, 'server: { host: 0.0.0.0, drain_timeout: 10m }');
  const started = { ...server, host: '127.0.0.1' };
  expect(endingMs(started, { flags: {}, operands: [] }, context)).toBe(600_000);
});

/** A process that takes long to start, waited for by a clock on which each look takes a second. */
function slowStart(atSecond: (second: number, pid: number) => void) {
  const child = Bun.spawn(['sleep', '600']);
  const log = join(HOME, 'start.log');
  writeFileSync(log, 'loading\n');
  const said: string[] = [];
  let second = 0;
  const served = untilServing(
    child,
    PATH,
    { path: log, start: 0 },
    { err: (line) => said.push(line) },
    {
      now: () => second * 1_000,
      pause: () => Promise.resolve(atSecond(++second, child.pid)),
    },
  );
  return { child, said, served };
}

test('a start is waited for as long as a worker may take to load, and who waits is told', async () => {
  const answering = Bun.serve({ port: 0, fetch: () => new Response('{}') });
  const pidFile = claimPidFile(PATH);
  const url = `http://127.0.0.1:${answering.port}`;
  const { child, said, served } = slowStart((second, pid) => {
    if (second === 115) pidFile.write({ ...serverOf(pid), url });
  });
  expect(await served).toMatchObject({ pid: child.pid, url });
  expect(said).toEqual([expect.stringContaining(`process ${child.pid} is still starting`)]);
  child.kill();
  pidFile.release();
  await answering.stop(true);
});

test('a start that never serves is ended, and what it wrote is shown', async () => {
  const { child, served } = slowStart(() => {});
  const failed = await served.catch((thrown) => thrown);
  expect(failed.message).toContain(`process ${child.pid} was ended`);
  expect(failed.message).toEndWith('  loading');
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
});
