// bin/sluice: which Bun it takes, what it hands over, and how it ends.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AS_OTHER_USER, mayBeRefused } from '../support/other-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dir, '..', '..');
const TEMPORARY = realpathSync(temporaryFolder('launcher'));
const NODE = Bun.which('node');
const STUB = 'The install script of this package did not run.\n';
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

/** Tells on stdout how it was started; `wait` keeps it running until a signal or the launcher's end. */
const MAIN = `
const [mode] = process.argv.slice(2);
const started = {
  program: process.execPath,
  directory: process.cwd(),
  arguments: process.argv.slice(2),
  maxRequests: process.env.BUN_CONFIG_MAX_HTTP_REQUESTS,
  gcInterval: process.env.BUN_GC_TIMER_INTERVAL,
  givesBackAfter: [process.env.MIMALLOC_PURGE_DELAY, process.env.MIMALLOC_PURGE_HOLES_MIN_INTERVAL],
  dotenv: process.env.FROM_DOTENV ?? null,
};
if (mode === 'wait') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { console.log(signal); process.exit(0); });
}
console.log(JSON.stringify(started));
if (mode === 'exit') process.exit(7);
if (mode === 'kill') process.kill(process.pid, 'SIGKILL');
if (mode === 'wait') {
  for await (const _ of Bun.file(Number(process.env.SLUICE_LAUNCHER_FD)).stream());
  console.log('launcher gone');
}
`;

/** A checkout of the launcher alone, with these programs as its Bun; a string is a text file's content. */
function makeCheckout(programs: Record<string, typeof REAL | string>): string {
  const root = mkdtempSync(join(TEMPORARY, 'checkout-'));
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'main.ts'), MAIN);
  for (const [name, program] of Object.entries(programs)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (program === REAL) symlinkSync(process.execPath, path);
    else writeFileSync(path, program);
    if (program !== REAL) chmodSync(path, 0o755);
  }
  return root;
}

const REAL = Symbol('the Bun that runs this test');

const PACKAGE = 'node_modules/bun/bin/bun.exe';
const PLATFORM = `node_modules/@oven/bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}/bin/bun`;

function start(root: string, args: string[], environment: Record<string, string> = {}) {
  return Bun.spawn([NODE ?? 'node', join(root, 'bin', 'sluice'), ...args], {
    cwd: TEMPORARY,
    env: { PATH: join(root, 'path'), ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function run(root: string, args: string[] = [], environment: Record<string, string> = {}) {
  const child = start(root, args, environment);
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code, signal: child.signalCode };
}

/** Lines of a running process's stdout. */
function linesOf(child: Pick<ReturnType<typeof start>, 'stdout'>) {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  return async function next(): Promise<string | undefined> {
    while (!rest.includes('\n')) {
      const { value, done } = await reader.read();
      if (done) return undefined;
      rest += value;
    }
    const line = rest.slice(0, rest.indexOf('\n'));
    rest = rest.slice(line.length + 1);
    return line;
  };
}

describe.skipIf(NODE === null)('the launcher', () => {
  let checkout = '';
  beforeAll(() => {
    checkout = makeCheckout({ [PACKAGE]: REAL });
  });

  test('runs main.ts here, with the arguments and the environment it needs', async () => {
    writeFileSync(join(TEMPORARY, '.env'), 'FROM_DOTENV=yes\n');
    const { out, code } = await run(checkout, ['a', '--b', 'c d']);
    expect(JSON.parse(out)).toMatchObject({
      directory: TEMPORARY,
      arguments: ['a', '--b', 'c d'],
      maxRequests: '65336',
      gcInterval: '20000',
      givesBackAfter: ['2000', '2000'],
      dotenv: 'yes',
    });
    expect(code).toBe(0);
  });

  test.each(['sluice', 'prepare.js'])(
    '%s of a Node that is too old says so, in words that it can read',
    async (name) => {
      const pretend = join(TEMPORARY, 'old.cjs');
      const version = "Object.defineProperty(process, 'version', { value: 'v12.22.12' });";
      writeFileSync(
        pretend,
        `${version} Object.defineProperty(process.versions, 'node', { value: '12.22.12' });`,
      );
      cpSync(join(ROOT, 'package.json'), join(checkout, 'package.json'));
      const file = join(checkout, 'bin', name);
      const child = Bun.spawn([NODE ?? 'node', '-r', pretend, file], { stdout: 'pipe', stderr: 'pipe' });
      expect(await new Response(child.stderr).text()).toMatch(
        /^sluice: needs Node \d+ or newer; \/.* is v12\.22\.12\. Get one from https:\/\/nodejs\.org/,
      );
      expect(await child.exited).toBe(1);
      for (const read of [name, 'old-node.js'])
        expect(readFileSync(join(checkout, 'bin', read), 'utf8')).not.toMatch(/\?\.|\?\?/);
    },
  );

  test('runs what was built, in a checkout only while it is newer than what it was built of', async () => {
    const built = (file: string) => `console.log(${JSON.stringify(file)}, ...process.argv.slice(2))`;
    const root = makeCheckout({ [PACKAGE]: REAL, 'build/main.js': built('built') });
    const source = join(root, 'src', 'main.ts');
    const changed = (file: string, seconds: number) => utimesSync(file, seconds, seconds);
    const now = Date.now() / 1000;
    changed(source, now + 100);
    expect((await run(root, ['a'])).out).toBe('built a\n');
    writeFileSync(join(root, '.git'), '');
    expect(JSON.parse((await run(root)).out)).toMatchObject({ arguments: [] });
    changed(join(root, 'src'), now - 100);
    changed(source, now - 100);
    expect((await run(root)).out).toBe('built\n');
    // As when a file was taken away.
    changed(join(root, 'src'), now + 100);
    expect(JSON.parse((await run(root)).out)).toMatchObject({ arguments: [] });
  });

  test('says what to do in a folder that is gone', async () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1"';
    const child = Bun.spawn(['/bin/sh', '-c', script, NODE ?? 'node', join(checkout, 'bin', 'sluice')], {
      cwd: TEMPORARY,
      env: { PATH: process.env.PATH ?? '' },
      stderr: 'pipe',
    });
    expect(await new Response(child.stderr).text()).toBe(
      'sluice: the working directory is gone; change to one that is there\n',
    );
    expect(await child.exited).toBe(1);
  });

  test('leaves a limit that was set', async () => {
    const { out } = await run(checkout, [], { BUN_CONFIG_MAX_HTTP_REQUESTS: '5' });
    expect(JSON.parse(out)).toMatchObject({ maxRequests: '5' });
  });

  test('ends as the child ended', async () => {
    expect(await run(checkout, ['exit'])).toMatchObject({ code: 7, signal: null });
    expect(await run(checkout, ['kill'])).toMatchObject({ signal: 'SIGKILL' });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'hands on %s and waits for the child',
    async (signal) => {
      const child = start(checkout, ['wait']);
      const next = linesOf(child);
      await next();
      child.kill(signal);
      expect(await next()).toBe(signal);
      expect(await child.exited).toBe(0);
    },
  );

  test('under npm, which dies without a word, it ends what it runs', async () => {
    // As npm does: a parent that starts the launcher and is killed.
    const script = `require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })`;
    const parent = Bun.spawn([NODE ?? 'node', '-e', script, join(checkout, 'bin', 'sluice'), 'wait'], {
      cwd: TEMPORARY,
      env: { PATH: join(checkout, 'path'), npm_lifecycle_event: 'start' },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const next = linesOf(parent);
    await next();
    parent.kill('SIGTERM');
    expect(await next()).toBe('SIGTERM');
  });

  test('killed, it is noticed by the child', async () => {
    const child = start(checkout, ['wait']);
    const next = linesOf(child);
    await next();
    child.kill('SIGKILL');
    expect(await next()).toBe('launcher gone');
  });

  test('takes the platform’s package where the install script left a text file', async () => {
    const { code, err } = await run(makeCheckout({ [PACKAGE]: STUB, [PLATFORM]: REAL }));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('takes a hoisted package', async () => {
    const root = makeCheckout({ 'node_modules/bun/bin/bun.exe': REAL });
    const inner = join(root, 'node_modules', 'sluice');
    cpSync(join(root, 'bin'), join(inner, 'bin'), { recursive: true });
    cpSync(join(root, 'src'), join(inner, 'src'), { recursive: true });
    expect(await run(inner)).toMatchObject({ code: 0, err: '' });
  });

  test('takes Bun from PATH, if it is recent', async () => {
    expect(await run(makeCheckout({ [PACKAGE]: STUB, 'path/bun': REAL }))).toMatchObject({
      code: 0,
      err: '',
    });
    const old = await run(makeCheckout({ [PACKAGE]: STUB, 'path/bun': '#!/bin/sh\necho 1.3.14\n' }));
    expect(old.code).toBe(1);
  });

  test.skipIf(!mayBeRefused)('says what to do where another user installed it for itself', async () => {
    const root = makeCheckout({ [PACKAGE]: REAL });
    chmodSync(join(root, 'node_modules'), 0o000);
    const { stderr, exitCode } = Bun.spawnSync(
      [...AS_OTHER_USER, NODE ?? 'node', join(root, 'bin', 'sluice'), 'serve'],
      { cwd: TEMPORARY, env: { PATH: join(root, 'path') } },
    );
    chmodSync(join(root, 'node_modules'), 0o755);
    expect(exitCode).toBe(1);
    expect(stderr.toString()).toBe(
      `sluice: this user may not read ${root}/node_modules: let who installed it run "chmod -R a+rX ${root}"\n`,
    );
  });

  test('says what to do where there is none', async () => {
    const { out, err, code } = await run(makeCheckout({ [PACKAGE]: STUB, [PLATFORM]: STUB }));
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toContain('needs Bun 1.4 or newer and found none');
    expect(err).toContain('npm install');
  });
});
