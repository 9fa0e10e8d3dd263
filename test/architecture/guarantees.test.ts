// Each line of GUARANTEES.md is proved by tests: they name it in their first words, by which they are found.
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '../..');
const PAGE = join(ROOT, '../shared/GUARANTEES.md');

/** The numbers of the page's lines; where the page is absent, as in a clone alone, those that it has. */
function promised(): number[] {
  if (!existsSync(PAGE)) return Array.from({ length: 22 }, (_, index) => index + 1);
  return [...readFileSync(PAGE, 'utf8').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
}

/** Of `GUARANTEES 4, 10 and 14`: 4, 10, 14. */
function numbersIn(opening: string): number[] {
  const [list = ''] = /\bGUARANTEES \d+(?:(?:, | and )\d+)*/.exec(opening) ?? [];
  return [...list.matchAll(/\d+/g)].map(Number);
}

/** The comment that a file opens with, in one line. */
function openingOf(path: string): string {
  const [comment = ''] = /^(?:\/\/ .*\n)+/.exec(readFileSync(path, 'utf8')) ?? [];
  return comment.replaceAll(/\n\/\/ /g, ' ');
}

test('each has a test that names it, and none is named that there is not', () => {
  const folder = join(ROOT, 'test');
  const openings = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => openingOf(join(folder, path)));
  const named = new Set(openings.flatMap(numbersIn));
  expect([...named].toSorted((one, other) => one - other)).toEqual(promised());
});
