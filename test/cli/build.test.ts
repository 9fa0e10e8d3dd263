// What `npm run build` makes: the whole program, with the threads that it starts from files of their own.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dir, '..', '..');
const DIRECTORY = temporaryFolder('build');
const BUILT = join(DIRECTORY, 'main.js');

/** A module of a user's own, which runs on a thread. */
const MODULE = `export default () => ({
  request: (request) => ({ ...request, system: [{ type: 'text', text: 'from the module' }] }),
});`;

async function run(...command: string[]): Promise<{ out: string; code: number }> {
  const child = Bun.spawn(command, { cwd: DIRECTORY, stdout: 'pipe', stderr: 'inherit' });
  return { out: await new Response(child.stdout).text(), code: await child.exited };
}

describe('the build', () => {
  beforeAll(async () => {
    const { code } = await run(process.execPath, join(ROOT, 'scripts', 'build.ts'), DIRECTORY);
    expect(code).toBe(0);
  });
  afterAll(() => rmSync(DIRECTORY, { recursive: true }));

  test('knows its version', async () => {
    const { version } = await Bun.file(join(ROOT, 'package.json')).json();
    expect(await run(process.execPath, BUILT, '--version')).toEqual({ out: `${version}\n`, code: 0 });
  });

  test.each([1, 2])('serves with %d processes, records, and runs a module', async (workers) => {
    const home = mkdtempSync(join(DIRECTORY, 'home-'));
    writeFileSync(join(home, 'module.ts'), MODULE);
    const config = { providers: { simulator: { transformers: ['./module.ts'] } } };
    await using sluice = await startSluice({ config, home, workers, program: [process.execPath, BUILT] });
    const response = await fetch(`${sluice.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'simulator/fast', messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect(response.status).toBe(200);
    await response.text();
    const { entries } = await sluice.get<{ entries: { transformers: string[]; status: string }[] }>(
      '/gateway/audit',
    );
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ status: 'success', transformers: ['./module.ts'] });
    const page = await fetch(sluice.url, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('/dashboard/main.js');
  });
});
