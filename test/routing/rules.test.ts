// The order in which rules are asked, and which of several patterns decides.
import { describe, expect, test } from 'bun:test';
import type { RuleConfig, RoutingConfig } from '../../src/config/resolved.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { createRuleBook } from '../../src/routing/rules.ts';
import { sampleRouting } from '../support/routing-config.ts';

const rule = (text: string): RuleConfig => ({
  text,
  targets: [{ target: text, weight: 1 }],
  strategy: 'ordered',
  policy: sampleRouting().policy,
});

function ask(text: string, system = ''): NeutralRequest {
  return {
    model: 'm',
    stream: true,
    system: [{ type: 'text', text: system }],
    tools: [],
    messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
  };
}

async function found(
  routing: Partial<RoutingConfig>,
  { text = '', system = '', model = 'm', agentType = null as string | null, counted = 0 },
) {
  const book = createRuleBook(sampleRouting(routing), async () => counted);
  const match = await book({ model, agentType, content: () => ask(text, system) });
  return match && [match.kind, match.rule.text, match.why];
}

const phrases = (...named: (string | [string, number])[]) =>
  named.map((each) => {
    const [phrase, weight] = typeof each === 'string' ? [each, 1] : each;
    return { phrase, weight };
  });

describe('patterns', () => {
  const pattern = (
    name: string,
    priority: number,
    threshold: number,
    ...named: (string | [string, number])[]
  ) => ({
    phrases: phrases(...named),
    caseSensitive: false,
    priority,
    threshold,
    rule: rule(name),
  });
  const patterns = [
    pattern('low', 1, 1, 'apple'),
    pattern('high', 9, 1, 'pear'),
    pattern('sum', 1, 1, ['plum', 2], ['fig', 3]),
    pattern('both', 20, 3, ['lime', 2], ['kiwi', 1]),
  ];
  test.each<[string, string | undefined, string]>([
    ['an apple', 'low', 'has "apple" (score 1, priority 1)'],
    // The highest priority wins, wherever it is written.
    ['an apple and a pear', 'high', 'has "pear" (score 1, priority 9)'],
    ['a pear, a plum and a fig', 'high', 'has "pear" (score 1, priority 9)'],
    // Then the higher sum.
    ['an apple, a plum and a fig', 'sum', 'has "plum", "fig" (score 5, priority 1)'],
    // All of its threshold, and not less.
    ['a lime and a kiwi and a pear', 'both', 'has "lime", "kiwi" (score 3, priority 20)'],
    ['a lime and a pear', 'high', 'has "pear" (score 1, priority 9)'],
    ['a lime', undefined, ''],
    ['nothing', undefined, ''],
  ])('%s: %s', async (text, name, why) => {
    const match = await found({ patterns }, { text });
    expect(match).toEqual(name === undefined ? undefined : ['pattern', name, `the last user message ${why}`]);
  });
});

test('capitals count in the patterns that say so, and in no other', async () => {
  const pattern = (name: string, caseSensitive: boolean, priority: number) => ({
    phrases: phrases('CVE'),
    caseSensitive,
    priority,
    threshold: 1,
    rule: rule(name),
  });
  const patterns = [pattern('exact', true, 2), pattern('any', false, 1)];
  expect((await found({ patterns }, { text: 'the CVE' }))?.[1]).toBe('exact');
  expect((await found({ patterns }, { text: 'the cve' }))?.[1]).toBe('any');
});

describe('an agent', () => {
  const routing = {
    agentRules: { reviewer: rule('review') },
    inferredAgents: [
      { agent: 'unruled', phrases: phrases('you are a code reviewer') },
      { agent: 'reviewer', phrases: phrases('code reviewer') },
    ],
  };
  const system = 'You are a code reviewer.';

  test('that says who it is', async () => {
    expect(await found(routing, { agentType: 'reviewer' })).toEqual([
      'agent',
      'review',
      'agent_type is "reviewer"',
    ]);
  });

  test('that does not is guessed, of those that have a rule', async () => {
    expect(await found(routing, { system })).toEqual([
      'inferred-agent',
      'review',
      'the system prompt has "code reviewer", as routing.infer_agents.reviewer says',
    ]);
  });

  test('that says it is another is not guessed', async () => {
    expect(await found(routing, { system, agentType: 'writer' })).toBeUndefined();
  });

  test('whose name is that of something every object has', async () => {
    expect(await found(routing, { agentType: 'constructor' })).toBeUndefined();
  });
});

test('a prompt near the limit of long ones is counted, and where it is short the rules behind are asked', async () => {
  const scenarios = { ...sampleRouting().scenarios, long_context: rule('long'), longContextThreshold: 100 };
  const patterns = [
    { phrases: phrases('word'), caseSensitive: false, priority: 1, threshold: 1, rule: rule('pattern') },
  ];
  const routing: Partial<RoutingConfig> = { scenarios, patterns };
  const text = 'word '.repeat(90);
  expect(await found(routing, { text, counted: 92 })).toEqual([
    'scenario',
    'long',
    'the prompt has 101 tokens (counted), over 100',
  ]);
  expect((await found(routing, { text, counted: 91 }))?.[1]).toBe('pattern');
  expect(await found({ scenarios }, { text, counted: 91 })).toBeUndefined();
});

test('the first kind of rule that matches decides, in the order of docs/routing.md', async () => {
  const { scenarios } = sampleRouting();
  const all: Partial<RoutingConfig> = {
    agentRules: { a: rule('agent') },
    modelMappings: [{ from: 'claude-haiku-*', rule: rule('mapping') }],
    modelTierRules: { haiku: rule('tier') },
    scenarios: { ...scenarios, background: rule('background') },
    patterns: [
      { phrases: phrases('word'), caseSensitive: false, priority: 1, threshold: 1, rule: rule('pattern') },
    ],
    inferredAgents: [{ agent: 'a', phrases: phrases('prompt') }],
  };
  const asked = {
    text: 'word',
    system: 'prompt',
    model: 'claude-haiku-4-5',
    agentType: 'a' as string | null,
  };
  expect((await found(all, asked))?.[1]).toBe('agent');
  asked.agentType = null;
  expect((await found(all, asked))?.[1]).toBe('mapping');
  all.modelMappings = [];
  expect((await found(all, asked))?.[1]).toBe('tier');
  all.modelTierRules = {};
  expect((await found(all, asked))?.[1]).toBe('background');
  all.scenarios = scenarios;
  expect((await found(all, asked))?.[1]).toBe('pattern');
  all.patterns = [];
  expect((await found(all, asked))?.[0]).toBe('inferred-agent');
  all.inferredAgents = [];
  expect(await found(all, asked)).toBeUndefined();
});
