// ARCHITECTURE.md has a reason for every package, and names none that is not there.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json';

const [, section = ''] = readFileSync(join(import.meta.dir, '../../ARCHITECTURE.md'), 'utf8').split(
  '## Dependencies, each with its reason',
);
const named = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

test('what is installed to run has its row, and nothing else has', () => {
  const rows = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => named(cell));
  expect(rows.sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

test('what is installed to develop is named', () => {
  const all = new Set(named(section));
  expect(Object.keys(manifest.devDependencies).filter((name) => !all.has(name))).toEqual([]);
});
