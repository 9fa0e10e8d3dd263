// The library in a project whose compiler is set as `bun init` and docs/library.md say, which asks for less than ours.
import { expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = resolve(import.meta.dir, '../..');

const PAGE = readFileSync(join(ROOT, 'docs/library.md'), 'utf8');
const SHOWN = /```ts\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
/** What the page says that `tsconfig.json` needs. */
const NEEDED = JSON.parse(/```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '{}').compilerOptions;

test.each([
  { module: 'Preserve', moduleResolution: 'bundler', moduleDetection: 'force' },
  { module: 'NodeNext', moduleResolution: 'NodeNext' },
])('its types hold: $module', async (settings) => {
  const project = temporaryFolder('types');
  const compilerOptions = {
    ...NEEDED,
    target: 'ESNext',
    ...settings,
    paths: { sluice: [join(ROOT, 'src/index.ts')] },
    verbatimModuleSyntax: true,
    strict: true,
    skipLibCheck: true,
    noFallthroughCasesInSwitch: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  const files = [join(ROOT, 'examples/embed.ts'), 'shown.ts'];
  writeFileSync(join(project, 'shown.ts'), SHOWN);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  try {
    const compiler = Bun.spawn([join(ROOT, 'node_modules/.bin/tsc'), '-p', project], { stderr: 'inherit' });
    expect(await new Response(compiler.stdout).text()).toBe('');
    expect(await compiler.exited).toBe(0);
  } finally {
    rmSync(project, { recursive: true });
  }
});
