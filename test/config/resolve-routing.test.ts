// How the rules and mappings of `routing` are resolved, and what is reported about those that lead nowhere.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_KINDS } from '../../src/providers/kinds.ts';
import { resolve } from './resolve-lab.ts';

/** Every known name, the enabled ones first. */
function namesFrom(...enabled: string[]): string {
  return [...new Set([...enabled, ...PROVIDER_KINDS.map((row) => row.kind)])].join(', ');
}

describe('routing', () => {
  test('a default that does not exist is fatal and names what there is', () => {
    expect(resolve({ routing: { default_provider: 'simulater' } }).said).toEqual([
      `fatal routing.default_provider: no provider is named "simulater" (did you mean "simulator"?); there are: ${namesFrom('simulator')}`,
    ]);
  });

  test.each([
    [{ providers: { openai: { api_key: 'env:ABSENT' } } }, 'environment variable ABSENT is not set'],
    [{}, 'environment variable OPENAI_API_KEY is not set, and providers.openai is not configured'],
  ])('a default that is disabled is an error that serving survives: %j', (raw, reason) => {
    const { said, config } = resolve({ ...raw, routing: { default_provider: 'openai' } });
    expect(said.at(-1)).toBe(
      `error routing.default_provider: provider "openai" is disabled: ${reason}; correct that, or name one of: simulator`,
    );
    // Not replaced by another: a request would silently go elsewhere.
    expect(config.routing.defaultProvider).toBe('openai');
    expect(config.disabled).toEqual([{ name: 'openai', reason }]);
  });

  test('names of kinds that are not there are reported by what would bring them in; the built-in one is there', () => {
    const { config } = resolve({ routing: { fallback_chain: ['vertex', 'ollama', 'simulator/x'] } });
    expect(config.disabled).toEqual([
      { name: 'vertex', reason: 'providers.vertex is not configured' },
      {
        name: 'ollama',
        reason: 'environment variable OLLAMA_HOST is not set, and providers.ollama is not configured',
      },
    ]);
    const { config: ruled } = resolve({
      routing: {
        default_provider: 'groq',
        context_fallback: ['gemini/long'],
        groups: { some: ['mistral/x'] },
        agent_rules: { a: { to: 'simulator', context_fallback: ['deepseek/x'] } },
        model_mappings: [{ from: 'm', to: [{ target: 'openai/x', weight: 1 }] }],
        model_tier_rules: { haiku: ['simulator', 'xai/y/z'] },
        scenarios: { think: 'vertex' },
        patterns: [{ match: ['p'], to: 'ollama' }],
      },
    });
    expect(ruled.disabled.map(({ name }) => name).toSorted()).toEqual([
      'deepseek',
      'gemini',
      'groq',
      'mistral',
      'ollama',
      'openai',
      'vertex',
      'xai',
    ]);
  });

  test('a default that is disabled is a warning where the fallback chain serves in its place', () => {
    const routing = { default_provider: 'openai', fallback_chain: ['openai', 'simulator/x'] };
    const { said, config } = resolve({ routing });
    expect(said).toEqual([
      'warning routing.fallback_chain[0]: provider "openai" is disabled; left out',
      'warning routing.default_provider: provider "openai" is disabled: environment variable OPENAI_API_KEY is not set, and providers.openai is not configured; routing.fallback_chain serves in its place',
    ]);
    expect(config.routing.defaultProvider).toBe('openai');
  });

  test('a default that is there needs no word', () => {
    expect(resolve({ routing: { default_provider: 'simulator' } }).said).toEqual([]);
  });

  test('an agent that is inferred needs a rule', () => {
    const routing = { agent_rules: { reviewer: 'simulator' }, infer_agents: { reviewer: ['you review'] } };
    expect(resolve({ routing }).said).toEqual([]);
    expect(resolve({ routing: { ...routing, infer_agents: { reviewr: ['you review'] } } }).said).toEqual([
      'fatal routing.infer_agents.reviewr: no agent rule has this name (did you mean "reviewer"?); add routing.agent_rules.reviewr',
    ]);
  });

  test('a phrase that is none is refused with its place', () => {
    const routing = { patterns: [{ match: ['fine', { phrase: ' ', weight: 2 }], to: 'simulator' }] };
    expect(resolve({ routing }).said).toEqual([
      'fatal routing.patterns[0].match[1]: is empty: write the words to look for',
    ]);
  });

  test.each([
    ['/(x/', 'is not a regular expression (Invalid regular expression: missing ))'],
    ['/(a+)+b(?=c)/', 'may take exponential time on some texts'],
    ['/(?=fix)bug/', undefined],
    ['/(a+)+b/', undefined],
  ])('an expression that cannot be searched is refused: %s', (phrase, why) => {
    const { said } = resolve({ routing: { patterns: [{ match: [phrase], to: 'simulator' }] } });
    const problem = expect.stringContaining(`fatal routing.patterns[0].match[0]: ${why}`);
    expect(said).toEqual(why === undefined ? [] : [problem]);
  });

  test('a rule is reported by its place and where it leads; weights make it a choice', () => {
    const weighed = [{ target: 'simulator/a', weight: 2 }, 'simulator/b'];
    const { config } = resolve({
      routing: {
        groups: { inner: weighed },
        agent_rules: {
          plain: ['simulator/a', 'simulator/b'],
          unweighed: [{ target: 'simulator/a' }, 'simulator/b'],
          weighed: { to: weighed },
          within: ['inner', 'simulator/b'],
          spelt: [{ target: 'inner' }, 'simulator/b'],
        },
      },
    });
    expect(config.routing.agentRules).toMatchObject({
      plain: { text: 'routing.agent_rules.plain: simulator/a, simulator/b', strategy: 'ordered' },
      unweighed: { strategy: 'ordered' },
      weighed: { text: 'routing.agent_rules.weighed: simulator/a, simulator/b', strategy: 'weighted' },
      within: { strategy: 'weighted' },
      spelt: { strategy: 'weighted' },
    });
    const { said } = resolve({
      routing: { agent_rules: { plain: 'openai', long: { to: ['openai', 'simulator'] } } },
    });
    expect(said).toEqual([
      'warning routing.agent_rules.plain: provider "openai" is disabled; left out',
      'warning routing.agent_rules.plain: none of its targets can be used; the rule is skipped',
      'warning routing.agent_rules.long.to[0]: provider "openai" is disabled; left out',
    ]);
  });

  test('a pattern that leads nowhere is skipped, and the others stay', () => {
    const patterns = [
      { match: ['one'], to: 'openai/x' },
      { match: ['two'], to: 'simulator/x' },
    ];
    const { said, config } = resolve({ routing: { patterns } });
    expect(said.at(-1)).toBe(
      'warning routing.patterns[0]: none of its targets can be used; the rule is skipped',
    );
    expect(config.routing.patterns.map(({ rule }) => rule.text)).toEqual([
      'routing.patterns[1]: two → simulator/x',
    ]);
  });

  test('a mapping is warned of where its name is a pattern of another language', () => {
    const said = (from: string) =>
      resolve({ routing: { model_mappings: [{ from, to: 'simulator/x' }] } }).said;
    for (const [from, sign] of [
      ['gpt-?', '?'],
      ['^gpt-*', '^'],
      ['gpt-.*', '.'],
      ['*-mini$', '$'],
    ] as const)
      expect(said(from)).toEqual([
        `warning routing.model_mappings[0].from: "${sign}" stands only for itself here: write * for any text`,
      ]);
    for (const from of ['*', 'gpt-4.*', 'a/b-1.5[1m]']) expect(said(from)).toEqual([]);
  });

  test('the chain loses disabled targets with a warning, and takes no unknown one', () => {
    const fallback_chain = ['anthropic/claude-x', 'simulator/a/b', 'openai', 'nowhere/x', 'simulator/'];
    const { config, said } = resolve({ routing: { fallback_chain } }, { ANTHROPIC_API_KEY: 'k' });
    expect(config.routing.fallbackChain).toEqual(['anthropic/claude-x', 'simulator/a/b']);
    expect(said).toEqual([
      'warning routing.fallback_chain[2]: provider "openai" is disabled; left out',
      `fatal routing.fallback_chain[3]: no provider is named "nowhere"; there are: ${namesFrom('anthropic', 'simulator')}`,
      'fatal routing.fallback_chain[4]: "simulator/" names no model; write "simulator/MODEL", or "simulator" alone',
    ]);
  });
});

test('a secret of a transformer that cannot be found leaves the step out, and is reported by its place', () => {
  const raw = {
    providers: { simulator: {} },
    routing: {
      transformers: [{ name: 'headers', set: { 'x-token': 'env:NOT_THERE', 'x-other': 'env:THERE' } }],
    },
  };
  const missing = resolve(raw, { THERE: 'yes-there' });
  expect(missing.said).toEqual([
    expect.stringMatching(/^fatal routing\.transformers\[0\]\.set\.x-token: .*NOT_THERE/),
  ]);
  expect(missing.config.routing.policy.transformers).toEqual([]);
  const { said, config } = resolve(raw, { THERE: 'yes-there', NOT_THERE: 'yes-too' });
  expect(said).toEqual([]);
  expect(config.routing.policy.transformers).toHaveLength(1);
  expect(config.transformers.secrets).toEqual(expect.arrayContaining(['yes-there', 'yes-too']));
});

test('groups in a circle are reported, also where a rule leads into it', () => {
  const raw = {
    providers: { simulator: {} },
    routing: { groups: { a: ['b', 'simulator'], b: ['a'] }, agent_rules: { x: ['a', 'b'] } },
  };
  expect(resolve(raw).said).toEqual([
    'fatal routing.groups.b[0]: is circular: a → b → a; remove one of them',
  ]);
});
