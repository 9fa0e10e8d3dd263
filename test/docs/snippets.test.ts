// Every piece of configuration that the documents show is valid, with the keys and modules that it names at hand.
import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadWithCode } from '../../src/cli/serve/load-with-code.ts';
import { describeProblems } from '../../src/cli/config-flags.ts';
import { retireModules } from '../../src/server/load-modules.ts';
import { selfSigned } from '../support/certificates.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dir, '..', '..');
const FOLDER = temporaryFolder('snippets');
afterAll(() => rmSync(FOLDER, { recursive: true }));

interface Snippet {
  page: string;
  line: number;
  text: string;
}

const PAGES = [
  'README.md',
  ...['docs', 'docs/adr'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

const SECTIONS = /^(server|providers|connections|routing|audit|log|costs|rate_limits):/m;

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].flatMap(({ 0: _, 1: body = '', index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    if (body.startsWith('transformers:')) return [{ page, line, text: `routing:\n  ${body}` }];
    // Of other programs.
    return SECTIONS.test(body) ? [{ page, line, text: body }] : [];
  });
}

const OWN = selfSigned(['gateway.lan']);

const SNIPPETS = PAGES.flatMap(snippetsOf);

test('there are some', () => expect(SNIPPETS.length).toBeGreaterThan(20));

test.each(SNIPPETS.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
  '%s',
  async (_, { text }) => {
    const environment: Record<string, string> = {
      SLUICE_HOME: FOLDER,
      OLLAMA_HOST: 'http://127.0.0.1:11434',
    };
    for (const [, name = ''] of text.matchAll(/env:(\w+)/g))
      environment[name] = name === 'REDIS_URL' ? 'redis://any.test' : `postgres://any.test/${name}`;
    for (const provider of ['openai', 'azure', 'groq', 'cerebras', 'openrouter', 'deepseek', 'gemini'])
      environment[`${provider.toUpperCase()}_API_KEY`] = 'k';
    const azure = { AZURE_OPENAI_API_KEY: 'k', AZURE_RESOURCE_NAME: 'lab', OPENAI_API_VERSION: '1' };
    Object.assign(environment, azure, { ANTHROPIC_API_KEY: 'k' });
    const path = join(FOLDER, 'sluice.yaml');
    writeFileSync(path, text);
    for (const name of ['fullchain.pem', 'client.pem', 'company-ca.pem'])
      writeFileSync(join(FOLDER, name), OWN.certificate);
    for (const name of ['privkey.pem', 'client.key'])
      writeFileSync(join(FOLDER, name), OWN.key, { mode: 0o600 });
    copyFileSync(join(ROOT, 'examples', 'house-style.ts'), join(FOLDER, 'house-style.ts'));
    const loaded = await loadWithCode({ path, environment, directory: FOLDER, credential: () => 'k' });
    expect(describeProblems(loaded).map((problem) => problem.line)).toEqual([]);
    if (loaded.config !== null) retireModules(loaded.config);
  },
);
