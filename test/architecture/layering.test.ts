// Reads src/ and asserts who may import whom, and that only the host and the stores leave web standards.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { PROVIDER_DIALECT_IDS } from '../../src/model/dialect-id.ts';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';

const SOURCE = resolve(import.meta.dir, '../../src');
const ARCHITECTURE = readFileSync(join(SOURCE, '../ARCHITECTURE.md'), 'utf8');

/** Each folder in ARCHITECTURE.md's table, and the folders that it may import; `everything` stands for all. */
const MAY_IMPORT = new Map<string, string[]>();
for (const [, folders = '', may = ''] of ARCHITECTURE.matchAll(
  /^\| ((?:`[\w.]+\/?`(?:, )?)+) \| .* \| ([^|]+) \|$/gm,
)) {
  const allowed = may === 'nothing' ? [] : may.split(', ').map((name) => name.replace(/ \(types\)$/, ''));
  for (const [, name = ''] of folders.matchAll(/`([\w.]+)\/?`/g)) MAY_IMPORT.set(name, allowed);
}

/** Files that may use Bun and Node; everything else is web standards. */
const HOST_CODE = [
  /^main\.ts$/,
  /^cli\//,
  /^server\//,
  /^workers\//,
  /^credentials\//,
  /^config\/(load|watch)/,
  /^ledger\/(sqlite|postgres|queue\/spill-(file|folder|segments)|rows\/stored-body)/,
  /^simulator\/serve/,
  /^management\/dashboard\/serve/,
];

interface SourceFile {
  path: string;
  folder: string;
  text: string;
  imports: string[];
  /** Other folders that it imports from. */
  folders: string[];
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? path;
}

const files: SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SOURCE, path), 'utf8');
    const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    const folder = folderOf(path);
    const targets = imports
      .filter((name) => name.startsWith('.') && !name.endsWith('/package.json'))
      .map((name) => folderOf(relative(SOURCE, resolve(SOURCE, dirname(path), name))));
    return { path, folder, text, imports, folders: targets.filter((target) => target !== folder) };
  });

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

describe('layering', () => {
  test('there is something to check', () => {
    expect(files.length).toBeGreaterThan(40);
    expect(MAY_IMPORT.size).toBeGreaterThan(15);
  });

  for (const { path, folder, folders } of files) {
    test(`${path} imports only what its folder may`, () => {
      const allowed = MAY_IMPORT.get(folder);
      expect(allowed, `src/${folder} is not in ARCHITECTURE.md's table of folders`).toBeDefined();
      if (allowed?.includes('everything')) return;
      expect(folders.filter((target) => allowed?.includes(target) !== true)).toEqual([]);
    });
  }

  test('the table allows nothing that no file does', () => {
    for (const [folder, allowed] of MAY_IMPORT) {
      const used = new Set(files.filter((file) => file.folder === folder).flatMap(({ folders }) => folders));
      const idle = allowed.filter((name) => name !== 'everything' && !used.has(name));
      expect(idle, `src/${folder} imports none of these`).toEqual([]);
    }
  });

  test("gateway's folders run code only of those that ARCHITECTURE.md names before them", () => {
    const [, sentence = ''] = ARCHITECTURE.match(/^Within `gateway\/`([^.]*)/m) ?? [];
    const layers = [...sentence.matchAll(/`(\w+)\/`/g)].map(([, name = '']) => name);
    const inFolders = files.filter(({ path }) => /^gateway\/\w+\//.test(path));
    expect(new Set(inFolders.map(({ path }) => path.split('/')[1] ?? ''))).toEqual(new Set(layers));
    for (const { path, text } of inFolders) {
      const below = layers.slice(0, layers.indexOf(path.split('/')[1] ?? ''));
      for (const [, target = ''] of text.matchAll(/^(?:im|ex)port (?!type)[^;]* from '\.\.\/(\w+)\//gm))
        expect(below, `${path} imports from ${target}/`).toContain(target);
    }
  });

  for (const { path, text, imports } of files.filter(
    (file) => !HOST_CODE.some((pattern) => pattern.test(file.path)),
  )) {
    test(`${path} is web standards only`, () => {
      const code = withoutComments(text);
      expect(imports.filter((name) => /^(bun|node)\b|^bun:/.test(name))).toEqual([]);
      expect(code).not.toMatch(/\b(Bun|process|Buffer|require|__dirname)\s*[.([]/);
      // The clock, timers, fetch, randomness and the console have their home in the host.
      if (path !== 'gateway/host.ts') {
        expect(code).not.toMatch(
          /\b(Date\.now|performance\.now|setTimeout|setInterval|Math\.random|crypto\.random|console\.)/,
        );
        // Methods of that name, and a parameter, are fine; the world's own is not.
        const calls = code.replace(/\bfetch\s*\([^()]*\)\s*(:[^{;]*)?[{;]/g, '');
        const takes = !/[(,{]\s*fetch: /.test(code) && /(?<![.\w])fetch\(/.test(calls);
        expect(takes, 'fetch is passed in, never taken from the world').toBe(false);
      }
    });
  }

  test('what exports to OpenTelemetry is loaded by a dynamic import alone', () => {
    const eager = files.flatMap(({ path, folder, text }) => {
      if (folder === 'opentelemetry' && path !== 'opentelemetry/start.ts') return [];
      const found = text.match(
        /^import (?!type)[^;]*(?:@opentelemetry|opentelemetry\/(?!start\.ts|settings\.ts))/gm,
      );
      return found === null ? [] : [path];
    });
    expect(eager).toEqual([]);
    expect(files.some(({ text }) => text.includes("from '@opentelemetry/"))).toBe(true);
  });

  test('what the start would wait for is loaded when it is needed', () => {
    const slow =
      /^import (?!type)[^;]*'(node:(net|tls|tty|zlib|crypto|stream|http|https)|@pydantic\/genai-prices)'/m;
    expect(files.filter(({ text }) => slow.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('no dialect imports another', () => {
    for (const { path, imports } of files.filter((file) => file.folder === 'dialects')) {
      const [, folder = '', ...inner] = path.split('/');
      if (inner.length === 0) continue;
      const others: string[] = PROVIDER_DIALECT_IDS.filter((id) => id !== folder);
      for (const imported of imports.filter((name) => name.startsWith('.'))) {
        const target = folderOf(relative(join(SOURCE, 'dialects'), resolve(SOURCE, dirname(path), imported)));
        expect(others, `${path} imports ${imported}`).not.toContain(target);
      }
    }
  });

  test('no dialect or provider is named outside its own folder or row', () => {
    const names = new Set<string>([...PROVIDER_DIALECT_IDS, ...PROVIDER_KINDS.map((row) => row.kind)]);
    // Where the dialects are listed, keyed by id so that the compiler asks for the next one.
    const lists = ['model/dialect-id.ts', 'dialects/registry.ts', 'providers/kinds.ts'];
    for (const { path, folder, text } of files) {
      if (lists.includes(path) || folder === 'dialects' || folder === 'simulator') continue;
      for (const match of withoutComments(text).matchAll(/[=!]==\s*'([^']+)'|case '([^']+)'/g)) {
        const name = match[1] ?? match[2] ?? '';
        expect(names.has(name), `${path} decides by the name '${name}'`).toBe(false);
      }
    }
  });
});

test('every file opens with a line that says what it owns', () => {
  const root = join(SOURCE, '..');
  const silent = ['src', 'test', 'bench', 'scripts', 'examples']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) =>
        join(folder, path),
      ),
    )
    .filter((path) => /(?<!\.d)\.ts$/.test(path))
    .filter((path) => !readFileSync(join(root, path), 'utf8').startsWith('// '));
  expect(silent).toEqual([]);
});
