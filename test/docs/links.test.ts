// What the documents refer to is there: files, headings, scripts of package.json, paths in code.
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import manifest from '../../package.json';

const ROOT = join(import.meta.dir, '..', '..');
const PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ...['docs', 'docs/adr'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutCode = (text: string) => text.replaceAll(/```[\s\S]*?```/g, '');

/** As GitHub names the place of a heading. */
function anchorOf(heading: string): string {
  const said = heading
    .replaceAll(/`|\[|\]\([^)]*\)/g, '')
    .trim()
    .toLowerCase();
  return said.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
}

function hasHeading(page: string, anchor: string): boolean {
  const headings = withoutCode(read(page)).matchAll(/^#+ (.*)$/gm);
  return [...headings].some(([, heading = '']) => anchorOf(heading) === anchor);
}

function brokenLinks(page: string): string[] {
  return [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, target))) return [link];
    return anchor === undefined || !target.endsWith('.md') || hasHeading(target, anchor) ? [] : [link];
  });
}

/** Paths as they stand in code, and the arguments of `npx bun`. */
function missingPaths(page: string): string[] {
  const named = read(page).matchAll(
    /(?:`|npx bun (?:test )?)((?:src|test|docs|bench|scripts|deploy|examples|bin)\/[\w./*-]+)/g,
  );
  return [...named]
    .map(([, path = '']) => path.replace(/\.$/, ''))
    .filter((path) => !path.includes('*') && !existsSync(join(ROOT, path)));
}

function unknownScripts(page: string): string[] {
  const named = read(page).matchAll(/npm run (?:-s )?([\w:]+)/g);
  return [...named].map(([, name = '']) => name).filter((name) => !Object.hasOwn(manifest.scripts, name));
}

test.each(PAGES)('%s', (page) => {
  expect(brokenLinks(page)).toEqual([]);
  expect(missingPaths(page)).toEqual([]);
  expect(unknownScripts(page)).toEqual([]);
});

test('the index leads to every page', () => {
  const linked = new Set(
    [...read('docs/README.md').matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page = '']) => page),
  );
  const pages = PAGES.filter((page) => /^docs\/[\w-]+\.md$/.test(page)).map((page) =>
    page.slice('docs/'.length),
  );
  expect(pages.filter((page) => page !== 'README.md' && !linked.has(page))).toEqual([]);
});

test('commands stand without a comment, which zsh, where one types, takes for words of the command', () => {
  const commented = PAGES.flatMap((page) =>
    [...read(page).matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, commands = '']) =>
      commands.split('\n').filter((line) => /(^|\s)#/.test(line)),
    ),
  );
  expect(commented).toEqual([]);
});
