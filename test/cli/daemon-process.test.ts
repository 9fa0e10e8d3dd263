// How a background process is ended while other commands end or replace it as well.
import { afterAll, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endingMs } from '../../src/cli/daemon/daemon.ts';
import { stopDaemon } from '../../src/cli/daemon/daemon-process.ts';
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
