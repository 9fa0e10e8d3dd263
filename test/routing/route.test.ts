// One configuration's router: what a route contains, how long it is remembered, and who learns where it led.
import { expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import type { ConfigInput } from '../../src/index.ts';
import type { NeutralRequest } from '../../src/model/request.ts';
import { createRouteMemory } from '../../src/routing/memory.ts';
import { createRouter, type Route, type RouteQuestion } from '../../src/routing/route.ts';
import { NO_SIGNALS } from '../../src/routing/signals.ts';
import { targetName } from '../../src/routing/targets.ts';

const LAB = { dialect: 'openai-chat', base_url: 'http://lab.test/v1', api_key: 'k' } as const;
const HELLO: NeutralRequest = {
  model: 'm',
  stream: true,
  system: [],
  tools: [],
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
};

/** Asks a router of three providers; `moved` holds the targets of conversations that memory was told of. */
function setup(routing: ConfigInput['routing']) {
  const { config } = resolveInput({ providers: { one: LAB, two: LAB, three: LAB }, routing });
  const moved: string[] = [];
  const memory = createRouteMemory(
    () => 0,
    (_place, target) => moved.push(target),
  );
  const router = createRouter(config, { signals: NO_SIGNALS, memory, countText: async () => 0 });
  const ask = async (model: string, more: Partial<RouteQuestion> = {}): Promise<Route> =>
    router.route({ model, forced: null, agentType: null, content: () => HELLO, timing: 'whole', ...more });
  const names = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).targets.map(targetName);
  return { ask, names, moved };
}

test('behind a model that names its provider, the chain is asked for the model alone', async () => {
  const { names } = setup({ fallback_chain: ['two', 'three/other'] });
  expect(await names('one/vendor/m')).toEqual(['one/vendor/m', 'two/vendor/m', 'three/other']);
});

test('x-sluice-target has nothing behind it', async () => {
  const { names } = setup({ fallback_chain: ['two', 'three'] });
  expect(await names('m', { forced: 'one' })).toEqual(['one/m']);
});

test.each(['m', 'one/m'])(
  'where %s leads is found once, and forgotten after a thousand others',
  async (model) => {
    const { ask } = setup({ default_provider: 'one' });
    const { targets } = await ask(model);
    for (let other = 1; other < 1_000; other++) await ask(`${model}${other}`);
    expect((await ask(model)).targets).toBe(targets);
    await ask(`${model}1000`);
    expect((await ask(model)).targets).not.toBe(targets);
  },
);

test.each([
  ['least_busy', ['one/m']],
  // Every process draws the same: there is nothing to tell the others.
  ['weighted', []],
] as const)('where a conversation of %s was served is remembered: %p', async (strategy, expected) => {
  const { ask, moved } = setup({ model_mappings: [{ from: 'm', to: ['one', 'two'], strategy }] });
  const route = await ask('m');
  const [first] = route.targets;
  if (first === undefined) throw new Error('no target');
  route.served(first, 10);
  expect(moved).toEqual([...expected]);
});

test('a request that belongs to no conversation moves none', async () => {
  const { ask, moved } = setup({
    model_mappings: [{ from: 'm', to: ['one', 'two'], strategy: 'least_busy' }],
  });
  const route = await ask('m', { content: null });
  for (const target of route.targets) route.served(target, 10);
  expect([route.targets.length, moved]).toEqual([2, []]);
});
