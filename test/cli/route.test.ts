// `sluice route`: where a request would go and why; `sluice check`: every rule, and what is wrong with one.
import { afterAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, terminalOf } from '../support/cli-run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const HOME = temporaryFolder('route');
afterAll(() => rmSync(HOME, { recursive: true }));

const CONFIG = `
providers:
  one: { kind: simulator }
  two: { kind: simulator }
routing:
  default_provider: one
  fallback_chain: [two]
  groups: { big: [two/opus, one] }
  hedge_after: 2s
  context_fallback: [two/long]
  agent_rules: { reviewer: big }
  model_mappings: [ { from: "old-*", to: [one/new, two], strategy: least_busy } ]
  model_tier_rules: { opus: two }
  scenarios: { image: two/vision, long_context: two/long, long_context_threshold: 1000 }
  patterns: [ { match: [security review], to: two/secure } ]
`;

function run(command: string, args: string[], config = CONFIG, environment: Record<string, string> = {}) {
  writeFileSync(join(HOME, 'sluice.yaml'), config);
  return runCommand([command, ...args], {
    environment: { SLUICE_HOME: HOME, ...environment },
    directory: HOME,
  });
}

function writeBody(body: object): string {
  writeFileSync(join(HOME, 'body.json'), JSON.stringify(body));
  return 'body.json';
}

interface Route {
  targets: { provider: string; model: string }[];
  decision: { kind: string; rule: string; why: string };
  dialect: string | null;
}

async function routeOf(args: string[]): Promise<{ goes: string[]; kind: string; dialect: string | null }> {
  const { out, code, err } = await run('route', [...args, '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { targets, decision, dialect } = JSON.parse(out) as Route;
  return { goes: targets.map(({ provider, model }) => `${provider}/${model}`), kind: decision.kind, dialect };
}

describe('by the command line', () => {
  test.each([
    [['--model', 'm'], ['one/m', 'two/m'], 'default'],
    [['--model', 'two/m'], ['two/m'], 'explicit'],
    [['--model', 'one/m'], ['one/m', 'two/m'], 'explicit'],
    [['--model', 'm', '--target', 'two/x'], ['two/x'], 'explicit'],
    [['--model', 'm', '--agent', 'reviewer'], ['two/opus', 'one/m', 'two/m'], 'agent'],
    [['--model', 'old-1'], ['one/new', 'two/old-1'], 'model-mapping'],
    [['--model', 'claude-opus-4-1'], ['two/claude-opus-4-1'], 'model-tier'],
    [['--model', 'claude-opusculum'], ['one/claude-opusculum', 'two/claude-opusculum'], 'default'],
  ])('%j', async (args, goes, kind) => expect(await routeOf(args)).toEqual({ goes, kind, dialect: null }));
});

describe('by a body', () => {
  test('from standard input', async () => {
    writeFileSync(join(HOME, 'sluice.yaml'), CONFIG);
    const terminal = terminalOf(JSON.stringify({ model: 'two/m', messages: [] }));
    const options = { environment: { SLUICE_HOME: HOME }, directory: HOME, terminal };
    expect(await runCommand(['route', '--body', '-'], options)).toMatchObject({
      code: 0,
      out: expect.stringContaining('two/m'),
    });
  });

  test('its model, its agent and what it says', async () => {
    const messages = [{ role: 'user', content: 'A security review, please' }];
    expect(await routeOf(['--body', writeBody({ model: 'm', messages })])).toMatchObject({
      goes: ['two/secure', 'two/m'],
      kind: 'pattern',
    });
    expect(
      await routeOf(['--body', writeBody({ model: 'm', messages, agent_type: 'reviewer' })]),
    ).toMatchObject({
      kind: 'agent',
    });
  });

  test('of another dialect, by its path or detected', async () => {
    const contents = [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }];
    const body = writeBody({ contents });
    const routed = await routeOf([
      '--model',
      'm',
      '--body',
      body,
      '--path',
      '/v1beta/models/m:generateContent',
    ]);
    expect(routed).toEqual({ goes: ['two/vision', 'two/m'], kind: 'scenario', dialect: 'gemini' });
    expect(await routeOf(['--model', 'm', '--body', body])).toEqual(routed);
  });

  test('long enough to be counted', async () => {
    const messages = [{ role: 'user', content: 'one two three four five '.repeat(400) }];
    expect(await routeOf(['--body', writeBody({ model: 'm', messages })])).toMatchObject({
      kind: 'scenario',
    });
  });
});

test('for people: the targets in order, the rule, why, and what else holds', async () => {
  const { out } = await run('route', ['--model', 'old-1']);
  expect(out).toMatch(/^ {2}goes to +one\/new$/m);
  expect(out).toMatch(/^ {2}then +two\/old-1$/m);
  expect(out).toMatch(/^ {2}rule +model-mapping: routing\.model_mappings\[0\]/m);
  expect(out).toMatch(/^ {2}because +model "old-1" fits "old-\*"$/m);
  expect(out).toMatch(/^ {2}hedge +the next target starts after 2000 ms$/m);
});

test('the cheapest target comes first, by the prices that a gateway knows', async () => {
  const config = `
providers: { one: { kind: simulator }, openai: { api_key: k } }
routing:
  model_mappings: [{ from: cheap, to: [one/m, openai/gpt-4o, openai/gpt-4o-mini], strategy: least_cost }]
costs: { pricing_overrides: { "one/*": { input_per_million: 1, output_per_million: 2 } } }
`;
  const { out } = await run('route', ['--model', 'cheap'], config);
  expect(out).toMatch(/goes to +openai\/gpt-4o-mini\n +then +one\/m\n +then +openai\/gpt-4o\n/);
  expect(out).toMatch(
    /order +least_cost: openai\/gpt-4o-mini \$0\.0\d+, one\/m \$0\.0050, openai\/gpt-4o \$0\.0/,
  );
});

test('no body, or one that cannot be read', async () => {
  expect((await run('route', [])).code).toBe(2);
  expect(await run('route', ['--body', 'absent.json'])).toMatchObject({
    code: 2,
    err: expect.stringContaining(`--body: ${join(HOME, 'absent.json')} does not exist`),
  });
  expect((await run('route', ['--body', '.'])).err).toContain('is a folder');
  expect((await run('route', ['--model', 'm', '--path', '/v1/messages'])).code).toBe(2);
  expect((await run('route', ['--body', writeBody({}), '--model', 'm', '--path', '/nowhere'])).code).toBe(2);
  writeFileSync(join(HOME, 'body.json'), '{"not json');
  expect(await run('route', ['--model', 'm', '--body', 'body.json'])).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${join(HOME, 'body.json')}: the body is not JSON`),
  });
  const options = {
    environment: { SLUICE_HOME: HOME },
    directory: HOME,
    terminal: terminalOf('{"messages": []}'),
  };
  expect((await runCommand(['route', '--body', '-'], options)).err).toContain(
    'standard input: model: a non-',
  );
  expect(await run('route', ['--model', 'm', '--target', 'nobody/x'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('unknown_model'),
  });
});

describe('a vendor without a key behind another target', () => {
  const WITHOUT = `
providers:
  one: { kind: simulator }
  openai: { api_key: null }
  anthropic: { api_key: null, base_url: "http://127.0.0.1:1" }
routing:
  default_provider: one
  fallback_chain: [openai/gpt-x, anthropic/c]
  context_fallback: [openai/long]
`;

  test('route says that it is skipped, and why', async () => {
    const { out } = await run('route', ['--model', 'm'], WITHOUT);
    expect(out).toMatch(
      /^ {2}skipped +openai\/gpt-x: it has no key \(providers\.openai\.api_key\), unless /m,
    );
    expect(out).toMatch(/^ {2}then +anthropic\/c$/m);
    expect(out).toMatch(/^ {2}too long +openai\/long \(skipped\)$/m);
    const first = await run('route', ['--model', 'openai/m'], WITHOUT);
    expect(first.out).toMatch(/^ {2}goes to +openai\/m$/m);
  });

  test('in JSON as well', async () => {
    const { out } = await run('route', ['--model', 'm', '--json'], WITHOUT);
    const { targets } = JSON.parse(out) as { targets: { provider: string; skipped?: string }[] };
    expect(targets.map(({ provider, skipped }) => [provider, skipped])).toEqual([
      ['one', undefined],
      ['openai', 'no_key'],
      ['anthropic', undefined],
    ]);
  });

  test('check has a line for it', async () => {
    const { out, code } = await run('check', [], WITHOUT);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}openai behind another +skipped: it has no key \(providers\.openai\.api_key\)/m);
    expect(out).not.toContain('anthropic behind another');
  });
});

test('check lists the rate limits', async () => {
  const { out } = await run(
    'check',
    [],
    `
rate_limits:
  - { requests: 60, per: minute, each: project }
  - { concurrent: 10, agent: "code-*" }
`,
  );
  expect(out).toContain(
    'rate limits:\n  60 requests a minute, each project\n  10 requests at once, agent code-*\n',
  );
});

describe('a target that cannot serve what the path asks for', () => {
  const MIXED = `
providers:
  openai: { api_key: k }
  router: { kind: openrouter, api_key: k }
  anthropic: { api_key: k }
  groq: { api_key: k }
routing: { default_provider: openai, fallback_chain: [anthropic/claude-x, groq, router/openai/m, groq/other] }
`;

  async function resultOf(path: string, body: object) {
    const args = ['--body', writeBody({ model: 'm', ...body }), '--path', path];
    const { out } = await run('route', args, MIXED);
    const { out: json } = await run('route', [...args, '--json'], MIXED);
    const { targets } = JSON.parse(json) as { targets: { skipped?: string }[] };
    const rows = out.match(/^ {2}(?:goes to|then|skipped) .*$/gm) ?? [];
    return {
      rows: rows.map((row) => row.trim().replace(/ {2,}/, ' ')),
      skipped: targets.map(({ skipped }) => skipped),
    };
  }

  test('text completions', async () => {
    const { rows, skipped } = await resultOf('/v1/completions', { prompt: 'hi' });
    expect(rows).toEqual([
      'goes to openai/m',
      'skipped anthropic/claude-x: it serves no text completions',
      'skipped groq/m: it serves no text completions',
      'then router/openai/m',
      'skipped groq/other: it serves no text completions',
    ]);
    expect(skipped).toEqual([undefined, 'unsupported', 'unsupported', undefined, 'unsupported']);
  });

  test('embeddings', async () => {
    const { rows, skipped } = await resultOf('/v1/embeddings', { input: 'hi' });
    expect(rows).toEqual([
      'goes to openai/m',
      'skipped anthropic/claude-x: it serves no embeddings',
      'then groq/m',
      'then router/openai/m',
      'skipped groq/other: it serves another model, whose vectors cannot be compared',
    ]);
    expect(skipped).toEqual([undefined, 'unsupported', undefined, undefined, 'another_model']);
    const refused = await resultOf('/v1/embeddings', { model: 'anthropic/claude-x', input: 'hi' });
    expect(refused.rows.slice(0, 3)).toEqual([
      'goes to no target: the request is refused',
      'skipped anthropic/claude-x: it serves no embeddings',
      'skipped groq/claude-x: the request is refused, as the first target serves no embeddings',
    ]);
  });

  test('embeddings, where the default provider serves none', async () => {
    const file = MIXED.replace('default_provider: openai', 'default_provider: anthropic');
    const args = ['--body', writeBody({ model: 'text-embedding-3-small', input: 'hi' })];
    const { out } = await run('route', [...args, '--path', '/v1/embeddings'], file);
    expect(out).toMatch(/^ {2}goes to +openai\/text-embedding-3-small$/m);
    expect(out).toMatch(/^ {2}rule +default: the provider that knows the model$/m);
  });

  test('embeddings in the words of Amazon’s clients', async () => {
    const args = ['--body', writeBody({ inputText: 'hi' }), '--path', '/model/openai%2Fm/invoke'];
    const { out } = await run('route', args, MIXED);
    expect(out).toMatch(/^ {2}goes to +openai\/m$/m);
    expect(out).toMatch(/^ {2}skipped +anthropic\/claude-x: it serves no embeddings$/m);
  });

  test('token counts', async () => {
    const body = { messages: [{ role: 'user', content: 'hi' }] };
    const { rows, skipped } = await resultOf('/v1/messages/count_tokens', body);
    expect(rows).toEqual([
      'goes to openai/m',
      'then anthropic/claude-x',
      'then groq/m, whose tokens are estimated here',
      'skipped router/openai/m: the estimate before it cannot fail',
      'skipped groq/other: the estimate before it cannot fail',
    ]);
    expect(skipped.slice(2)).toEqual([undefined, 'never_reached', 'never_reached']);
  });
});

describe('check', () => {
  test('prints every rule and where it leads', async () => {
    const { out, code } = await run('check', []);
    expect(code).toBe(0);
    for (const line of [
      /^ {2}agent reviewer +two\/opus, then one$/m,
      /^ {2}model old-\* +least_busy of one\/new, two$/m,
      /^ {2}tier opus +two$/m,
      /^ {2}over 1000 tokens +two\/long$/m,
      /^ {2}message: security review +two\/secure$/m,
      /^ {2}after a failure +two$/m,
      /^ {2}a prompt too long +two\/long$/m,
    ])
      expect(out).toMatch(line);
  });

  test.each([
    ['agent_rules: { a: nobody/x }', /routing\.agent_rules\.a: no provider is named "nobody"/],
    ['groups: { a: [b], b: [a] }', /routing\.groups\.\w+.*circular: a → b → a/],
    [
      'patterns: [ { match: ["/(/"], to: simulator } ]',
      /routing\.patterns\[0\]\.match\[0\]: is not a regular expression/,
    ],
    ['fallback_chain: [nobody]', /routing\.fallback_chain\[0\].*nobody/],
  ])('refuses %s', async (routing, problem) => {
    const { code, err } = await run('check', [], `routing:\n  ${routing}\n`);
    expect(code).toBe(1);
    expect(err).toMatch(problem);
  });

  test('a provider that is only disabled is a warning', async () => {
    const { code, err } = await run('check', [], 'routing: { fallback_chain: [openai, simulator] }');
    expect(code).toBe(0);
    expect(err).toContain('provider "openai" is disabled; left out');
  });
});

test('the example of docs/routing.md is valid', async () => {
  const page = await Bun.file(join(import.meta.dir, '../../docs/routing.md')).text();
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const names = 'anthropic openai azure openrouter groq cerebras deepseek gemini ollama'.split(' ');
  const environment = { OPENAI_API_VERSION: '2024-10-21' };
  const known = names.map((name) => `  ${name}: { api_key: k, base_url: http://127.0.0.1:1 }`).join('\n');
  const { code, err, out } = await run('check', [], `providers:\n${known}\n${example}`, environment);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('agent code-reviewer');
});

test('the transformers that a request would go through, by target', async () => {
  const config = `
providers:
  one: { kind: simulator, transformers: [clean_cache] }
  two: { kind: simulator }
routing:
  default_provider: one
  fallback_chain: [two]
  transformers: [{ name: max_tokens, max: 9 }]
  agent_rules: { reviewer: { to: two, transformers: [] } }
`;
  expect((await run('route', ['--model', 'm'], config)).out).toMatch(/transformers +max_tokens, clean_cache/);
  const route = JSON.parse((await run('route', ['--model', 'm', '--json'], config)).out);
  expect(route.policy.transformers).toEqual(['max_tokens']);
  expect(route.targets.map(({ transformers }: { transformers: string[] }) => transformers)).toEqual([
    ['max_tokens', 'clean_cache'],
    ['max_tokens'],
  ]);
  const own = await run('route', ['--model', 'm', '--agent', 'reviewer'], config);
  expect(own.out).not.toContain('transformers');
  const wrong = await run(
    'check',
    [],
    'routing: { transformers: [redakt, { name: redact, patterns: ["("] }] }',
  );
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('no transformer is named "redakt" (did you mean "redact"?)');
  expect(wrong.err).toContain('routing.transformers[1].patterns[0]: redact: is not a regular expression');
});
