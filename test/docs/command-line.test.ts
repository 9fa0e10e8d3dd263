// docs/command-line.md names every command, says which of them print JSON, and its exit codes are those that come.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../support/cli-run.ts';

const PAGE = readFileSync(join(import.meta.dir, '..', '..', 'docs/command-line.md'), 'utf8');

async function commands(): Promise<string[]> {
  const { out } = await runCommand(['help']);
  return [...out.matchAll(/^ {2}([a-z]\w*) {2,}/gm)].map(([, name]) => name ?? '');
}

test('every command, in the order of the help', async () => {
  const [, table = ''] = PAGE.split('|---|---|');
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)).toEqual(await commands());
});

test('those that print JSON', async () => {
  const [, description = ''] = /^(?:`sluice COMMAND --help`[^.]*\. )([^.]*) print JSON/m.exec(PAGE) ?? [];
  const named = [...description.matchAll(/`(\w+)(?: \w+)?`/g)].map(([, name]) => name ?? '');
  const able: string[] = [];
  for (const name of await commands()) {
    const { out } = await runCommand(['help', name]);
    if (/^ {2}--json /m.test(out)) able.push(name);
  }
  expect([...new Set(named)].sort()).toEqual(able.sort());
});

test.each([
  [0, ['--version']],
  [1, ['check', '--config', 'nowhere.yaml']],
  [2, ['frobnicate']],
])('exit code %d: %j', async (code, args) => {
  expect((await runCommand(args)).code).toBe(code);
  expect(PAGE).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
});
