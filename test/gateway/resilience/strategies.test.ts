// Which of a rule's targets comes first, by what earlier requests showed: latency, load, cost, and where the conversation is.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import type { ConfigInput } from '../../../src/index.ts';
import { conversationOf } from '../../../src/routing/conversation.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { CHAT } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const ANSWER = {
  id: 'c1',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

const GENERATE = { operation: 'generate' } as const;

function bodyOf(text: string) {
  return { model: 'any', messages: [{ role: 'user', content: text }] };
}

const ONE_IS_CHEAPER = {
  pricing_overrides: {
    'one/m': { input_per_million: 1, output_per_million: 1 },
    'two/m': { input_per_million: 2, output_per_million: 2 },
  },
};

type Routing = NonNullable<ConfigInput['routing']>;
type Strategy = 'least_latency' | 'least_busy' | 'least_cost';

/** Two providers, `one` and `two`, each of which answers when the test lets it. */
function setup(
  strategy: Strategy,
  routing: Routing = {},
  costs: ConfigInput['costs'] = {},
  takesMs: Readonly<Record<string, number>> = {},
) {
  const timers = createManualTimers(1_000_000);
  const asked: string[] = [];
  const failing = new Set<string>();
  const gates = new Map<string, () => Promise<void>>();
  const upstream = createReplayFetch(({ path }) => {
    const name = path.startsWith('/one') ? 'one' : 'two';
    asked.push(name);
    if (failing.has(name)) return { ...jsonReply({ error: { message: 'broken' } }), status: 500 };
    return { ...jsonReply(ANSWER), before: () => gates.get(name)?.() };
  });
  const provider = (name: string) => ({
    dialect: 'openai-chat' as const,
    base_url: `http://upstream.test/${name}`,
    api_key: 'k',
    max_retries: 0,
  });
  const lab = createTestGateway({
    config: {
      providers: { one: provider('one'), two: provider('two') },
      routing: { model_mappings: [{ from: '*', to: ['one/m', 'two/m'], strategy }], ...routing },
      costs,
    },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.monotonic, setTimer: timers.setTimer },
  });
  for (const [name, ms] of Object.entries(takesMs)) gates.set(name, () => timers.advance(ms));
  let question = 0;
  const ask = async (text = `Question ${question++}`, more: object = {}) => {
    const response = await lab.post('/v1/chat/completions', { ...bodyOf(text), ...more });
    await response.text();
    return response.headers.get('x-sluice-provider');
  };
  return { ...lab, ask, asked, failing, timers, gates };
}

test('least latency: both are measured, then the sooner one is asked, until that changes', async () => {
  const { ask, timers, gates, rows } = setup('least_latency', {}, {}, { one: 900, two: 300 });
  expect([await ask(), await ask()].sort()).toEqual(['one', 'two']);
  expect([await ask(), await ask()]).toEqual(['two', 'two']);
  gates.set('two', () => timers.advance(9_000));
  expect(await ask()).toBe('two');
  expect([await ask(), await ask()]).toEqual(['one', 'one']);
  expect(rows.at(-1)?.route?.order).toMatch(/^least_latency: one\/m 900 ms, two\/m \d+ ms$/);
});

test('least latency: whole answers tell nothing of streams, which begin sooner', async () => {
  const { ask } = setup('least_latency', {}, {}, { one: 900, two: 300 });
  expect([await ask(), await ask(), await ask()]).toEqual(['one', 'two', 'two']);
  const stream = (text: string) => ask(text, { stream: true });
  expect([await stream('a'), await stream('b'), await stream('c')]).toEqual(['one', 'two', 'two']);
});

test('least latency: of streams, the one that begins sooner, however long it lasts', async () => {
  const timers = createManualTimers(1_000_000);
  const lasting = { one: [300, 9_000], two: [900, 0] };
  const { fetch } = createReplayFetch(({ path }) => {
    const pauses = lasting[path.startsWith('/one') ? 'one' : 'two'];
    const pieces = [CHAT.delta('yes'), CHAT.end].map((piece) => new TextEncoder().encode(piece));
    return replyWith(pieces, { before: (index) => timers.advance(pauses[index] ?? 0) });
  });
  const provider = (name: string) => ({
    dialect: 'openai-chat' as const,
    base_url: `http://upstream.test/${name}`,
    api_key: 'k',
  });
  const lab = createTestGateway({
    config: {
      providers: { one: provider('one'), two: provider('two') },
      routing: { model_mappings: [{ from: '*', to: ['one/m', 'two/m'], strategy: 'least_latency' }] },
    },
    fetch,
    host: { now: timers.now, monotonic: timers.monotonic, setTimer: timers.setTimer },
  });
  const ask = async (text: string) => {
    const response = await lab.post('/v1/chat/completions', { ...bodyOf(text), stream: true });
    await response.text();
    return response.headers.get('x-sluice-provider');
  };
  expect([await ask('a'), await ask('b'), await ask('c')]).toEqual(['one', 'two', 'one']);
  expect((await lab.row(2)).route?.order).toBe('least_latency: one/m 300 ms, two/m 900 ms');
});

test('least busy: beside a request that runs, the other provider', async () => {
  const { ask, gates, asked } = setup('least_busy');
  const gate = Promise.withResolvers<void>();
  gates.set('one', () => gate.promise);
  const running = ask();
  expect([await ask(), await ask()]).toEqual(['two', 'two']);
  gate.resolve();
  expect(await running).toBe('one');
  expect(await ask()).toBe('one');
  expect(asked).toEqual(['one', 'two', 'two', 'one']);
});

test('least cost: the first request of a process waits for the table of prices', async () => {
  // In one of its own, since this one has the table.
  const script = `
    import { createGateway } from ${JSON.stringify(join(import.meta.dir, '../../../src/index.ts'))};
    const to = ['openai/gpt-4o', 'openai/gpt-4o-mini'];
    const gateway = createGateway(
      {
        providers: { openai: { api_key: 'k' } },
        routing: { model_mappings: [{ from: 'any', to, strategy: 'least_cost' }] },
      },
      { host: { fetch: async () => Response.json(${JSON.stringify({ ...ANSWER, model: undefined })}) } },
    );
    const body = ${JSON.stringify(JSON.stringify(bodyOf('hi')))};
    const { status, headers } = await gateway.fetch(
      new Request('http://127.0.0.1/v1/chat/completions', { method: 'POST', body }),
    );
    console.log(status, headers.get('x-sluice-model'));
    await gateway.close();`;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  expect(await new Response(child.stdout).text()).toBe('200 gpt-4o-mini\n');
});

test('least cost: by the price table', async () => {
  const { ask, row } = setup(
    'least_cost',
    {},
    {
      pricing_overrides: {
        'one/m': { input_per_million: 3, output_per_million: 1 },
        'two/m': { input_per_million: 1, output_per_million: 3 },
      },
    },
  );
  expect(await ask()).toBe('two');
  expect((await row(0)).route?.order).toBe('least_cost: two/m $0.0060, one/m $0.010');
});

test('a conversation stays where it is, though the other would come first now', async () => {
  const { ask, row } = setup('least_latency', {}, {}, { one: 900, two: 300 });
  expect([await ask('Hello'), await ask('Hello'), await ask('Another')]).toEqual(['one', 'one', 'two']);
  expect((await row(1)).route?.order).toBe('least_latency; the conversation stays on one/m');
});

test('unless routing.session_affinity is off', async () => {
  const { ask } = setup('least_latency', { session_affinity: false }, {}, { one: 900, two: 300 });
  expect([await ask('Hello'), await ask('Hello')]).toEqual(['one', 'two']);
});

test('where another process has served a conversation, this one serves it', async () => {
  const { ask, gateway, row } = setup('least_latency');
  await ask('Another');
  const { route } = await row(0);
  const conversation = conversationOf(openaiChat.client.parseRequest(bodyOf('Hello'), GENERATE));
  gateway.learn({ about: 'place', place: `${conversation} ${route?.rule}`, target: 'two/m' });
  expect(await ask('Hello')).toBe('two');
  expect((await row(1)).route?.order).toBe('least_latency; the conversation stays on two/m');
});

test('one whose breaker is open comes last, and in its own place again when it may be tried', async () => {
  const { ask, asked, timers, failing } = setup('least_cost', {}, ONE_IS_CHEAPER);
  failing.add('one');
  for (let n = 0; n < 5; n++) expect(await ask()).toBe('two');
  expect(asked.filter((name) => name === 'one')).toHaveLength(5);
  failing.clear();
  expect(await ask()).toBe('two');
  expect(asked.filter((name) => name === 'one')).toHaveLength(5);
  await timers.advance(30_000);
  expect(await ask()).toBe('one');
});
