// A transformer that changes answers is told when the answer is over, however it ended.
import { expect, test } from 'bun:test';
import { resolveInput } from '../support/resolve-input.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { runTransformer } from '../../src/transformers/run-module.ts';
import type { Transformer } from '../../src/transformers/transformer.ts';
import { createModuleTransformer } from '../../src/transformers/user-module.ts';
import { clientRequest } from '../support/client-requests.ts';
import { createFakeStore } from '../support/ledger-rows.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply } from '../support/reply.ts';
import { LAB_PROVIDERS } from '../support/test-gateway.ts';
import { replyTo, textAnswer } from '../support/transform-lab.ts';

const PASSES: Pick<Transformer, 'name' | 'options'> = { name: 'mine', options: {} };

function setup(push: 'passes' | 'throws', { reply, second }: { reply?: Reply; second?: Transformer } = {}) {
  const { config } = resolveInput({
    providers: { lab: { ...LAB_PROVIDERS.claude, breaker: { enabled: false } } },
  });
  const counts = { made: 0, closed: 0 };
  const first: Transformer = {
    ...PASSES,
    answer() {
      counts.made += 1;
      return {
        push(events) {
          if (push === 'throws') throw new Error('no such luck');
          return events;
        },
        close: () => void counts.closed++,
      };
    },
  };
  const [lab] = config.providers;
  if (lab === undefined) throw new Error('no provider');
  // Answers take the steps from behind.
  lab.transformers = second === undefined ? [first] : [second, first];
  const upstream = createReplayFetch(
    (request) => reply ?? replyTo(request, 'anthropic-messages', textAnswer('one', 'two')),
  );
  const store = createFakeStore();
  const gateway = createGateway(config, { ...createWebHost({ fetch: upstream.fetch }), ledgerStore: store });
  const post = (stream: boolean, signal: AbortSignal | null = null) => {
    const { path, body } = clientRequest('anthropic-messages', { stream });
    const text = JSON.stringify({ ...body, model: 'lab/m' });
    return gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { method: 'POST', body: text, signal }));
  };
  return { counts, post };
}

test.each([true, false])('an answer that ends well, stream: %j', async (stream) => {
  const { counts, post } = setup('passes');
  expect(await (await post(stream)).text()).toContain('two');
  expect(counts).toEqual({ made: 1, closed: 1 });
});

test.each([true, false])('a step that fails, stream: %j', async (stream) => {
  const { counts, post } = setup('throws');
  expect(await (await post(stream)).text()).toContain('no such luck');
  expect(counts.closed).toBe(counts.made);
  expect(counts.made).toBeGreaterThan(0);
});

test('a provider that fails before it answers', async () => {
  const failure = { type: 'error', error: { type: 'api_error', message: 'broken' } };
  const { counts, post } = setup('passes', { reply: { ...jsonReply(failure), status: 500 } });
  expect((await post(true)).status).toBe(502);
  expect(counts.closed).toBe(counts.made);
});

test.each([true, false])('a step behind it that cannot even begin, stream: %j', async (stream) => {
  const second: Transformer = {
    ...PASSES,
    answer() {
      throw new Error('not today');
    },
  };
  const { counts, post } = setup('passes', { second });
  expect(await (await post(stream)).text()).toContain('not today');
  expect(counts.closed).toBe(counts.made);
  expect(counts.made).toBeGreaterThan(0);
});

test('a client that leaves', async () => {
  const { counts, post } = setup('passes', {
    reply: {
      ...replyTo(
        { path: '/v1/messages', json: () => ({ stream: true }) },
        'anthropic-messages',
        textAnswer('one', 'two'),
      ),
      fault: { kind: 'hang', after: 600 },
    },
  });
  const client = new AbortController();
  const response = await post(true, client.signal);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  client.abort();
  expect(counts).toEqual({ made: 1, closed: 1 });
});

test.each([true, false])('a module of the user’s own learns it, stream: %j', async (stream) => {
  let closed = 0;
  const code = runTransformer({ answer: () => ({ event: (event, emit) => emit(event) }) });
  const second = createModuleTransformer({
    ...{ file: './mine.ts', options: {}, timeLimitMs: 1_000, path: [] },
    code: { ...code, answer: (context) => ({ ...code.answer(context), close: () => void closed++ }) },
  });
  const { post } = setup('passes', { second });
  expect(await (await post(stream)).text()).toContain('two');
  expect(closed).toBe(1);
});
