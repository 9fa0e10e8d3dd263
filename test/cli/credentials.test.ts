// `sluice credentials`, and how a gateway reads `credential:NAME`.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vaultPath } from '../../src/credentials/vault.ts';
import { runCommand, terminalOf } from '../support/cli-run.ts';
import { startSluice } from '../support/sluice-process.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const TEMPORARY = temporaryFolder('credentials');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

const SECRET = 'sk-marked-0123456789abcdef';

function credentials(home: string, args: string[], typed = '', isInteractive = false) {
  return runCommand(['credentials', ...args], {
    environment: { SLUICE_HOME: home, SLUICE_KEYCHAIN: 'off' },
    terminal: terminalOf(typed, isInteractive),
  });
}

test('a word for the keychain that is not known is refused, before a key is kept where it is not wanted', async () => {
  const environment = { SLUICE_HOME: newHome(), SLUICE_KEYCHAIN: 'no' };
  const refused = await runCommand(['credentials', 'list'], { environment });
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toContain('SLUICE_KEYCHAIN is "no"; set it to off');
});

const newHome = () => mkdtempSync(join(TEMPORARY, 'home-'));

describe('store', () => {
  test.each([
    ['as an argument', ['store', 'openai', SECRET], '', false],
    ['from standard input', ['store', 'openai', '-'], `${SECRET}\n`, false],
    ['from a pipe without being told', ['store', 'openai'], `${SECRET}\n`, false],
    ['typed without echo', ['store', 'openai'], SECRET, true],
  ] as const)('%s', async (_, args, typed, isInteractive) => {
    const home = newHome();
    const stored = await credentials(home, [...args], typed, isInteractive);
    expect(stored).toMatchObject({ code: 0, out: '' });
    expect(stored.err).toContain('credential:openai');
    expect(stored.err).not.toContain('sk-');
    expect(await credentials(home, ['retrieve', 'openai'])).toEqual({ code: 0, out: SECRET, err: '' });
  });
});

test('rotate with a name, which is taken for a new value of it: what is meant is reported', async () => {
  const { code, err } = await credentials(newHome(), ['rotate', 'openai']);
  expect(code).toBe(2);
  expect(err).toContain('rotate takes no NAME');
  expect(err).toContain('"sluice credentials store NAME" replaces a value');
});

test('list shows names and no value; delete and retrieve say what is not there', async () => {
  const home = newHome();
  expect((await credentials(home, ['list'])).err).toContain('no credential is stored');
  await credentials(home, ['store', 'openai', SECRET]);
  const { out } = await credentials(home, ['list']);
  expect(out).toMatch(/^ {2}openai {2}stored \d{4}-/);
  expect(out).not.toContain('sk-');
  const json = await credentials(home, ['list', '--json']);
  expect(JSON.parse(json.out)).toEqual([{ name: 'openai', stored_at: expect.stringMatching(/^\d{4}-.*Z$/) }]);
  expect(await credentials(home, ['rotate'])).toMatchObject({ code: 0, out: '' });
  expect((await credentials(home, ['delete', 'openai'])).code).toBe(0);
  for (const action of ['delete', 'retrieve'])
    expect(await credentials(home, [action, 'openai'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('not stored'),
    });
});

test('a key that others may read is reported, by the commands and in the log, until they may not', async () => {
  const home = newHome();
  const key = join(home, 'credentials.key');
  await credentials(home, ['store', 'openai', SECRET]);
  chmodSync(key, 0o644);
  // Nobody gets there.
  expect((await credentials(home, ['list'])).err).toBe('');
  chmodSync(home, 0o755);
  const WARNING = `${key}, which opens the stored credentials, may be read by others (mode 644)`;
  expect(await credentials(home, ['list'])).toMatchObject({
    code: 0,
    err: expect.stringContaining(`warning: ${WARNING}`),
  });
  await using sluice = await startSluice({ home });
  await sluice.stop();
  expect(sluice.output()).toContain(`WARN  ${WARNING}`);
  expect((await credentials(home, ['rotate'])).err).not.toContain('warning');
});

test.each([[[]], [['steal']], [['store']], [['list', 'x']], [['retrieve', 'a', 'b']]])(
  '%j is a wrong command line',
  async (args) => expect((await credentials(newHome(), args)).code).toBe(2),
);

test('a wrong name or an empty value is refused', async () => {
  const home = newHome();
  expect(await credentials(home, ['store', '../x', SECRET])).toMatchObject({ code: 1 });
  expect(await credentials(home, ['store', 'x', '-'], '\n')).toMatchObject({
    code: 1,
    err: expect.stringContaining('empty'),
  });
});

test.each([1, 2])(
  'a running gateway of %d processes uses the credential, and takes up a change',
  async (workers) => {
    const keys: (string | null)[] = [];
    const upstream = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        keys.push(request.headers.get('authorization'));
        return Response.json({ error: { message: 'seen' } }, { status: 400 });
      },
    });
    const home = newHome();
    await credentials(home, ['store', 'lab', `${SECRET}-one`]);
    await using sluice = await startSluice({
      home,
      workers,
      environment: { SLUICE_KEYCHAIN: 'off' },
      config: {
        providers: {
          lab: {
            dialect: 'openai-chat',
            base_url: `http://127.0.0.1:${upstream.port}/v1`,
            api_key: 'credential:lab',
          },
        },
      },
    });
    const ask = () =>
      fetch(`${sluice.url}/v1/chat/completions`, {
        method: 'POST',
        // On a connection of its own, so that the system deals them out.
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ model: 'lab/m', messages: [{ role: 'user', content: 'hi' }] }),
      });
    const askAll = () => Promise.all(Array.from({ length: 30 }, ask));
    await askAll();
    expect(new Set(keys.splice(0))).toEqual(new Set([`Bearer ${SECRET}-one`]));
    await credentials(home, ['store', 'lab', `${SECRET}-two`]);
    await sluice.wrote(/INFO {2}the changed credential is in use stored=\["lab"\]/);
    await askAll();
    expect(new Set(keys)).toEqual(new Set([`Bearer ${SECRET}-two`]));
    await credentials(home, ['delete', 'lab']);
    await sluice.wrote(/credential lab is not stored/);
    await sluice.wrote(
      /INFO {2}the configuration is in use without the deleted credential deleted=\["lab"\]/,
    );
    await credentials(home, ['store', 'other', `${SECRET}-three`]);
    await sluice.wrote(/INFO {2}the credential store changed, but no credential that.* stored=\["other"\]/);
    expect(sluice.output()).not.toContain('the changed configuration');
    expect(sluice.output()).not.toContain('sk-marked');
    await upstream.stop(true);
  },
);

test('a credential that changes while the gateway starts is taken up', async () => {
  const home = newHome();
  await credentials(home, ['store', 'lab', `${SECRET}-one`]);
  // Its code is brought in after the configuration has been read, and before anything is served.
  const vault = join(import.meta.dir, '../../src/credentials/vault.ts');
  writeFileSync(
    join(home, 'storing.ts'),
    `import { openVault } from ${JSON.stringify(vault)};
    const vault = openVault(${JSON.stringify(home)}, { keys: 'file' });
    if (vault.retrieve('lab') === '${SECRET}-one') vault.store('lab', '${SECRET}-two');
    vault.close();
    export default { request() {} };`,
  );
  await using sluice = await startSluice({
    home,
    environment: { SLUICE_KEYCHAIN: 'off' },
    config: {
      providers: {
        lab: { dialect: 'openai-chat', base_url: 'http://127.0.0.1:9', api_key: 'credential:lab' },
      },
      routing: { transformers: ['./storing.ts'] },
    },
  });
  await sluice.wrote(/INFO {2}the changed credential is in use stored=\["lab"\]/);
});

test('a credential that changes while the file is invalid is used with the last valid content', async () => {
  const keys: (string | null)[] = [];
  const upstream = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      keys.push(request.headers.get('authorization'));
      return Response.json({ error: { message: 'seen' } }, { status: 400 });
    },
  });
  const home = newHome();
  await credentials(home, ['store', 'lab', `${SECRET}-one`]);
  const base_url = `http://127.0.0.1:${upstream.port}/v1`;
  await using sluice = await startSluice({
    home,
    environment: { SLUICE_KEYCHAIN: 'off' },
    config: { providers: { lab: { dialect: 'openai-chat', base_url, api_key: 'credential:lab' } } },
  });
  sluice.writeConfig('providers: {');
  await sluice.wrote(/the changed configuration is refused/);
  await credentials(home, ['store', 'other', SECRET]);
  await sluice.wrote(/INFO {2}the credential store changed, but no credential that.* stored=\["other"\]/);
  await credentials(home, ['store', 'lab', `${SECRET}-two`]);
  await sluice.wrote(/WARN {2}the next start will fail: .*\n.*INFO {2}the changed credential is in use/);
  await fetch(`${sluice.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'lab/m', messages: [{ role: 'user', content: 'hi' }] }),
  });
  expect(keys).toEqual([`Bearer ${SECRET}-two`]);
  await upstream.stop(true);
});

test('a credential without which the gateway would be open is missed in words that name it', async () => {
  const home = newHome();
  await credentials(home, ['store', 'door', SECRET]);
  await using sluice = await startSluice({
    home,
    environment: { SLUICE_KEYCHAIN: 'off' },
    config: { server: { keys: ['credential:door'] } },
  });
  await credentials(home, ['delete', 'door']);
  await sluice.wrote(/ERROR with the changed credential the configuration is invalid.* deleted=\["door"\]/);
  expect((await fetch(`${sluice.url}/gateway/health`)).status).toBe(401);
  expect(sluice.output()).not.toContain('sk-marked');
});

test('a store that cannot be read any more is reported as such', async () => {
  const home = newHome();
  await credentials(home, ['store', 'lab', SECRET]);
  const lab = {
    dialect: 'openai-chat' as const,
    base_url: 'http://127.0.0.1:1/v1',
    api_key: 'credential:lab',
  };
  await using sluice = await startSluice({
    home,
    environment: { SLUICE_KEYCHAIN: 'off' },
    config: { providers: { simulator: {}, lab } },
  });
  writeFileSync(vaultPath(home), 'no database');
  await sluice.wrote(/INFO {2}the configuration is in use without the credential store problem=/);
  expect(sluice.output()).not.toContain('sk-marked');
});
