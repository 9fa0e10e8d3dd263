// README and docs/providers-openai-shaped.md name every provider that has a row, and no other.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { OPENAI_SHAPED } from '../../src/providers/openai-shaped.ts';

const ROOT = join(import.meta.dir, '..', '..');
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

test('the README names each of them', () => {
  const [, names = ''] = /^- Providers: `([^`]+)`/m.exec(read('README.md')) ?? [];
  expect(names.split(/\s+/).sort()).toEqual(PROVIDER_KINDS.map(({ kind }) => kind).sort());
});

test('each that speaks Chat Completions has its line, with its address and key variable', () => {
  const page = read('docs/providers-openai-shaped.md');
  const lines = [...page.matchAll(/^\| `(\w+)` \| `(\S+)` \| `?([\w ]+)`? \|/gm)];
  expect(lines.map(([, ...cells]) => cells)).toEqual(
    OPENAI_SHAPED.map(({ kind, baseUrl, keyVariable }) => [kind, baseUrl, keyVariable ?? 'none needed']),
  );
});
