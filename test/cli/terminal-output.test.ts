// Foreign text in the output of commands: a terminal gets no control sequences, a pipe gets every byte.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LAUNCHER = join(import.meta.dir, '..', '..', 'bin', 'sluice');
const COMMAND = ['node', LAUNCHER, 'route', '--model', '\u001b[31mred'];

function environmentOf(home: string) {
  return { PATH: process.env.PATH ?? '', SLUICE_HOME: home, HOME: home };
}

test('a terminal and a pipe', async () => {
  const home = temporaryFolder('terminal');
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

/** What a person at a terminal sees of a prompt that they answer with these keys. */
async function answering(home: string, keys: string): Promise<{ screen: string; code: number }> {
  let screen = '';
  const decoder = new TextDecoder();
  const child = Bun.spawn(['node', LAUNCHER, 'credentials', 'store', 'mine'], {
    env: { ...environmentOf(home), SLUICE_KEYCHAIN: 'off' },
    cwd: home,
    terminal: {
      cols: 200,
      rows: 40,
      data(terminal, bytes) {
        const asked = screen.includes('not shown');
        screen += decoder.decode(bytes, { stream: true });
        if (!asked && screen.includes('not shown')) terminal.write(keys);
      },
    },
  });
  return { code: await child.exited, screen };
}

test('what went well is not red, and Ctrl-C at a prompt leaves without a word', async () => {
  const home = temporaryFolder('terminal');
  try {
    const stored = await answering(home, 'a secret\r');
    expect(stored.code).toBe(0);
    expect(stored.screen).toContain('stored mine');
    expect(stored.screen).not.toContain('\u001b');
    expect(stored.screen).not.toContain('a secret');
    const left = await answering(home, 'a sec\u0003');
    expect(left.code).toBe(130);
    expect(left.screen.trim()).toBe('value of mine (not shown):');
  } finally {
    rmSync(home, { recursive: true });
  }
});
