// What the benchmark's upstream says and what its clients ask, in each dialect.

/** The dialects that the benchmark speaks. */
export const WIRE_IDS = ['anthropic-messages', 'openai-chat'] as const;
export type WireId = (typeof WIRE_IDS)[number];

export interface WireFixture {
  /** Path of a client's request. */
  path: string;
  /** What `path` is preceded by in the provider's `base_url` (below the upstream's own prefix). */
  basePath: string;
  /** The provider's kind in the configuration: brings authentication, quirks and prices. */
  provider: string;
  /** A model of that provider that the price table knows. */
  model: string;
  /** Of a client's request, as the vendor's own SDK sends them. */
  headers: Record<string, string>;
  /** A client's request, about 1 KB. */
  request(model: string, stream: boolean): string;
  /** A whole answer. */
  answer: string;
  /** Stream events before the deltas. */
  head: string;
  /** One event with this text. */
  delta(text: string): string;
  /** Stream events after the deltas. */
  tail: string;
}

/** Text of a stream's first delta: what a client looks for to time the first token. */
export const FIRST_TEXT = 'Onset';
/** Text of the others: about what one token is. */
export const DELTA_TEXT = ' word';

const SYSTEM =
  'You are a careful assistant. Answer in the language of the question, say so when you do not know, ' +
  'prefer short sentences, and name your sources where there are any.';
const QUESTION =
  'Summarise what a gateway between a client and a server has to do when the server closes the connection ' +
  'in the middle of an answer, and say which of the two should learn about it first, and how.';
const EARLIER = 'It has to tell the client, in the client’s own words, that the answer is not complete.';
const ANSWER =
  'It reports the truncation to the client as an error of the client’s own protocol, records what came, ' +
  'and never invents an ending that the server did not send.';

/** What both vendors' SDKs add to every request. */
const SDK_HEADERS = {
  accept: 'application/json',
  'content-type': 'application/json',
  'x-stainless-lang': 'js',
  'x-stainless-os': 'Linux',
  'x-stainless-arch': 'x64',
  'x-stainless-runtime': 'node',
  'x-stainless-retry-count': '0',
};

const CACHE = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
const usage = { prompt_tokens: 128, completion_tokens: 200, total_tokens: 328 };

export const WIRES: Record<WireId, WireFixture> = {
  'anthropic-messages': {
    path: '/v1/messages',
    basePath: '',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    headers: {
      ...SDK_HEADERS,
      'user-agent': 'Anthropic/JS',
      'anthropic-version': '2023-06-01',
      'x-api-key': 'benchmark-client',
    },
    request: (model, stream) =>
      JSON.stringify({
        model,
        max_tokens: 1024,
        stream,
        system: [{ type: 'text', text: SYSTEM }],
        messages: [
          { role: 'user', content: QUESTION },
          { role: 'assistant', content: EARLIER },
          { role: 'user', content: [{ type: 'text', text: QUESTION }] },
        ],
        temperature: 0.5,
      }),
    answer: JSON.stringify({
      id: 'msg_benchmark',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [{ type: 'text', text: ANSWER }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { ...CACHE, input_tokens: 128, output_tokens: 200 },
    }),
    head:
      named('message_start', {
        message: {
          id: 'msg_benchmark',
          type: 'message',
          role: 'assistant',
          model: 'claude-sonnet-4-5',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { ...CACHE, input_tokens: 128, output_tokens: 1 },
        },
      }) +
      named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
      named('ping', {}),
    delta: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    tail:
      named('content_block_stop', { index: 0 }) +
      named('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 200 },
      }) +
      named('message_stop', {}),
  },
  'openai-chat': {
    path: '/v1/chat/completions',
    basePath: '/v1',
    provider: 'openai',
    model: 'gpt-4o',
    headers: { ...SDK_HEADERS, 'user-agent': 'OpenAI/JS', authorization: 'Bearer benchmark-client' },
    request: (model, stream) =>
      JSON.stringify({
        model,
        max_completion_tokens: 1024,
        stream,
        messages: [
          { role: 'system', content: SYSTEM },
          { role: 'user', content: QUESTION },
          { role: 'assistant', content: EARLIER },
          { role: 'user', content: [{ type: 'text', text: QUESTION }] },
        ],
        temperature: 0.5,
      }),
    answer: JSON.stringify({
      id: 'chatcmpl-benchmark',
      object: 'chat.completion',
      created: 1_760_000_000,
      model: 'gpt-4o',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: ANSWER, refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
    }),
    head: chunk({ role: 'assistant', content: '', refusal: null }),
    delta: (text) => chunk({ content: text }),
    tail: `${chunk({}, 'stop')}${data({ ...envelope(), choices: [], usage })}data: [DONE]\n\n`,
  },
};

function named(type: string, fields: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function data(value: Record<string, unknown>): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function envelope(): Record<string, unknown> {
  return {
    id: 'chatcmpl-benchmark',
    object: 'chat.completion.chunk',
    created: 1_760_000_000,
    model: 'gpt-4o',
    service_tier: 'default',
    system_fingerprint: 'fp_benchmark',
  };
}

function chunk(delta: Record<string, unknown>, finishReason: string | null = null): string {
  return data({
    ...envelope(),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  });
}

/** What the upstream does with a request, told by the first segment of its path. */
export type Behaviour =
  /** `plain`: one JSON answer. */
  | { kind: 'plain' }
  /** `stream-N`: N deltas at once. */
  | { kind: 'stream'; deltas: number }
  /** `paced-R`: head and first delta at once, then R deltas a second until it is told to stop. */
  | { kind: 'paced'; perSecond: number };

export function behaviourPrefix(behaviour: Behaviour): string {
  switch (behaviour.kind) {
    case 'plain':
      return '/plain';
    case 'stream':
      return `/stream-${behaviour.deltas}`;
    case 'paced':
      return `/paced-${behaviour.perSecond}`;
  }
}

/** Behaviour and dialect of a request's path, undefined where it is none of the upstream's. */
export function parsePath(path: string): { behaviour: Behaviour; dialect: WireId } | undefined {
  const [, word, number, rest] = /^\/(plain|stream|paced)(?:-(\d+))?(\/.*)$/.exec(path) ?? [];
  const dialect = (Object.keys(WIRES) as WireId[]).find((id) => WIRES[id].path === rest);
  if (word === undefined || dialect === undefined) return undefined;
  const count = Number(number ?? 0);
  if (word === 'plain') return { behaviour: { kind: 'plain' }, dialect };
  if (count === 0) return undefined;
  return word === 'stream'
    ? { behaviour: { kind: 'stream', deltas: count }, dialect }
    : { behaviour: { kind: 'paced', perSecond: count }, dialect };
}

/** The whole text of an unpaced stream. */
export function streamText(dialect: WireId, deltas: number): string {
  const { head, delta, tail } = WIRES[dialect];
  return head + delta(FIRST_TEXT) + delta(DELTA_TEXT).repeat(deltas - 1) + tail;
}
