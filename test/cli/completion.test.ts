// `sluice completion`: what the shells themselves propose with it, and that it keeps up with the commands.
import { afterAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../support/cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder('completion');
afterAll(() => rmSync(FOLDER, { recursive: true }));

async function scriptFor(shell: string): Promise<string> {
  const { code, out, err } = await runCommand(['completion', shell]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const path = join(FOLDER, shell);
  writeFileSync(path, out);
  return path;
}

/** What bash proposes for the last word, which may be empty. */
async function proposals(...words: string[]): Promise<string[]> {
  const script = await scriptFor('bash');
  const ask = `source "$0"; COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = Bun.spawnSync(['bash', '-c', ask, script, ...words]);
  expect(stderr.toString()).toBe('');
  return stdout.toString().split('\n').filter(Boolean);
}

describe('bash', () => {
  test.each([
    [['da'], ['daemon']],
    [
      ['daemon', 'st'],
      ['start', 'stop', 'status'],
    ],
    [['daemon', 'start', '--po'], ['--port']],
    [['daemon', 'logs', '-n', '5', '--fo'], ['--follow']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['help', 'sim'], ['simulate']],
    [
      ['serve', '--'],
      ['--config', '--host', '--port', '--workers', '--help', '--version'],
    ],
    [
      ['run', 'co'],
      ['codex', 'copilot'],
    ],
    // Values are the person's: files are proposed by the shell itself.
    [['serve', '--config', ''], []],
    // Another program's.
    [['run', 'claude', '--mo'], []],
    [['frobnicate', '--'], []],
  ])('%j', async (words, expected) => {
    expect(await proposals(...words)).toEqual(expected);
  });

  test('every command of the overview', async () => {
    const { out } = await runCommand(['help']);
    const commands = [...out.matchAll(/^ {2}([a-z]\w*) {2,}/gm)].map(([, name]) => name ?? '');
    expect(commands.length).toBeGreaterThan(10);
    expect(await proposals('')).toEqual(commands);
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  test('names every command', async () => {
    const script = await Bun.file(await scriptFor(shell)).text();
    for (const name of await proposals('')) expect(script).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test.skipIf(Bun.which(shell) === null)('is a script that it takes', async () => {
    const { exitCode, stderr } = Bun.spawnSync([shell, '-n', await scriptFor(shell)]);
    expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: '' });
  });
});

test.skipIf(Bun.which('fish') === null)('fish proposes them', async () => {
  const script = await scriptFor('fish');
  const propose = (line: string) =>
    Bun.spawnSync(['fish', '--no-config', '-c', `source ${script}; complete -C '${line}'`])
      .stdout.toString()
      .split('\n')
      .flatMap((proposed) => proposed.split('\t')[0] ?? [])
      .filter(Boolean);
  expect(propose('sluice dae')).toEqual(['daemon']);
  expect(propose('sluice daemon st').sort()).toEqual(['start', 'status', 'stop']);
  expect(propose('sluice serve --po')).toEqual(['--port']);
});

test.each([
  [[], 'completion needs one of: bash, zsh, fish'],
  [['tcsh'], 'completion needs one of: bash, zsh, fish, not "tcsh"'],
])('%j is a wrong command line', async (args, message) => {
  const { code, out, err } = await runCommand(['completion', ...args]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err.split('\n')[0]).toBe(`sluice: ${message}`);
});
