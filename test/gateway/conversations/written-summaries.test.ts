// A conversation that a model of another vendor summarises for clients of OpenAI's and Anthropic's: the client carries the
// summary in its own vendor's item, and whoever is asked next can read it.
import { expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { DIALECT_IDS } from '../../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { findRouteBelow } from '../../../src/dialects/find-route.ts';
import { LAB_PROVIDER_OF } from '../../support/client-requests.ts';
import { jsonReply } from '../../support/reply.ts';
import type { SeenRequest } from '../../support/reply.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { replyTo } from '../../support/transform-lab.ts';

const SUMMARY = 'Ada wants a boat. Its hull is done.';

/** The model also thinks, and calls a tool although it was told not to. */
const WRITTEN: StreamEvent[] = [
  { type: 'start', id: 'a', model: 'm' },
  { type: 'reasoning-start', block: 0 },
  { type: 'reasoning-delta', block: 0, text: 'Hm.' },
  { type: 'reasoning-end', block: 0 },
  { type: 'text-start', block: 1 },
  { type: 'text-delta', block: 1, text: SUMMARY.slice(0, 9) },
  { type: 'text-delta', block: 1, text: `${SUMMARY.slice(9)}\n` },
  { type: 'text-end', block: 1 },
  { type: 'tool-start', block: 2, id: 'call_9', name: 'sail', kind: 'function' },
  { type: 'tool-delta', block: 2, arguments: '{}' },
  { type: 'tool-end', block: 2 },
  { type: 'usage', usage: { inputTokens: 900, outputTokens: 40 } },
  { type: 'finish', finish: { unified: 'tool_use', raw: null } },
];

const OTHERS = DIALECT_IDS.filter((id) => id !== 'openai-responses');

function dialectOf({ path }: SeenRequest): DialectId {
  const { pathname, searchParams } = new URL(path, 'http://x');
  return findRouteBelow(pathname, searchParams)?.dialect.id ?? 'openai-chat';
}

function setup(chain: readonly string[], events: readonly StreamEvent[] = WRITTEN, failing?: DialectId) {
  const upstream = createReplayFetch((request) => {
    const dialect = dialectOf(request);
    return dialect === failing
      ? jsonReply({ error: { message: 'down' } }, { status: 500 })
      : replyTo(request, dialect, events);
  });
  const [default_provider = '', ...fallback_chain] = chain;
  const config = { providers: LAB_PROVIDERS, routing: { default_provider, fallback_chain } };
  const lab = createTestGateway({ config, fetch: upstream.fetch });
  const fetch = (url: string | URL | Request, init?: RequestInit) =>
    lab.gateway.fetch(new Request(url, init));
  const baseURL = 'http://127.0.0.1:8088';
  return {
    ...lab,
    openai: new OpenAI({ apiKey: 'x', baseURL: `${baseURL}/v1`, maxRetries: 0, fetch }),
    anthropic: new Anthropic({ apiKey: 'x', baseURL, maxRetries: 0, fetch }),
    sent: () => upstream.requests.map((request) => JSON.stringify(request.json())),
  };
}

const TOOLS = [
  { type: 'function', name: 'sail', parameters: { type: 'object', properties: {} }, strict: false },
];
const TURNS = [
  { role: 'user', content: 'Build me a boat.' },
  { type: 'function_call', call_id: 'call_1', name: 'sail', arguments: '{}' },
  { type: 'function_call_output', call_id: 'call_1', output: 'The hull is done.' },
];
const TRIGGER = { type: 'compaction_trigger' };

/** As Codex asks. */
function codex(lab: ReturnType<typeof setup>, input: object[]) {
  const asked = { model: 'm', instructions: 'You build.', tools: TOOLS, tool_choice: 'auto', input };
  return lab.openai.responses.stream(asked as never);
}

test.each(OTHERS)(
  'Codex gets one item at %s, written by the model from the conversation',
  async (dialect) => {
    const lab = setup([LAB_PROVIDER_OF[dialect]]);
    const done: OpenAI.Responses.ResponseOutputItem[] = [];
    const stream = codex(lab, [...TURNS, TRIGGER]);
    for await (const event of stream) if (event.type === 'response.output_item.done') done.push(event.item);
    const final = await stream.finalResponse();
    expect(final.status).toBe('completed');
    expect(final.usage).toMatchObject({ input_tokens: 900, output_tokens: 40 });
    expect(done).toEqual([
      { id: expect.any(String), type: 'compaction', encrypted_content: `sluice:summary:${SUMMARY}` } as never,
    ]);
    const [sent = ''] = lab.sent();
    for (const part of ['You build.', 'Build me a boat.', 'The hull is done.', 'sail', 'Write a summary of'])
      expect(sent).toContain(part);
    expect(sent).not.toContain('compaction_trigger');
    const row = await lab.row(0);
    expect(row).toMatchObject({ operation: 'generate', status: 'success' });
    expect(row.usage).toMatchObject({ inputTokens: 900, outputTokens: 40 });
    expect(row.lost).toContain('compaction (approximated: a summary by the model, as text)');
  },
);

test.each(DIALECT_IDS)('whoever is asked next reads it: %s', async (dialect) => {
  const lab = setup([LAB_PROVIDER_OF[dialect]]);
  const item = { type: 'compaction', id: 'cmp_1', encrypted_content: `sluice:summary:${SUMMARY}` };
  const messages = [{ role: 'user', content: 'Build me a boat.' }];
  await codex(lab, [...messages, item, { role: 'user', content: 'And the mast?' }]).finalResponse();
  const [sent = ''] = lab.sent();
  expect(sent).toContain(SUMMARY);
  expect(sent).toContain('And the mast?');
  expect(sent).not.toContain('sluice:');
});

test('a conversation with such a summary is summarised by OpenAI’s own servers again where it goes there', async () => {
  const lab = setup(['responses']);
  const item = { type: 'compaction', id: 'cmp_1', encrypted_content: `sluice:summary:${SUMMARY}` };
  await codex(lab, [item, TRIGGER]).finalResponse();
  const [sent = ''] = lab.sent();
  expect(sent).toContain('"compaction_trigger"');
  expect(sent).toContain(SUMMARY);
  expect(sent).not.toContain('Write a summary of');
});

test('where the first target fails, the next writes one that the first can read later', async () => {
  const lab = setup(['responses', 'claude'], WRITTEN, 'openai-responses');
  const { output } = await codex(lab, [...TURNS, TRIGGER]).finalResponse();
  expect(output.map(({ type }) => type)).toEqual(['compaction']);
  const second = setup(['claude', 'responses'], WRITTEN, 'anthropic-messages');
  await codex(second, [...TURNS, TRIGGER]).finalResponse();
  expect(second.sent().at(-1)).toContain('Write a summary of');
});

/** A server of the client's dialect that knows no summaries. */
function refusing(status: number, message: string) {
  const upstream = createReplayFetch((request) => {
    const text = JSON.stringify(request.json());
    const isRefused = /compaction_trigger|"compaction"/.test(text);
    return isRefused
      ? jsonReply({ type: 'error', error: { type: 'invalid_request_error', message } }, { status })
      : replyTo(request, dialectOf(request), WRITTEN);
  });
  const config = { providers: LAB_PROVIDERS, routing: { default_provider: 'responses' } };
  const lab = createTestGateway({ config, fetch: upstream.fetch });
  const input = [...TURNS, TRIGGER];
  const ask = (stream: boolean) =>
    lab.post('/v1/responses', { model: 'm', instructions: 'You build.', tools: TOOLS, input, stream });
  return { ...lab, ask, requests: upstream.requests };
}

test.each([400, 404, 422, 501])(
  'a server of Responses without summaries, which refuses by %i, has its model write one',
  async (status) => {
    for (const stream of [true, false]) {
      const lab = refusing(status, 'unknown type of item: compaction_trigger');
      const response = await lab.ask(stream);
      const text = await response.text();
      expect(response.status, text).toBe(200);
      expect(text).toContain(`sluice:summary:${SUMMARY}`);
      expect(lab.requests).toHaveLength(2);
      const row = await lab.row(0);
      expect(row).toMatchObject({ status: 'success', errorCode: null });
      expect(row.attempts.map((attempt) => attempt.status)).toEqual([status, 200]);
    }
  },
);

test('what it refuses for another reason than the trigger, it is not asked again', async () => {
  for (const [status, message] of [
    [400, 'prompt is too long: 210000 tokens > 200000 maximum'],
    [403, 'this model is not for you'],
  ] as const) {
    const lab = refusing(status, message);
    const response = await lab.ask(true);
    expect(await response.text()).toContain(message);
    expect([response.status, lab.requests.length]).toEqual([status, 1]);
  }
});

test('a summary that another provider encrypted is not passed over', async () => {
  const lab = setup(['claude']);
  const item = { type: 'compaction', encrypted_content: 'gAAA' };
  await expect(codex(lab, [item, ...TURNS, TRIGGER]).finalResponse()).rejects.toThrow('encrypted summary');
});

test('a model that writes nothing has failed', async () => {
  const silent = WRITTEN.filter(({ type }) => type !== 'text-delta');
  const lab = setup(['claude'], silent);
  await expect(codex(lab, [...TURNS, TRIGGER]).finalResponse()).rejects.toThrow('wrote no text');
  expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_malformed' });
});

test('a summary that is cut off is not passed off as a whole one', async () => {
  const cut = WRITTEN.map(
    (event): StreamEvent =>
      event.type === 'finish' ? { ...event, finish: { unified: 'max_tokens', raw: null } } : event,
  );
  const { status } = await codex(setup(['claude'], cut), [...TURNS, TRIGGER]).finalResponse();
  expect(status).toBe('incomplete');
});

test('what a transformer hides in answers is hidden in the summary', async () => {
  const upstream = createReplayFetch((request) => replyTo(request, 'anthropic-messages', WRITTEN));
  const transformers = [{ name: 'redact', patterns: ['Ada'] }];
  const config = {
    providers: { claude: { ...LAB_PROVIDERS.claude, transformers } },
    routing: { default_provider: 'claude' },
  };
  const lab = createTestGateway({ config: config as never, fetch: upstream.fetch });
  const response = await lab.post('/v1/responses', { model: 'm', stream: true, input: [...TURNS, TRIGGER] });
  const text = await response.text();
  expect(text).toContain('wants a boat');
  expect(text).not.toContain('Ada');
});

test.each(OTHERS)('`/v1/responses/compact` at %s: the user’s messages, then the summary', async (dialect) => {
  const lab = setup([LAB_PROVIDER_OF[dialect]]);
  const compacted = await lab.openai.responses.compact({ model: 'm', input: TURNS as never });
  expect(compacted).toMatchObject({
    object: 'response.compaction',
    output: [
      {
        id: expect.stringMatching(/^msg_.+_0$/),
        type: 'message',
        status: 'completed',
        role: 'user',
        content: [{ type: 'input_text', text: 'Build me a boat.' }],
      },
      { type: 'compaction', encrypted_content: `sluice:summary:${SUMMARY}` },
    ],
    usage: { input_tokens: 900, output_tokens: 40 },
  });
  expect(lab.sent()[0]).toContain('The hull is done.');
  const row = await lab.row(0);
  expect(row).toMatchObject({ operation: 'compact', status: 'success' });
  expect(row.usage).toMatchObject({ inputTokens: 900, outputTokens: 40 });
});

test('the simulator summarises for both', async () => {
  const lab = createTestGateway({
    config: { routing: { default_provider: 'simulator' } },
    fetch: () => Promise.reject(new Error('nothing is asked')),
  });
  const asked = { model: 'simulator/fast', stream: true };
  const responses = await lab.post('/v1/responses', { ...asked, input: [...TURNS, TRIGGER] });
  expect(await responses.text()).toContain('"type":"compaction"');
  const more = { max_tokens: 9, messages: MESSAGES, compaction: { type: 'summarize' } };
  const message = await lab.post('/v1/messages', { ...asked, ...more });
  expect(await message.text()).toContain('"stop_reason":"compaction"');
});

const MESSAGES: Anthropic.Beta.BetaMessageParam[] = [
  { role: 'user', content: 'Build me a boat.' },
  { role: 'assistant', content: 'The hull is done.' },
];

test.each([true, false])('Anthropic’s clients get their block (streamed: %p)', async (streams) => {
  const lab = setup(['gpt']);
  const asked = {
    model: 'm',
    max_tokens: 99,
    messages: MESSAGES,
    compaction: { type: 'summarize' as const, instructions: 'Name the boat only.' },
  };
  const { messages } = lab.anthropic.beta;
  const answer = await (streams ? messages.stream(asked).finalMessage() : messages.create(asked));
  expect(answer.stop_reason).toBe('compaction');
  expect(answer.content).toMatchObject([{ type: 'compaction', content: SUMMARY }]);
  const [sent = ''] = lab.sent();
  expect(sent).toContain('Name the boat only.');
  expect(sent).not.toContain('Write a summary of');
  for (const provider of ['gpt', 'claude']) {
    const next = setup([provider]);
    const content = answer.content as Anthropic.Beta.BetaContentBlockParam[];
    const turns = [{ role: 'assistant', content } as const, { role: 'user', content: 'And now?' } as const];
    await next.anthropic.beta.messages.create({ model: 'm', max_tokens: 9, messages: turns });
    expect(next.sent()[0]).toContain(SUMMARY);
    expect(next.sent()[0]).not.toContain('sluice:');
  }
});
