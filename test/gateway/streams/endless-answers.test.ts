// What of a streamed answer has to be kept until its end is limited by `server.max_event` (GUARANTEES 9): a provider that sends it
// without end must not fill the memory.
import { describe, expect, test } from 'bun:test';
import { CONVERSE, inEventStream } from '../../support/bedrock-wires.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { CHAT, MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const LONG = 'x'.repeat(4_000);
/** So many of each kind are over the limit. */
const FRAMES = 1_500;
const LIMIT = '1MB';

const event = (data: { type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const block = (index: number, content_block: object) =>
  event({ type: 'content_block_start', index, content_block } as { type: string });
const blockDelta = (delta: object) =>
  event({ type: 'content_block_delta', index: 0, delta } as { type: string });
const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, ...more }] })}\n\n`;
const candidate = (part: object, more: object = {}) =>
  `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [part] }, ...more }] })}\n\n`;
const converse = (delta: object) => `contentBlockDelta\t${JSON.stringify({ contentBlockIndex: 0, delta })}\n`;
const webSource = (number: number) => ({ url: `https://example.com/${number}`, title: LONG });
const called = (index: number, given: string, name?: string) =>
  chunk({
    tool_calls: [{ index, ...(name && { id: `call_${index}` }), function: { name, arguments: given } }],
  });

type Client = Parameters<typeof clientRequest>[0];
const CLIENTS: Client[] = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'];

interface Endless {
  what: string;
  from: keyof typeof LAB_PROVIDERS | 'bedrock';
  begins: string;
  repeats(number: number): string;
  clients: Client[];
}

const THOUGHT = MESSAGE.start + block(0, { type: 'thinking', thinking: 'hm', signature: '' });
const TEXT = MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello');
const CHAT_TEXT = CHAT.start + CHAT.delta('Hello');
const RESPONSE =
  event({ type: 'response.created', response: { id: 'r', model: 'm' } } as { type: string }) +
  event({
    type: 'response.output_text.delta',
    output_index: 0,
    content_index: 0,
    delta: 'Hello',
  } as { type: string });
const CONVERSE_TEXT = CONVERSE.start + CONVERSE.text('Hello');

const ANSWERS: Endless[] = [
  {
    what: 'a signature of thinking',
    from: 'claude',
    begins: THOUGHT,
    repeats: () => blockDelta({ type: 'signature_delta', signature: LONG }),
    clients: ['openai-chat', 'openai-responses', 'gemini'],
  },
  {
    what: 'citations',
    from: 'claude',
    begins: TEXT,
    repeats: (number) =>
      blockDelta({
        type: 'citations_delta',
        citation: { type: 'web_search_result_location', ...webSource(number), encrypted_index: '' },
      }),
    clients: ['openai-chat', 'openai-responses', 'gemini'],
  },
  {
    what: 'text that is repeated at the end',
    from: 'claude',
    begins: TEXT,
    repeats: () => MESSAGE.delta(LONG),
    clients: ['openai-responses'],
  },
  {
    what: 'thinking',
    from: 'gpt',
    begins: CHAT.start,
    repeats: () => chunk({ reasoning_content: LONG }),
    clients: ['openai-responses', 'gemini'],
  },
  {
    what: 'arguments',
    from: 'gpt',
    begins: CHAT.start + called(0, '{"a":"', 'lookup'),
    repeats: () => called(0, LONG),
    clients: ['openai-responses', 'gemini'],
  },
  {
    what: 'arguments of a call that waits for the one before',
    from: 'gpt',
    begins: CHAT.start + called(0, '{"a":', 'lookup') + called(1, '{"a":"', 'lookup'),
    repeats: () => called(1, LONG),
    clients: ['anthropic-messages', 'openai-responses', 'gemini'],
  },
  {
    what: 'arguments of a call without a name',
    from: 'gpt',
    begins: CHAT_TEXT,
    repeats: () => called(0, LONG),
    clients: CLIENTS,
  },
  {
    what: 'log probabilities',
    from: 'gpt',
    begins: CHAT.start,
    repeats: () => {
      const top_logprobs = Array.from({ length: 20 }, () => ({ token: 'x', logprob: -1, bytes: [120] }));
      return chunk(
        { content: 'x' },
        { logprobs: { content: [{ token: 'x', logprob: -1, bytes: [120], top_logprobs }] } },
      );
    },
    clients: ['openai-responses'],
  },
  {
    what: 'signatures beside thinking',
    from: 'gpt',
    begins: CHAT.start,
    repeats: (number) =>
      chunk({
        reasoning: 'hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: LONG + number, index: 0 }],
      }),
    clients: CLIENTS,
  },
  {
    what: 'audio, which other dialects have whole',
    from: 'gpt',
    begins: CHAT_TEXT,
    repeats: () => chunk({ audio: { id: 'a', data: LONG } }),
    clients: ['anthropic-messages', 'openai-responses', 'gemini'],
  },
  {
    what: 'sources',
    from: 'gemini',
    begins: candidate({ text: 'Hello' }),
    repeats: (number) =>
      candidate(
        { text: 'x' },
        { groundingMetadata: { groundingChunks: [{ web: { ...webSource(number), uri: `u${number}` } }] } },
      ),
    clients: CLIENTS,
  },
  {
    what: 'arguments of a call without a name, of Responses',
    from: 'responses',
    begins: RESPONSE,
    repeats: () =>
      event({ type: 'response.function_call_arguments.delta', output_index: 1, delta: LONG } as {
        type: string;
      }),
    clients: CLIENTS,
  },
  {
    what: 'a signature of thinking, beside the thinking',
    from: 'bedrock',
    begins: CONVERSE.start,
    repeats: () => converse({ reasoningContent: { text: 'hm', signature: LONG } }),
    clients: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'],
  },
  {
    what: 'citations of Converse',
    from: 'bedrock',
    begins: CONVERSE_TEXT,
    repeats: (number) => converse({ citation: { title: LONG, location: { web: webSource(number) } } }),
    clients: CLIENTS,
  },
];

function* streamOf({ from, begins, repeats }: Endless) {
  const toBytes = (text: string) =>
    from === 'bedrock' ? inEventStream(text) : new TextEncoder().encode(text);
  yield toBytes(begins);
  for (let number = 0; number < FRAMES; number++) yield toBytes(repeats(number));
}

function setup(answer: Endless) {
  const { config, contentType } = CONVERSE;
  const isConverse = answer.from === 'bedrock';
  const headers = isConverse ? { 'content-type': contentType ?? '' } : {};
  const upstream = createReplayFetch(replyWith(streamOf(answer), { headers }));
  const lab = createTestGateway({
    config: {
      server: { max_event: LIMIT },
      providers: { [answer.from]: answer.from === 'bedrock' ? config : LAB_PROVIDERS[answer.from] },
      routing: { default_provider: answer.from },
    },
    fetch: upstream.fetch,
  });
  return { ...lab, upstream };
}

describe.each(ANSWERS)('$what, from $from', (answer) => {
  test.each(answer.clients)('for %s: cut off at the limit', async (client) => {
    const { post, row, upstream } = setup(answer);
    const { path, body } = clientRequest(client, { stream: true });
    const text = await (await post(path, body)).text();
    expect(text).toContain('have to be kept until its end; raise server.max_event');
    expect(text).not.toMatch(/message_stop|\[DONE\]|response\.completed|finishReason/);
    expect(await row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_malformed' });
    // What is not wanted is not read: it may be billed.
    expect(await upstream.requests[0]?.ended).toBe('left');
  });
});

test.each<[string, Endless['from'], string, () => string, Client]>([
  ['text', 'claude', TEXT, () => MESSAGE.delta(LONG), 'openai-chat'],
  ['text', 'gpt', CHAT_TEXT, () => CHAT.delta(LONG), 'anthropic-messages'],
  ['audio', 'gpt', CHAT_TEXT, () => chunk({ audio: { id: 'a', data: LONG } }), 'openai-chat'],
])(
  'what passes without being kept is not limited: %s from %s',
  async (what, from, begins, repeats, client) => {
    const { post, row } = setup({ what, from, begins, repeats, clients: [] });
    const { path, body } = clientRequest(client, { stream: true });
    const text = await (await post(path, body)).text();
    expect(text.split(LONG)).toHaveLength(FRAMES + 1);
    // It has no end.
    expect(await row(0)).toMatchObject({ errorCode: 'upstream_truncated' });
  },
);
