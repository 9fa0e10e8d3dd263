// What the README and docs/library.md show runs as it stands: the first command, both SDKs against a gateway, and all code has
// sound types.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dir, '..', '..');
const PAGES = ['README.md', 'docs/library.md']
  .map((page) => readFileSync(join(ROOT, page), 'utf8'))
  .join('\n');
const FOLDER = temporaryFolder('readme');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const blocks = (kind: string): string[] =>
  [...PAGES.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text ?? '');

let sluice: SluiceProcess;
beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(FOLDER, 'node_modules'));
  sluice = await startSluice();
});
afterAll(() => sluice[Symbol.asyncDispose]());

const here = (text: string): string => text.replaceAll(/(http:\/\/)?127\.0\.0\.1:8088/g, sluice.url);

test('the first command shows a whole stream', async () => {
  const [command = ''] = blocks('sh').filter((block) => block.startsWith('curl'));
  const run = Bun.spawn(['bash', '-c', here(command)], { stdout: 'pipe', stderr: 'ignore' });
  expect(await new Response(run.stdout).text()).toContain('event: message_stop');
});

test.each(['@anthropic-ai/sdk', 'openai'])('%s, as shown, writes the answer', async (sdk) => {
  const [code = ''] = blocks('ts').filter((block) => block.includes(`from '${sdk}'`));
  const file = join(FOLDER, `${sdk.replaceAll(/\W/g, '')}-run.ts`);
  writeFileSync(file, here(code));
  const run = Bun.spawn([process.execPath, file], { cwd: FOLDER, stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()]);
  expect(err).toBe('');
  expect(out).toContain('You wrote “Hello”');
});

test('the types of all its code are sound', () => {
  const files = blocks('ts').map((code, index) => {
    const name = `shown-${index}.ts`;
    writeFileSync(join(FOLDER, name), code);
    return name;
  });
  expect(files).toHaveLength(4);
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { paths: { sluice: [join(ROOT, 'src/index.ts')] }, typeRoots: ['node_modules/@types'] },
    include: [],
    files,
  };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = Bun.spawnSync(['node_modules/.bin/tsc', '--noEmit', '-p', FOLDER], { cwd: FOLDER });
  expect(stdout.toString()).toBe('');
});
