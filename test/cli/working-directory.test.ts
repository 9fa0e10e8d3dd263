// Folders that the user may not enter: the working directory, as `sudo -u` from another user's home, of which each command
// that starts a process says so, and the gateway's own.
import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AS_OTHER_USER, mayBeRefused } from '../support/other-user.ts';
import { startSluice } from '../support/sluice-process.ts';
import { MAIN } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = realpathSync(temporaryFolder('directory'));
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

async function fromClosedFolder(args: readonly string[]) {
  const home = mkdtempSync(join(TEMPORARY, 'home-'));
  const folder = mkdtempSync(join(TEMPORARY, 'closed-'));
  const script = 'chmod 000 . && exec "$@"';
  const child = Bun.spawn([...AS_OTHER_USER, 'sh', '-c', script, 'sh', process.execPath, MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  chmodSync(folder, 0o700);
  return { code, err: err.replace(folder, 'FOLDER') };
}

const REASON = 'because this user may not enter the working directory, FOLDER: change to another\n';

test.skipIf(!mayBeRefused).each([
  [['serve', '--port', '0', '--workers', '2'], 'worker 0 could not be started'],
  [['daemon', 'start', '--port', '0'], 'the gateway could not be started'],
])('%p says that the working directory is closed', async (args, what) => {
  expect(await fromClosedFolder(args)).toEqual({ code: 1, err: `error: ${what} ${REASON}` });
});

test.skipIf(!mayBeRefused)(
  'run, whose program cannot be started, says that the working directory is closed',
  async () => {
    await using gateway = await startSluice();
    const program = Bun.which('true') ?? '';
    expect(await fromClosedFolder(['run', '--url', gateway.url, program])).toEqual({
      code: 126,
      err: `error: ${program} cannot be started ${REASON}`,
    });
  },
);

test.skipIf(!mayBeRefused)('a home whose configuration cannot be seen is not one without', async () => {
  const home = mkdtempSync(join(TEMPORARY, 'home-'));
  writeFileSync(join(home, 'sluice.yaml'), 'server: { keys: [secret-key] }\n');
  chmodSync(home, 0o000);
  const child = Bun.spawn([...AS_OTHER_USER, process.execPath, MAIN, 'check'], {
    cwd: TEMPORARY,
    env: { PATH: process.env.PATH ?? '', HOME: TEMPORARY, SLUICE_HOME: home },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  chmodSync(home, 0o700);
  expect({ code, err }).toEqual({
    code: 1,
    err: `error: ${home}/sluice.yaml: may not be read by this user\n`,
  });
});
