// What commands print of others' text: a terminal gets nothing to obey, a pipe gets every byte.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const LAUNCHER = join(import.meta.dir, '..', '..', 'bin', 'sluice');
const COMMAND = ['node', LAUNCHER, 'route', '--model', '\u001b[31mred'];

function environmentOf(home: string) {
  return { PATH: process.env.PATH ?? '', SLUICE_HOME: home, HOME: home };
}

test('a terminal and a pipe', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-terminal-'));
  try {
    const env = environmentOf(home);
    let screen = '';
    const decoder = new TextDecoder();
    const shown = Bun.spawn(COMMAND, {
      env,
      cwd: home,
      terminal: {
        cols: 200,
        rows: 40,
        data(_, bytes) {
          screen += decoder.decode(bytes, { stream: true });
        },
      },
    });
    await shown.exited;
    const piped = Bun.spawn(COMMAND, { env, cwd: home, stdout: 'pipe', stderr: 'pipe' });
    const text = (await new Response(piped.stdout).text()) + (await new Response(piped.stderr).text());
    expect(text).toContain('\u001b[31mred');
    expect(screen).toContain('␛[31mred');
    expect(screen).not.toContain('\u001b');
  } finally {
    rmSync(home, { recursive: true });
  }
});
