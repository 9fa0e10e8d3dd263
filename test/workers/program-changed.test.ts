// An update of the program while its gateway runs: a worker of the new version must not serve a primary of the old one.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OTHER_PROGRAM_CODE, WORKER_VARIABLE } from '../../src/workers/protocol.ts';
import { identifyProgram } from '../../src/workers/program.ts';
import { childrenOf, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = resolve(import.meta.dir, '..', '..');
let copy: string;
let main: string;
beforeAll(() => {
  copy = temporaryFolder('program');
  main = join(copy, 'src', 'main.ts');
  for (const folder of ['bin', 'src']) cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Each time in another way. */
let updates = 0;
function update(): void {
  updates += 1;
  writeFileSync(join(copy, 'src', 'added.ts'), `// ${'x'.repeat(updates)}\n`);
}

test.skipIf(process.platform !== 'linux')(
  'a worker that dies after it is not replaced, the other serves; when that dies too, the gateway ends',
  async () => {
    const launcher = [Bun.which('node') ?? 'node', join(copy, 'bin', 'sluice')];
    await using gateway = await startSluice({ program: launcher, workers: 2 });
    const ask = async () => {
      const response = await fetch(`${gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({
          model: 'simulator/fast',
          max_tokens: 5,
          messages: [{ role: 'user', content: 'hi' }],
        }),
      });
      await response.text();
      return response.status;
    };
    const [first, second] = childrenOf(gateway.pid);
    if (first === undefined || second === undefined) throw new Error('there are not two workers');
    update();
    process.kill(first, 'SIGKILL');
    await gateway.wrote(
      /a worker is not replaced until the gateway is restarted .*after an update: restart it/,
    );
    expect(await Promise.all(Array.from({ length: 5 }, ask))).toEqual(Array(5).fill(200));
    expect(await gateway.get('/gateway/audit')).toMatchObject({ total: 5 });
    expect(await gateway.get('/gateway/health')).toMatchObject({
      status: 'degraded',
      workers: { wanted: 2, running: 1 },
    });
    process.kill(second, 'SIGKILL');
    expect(await gateway.exited).toBe(1);
    expect(gateway.output()).toMatch(
      /no worker is left, and none can be started: this process ends .*restart it/,
    );
  },
);

test('of a primary that names no program, as those of earlier releases: the worker says what to do, and serves nothing', async () => {
  const home = temporaryFolder('program-home');
  mkdirSync(home, { recursive: true });
  const worker = Bun.spawn([process.execPath, main, 'serve'], {
    cwd: home,
    env: { PATH: process.env.PATH ?? '', HOME: home, SLUICE_HOME: home, [WORKER_VARIABLE]: '0/2' },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  expect(await new Response(worker.stderr).text()).toContain('restart the gateway');
  expect(await worker.exited).toBe(OTHER_PROGRAM_CODE);
  rmSync(home, { recursive: true });
});

test('a program is the same as long as its files are', () => {
  const before = identifyProgram(main);
  expect(identifyProgram(main)).toBe(before);
  update();
  expect(identifyProgram(main)).not.toBe(before);
});

test('files that come and go meanwhile, as an editor makes them, do not fail', async () => {
  const busy = temporaryFolder('program-busy');
  const entry = join(busy, 'main.ts');
  writeFileSync(entry, '');
  const script = `const { unlinkSync, writeFileSync } = require('node:fs');
    const names = Array.from({ length: 20 }, (_, index) => process.argv[1] + '/' + index);
    for (;;) { for (const name of names) writeFileSync(name, ''); for (const name of names) unlinkSync(name); }`;
  const editor = Bun.spawn([process.execPath, '-e', script, busy]);
  for (let seen = 0; seen < 2000; ) if (readdirSync(busy).length > 1 && identifyProgram(entry) !== '') seen++;
  editor.kill();
  await editor.exited;
  rmSync(busy, { recursive: true });
});

test('a build is identified by its content: one that is made anew of the same source is the same', () => {
  // Not beside the copy's source: its launcher would run the build.
  const folder = join(copy, 'built', 'build');
  const build = () => {
    const made = Bun.spawnSync([process.execPath, join(ROOT, 'scripts', 'build.ts'), folder]);
    expect(made.exitCode).toBe(0);
    return identifyProgram(join(folder, 'main.js'));
  };
  expect(build()).toBe(build());
});
