// `sluice run`: the environment, the arguments and the exit code of the program that it starts.
import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGateway } from '../../src/index.ts';
import { runCommand } from '../support/cli-run.ts';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('run');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

const gateway = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => Response.json({ status: 'healthy' }),
});
afterAll(() => gateway.stop(true));
const URL = `http://127.0.0.1:${gateway.port}`;

const WATCHED =
  'ANTHROPIC_BASE_URL ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN OPENAI_BASE_URL OPENAI_API_BASE OPENAI_API_KEY ' +
  'GOOGLE_GEMINI_BASE_URL GEMINI_API_KEY GEMINI_CLI_HOME SLUICE_CLIENT_KEY COPILOT_PROVIDER_BASE_URL ' +
  'COPILOT_PROVIDER_TYPE COPILOT_PROVIDER_WIRE_API COPILOT_PROVIDER_BEARER_TOKEN NO_PROXY no_proxy ' +
  'ANTHROPIC_VERTEX_BASE_URL ANTHROPIC_VERTEX_PROJECT_ID CLOUD_ML_REGION CLAUDE_CODE_SKIP_VERTEX_AUTH ' +
  'ANTHROPIC_BEDROCK_BASE_URL CLAUDE_CODE_SKIP_BEDROCK_AUTH AWS_BEARER_TOKEN_BEDROCK CLAUDE_CODE_USE_VERTEX ' +
  'CLAUDE_CODE_USE_FOUNDRY CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD GOOGLE_VERTEX_BASE_URL CLAUDE_CODE_MAX_CONTEXT_TOKENS ANTHROPIC_HOST OPENAI_HOST ' +
  'GOOGLE_HOST GOOGLE_API_KEY';

/** A program of this name that writes down how it was called, and ends with 7. */
function install(name: string): { read(): Promise<{ args: string[]; env: Record<string, string> }> } {
  const record = join(TEMPORARY, `${name}.txt`);
  const lines = WATCHED.split(' ').map(
    (variable) => `printf '%s=%s\\n' ${variable} "\${${variable}-unset}" >> ${record}`,
  );
  const args = `for a in "$@"; do printf 'arg %s\\n' "$a" >> ${record}; done`;
  writeFileSync(join(TEMPORARY, name), `#!/bin/sh\n: > ${record}\n${args}\n${lines.join('\n')}\nexit 7\n`);
  chmodSync(join(TEMPORARY, name), 0o755);
  return {
    async read() {
      const text = (await Bun.file(record).text()).trimEnd().split('\n');
      const said = text.filter((line) => line.startsWith('arg ')).map((line) => line.slice(4));
      const pairs = text
        .filter((line) => !line.startsWith('arg '))
        .map((line) => line.split('=') as [string, string]);
      return { args: said, env: Object.fromEntries(pairs) };
    },
  };
}

const OWN = { ANTHROPIC_API_KEY: 'own' };

const PROJECT = join(TEMPORARY, 'project');
mkdirSync(PROJECT);

function run(args: string[], environment: Record<string, string> = {}, directory = PROJECT) {
  return runCommand(['run', '--url', URL, ...args], {
    environment: {
      PATH: `${TEMPORARY}:${process.env.PATH}`,
      HOME: TEMPORARY,
      SLUICE_HOME: TEMPORARY,
      ...environment,
    },
    directory,
  });
}

test('claude keeps its own key, and its arguments are its own', async () => {
  const program = install('claude');
  expect(
    (await run(['claude', '-p', 'Say hello', '--model', 'simulator/demo', '--url', 'x'], OWN)).code,
  ).toBe(7);
  const { args, env } = await program.read();
  expect(args).toEqual(['-p', 'Say hello', '--model', 'simulator/demo', '--url', 'x']);
  expect(env).toMatchObject({
    ANTHROPIC_BASE_URL: URL,
    ANTHROPIC_API_KEY: 'own',
    ANTHROPIC_AUTH_TOKEN: 'unset',
    OPENAI_BASE_URL: 'unset',
  });
});

test('claude keeps its own login; with neither it gets a stand-in that no provider sees', async () => {
  const program = install('claude');
  await run(['claude']);
  expect((await program.read()).env).toMatchObject({ ANTHROPIC_AUTH_TOKEN: 'sluice' });
  writeFileSync(join(TEMPORARY, '.claude.json'), '{"oauthAccount":{}}');
  await run(['claude']);
  expect((await program.read()).env).toMatchObject({ ANTHROPIC_AUTH_TOKEN: 'unset' });
});

test('claude is told the context window of a model that is not Claude’s, where the gateway knows it', async () => {
  const keyed = createGateway(
    { server: { keys: ['own-key'] }, providers: { openai: { api_key: 'sk-proj-lab' } } },
    { host: { fetch: () => Promise.reject(new Error('not part of this test')) } },
  );
  using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: keyed.fetch });
  const program = install('claude');
  const windowFor = async (args: string[], environment: Record<string, string> = {}) => {
    await run(['--url', server.url.origin, '--key', 'own-key', 'claude', ...args], environment);
    return (await program.read()).env.CLAUDE_CODE_MAX_CONTEXT_TOKENS;
  };
  expect(await windowFor(['--model', 'openai/gpt-5'])).toBe('400000');
  expect(await windowFor(['-p', 'hi', '--model=openai/gpt-5'])).toBe('400000');
  expect(await windowFor([], { ANTHROPIC_MODEL: 'openai/gpt-5' })).toBe('400000');
  const opus = { ANTHROPIC_DEFAULT_OPUS_MODEL: 'openai/gpt-5' };
  expect(await windowFor(['--model', 'opus'], opus)).toBe('400000');
  expect(await windowFor(['--model', 'openai/gpt-5'], { CLAUDE_CODE_MAX_CONTEXT_TOKENS: '9' })).toBe('9');
  for (const args of [
    [],
    ['--model', 'opus'],
    ['--model', 'claude-opus-4-5'],
    ['--model', 'openai/unheard-of'],
  ])
    expect(await windowFor(args)).toBe('unset');
  await keyed.close();
});

test('claude presents the gateway’s key where one is asked', async () => {
  const program = install('claude');
  await run(['--key', 'k1', 'claude'], { ANTHROPIC_API_KEY: 'own' });
  expect((await program.read()).env).toMatchObject({ ANTHROPIC_AUTH_TOKEN: 'k1', ANTHROPIC_API_KEY: '' });
});

test('claude that is set up for a cloud asks the gateway by that cloud’s paths, or as Anthropic', async () => {
  const program = install('claude');
  const cloud = {
    CLAUDE_CODE_USE_VERTEX: '1',
    CLAUDE_CODE_USE_FOUNDRY: '1',
    CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD: '1',
    CLOUD_ML_REGION: 'us-east5',
  };
  await run(['claude'], { ...cloud, AWS_BEARER_TOKEN_BEDROCK: 'own' });
  expect((await program.read()).env).toMatchObject({
    CLAUDE_CODE_USE_VERTEX: '1',
    ANTHROPIC_VERTEX_BASE_URL: `${URL}/v1`,
    CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
    ANTHROPIC_VERTEX_PROJECT_ID: 'sluice',
    CLOUD_ML_REGION: 'us-east5',
    ANTHROPIC_BEDROCK_BASE_URL: URL,
    CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
    AWS_BEARER_TOKEN_BEDROCK: 'own',
    CLAUDE_CODE_USE_FOUNDRY: '',
    CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD: '',
  });
  // The settings of the program may name one, too.
  await run(['--key', 'k1', 'claude'], { AWS_BEARER_TOKEN_BEDROCK: 'own' });
  expect((await program.read()).env).toMatchObject({
    ANTHROPIC_VERTEX_BASE_URL: `${URL}/v1`,
    CLOUD_ML_REGION: 'global',
    AWS_BEARER_TOKEN_BEDROCK: 'k1',
    CLAUDE_CODE_USE_FOUNDRY: 'unset',
  });
});

test('codex is configured by arguments', async () => {
  const program = install('codex');
  await run(['--key', 'k1', 'codex', 'exec', 'hi']);
  const { args, env } = await program.read();
  expect(args.slice(-2)).toEqual(['exec', 'hi']);
  expect(args).toContain('model_provider="sluice"');
  expect(args).toContain(`model_providers.sluice.base_url="${URL}/v1"`);
  expect(args).toContain('model_providers.sluice.wire_api="responses"');
  expect(args).toContain('model_providers.sluice.env_key="SLUICE_CLIENT_KEY"');
  expect(env.SLUICE_CLIENT_KEY).toBe('k1');
});

test('codex asks for no variable of the provider of that name in its own file, where the gateway asks for no key', async () => {
  const program = install('codex');
  await run(['codex']);
  const { args, env } = await program.read();
  expect(args).toContain('model_providers.sluice.env_key="SLUICE_CLIENT_KEY"');
  expect(env.SLUICE_CLIENT_KEY).toBe('sluice');
});

test('goose has hosts, which win over base URLs', async () => {
  const program = install('goose');
  await run(['goose'], { ...OWN, OPENAI_HOST: 'https://api.openai.com' });
  expect((await program.read()).env).toMatchObject({
    ...{ ANTHROPIC_HOST: URL, ANTHROPIC_API_KEY: 'own' },
    ...{ OPENAI_HOST: URL, OPENAI_BASE_URL: `${URL}/v1`, OPENAI_API_KEY: 'sluice' },
    ...{ GOOGLE_HOST: URL, GOOGLE_API_KEY: 'sluice' },
  });
  await run(['--key', 'k1', 'goose'], { ...OWN, GOOGLE_API_KEY: 'own' });
  const keys = { ANTHROPIC_API_KEY: 'k1', OPENAI_API_KEY: 'k1', GOOGLE_API_KEY: 'k1' };
  expect((await program.read()).env).toMatchObject(keys);
});

test('copilot has its own variables, which win over those of another provider', async () => {
  const program = install('copilot');
  await run(['copilot'], { COPILOT_PROVIDER_TYPE: 'anthropic', COPILOT_PROVIDER_BEARER_TOKEN: 'own' });
  const environment = {
    COPILOT_PROVIDER_BASE_URL: `${URL}/v1`,
    COPILOT_PROVIDER_TYPE: 'openai',
    COPILOT_PROVIDER_WIRE_API: 'responses',
  };
  expect((await program.read()).env).toMatchObject({ ...environment, COPILOT_PROVIDER_BEARER_TOKEN: 'own' });
  await run(['--key', 'k1', 'copilot'], { COPILOT_PROVIDER_BEARER_TOKEN: 'own' });
  expect((await program.read()).env).toMatchObject({ ...environment, COPILOT_PROVIDER_BEARER_TOKEN: 'k1' });
});

test('gemini has its own variables, and the person’s own folder but for the way to log in', async () => {
  const program = install('gemini');
  const own = join(TEMPORARY, '.gemini');
  mkdirSync(join(own, 'extensions'), { recursive: true });
  writeFileSync(join(own, 'GEMINI.md'), 'remember');
  const settings =
    '{ "ui": { "theme": "X" }, /* mine */ "security": { "auth": { "selectedType": "oauth-personal" } } }';
  writeFileSync(join(own, 'settings.json'), settings);
  await run(['gemini']);
  const { env } = await program.read();
  expect(env).toMatchObject({ GOOGLE_GEMINI_BASE_URL: URL, GEMINI_API_KEY: 'sluice' });
  const shown = join(env.GEMINI_CLI_HOME ?? '', '.gemini');
  expect(await Bun.file(join(shown, 'settings.json')).json()).toEqual({
    ui: { theme: 'X' },
    security: { auth: { selectedType: 'gemini-api-key' } },
  });
  expect(readFileSync(join(own, 'settings.json'), 'utf8')).toBe(settings);
  writeFileSync(join(shown, 'GEMINI.md'), 'more');
  expect(readFileSync(join(own, 'GEMINI.md'), 'utf8')).toBe('more');

  // What the program made itself stays, what the person took away goes, and a run within a run is none of its own.
  writeFileSync(join(shown, 'installation_id'), '1');
  rmSync(join(own, 'extensions'), { recursive: true });
  writeFileSync(join(own, 'keybindings.json'), '[]');
  await run(['gemini'], { GEMINI_CLI_HOME: env.GEMINI_CLI_HOME ?? '' });
  expect((await program.read()).env.GEMINI_CLI_HOME).toBe(env.GEMINI_CLI_HOME);
  const names = ['GEMINI.md', 'installation_id', 'keybindings.json', 'settings.json'];
  expect(readdirSync(shown).sort()).toEqual(names);
});

test('gemini is not started in the home folder where its settings there would win', async () => {
  const program = install('gemini');
  const home = join(TEMPORARY, 'home');
  mkdirSync(join(home, '.gemini'), { recursive: true });
  const inHome = (settings: object) => {
    writeFileSync(join(home, '.gemini', 'settings.json'), JSON.stringify(settings));
    return run(['gemini'], { HOME: home, SLUICE_HOME: join(home, '.sluice') }, home);
  };
  expect(await inHome({ security: { auth: { selectedType: 'oauth-personal' } } })).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^error: in your home folder .*settings\.json takes precedence .*another folder$/,
    ),
  });
  expect((await inHome({ ui: { theme: 'X' } })).code).toBe(7);
  expect((await program.read()).env.GEMINI_CLI_HOME).toStartWith(home);
});

test('gemini with a home of its own is shown that one; settings that cannot be read say so', async () => {
  const program = install('gemini');
  const home = join(TEMPORARY, 'other');
  mkdirSync(join(home, '.gemini'), { recursive: true });
  writeFileSync(join(home, '.gemini', 'other.md'), 'other');
  await run(['gemini'], { GEMINI_CLI_HOME: home });
  const shown = join((await program.read()).env.GEMINI_CLI_HOME ?? '', '.gemini');
  expect(readFileSync(join(shown, 'other.md'), 'utf8')).toBe('other');
  expect(readdirSync(shown)).not.toContain('GEMINI.md');

  writeFileSync(join(home, '.gemini', 'settings.json'), '{\n "ui": }');
  expect(await run(['gemini'], { GEMINI_CLI_HOME: home })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error: .*other\/\.gemini\/settings\.json cannot be read: line 2: /),
  });
});

test('any other program gets what the SDKs read; a key of the person’s own stays', async () => {
  const program = install('my-agent');
  await run(['my-agent'], { OPENAI_API_KEY: 'own' });
  const unset = Object.fromEntries(WATCHED.split(' ').map((name) => [name, 'unset']));
  expect((await program.read()).env).toEqual({
    ...unset,
    ANTHROPIC_BASE_URL: URL,
    ANTHROPIC_API_KEY: 'sluice',
    OPENAI_BASE_URL: `${URL}/v1`,
    OPENAI_API_BASE: `${URL}/v1`,
    OPENAI_API_KEY: 'own',
    GOOGLE_GEMINI_BASE_URL: URL,
    GEMINI_API_KEY: 'sluice',
    ANTHROPIC_VERTEX_BASE_URL: `${URL}/v1`,
    ANTHROPIC_BEDROCK_BASE_URL: URL,
    GOOGLE_VERTEX_BASE_URL: URL,
  });
});

test('with the key of a project, to which the gateway’s own pages are closed; with a wrong one nothing starts', async () => {
  const shared = createGateway({ server: { keys: ['own-key'], project_keys: { web: ['web-key'] } } });
  using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: shared.fetch });
  const program = install('my-agent');
  const there = ['--url', server.url.origin];
  expect(await run([...there, '--key', 'web-key', 'my-agent'])).toMatchObject({ code: 7, err: '' });
  expect((await program.read()).env).toMatchObject({
    OPENAI_API_KEY: 'web-key',
    ANTHROPIC_API_KEY: 'web-key',
  });
  expect(await run([...there, '--key', 'wrong', 'my-agent'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('answered 401: the key is not one of server.keys'),
  });
  await shared.close();
});

test('a gateway in the foreground is found at whatever port it has', async () => {
  const home = join(TEMPORARY, 'foreground');
  mkdirSync(home);
  const program = install('my-agent');
  const found = async () => {
    const { code, err } = await runCommand(['run', 'my-agent'], {
      environment: { PATH: `${TEMPORARY}:${process.env.PATH}`, HOME: home, SLUICE_HOME: home },
      directory: PROJECT,
    });
    return { code, err, base: (await program.read().catch(() => undefined))?.env.OPENAI_BASE_URL };
  };
  {
    await using first = await startSluice({ home });
    expect(await found()).toEqual({ code: 7, err: '', base: `${first.url}/v1` });
    // Another one serves all the same.
    await using second = await startSluice({ home });
    expect(second.url).not.toBe(first.url);
    expect((await found()).base).toBe(`${first.url}/v1`);
  }
  expect(readdirSync(home)).not.toContain('sluice.foreground');
});

test('a gateway in the foreground that is named by its address is asked with the key of its own configuration', async () => {
  const home = join(TEMPORARY, 'named');
  mkdirSync(home);
  const program = install('my-agent');
  const config = { server: { keys: ['key-of-the-foreground'] } };
  await using gateway = await startSluice({ config, environment: { SLUICE_HOME: home } });
  const { code, err } = await runCommand(['run', '--url', gateway.url, 'my-agent'], {
    environment: { PATH: `${TEMPORARY}:${process.env.PATH}`, HOME: home, SLUICE_HOME: home },
    directory: PROJECT,
  });
  expect({ code, err }).toEqual({ code: 7, err: '' });
  expect((await program.read()).env.OPENAI_API_KEY).toBe('key-of-the-foreground');
});

test('a folder that cannot hold the settings says so', async () => {
  install('gemini');
  writeFileSync(join(TEMPORARY, 'a-file'), '');
  expect(await run(['gemini'], { SLUICE_HOME: join(TEMPORARY, 'a-file') })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/a-file\/clients\/gemini cannot be used .*; .*SLUICE_HOME$/),
  });
});

test.each([
  ['of which the interpreter is missing', '#!/no/such/interpreter\n', 0o755, 126, 'cannot be started'],
  ['for another machine, or none', 'words\n', 0o755, 126, 'cannot be started'],
  ['that is not executable', '#!/bin/sh\n', 0o644, 126, 'chmod +x'],
])('a program %s', async (_, text, mode, code, words) => {
  const path = join(TEMPORARY, 'unfit');
  writeFileSync(path, text);
  chmodSync(path, mode);
  expect(await run([path])).toMatchObject({ code, err: expect.stringContaining(words) });
});

test('what cannot be started says so', async () => {
  expect(await run(['no-such-program'])).toMatchObject({
    code: 127,
    err: expect.stringContaining('not on PATH'),
  });
  const absent = join(TEMPORARY, 'no-such-program');
  expect(await run([absent])).toMatchObject({ code: 127, err: `error: ${absent} does not exist` });
  expect((await runCommand(['run'])).code).toBe(2);
  const nobody = await runCommand(['run', '--url', 'http://127.0.0.1:1', 'sh'], {
    environment: { SLUICE_HOME: TEMPORARY },
  });
  expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('sluice daemon start') });
});

test('a proxy of the environment does not stand between the program and a gateway on this machine', async () => {
  const program = install('anything');
  const list = 'intern.example,localhost,127.0.0.1,::1';
  for (const variable of ['HTTP_PROXY', 'all_proxy']) {
    const proxied = { [variable]: 'http://127.0.0.1:1', NO_PROXY: 'intern.example' };
    expect((await run(['anything'], proxied)).code).toBe(7);
    expect((await program.read()).env).toMatchObject({ NO_PROXY: list, no_proxy: list });
  }
  expect((await run(['anything'], { NO_PROXY: 'intern.example' })).code).toBe(7);
  expect((await program.read()).env).toMatchObject({ NO_PROXY: 'intern.example', no_proxy: 'unset' });
});

test('what stands in .env, and what the launcher sets for Bun, is not handed to the program', async () => {
  const directory = join(TEMPORARY, 'with-dotenv');
  mkdirSync(directory);
  writeFileSync(
    join(directory, '.env'),
    'ANTHROPIC_API_KEY=qzProvider\nSLUICE_KEY=qzGateway\nOWN_TOO=qzDotenv\n',
  );
  const launcher = join(import.meta.dir, '..', '..', 'bin', 'sluice');
  const given = { PATH: process.env.PATH ?? '', HOME: TEMPORARY, SLUICE_HOME: TEMPORARY, OWN_TOO: 'own' };
  const child = Bun.spawn(['node', launcher, 'run', '--url', URL, 'env'], {
    cwd: directory,
    env: given,
    stdout: 'pipe',
  });
  const text = await new Response(child.stdout).text();
  expect(text).not.toContain('qz');
  const set = text
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, line.indexOf('=')));
  const own = WATCHED.split(' ').filter((name) => !/COPILOT|CLIENT|HOME|PROXY/i.test(name));
  expect(set.filter((name) => !own.includes(name)).sort()).toEqual(Object.keys(given).sort());
  expect(text).toContain('ANTHROPIC_API_KEY=sluice\n');
  expect(text).toContain('OWN_TOO=own\n');
});
