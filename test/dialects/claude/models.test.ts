// Which generation of Claude a name means, in the spellings of all platforms.
import { expect, test } from 'bun:test';
import { traitsOf } from '../../../src/dialects/claude/models.ts';

test.each([
  ['claude-2.1', ['claude-2', 'anthropic.claude-v2:1', 'anthropic.claude-instant-v1', 'claude-instant-1.2']],
  ['claude-3-opus-20240229', ['claude-3-haiku@20240307', 'anthropic.claude-3-sonnet-20240229-v1:0:28k']],
  [
    'claude-3-5-sonnet-20241022',
    ['claude-3.5-haiku', 'us.anthropic.claude-3-5-sonnet-20240620-v1:0', 'anthropic/claude-3.5-sonnet'],
  ],
  [
    'claude-sonnet-4-20250514',
    [
      'claude-opus-4@20250514',
      'claude-opus-4-0',
      'CLAUDE-SONNET-4',
      // A platform's revision is no version.
      'eu.anthropic.claude-opus-4-20250514-v5:0',
    ],
  ],
  ['claude-3-7-sonnet-latest', ['us.anthropic.claude-3-7-sonnet-20250219-v1:0']],
  ['claude-opus-4-1', ['anthropic.claude-opus-4-1-20250805-v1:0', 'claude-opus-4.1']],
  ['claude-sonnet-4-5', ['global.anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-sonnet-4.5:beta']],
  ['claude-opus-4-5-20251101', ['anthropic/claude-opus-4.5']],
  ['claude-opus-4-6', ['anthropic.claude-sonnet-4-6-v1']],
  ['claude-opus-4-8', ['anthropic/claude-opus-4.8-fast']],
  // A preview without a number is of the newest.
  ['claude-sonnet-5', ['claude-opus-5-20270101', 'claude-haiku-5', 'claude-opus-latest']],
  ['claude-opus-5-5', ['claude-opus-5.5', 'claude-fable-5-1', 'claude-mythos-6']],
  ['claude-fable-5', ['claude-mythos-5', 'claude-mythos-preview']],
  ['claude-saga-9', ['claude-poem-latest']],
  ['glm-5.2', ['claud-3', 'deepseek-chat']],
])('every spelling of %s means the same generation', (canonical, others) => {
  for (const name of others)
    expect({ name, traits: traitsOf(name) }).toEqual({ name, traits: traitsOf(canonical) });
});

test('generations differ in what they take', () => {
  const names = [
    'claude-2',
    'claude-3-5-sonnet',
    'claude-3-7-sonnet',
    'claude-sonnet-4',
    'claude-opus-4-1',
    'claude-opus-4-5',
  ];
  const newer = [
    'claude-sonnet-4-5',
    'claude-opus-4-6',
    'claude-opus-4-7',
    'claude-opus-4-8',
    'claude-sonnet-5',
  ];
  const newest = [
    'claude-fable-5',
    'claude-sonnet-5-5',
    'claude-opus-5-5',
    'claude-haiku-5-5',
    'claude-saga-9',
    'gpt-5',
  ];
  const traits = [...names, ...newer, ...newest].map((name) => JSON.stringify(traitsOf(name)));
  expect(new Set(traits).size).toBe(traits.length);
});
