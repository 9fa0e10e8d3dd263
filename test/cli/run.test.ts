// The command line without a process: help, versions, wrong flags, and `check`.
import { afterAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { selfSigned } from '../support/certificates.ts';
import { runCommand, terminalOf } from '../support/cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOME = temporaryFolder('cli');
afterAll(() => rmSync(HOME, { recursive: true }));

async function run(args: string[], environment: Record<string, string> = {}) {
  return runCommand(args, { environment: { SLUICE_HOME: HOME, ...environment }, directory: HOME });
}

function writeConfig(name: string, text: string): string {
  writeFileSync(join(HOME, name), text);
  return name;
}

describe('help', () => {
  test.each([[['--help']], [['-h']], [['help']]])('%j lists every command', async (args) => {
    const { code, out } = await run(args);
    expect(code).toBe(0);
    for (const name of ['serve', 'check', 'help']) expect(out).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  });

  test.each([[['serve', '--help']], [['help', 'serve']], [['serve', '-h']]])(
    '%j lists its flags',
    async (args) => {
      const { code, out } = await run(args);
      expect(code).toBe(0);
      for (const flag of ['--config FILE', '--host HOST', '--port PORT', '--help'])
        expect(out).toContain(flag);
    },
  );

  test.each([
    [60, ['help']],
    [60, ['help', 'conform']],
    [60, ['daemon', '--help']],
    [80, ['help', 'serve']],
  ])('a screen of %d columns breaks no word of %j', async (columns, args) => {
    const { out } = await runCommand(args, { terminal: { ...terminalOf(''), columns } });
    expect(out.split('\n').filter((line) => line.length > columns)).toEqual([]);
    const { out: piped } = await runCommand(args);
    expect(out.split(/\s+/)).toEqual(piped.split(/\s+/));
    expect(out).not.toBe(piped);
  });

  test.each([
    ['run', 'sluice run [flags] CLIENT [ARGUMENTS…]'],
    ['credentials', 'sluice credentials ACTION [NAME] [VALUE] [flags]'],
    ['help', 'sluice help [COMMAND] [ACTION] [flags]'],
  ])('what may be left out of %s is in brackets', async (command, usage) => {
    expect((await run([command, '--help'])).out).toStartWith(`Usage: ${usage}\n`);
  });

  test('help of an action is that of its command', async () => {
    const { code, out } = await run(['help', 'daemon', 'start']);
    expect({ code, out }).toEqual({ code: 0, out: (await run(['help', 'daemon'])).out });
  });

  test('examples can be typed where the program was started', async () => {
    const example = (program: string) => `\nExamples:\n  ${program} serve --port 8089\n`;
    expect((await run(['help', 'serve'])).out).toContain(example('sluice'));
    const started = { npm_package_name: 'sluice', npm_lifecycle_event: 'sluice' };
    expect((await run(['help', 'serve'], started)).out).toContain(example('npm run -s sluice --'));
  });

  test('without a command it is on stderr, and the exit code says so', async () => {
    const { code, out, err } = await run([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: sluice COMMAND');
  });

  test.each([[['--version']], [['serve', '--version']], [['check', '--version']]])('%j', async (args) => {
    expect(await run(args)).toEqual({ code: 0, out: manifest.version, err: '' });
  });
});

describe('a wrong command line is exit code 2 and says what is meant', () => {
  test.each([
    [['serv'], 'unknown command "serv" (did you mean "serve"?)'],
    [['statsu'], 'unknown command "statsu" (did you mean "daemon status"?)'],
    [['models'], 'unknown command "models" (did you mean "check"?)'],
    [['usage'], 'unknown command "usage" (did you mean "costs"?)'],
    [['claude'], 'unknown command "claude" (did you mean "run claude"?)'],
    [
      ['budgets'],
      'unknown command "budgets" (figures and budgets are in the dashboard, at the gateway’s address in a browser, and for scripts in its /gateway/metrics)',
    ],
    [['help', 'daemon', 'prune'], 'daemon has no "prune"'],
    [['help', 'daemon', 'sart'], 'daemon has no "sart" (did you mean "start"?)'],
    [['-V'], 'unknown flag -V (did you mean "--version"?)'],
    [['serve', '-p', '80'], 'unknown flag -p (did you mean "--port"?)'],
    [['doctor', '--port', '80'], 'unknown flag --port (did you mean "--url"?)'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['help', 'chek'], 'unknown command "chek" (did you mean "check"?)'],
    [['status'], 'unknown command "status" (did you mean "daemon status"?)'],
    [['version'], 'unknown command "version" (did you mean "--version"?)'],
    [['--config', 'a.yaml', 'serve'], 'flags follow the command: sluice serve --config a.yaml'],
    [['--help', 'serve'], 'flags follow the command: sluice serve --help'],
    [['daemon', 'logs', '--port', '1'], '--port does not apply to daemon logs, but to start and restart'],
    [['credentials', 'store', '--json'], '--json does not apply to credentials store, but to list'],
    [['daemon', 'stop', '--json'], '--json does not apply to daemon stop, but to status and logs'],
    [['serve', '--prot', '1'], 'unknown flag --prot (did you mean "--port"?)'],
    [['serve', '--frobnicate'], 'unknown flag --frobnicate'],
    [['serve', '-x'], 'unknown flag -x'],
    [['--versoin'], 'unknown flag --versoin (did you mean "--version"?)'],
    [['serve', '--port'], '--port needs a value: --port PORT'],
    [['serve', '--port='], '--port needs a value: --port PORT'],
    [['serve', '--port', 'high'], '--port must be a number from 0 to 65535'],
    [['serve', '--port', '65536'], '--port must be a number from 0 to 65535'],
    [
      ['daemon', 'logs', '--server', '--json'],
      '--json applies to requests; with SLUICE_LOG=json the process itself writes JSON',
    ],
    [['serve', '--workers', 'both'], '--workers must be "all" or a number from 1 to 256'],
    [['serve', '--workers', '257'], '--workers must be "all" or a number from 1 to 256'],
    [['serve', '--help=yes'], '--help takes no value'],
    [['serve', 'now'], 'unexpected "now"'],
    [['check', '--port', '1'], 'unknown flag --port'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')[0]).toBe(`sluice: ${message}`);
  });
});

test.each([
  ['start', true],
  ['other', false],
])('the value of a flag that npm kept for itself: script %s gets the hint: %p', async (script, isHinted) => {
  const { err } = await run(['serve', '8089'], {
    npm_package_name: 'sluice',
    npm_lifecycle_event: script,
  });
  expect(err.includes('"npm start -- --port 8089"')).toBe(isHinted);
});

describe('check', () => {
  test('without a file prints what there is', async () => {
    const { code, out, err } = await run(['check']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('configuration: no file; defaults and environment');
    expect(out).toMatch(/^ {2}simulator +every dialect/m);
    expect(out).toMatch(/^ {2}MODEL +simulator$/m);
  });

  test('what a provider is asked with where it has no key', async () => {
    const config = writeConfig(
      'keyless.yaml',
      [
        'providers:',
        '  bedrock: { options: { region: eu-west-1 } }',
        '  vertex: { options: { project: p, location: global } }',
        '  lab: { dialect: openai-chat, base_url: http://127.0.0.1:9/v1 }',
        '  far: { dialect: openai-chat, base_url: http://127.0.0.1:9/v1, api_key: sk-1 }',
      ].join('\n'),
    );
    const { out } = await run(['check', '--config', config]);
    expect(out).toMatch(/^ {2}bedrock +bedrock-converse, .*, signed with AWS credentials$/m);
    expect(out).toMatch(/^ {2}vertex +gemini, .*, with Google’s application default credentials$/m);
    expect(out).toMatch(/^ {2}lab +openai-chat, .*, no key$/m);
    expect(out).toMatch(/^ {2}far +openai-chat, .*, key set$/m);
  });

  test('prints providers, aliases and routes, and no secret', async () => {
    const config = writeConfig(
      'routes.yaml',
      [
        'server: { keys: [gate-secret], project_keys: { web: [web-secret, web-secret-2], data: [data-secret] } }',
        'providers:',
        '  lab: { dialect: openai-chat, base_url: "http://127.0.0.1:1/v1", api_key: lab-secret, models: { fast: qwen }, default_model: qwen }',
        '  openai: { api_key: env:ABSENT }',
        'routing: { default_provider: lab, fallback_chain: [simulator/x] }',
      ].join('\n'),
    );
    const { code, out, err } = await run(['check', '--config', config]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}lab +openai-chat, http:\/\/127.0.0.1:1\/v1, key set$/m);
    expect(out).toMatch(/^ {2}lab\/fast +lab\/qwen$/m);
    expect(out).toMatch(/^ {2}lab\/MODEL +lab, MODEL as asked$/m);
    expect(out).toMatch(/^ {2}a rule to lab alone +lab\/qwen where MODEL is not its own$/m);
    expect(out).toMatch(/^ {2}MODEL +lab$/m);
    expect(out).toMatch(/^ {2}after a failure +simulator\/x$/m);
    expect(out).toMatch(/^ {2}openai +environment variable ABSENT is not set$/m);
    expect(out).toContain('(1 key accepted, and 3 of projects: web, data)');
    expect(err).toContain('routes.yaml:4: providers.openai.api_key: environment variable ABSENT is not set');
    expect(out + err).not.toContain('secret');
  });

  test('a key in the place of a model is not printed, with --json neither', async () => {
    const config = writeConfig(
      'misplaced.yaml',
      [
        'providers:',
        '  lab: { dialect: openai-chat, base_url: "http://127.0.0.1:1/v1", default_model: sk-proj-AbC123xyzAbC123xyz }',
        '  own: { dialect: openai-chat, base_url: "http://127.0.0.1:2/v1", api_key: own-secret, models: { fast: own-secret } }',
      ].join('\n'),
    );
    for (const flags of [[], ['--json']]) {
      const { out, err } = await run(['check', '--config', config, ...flags]);
      expect(out).toContain('lab/[redacted]');
      expect(out).toContain('own/[redacted]');
      expect(out + err).not.toMatch(/AbC123|own-secret/);
    }
  });

  test('a word in the place of a key is still printed in names', async () => {
    const config = writeConfig(
      'word.yaml',
      [
        'providers:',
        '  ollama: { api_key: ollama, default_model: llama3 }',
        '  near: { dialect: openai-chat, base_url: "http://127.0.0.1:1/v1", api_key: openai }',
        '  far: { dialect: openai-chat, base_url: "http://127.0.0.1:2/sluice/v1", api_key: sluice }',
      ].join('\n'),
    );
    for (const flags of [[], ['--json']]) {
      const { out } = await run(['check', '--config', config, ...flags]);
      for (const word of ['ollama/llama3', 'ollama-chat', 'openai-chat', '/sluice/v1'])
        expect(out).toContain(word);
      expect(out).not.toContain('[redacted]');
    }
  });

  test('as JSON: what is wrong where, and what the rest resolves to, without a secret', async () => {
    const config = writeConfig(
      'scripted.yaml',
      [
        'server: { keys: [gate-secret], project_keys: { web: [web-secret] } }',
        'providers:',
        '  lab: { dialect: openai-chat, base_url: "http://127.0.0.1:1/v1", api_key: lab-secret }',
        '  openai: { api_key: env:ABSENT }',
        'routing: { default_provider: lab }',
      ].join('\n'),
    );
    const { code, out, err } = await run(['check', '--json', '--config', config]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).not.toContain('secret');
    const message = 'environment variable ABSENT is not set; provider "openai" is disabled';
    expect(JSON.parse(out)).toMatchObject({
      configuration: expect.stringMatching(/^\/.*scripted.yaml$/),
      is_valid: true,
      problems: [{ severity: 'warning', key: 'providers.openai.api_key', line: 4, message }],
      host: '127.0.0.1',
      keys: 1,
      projects: ['web'],
      providers: [
        { name: 'lab', dialects: ['openai-chat'], base_url: 'http://127.0.0.1:1/v1', keys: 1 },
        { name: 'simulator', dialects: null },
      ],
      disabled: [{ name: 'openai', reason: 'environment variable ABSENT is not set' }],
      routes: expect.arrayContaining([{ asks: 'MODEL', leads: 'lab' }]),
      postgres: null,
      redis: null,
    });
    const bad = writeConfig('bad-scripted.yaml', 'server: { prot: 1 }');
    const refused = await run(['check', '--json', '--config', bad]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toEqual({
      configuration: expect.stringMatching(/^\/.*bad-scripted.yaml$/),
      is_valid: false,
      problems: [
        { severity: 'error', key: 'server.prot', line: 1, message: 'unknown key (did you mean "port"?)' },
      ],
    });
  });

  test('a default that is disabled: where its requests go', async () => {
    const routing = (chain: string) => `routing: { default_provider: openai, fallback_chain: [${chain}] }`;
    const alone = await run(['check', '--config', writeConfig('alone.yaml', routing(''))]);
    expect(alone.code).toBe(1);
    expect(alone.out).toMatch(/^ {2}MODEL +nowhere: openai is disabled$/m);
    const { code, out, err } = await run([
      'check',
      '--config',
      writeConfig('chain.yaml', routing('simulator/x')),
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}MODEL +simulator\/x, as openai is disabled$/m);
    expect(err).toContain('routing.fallback_chain serves in its place');
  });

  test.each([
    ['an unknown key', 'server: { prot: 1 }', 'bad.yaml:1: server.prot: unknown key (did you mean "port"?)'],
    ['a syntax error', 'server: {', 'bad.yaml:1: '],
    [
      'an unknown default provider',
      'routing: { default_provider: simulatr }',
      'bad.yaml:1: routing.default_provider: no provider is named "simulatr"',
    ],
    [
      'a disabled default provider',
      'routing: { default_provider: openai }',
      'bad.yaml:1: routing.default_provider: provider "openai" is disabled',
    ],
    ['an open door', 'server: { host: 0.0.0.0 }', 'bad.yaml:1: server.host: 0.0.0.0 is reachable by others'],
  ])('fails for %s', async (_, text, message) => {
    const { code, out, err } = await run(['check', '--config', writeConfig('bad.yaml', text)]);
    expect(code).toBe(1);
    expect(err).toContain(`error: ${join(HOME, message)}`);
    expect(out).not.toContain('is valid');
  });

  test('the end of a certificate is on the clock of the machine', async () => {
    const { certificate, key } = selfSigned(['localhost']);
    const text = `server: { tls: { cert: ${writeConfig('cert.pem', certificate)}, key: ${writeConfig('key.pem', key)} } }`;
    const zone = process.env.TZ;
    try {
      process.env.TZ = 'Asia/Kolkata';
      const { out } = await run(['check', '--config', writeConfig('tls.yaml', text)]);
      expect(out).toMatch(/^TLS: .*cert\.pem, for localhost, until \d{4}-\d\d-\d\dT[\d:.]+\+05:30$/m);
    } finally {
      process.env.TZ = zone ?? 'Etc/UTC';
    }
  });

  test('a file that is not there', async () => {
    const { code, err } = await run(['check', '--config', 'absent.yaml']);
    expect({ code, err }).toEqual({
      code: 1,
      err: `error: ${join(HOME, 'absent.yaml')}: there is no such file`,
    });
  });
});
