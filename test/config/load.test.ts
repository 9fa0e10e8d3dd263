// Which file is read, in which format, and which line a problem is reported for.
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findConfigFile, findHome, formatProblem, loadConfig } from '../../src/config/load.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TEMPORARY = temporaryFolder('load');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

/** In a namespace where no such user is known, and files are ours. */
const AS_STRANGER = ['unshare', '--user', '--map-user=4711'];
const canBeAnyUser = Bun.which('unshare') !== null && Bun.spawnSync([...AS_STRANGER, 'true']).exitCode === 0;

/** A directory of its own with these files; names may have folders. */
function makeTree(files: Record<string, string | Uint8Array>): string {
  const root = mkdtempSync(join(TEMPORARY, 'tree-'));
  mkdirSync(join(root, 'work'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

function optionsAt(root: string, environment: Record<string, string> = {}) {
  return { environment: { SLUICE_HOME: join(root, 'home'), ...environment }, directory: join(root, 'work') };
}

function load(name: string, text: string) {
  const root = makeTree({ [`work/${name}`]: text });
  const loaded = loadConfig(optionsAt(root));
  const said = loaded.problems.map((problem) =>
    formatProblem(problem, loaded.path).replace(`${root}/work/`, ''),
  );
  return { ...loaded, said };
}

describe('the first file found', () => {
  const files = {
    'work/flag.yaml': '',
    'work/variable.toml': '',
    'work/sluice.yml': '',
    'work/sluice.toml': '',
    'home/sluice.yaml': '',
  };

  test('is --config, then SLUICE_CONFIG, then here, then home', () => {
    const root = makeTree(files);
    const named = { SLUICE_CONFIG: 'variable.toml' };
    expect(findConfigFile({ ...optionsAt(root, named), path: 'flag.yaml' })).toBe(
      join(root, 'work/flag.yaml'),
    );
    expect(findConfigFile(optionsAt(root, named))).toBe(join(root, 'work/variable.toml'));
    expect(findConfigFile(optionsAt(root))).toBe(join(root, 'work/sluice.yml'));
    rmSync(join(root, 'work/sluice.yml'));
    expect(findConfigFile(optionsAt(root))).toBe(join(root, 'work/sluice.toml'));
    rmSync(join(root, 'work/sluice.toml'));
    expect(findConfigFile(optionsAt(root))).toBe(join(root, 'home/sluice.yaml'));
    rmSync(join(root, 'home/sluice.yaml'));
    expect(findConfigFile(optionsAt(root))).toBeNull();
  });

  test.skipIf(!canBeAnyUser)('~/ is / for a user that the system does not know, and who has no HOME', () => {
    const { HOME: _, ...environment } = process.env;
    const source = join(import.meta.dir, '../../src/config/load.ts');
    const script = `console.log(require(${JSON.stringify(source)}).findHome({}))`;
    const { stdout, stderr } = Bun.spawnSync([...AS_STRANGER, process.execPath, '-e', script], {
      env: environment,
    });
    expect(`${stdout}${stderr}`).toBe('/.sluice\n');
  });

  test('~/ is the home directory, where no shell expands it', () => {
    const options = { environment: {}, directory: '/work' };
    expect(findHome({})).toBe(join(homedir(), '.sluice'));
    expect(findHome({ SLUICE_HOME: '~/other' })).toBe(join(homedir(), 'other'));
    expect(findHome({ SLUICE_HOME: 'here/~/x' })).toBe('here/~/x');
    expect(findConfigFile({ ...options, path: '~/a.yaml' })).toBe(join(homedir(), 'a.yaml'));
    expect(findConfigFile({ ...options, environment: { SLUICE_CONFIG: '~/b.yaml' } })).toBe(
      join(homedir(), 'b.yaml'),
    );
  });

  test('none at all is fine', () => {
    const loaded = loadConfig(optionsAt(makeTree({})));
    expect(loaded).toMatchObject({ path: null, problems: [] });
    expect(loaded.config?.routing.defaultProvider).toBe('simulator');
  });

  test('one that was named and is not there is not', () => {
    const root = makeTree({});
    const loaded = loadConfig({ ...optionsAt(root), path: 'absent.yaml' });
    expect(loaded.config).toBeNull();
    expect(loaded.problems.map((problem) => formatProblem(problem, loaded.path))).toEqual([
      `${join(root, 'work/absent.yaml')}: there is no such file`,
    ]);
  });

  test('a folder with the name of one says so', () => {
    const root = makeTree({});
    mkdirSync(join(root, 'work', 'folder.yaml'));
    const { problems } = loadConfig({ ...optionsAt(root), path: 'folder.yaml' });
    expect(problems.map(({ message }) => message)).toEqual(['is a folder']);
  });

  test('the extension decides the format', () => {
    const loaded = loadConfig({ ...optionsAt(makeTree({ 'work/sluice.conf': '' })), path: 'sluice.conf' });
    expect(loaded.problems[0]?.message).toContain('.yaml, .yml, .toml, .json, .jsonc');
  });
});

test.each([
  ['routing: { default_provider: KEY }', 'routing.default_provider: no provider is named "[redacted]"'],
  ['routing: { fallback_chain: [KEY/m] }', 'routing.fallback_chain[0]: no provider is named "[redacted]"'],
  ['providers: { KEY: {} }', 'providers["[redacted]"]: a key stands in the place of a name'],
  [
    'providers: { KEY: { dialect: openai-chat, base_url: "http://127.0.0.1:1/v1" } }',
    'providers["[redacted]"]: a key stands in the place of a name',
  ],
  [
    'server: { keys: [a], project_keys: { KEY: [b] } }',
    'server.project_keys["[redacted]"]: a key stands in the place of a name',
  ],
  ['KEY: 1', '["[redacted]"]: a key stands in the place of a name'],
  ['server: { host: KEY }', 'server.host: [redacted] is reachable by others'],
])('an API key in the wrong place is quoted by no problem: %s', (text, wanted) => {
  const root = makeTree({ 'work/sluice.yaml': text.replace('KEY', 'sk-ant-api03-AAAA-BBBB-CCCC-DDDD') });
  const loaded = loadConfig(optionsAt(root));
  const said = loaded.problems.map((problem) => formatProblem(problem, loaded.path)).join('\n');
  expect(said).toContain(`work/sluice.yaml:1: ${wanted}`);
  expect(said).not.toContain('AAAA');
});

test('a name that merely begins as a key does is none', () => {
  const lab = 'dialect: openai-chat, base_url: "http://127.0.0.1:1/v1"';
  const prices =
    'costs: { pricing_overrides: { "lab/whisper-sk-large-v3-2024": { input_per_million: 1, output_per_million: 0 } } }';
  const text = `providers: { sk-telecom: { ${lab} }, sk-telecom-production-2024: { ${lab} }, xai-grok-4-of-the-whole-company: { ${lab} } }\n${prices}`;
  const { config } = loadConfig(optionsAt(makeTree({ 'work/sluice.yaml': text })));
  expect(config?.providers.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['sk-telecom', 'sk-telecom-production-2024']),
  );
});

describe('every format gives the same', () => {
  const YAML = `
# a comment
server: { port: 9, keys: [env:KEY, 'two'] }
providers:
  lab:
    dialect: openai-chat
    base_url: http://127.0.0.1:1/v1
    models: { fast: qwen }
costs: { pricing_overrides: { "lab/*": { input_per_million: 0.5, output_per_million: 1 } } }
`;
  const TOML = `
# a comment
[server]
port = 9
keys = ["env:KEY", 'two']

[providers.lab]
dialect = "openai-chat"
base_url = "http://127.0.0.1:1/v1"
models = { fast = "qwen" }

[costs.pricing_overrides."lab/*"]
input_per_million = 0.5
output_per_million = 1
`;
  const JSONC = `{
  // a comment
  "server": { "port": 9, "keys": ["env:KEY", "two"], },
  "providers": { /* another: "x", */
\t\t"lab": { "dialect": "openai-chat", "base_url": "http://127.0.0.1:1/v1", "models": { "fast": "qwen" } }
  },
  "costs": { "pricing_overrides": { "lab/*": { "input_per_million": 0.5, "output_per_million": 1 } } },
}`;

  test.each([
    ['sluice.yaml', YAML],
    ['sluice.yml', `\uFEFF${YAML.replaceAll('\n', '\r\n')}`],
    ['sluice.toml', TOML],
    ['sluice.json', JSONC],
    ['sluice.jsonc', JSONC],
  ])('%s', (name, text) => {
    const root = makeTree({ [`work/${name}`]: text });
    const { config, problems } = loadConfig(optionsAt(root, { KEY: 'one' }));
    expect(problems).toEqual([]);
    expect(config?.server).toMatchObject({ port: 9, keys: ['one', 'two'] });
    expect(config?.providers.map((provider) => provider.name)).toEqual(['lab', 'simulator']);
    expect(config?.providers[0]).toMatchObject({
      baseUrl: 'http://127.0.0.1:1/v1',
      models: { fast: 'qwen' },
    });
    expect(config?.costs.pricingOverrides).toMatchObject([
      { pattern: 'lab/*', price: { inputPerMillion: 0.5, outputPerMillion: 1 } },
    ]);
  });
});

test('no line of a TOML file takes time out of proportion to its length', () => {
  // Each letter of a long word doubled the time to look for a line: these would take minutes.
  const words = `${'word'.repeat(100)} ${'a.'.repeat(100)}!\n`.repeat(4);
  expect(load('sluice.toml', `x = """\n${words}"""\n`).said[0]).toStartWith('sluice.toml:1: x: unknown key');
});

describe('problems name file, line and key', () => {
  const PORT = 'server.port: expected a number, found a string';
  test.each([
    ['sluice.yaml', 'server:\n  host: localhost\n  port: "80"\n', `sluice.yaml:3: ${PORT}`],
    ['sluice.toml', '[audit]\nenabled = true\n\n[server]\nport = "80"\n', `sluice.toml:5: ${PORT}`],
    ['sluice.toml', 'x = 1\n', 'sluice.toml:1: x: unknown key'],
    ['sluice.yaml', 'log: {}\n---\nlog: {}\n', 'sluice.yaml:2: a second document begins; a file has one'],
    ['sluice.json', '{\n  "server": {\n    "port": "80"\n  }\n}\n', `sluice.json:3: ${PORT}`],
    [
      'sluice.yaml',
      'server:\n  keys:\n    - a\n    - [b]\n',
      'sluice.yaml:4: server.keys[1]: expected a string, found a list',
    ],
    [
      'sluice.yaml',
      'rate_limits:\n  - requests: 5\n    per: minute\n    modl: x\n',
      'sluice.yaml:4: rate_limits[0].modl: unknown key',
    ],
    [
      'sluice.toml',
      '[[rate_limits]]\nrequests = 5\nper = "minute"\n\n[[rate_limits]]\nrequests = 0\nper = "minute"\n',
      'sluice.toml:6: rate_limits[1].requests: expected at least 1',
    ],
    [
      'sluice.toml',
      '[[costs.budgets]]\nper = "day"\nlimit_usd = 1\n[costs]\n[[costs.budgets]]\nper = "day"\n',
      'sluice.toml:5: costs.budgets[1].limit_usd: is missing',
    ],
    [
      'sluice.toml',
      '[server]\nport = 1\n[[transformers]]\nx = 1\n',
      'sluice.toml:3: transformers: unknown key',
    ],
    [
      'sluice.yaml',
      'costs:\n  pricing_overrides:\n    "lab/*":\n      input_per_million: 1\n',
      'sluice.yaml:3: costs.pricing_overrides["lab/*"].output_per_million: is missing; expected a number',
    ],
    [
      'sluice.yaml',
      'costs:\n  pricing_overrides:\n    "lab/*":\n      input_per_million: 1\n      long_prompt:\n        output_per_million: 2\n',
      'sluice.yaml:3: costs.pricing_overrides["lab/*"].output_per_million: is missing; expected a number',
    ],
    [
      'sluice.toml',
      '[providers.lab]\n\n[providers."l.b".timeouts]\nidle = 5\n',
      'sluice.toml:4: providers["l.b"].timeouts.idle: expected a duration such as 500ms, 10s, 2m, 1h30m or 30d, found a number',
    ],
    [
      'sluice.yaml',
      'server:\n  port: 1\n host: x\n',
      'sluice.yaml:3: this line is not indented like the keys around it',
    ],
    ['sluice.yaml', 'server:\n\tport: 1\n', 'sluice.yaml:2: a tab indents this line; use spaces'],
    ['sluice.yaml', 'server: { port: 1\n', 'sluice.yaml:2: a { or [ is not closed'],
    ['sluice.yaml', 'server: { port: 1 host: x }\n', 'sluice.yaml:1: inside { } or [ ] a comma is missing'],
    ['sluice.yaml', 'server: port: 1\n', 'sluice.yaml:1: a second ": " in one line'],
    ['sluice.yaml', 'server\nlog: {}\n', 'sluice.yaml:1: this line has no ": " after its key'],
    ['sluice.yaml', 'server: @x\n', 'sluice.yaml:1: a value that begins with a special character'],
    ['sluice.yaml', 'server: "x\n', 'sluice.yaml:2: a quote is not closed'],
    [
      'sluice.yaml',
      'audit: {}\naudit: {}\n',
      'sluice.yaml:2: this key is defined twice; keep one of the two',
    ],
    ['sluice.yaml', 'audit: {}\nserver: [\n', 'sluice.yaml:3: '],
    ['sluice.yaml', 'audit: {}\nserver: &a { x: *a }\n', 'sluice.yaml:2: this alias (*) is inside'],
    [
      'sluice.yaml',
      'audit: {}\nserver: { keys: [&secret] }\n',
      'sluice.yaml:2: this anchor (&) names nothing',
    ],
    ['sluice.yaml', 'audit: {}\nserver: *a\n', 'sluice.yaml:2: this alias (*) refers to no anchor'],
    ['sluice.yaml', 'server:\n  host: *\n', 'sluice.yaml:2: a value that begins with * must be in quotes'],
    [
      'sluice.yaml',
      'costs:\n  pricing_overrides:\n    lab/*: {}\n    */*: {}\n',
      'sluice.yaml:4: this line has no ": " after its key; a key that begins with *',
    ],
    [
      'sluice.yaml',
      'server:\n  port:1\n',
      'sluice.yaml:1: server: expected a section of keys, found a string; a space',
    ],
    [
      'sluice.yaml',
      'costs:\n  budgets:\n    - limit_usd: 1\n',
      'sluice.yaml:3: costs.budgets[0].per: is missing; expected one of',
    ],
    ['sluice.yaml', 'server:\n  host: "a" b\n', 'sluice.yaml:2: there is more after the end of this value'],
    [
      'sluice.yaml',
      'providers: { openai: { api_key: $' + '{KEY} } }\n',
      'sluice.yaml:1: there is more after the end of this value; text that has braces',
    ],
    [
      'sluice.yaml',
      'server:\n  host: "\\d"\n',
      'sluice.yaml:2: in double quotes \\ begins an unknown escape',
    ],
    ['sluice.json', '{\n  "audit": {}\n  "server": {}\n}', 'sluice.json:3: not valid JSON: see column 3'],
    ['sluice.json', '{ "audit": {} } x', 'sluice.json:1: not valid JSON: see column 17'],
    ['sluice.json', "{ 'audit': {} }", 'sluice.json:1: not valid JSON: see column 3'],
    ['sluice.json', '{\n  "audit": { // why\n', 'sluice.json:3: not valid JSON: it ends too early'],
    [
      'sluice.jsonc',
      '{ "audit": {},\n "audit": {} }',
      'sluice.jsonc:2: this key is defined twice; keep one of the two',
    ],
    ['sluice.json', '{ "<<": 1, "<<": 2 }', 'sluice.json:1: this key is defined twice; keep one of the two'],
    ['sluice.toml', 'a = [\n 1,\n]\nb =\nc = 1\n', 'sluice.toml:4: Missing value'],
    [
      'sluice.yaml',
      'server:\n  host: !env HOST\n',
      'sluice.yaml:2: this tag (!) is not known; a value that begins with ! must be in quotes',
    ],
    [
      'sluice.yaml',
      'server:\n  host: |x\n',
      'sluice.yaml:2: a value that begins with | or > must be in quotes, or begin on the next line',
    ],
  ])('%s %j', (name, text, expected) => {
    const { said, config } = load(name, text);
    expect(said[0]).toStartWith(expected);
    expect(config).toBeNull();
  });

  const DEEP = `x: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`;
  const CHAIN = [
    'x:',
    ...Array.from({ length: 5_000 }, (_, i) => `  k${i}: &a${i} {b: ${i === 0 ? 1 : `*a${i - 1}`}}`),
  ];
  test.each([
    [
      '1 MB',
      '# '.repeat(600_000),
      'sluice.yaml: the file has 1200000 characters, and at most 1048576 are read',
    ],
    ['nesting', DEEP, 'sluice.yaml:1: it is nested deeper than 100 levels'],
    [
      'some nesting',
      `x: ${'['.repeat(150)}${']'.repeat(150)}\n`,
      'sluice.yaml:1: it is nested deeper than 100 levels',
    ],
    [
      'aliases that multiply',
      `x:\n  k0: &a0 [1]\n${Array.from({ length: 4 }, (_, i) => `  k${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]\n`).join('')}`,
      'sluice.yaml: its aliases expand too much',
    ],
    ['aliases of aliases', CHAIN.join('\n'), 'sluice.yaml:1003: this alias (*) is one too many'],
    [
      'aliases of one',
      `a: &a {}\nx:\n${'  - *a\n'.repeat(5_000)}`,
      'sluice.yaml:1003: this alias (*) is one too many',
    ],
    [
      'keys',
      Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
      'sluice.yaml:1: k0: unknown key',
    ],
    ['repeated keys', 'audit: {}\n'.repeat(20_000), 'sluice.yaml:2: this key is defined twice'],
  ])('too much: %s', (_, text, expected) => {
    const { said, problems, config } = load('sluice.yaml', text);
    expect(said[0]).toStartWith(expected);
    expect(said.length).toBeLessThanOrEqual(51);
    if (said.length > 1) expect(said.at(-1)).toBe('sluice.yaml: there are more problems; these come first');
    expect(problems.at(-1)?.severity).toBe('fatal');
    expect(config).toBeNull();
  });

  test.each([
    ['<<: *shared\n', 'sluice.yaml:3: server.prt: '],
    ['<<: [{ audit: {} }, *shared]\n', 'sluice.yaml:3: server.prt: '],
    ['server: { <<: { prt: 1 } }\n', 'sluice.yaml:4: server.prt: '],
    ['more: &more { prt: 1 }\nserver: *more\n', 'sluice.yaml:4: server.prt: '],
  ])('what is merged, or an alias, has the line on which it is written: %j', (merge, expected) => {
    const { said } = load('sluice.yaml', `shared: &shared\n  server:\n    prt: 1\n${merge}`);
    expect(said.find((problem) => problem.includes('server.prt'))).toStartWith(expected);
  });

  test('an anchor that is set again holds for the aliases after it, and << may come twice', () => {
    const text =
      'providers:\n  a: &a { kind: simulator }\n  b: { <<: *a, <<: *a }\n  d: &a { kind: simulator, default_model: m }\n  c: *a\n';
    const { said, config } = load('sluice.yaml', text);
    expect(said).toEqual([]);
    expect(config?.providers.find(({ name }) => name === 'c')).toMatchObject({ defaultModel: 'm' });
  });

  test('an anchor may name an empty text in quotes', () => {
    const text = 'providers:\n  a: { kind: simulator, default_model: &none "" }\n';
    const { said } = load('sluice.yaml', text);
    expect(said.filter((line) => line.includes('anchor'))).toEqual([]);
  });

  test('warnings without number stay warnings', () => {
    const limits = Array.from(
      { length: 60 },
      (_, i) => `  - { requests: 1, per: day, provider: absent${i} }\n`,
    );
    const { problems, config } = load('sluice.yaml', `rate_limits:\n${limits.join('')}`);
    expect(config).not.toBeNull();
    expect(problems).toHaveLength(51);
    expect(new Set(problems.map(({ severity }) => severity))).toEqual(new Set(['warning']));
  });

  test('warnings too', () => {
    const { said, config } = load(
      'sluice.yaml',
      'providers:\n  openai:\n    api_key: env:SLUICE_TEST_ABSENT\n',
    );
    expect(said).toEqual([
      'sluice.yaml:3: providers.openai.api_key: environment variable SLUICE_TEST_ABSENT is not set; provider "openai" is disabled',
    ]);
    expect(config).not.toBeNull();
  });

  test.each([
    ['sluice.toml', 'api_key = sk-secret\n'],
    ['sluice.json', '{ "api_key": sk-secret }'],
    ['sluice.json', '{ "api_key": "sk-secret" "x": 1 }'],
    ['sluice.yaml', 'api_key: "sk-secret\n'],
    ['sluice.yaml', 'api_key: *sk-secret\n'],
    ['sluice.yaml', 'api_key: !sk-secret\n'],
    ['sluice.yaml', 'api_key: !sk-secret!x\n'],
    ['sluice.yaml', 'api_key: |sk-secret\n'],
    ['sluice.yaml', 'api_key: | sk-secret\n'],
    ['sluice.yaml', 'api_key: >sk-secret sk-secret\n'],
  ])('without repeating what stands there: %s %j', (name, text) => {
    const { said } = load(name, text);
    expect(said.length).toBeGreaterThan(0);
    expect(said.join('\n')).not.toContain('sk-secret');
  });
});

test.each(['little-endian', 'big-endian'])(
  'UTF-16 with its mark, as Windows PowerShell writes it (%s)',
  (encoding) => {
    const inUtf16 = (text: string) => {
      const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
      return encoding === 'big-endian' ? bytes.swap16() : bytes;
    };
    const root = makeTree({
      'work/sluice.yaml': inUtf16('# Schlüssel\r\nproviders: { openai: { api_key: file:key.txt } }\r\n'),
      'work/key.txt': inUtf16('sk-from-file\r\n'),
    });
    const { config, problems } = loadConfig(optionsAt(root));
    expect(problems).toEqual([]);
    expect(config?.providers[0]).toMatchObject({ name: 'openai', apiKey: 'sk-from-file' });
  },
);

test('file: is relative to the configuration file', () => {
  const root = makeTree({
    'home/sluice.yaml': 'providers: { openai: { api_key: file:keys/openai } }',
    'home/keys/openai': 'sk-from-file\n',
  });
  expect(loadConfig(optionsAt(root)).config?.providers[0]?.apiKey).toBe('sk-from-file');
});
