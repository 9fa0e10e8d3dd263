// Output that cannot be written: a full device is an error, a reader that leaves is not.
import { afterAll, describe, expect, test } from 'bun:test';
import { openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LAUNCHER = join(import.meta.dir, '..', '..', 'bin', 'sluice');
const HOME = temporaryFolder('output');
afterAll(() => rmSync(HOME, { recursive: true }));

function spawn<const Out extends 'pipe' | number>(args: readonly string[], stdout: Out) {
  return Bun.spawn(['node', LAUNCHER, ...args], {
    cwd: HOME,
    env: { PATH: process.env.PATH ?? '', HOME, SLUICE_HOME: HOME },
    stdout,
    stderr: 'pipe',
  });
}

// Linux has a device that is always full.
describe.if(process.platform === 'linux')('a full device', () => {
  const full = openSync('/dev/full', 'w');

  const commands = [
    ['--help'],
    ['--version'],
    ['help', 'serve'],
    ['check'],
    ['route', '--model', 'simulator/x'],
    ['route', '--model', 'simulator/x', '--json'],
    ['daemon', 'status', '--json'],
    ['doctor', '--url', 'http://127.0.0.1:9'],
  ];
  test.each(commands.map((args) => [args.join(' '), args] as const))('%s', async (_, args) => {
    const child = spawn(args, full);
    expect(await new Response(child.stderr).text()).toContain(
      'error: standard output cannot be written (ENOSPC',
    );
    expect(await child.exited).toBe(1);
  });

  test('a gateway serves all the same, and ends as always', async () => {
    const port = await freePort();
    const child = spawn(['serve', '--workers', '1', '--port', String(port)], full);
    const said = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('warning: standard output')) text += (await said.read()).value ?? '';
    expect((await fetch(`http://127.0.0.1:${port}/gateway/health`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });
});

if (process.platform === 'linux')
  test('a gateway whose log takes nothing says so in its health, and counts the lines', async () => {
    const port = await freePort();
    const child = Bun.spawn(['node', LAUNCHER, 'serve', '--workers', '1', '--port', String(port)], {
      cwd: HOME,
      env: { PATH: process.env.PATH ?? '', HOME, SLUICE_HOME: HOME, SLUICE_LOG: 'verbose' },
      stdout: 'pipe',
      stderr: openSync('/dev/full', 'w'),
    });
    const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('listens on')) text += (await said.read()).value ?? '';
    const health = await (await fetch(`http://127.0.0.1:${port}/gateway/health`)).json();
    // One says what is wrong with SLUICE_LOG.
    expect(health).toMatchObject({
      status: 'degraded',
      log: { ok: false, dropped: 1, last_error: expect.stringContaining('ENOSPC') },
    });
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  });

test('a reader that leaves ends sluice tail, without a word', async () => {
  await using gateway = await startSluice();
  const tail = spawn(['tail', '--url', gateway.url], 'pipe');
  const said = tail.stderr.pipeThrough(new TextDecoderStream()).getReader();
  expect((await said.read()).value).toContain('from now on');
  const reader = tail.stdout.getReader();
  await ask(gateway.url);
  await reader.read();
  await reader.cancel();
  // On a busy machine the pipe may close only after the next answer.
  while (tail.exitCode === null) await ask(gateway.url);
  expect(await tail.exited).toBe(0);
  expect((await said.read()).done).toBe(true);
});

async function ask(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({
      model: 'simulator/fast',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  });
  await response.text();
}
