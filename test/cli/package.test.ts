// What the npm package contains: everything that its user needs, and nothing else.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..', '..');

interface Packed {
  files: { path: string }[];
}

test('the npm package has the program, its source and its documentation, and no tests', () => {
  const child = Bun.spawnSync(['npm', 'pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT });
  const [packed] = JSON.parse(child.stdout.toString()) as Packed[];
  const paths = packed?.files.map(({ path }) => path) ?? [];
  const tops = new Set(paths.map((path) => path.split('/', 1)[0]));
  for (const needed of ['bin', 'src', 'docs', 'LICENSE', 'package.json', 'sluice.schema.json'])
    expect(tops).toContain(needed);
  for (const other of ['test', 'bench', '.ci', 'node_modules']) expect(tops).not.toContain(other);
  // `npm pack` makes it first.
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).files).toContain('build');
  const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\(([\w./-]+)/g)];
  const linked = links.map(([, path = '']) => path).filter((path) => existsSync(join(ROOT, path)));
  expect(linked.length).toBeGreaterThan(20);
  // Of the repository alone: the container is built from it.
  expect(linked.filter((path) => !paths.includes(path))).toEqual(['Dockerfile']);
});
