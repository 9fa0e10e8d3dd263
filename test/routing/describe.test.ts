// How `sluice check` lists the rules: in the order in which they apply.
import { expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import { describeRules } from '../../src/routing/describe.ts';

function linesOf(routing: object): string[] {
  const provider = { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'lab-key' };
  const { config, problems } = resolveInput({
    providers: { one: provider, two: provider, three: provider },
    routing: { groups: { most: [{ target: 'one/a', weight: 3 }, 'two/b'] }, ...routing },
  });
  expect(problems).toEqual([]);
  return describeRules(config.routing).map(({ asks, leads }) => `${asks}: ${leads}`);
}

test('targets in order, by weight, and those of a group with their share of it', () => {
  expect(
    linesOf({
      agent_rules: {
        single: 'one/a',
        ordered: ['one/a', 'two/b'],
        cheap: { strategy: 'least_cost', to: ['one/a', 'two/b'] },
        shared: {
          strategy: 'weighted',
          to: [
            { target: 'most', weight: 2 },
            { target: 'three/c', weight: 2 },
          ],
        },
      },
    }),
  ).toEqual([
    'agent single: one/a',
    'agent ordered: one/a, then two/b',
    'agent cheap: least_cost of one/a, two/b',
    'agent shared: weighted of one/a × 1.5, two/b × 0.5, three/c × 2',
  ]);
});

test('scenarios that have a rule, and patterns by their priority', () => {
  expect(
    linesOf({
      scenarios: { image: 'one/a', think: 'two/b' },
      patterns: [
        { match: ['low'], to: 'one/a', priority: 1 },
        { match: ['high', 'higher'], to: 'two/b', priority: 9 },
      ],
    }),
  ).toEqual(['an image: one/a', 'thinking: two/b', 'message: high, higher: two/b', 'message: low: one/a']);
});
