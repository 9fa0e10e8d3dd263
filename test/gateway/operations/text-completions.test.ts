// Text completions: bytes pass to providers that serve them, with the promises of every stream, and are never translated.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { ConfigInput } from '../../../src/index.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { createSimulator } from '../../../src/simulator/index.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch, type ChooseReply } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { allSplits, truncations } from '../../support/splits.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const PATH = '/v1/completions';
const ASK = { model: 'asked', prompt: 'def f(', suffix: 'return 1' };
const encoder = new TextEncoder();

const WHOLE = {
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1,
  model: 'served',
  choices: [{ index: 0, text: 'x):', logprobs: null, finish_reason: 'length', later: 1 }],
  usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
};

const choice = (text: string, finish: string | null = null, index = 0) => ({
  index,
  text,
  logprobs: null,
  finish_reason: finish,
});
const chunk = (choices: JsonObject[], more: JsonObject = {}) =>
  `data: ${JSON.stringify({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'served', choices, ...more })}\n\n`;
const COUNTS = chunk([], { usage: WHOLE.usage });
const DONE = 'data: [DONE]\n\n';
const TEXT =
  chunk([choice('x')]) + chunk([choice(')')]) + chunk([choice(':')]) + chunk([choice('', 'length')]);
const STREAM = TEXT + COUNTS + DONE;

interface LabOptions {
  providers?: ConfigInput['providers'];
  routing?: ConfigInput['routing'];
}

function setup(reply: ChooseReply, { providers = { lab: LAB_PROVIDERS.gpt }, routing }: LabOptions = {}) {
  const upstream = createReplayFetch(reply);
  const price = { input_per_million: 10, output_per_million: 100 };
  const config: ConfigInput = {
    providers,
    routing: { default_provider: Object.keys(providers)[0] ?? '', ...routing },
    costs: { pricing_overrides: { 'lab/*': price } },
  };
  const gateway = createTestGateway({ config, fetch: upstream.fetch });
  const sent = (index = 0) => new TextDecoder().decode(upstream.requests[index]?.body);
  return { upstream, sent, ...gateway };
}

describe('a whole answer', () => {
  test('passes, as its request does', async () => {
    const lab = setup(jsonReply(WHOLE));
    const text = '{"model":"asked",  "prompt":["a"], "logprobs":1, "echo":true, "odd":1.0}';
    const response = await lab.post(PATH, text);
    expect(await response.text()).toBe(JSON.stringify(WHOLE));
    expect(lab.sent()).toBe(text);
    expect(lab.upstream.requests[0]?.path).toBe(PATH);
    const row = await lab.row(0);
    expect(row).toMatchObject({ status: 'success', operation: 'complete', model: 'served', costUsd: 0.02 });
    expect(row).toMatchObject({ usage: { inputTokens: 1_000, outputTokens: 100 }, finishReason: 'length' });
    expect(row.responseBody).toContain('text_completion');
    expect(lab.rows).toHaveLength(1);
  });

  test('in which nothing is completed is malformed', async () => {
    const lab = setup(jsonReply({ object: 'text_completion' }));
    expect((await lab.post(PATH, ASK)).status).toBe(502);
    expect((await lab.row(0)).errorCode).toBe('upstream_malformed');
  });

  test('that is an error with HTTP 200 is one', async () => {
    const lab = setup(jsonReply({ error: { message: 'the model is loading', code: 503 } }));
    expect((await lab.post(PATH, ASK)).ok).toBe(false);
    expect((await lab.row(0)).status).toBe('error');
  });

  test('comes as one although the provider streams', async () => {
    const lab = setup(replyWith(STREAM));
    const body = await (await lab.post(PATH, ASK)).json();
    expect(body).toMatchObject({ object: 'text_completion', model: 'served' });
    expect(body).toMatchObject({ choices: [{ index: 0, text: 'x):', finish_reason: 'length' }] });
    expect(body).toMatchObject({ usage: { prompt_tokens: 1_000, completion_tokens: 100 } });
  });
});

describe('a stream', () => {
  const ask = { ...ASK, stream: true };

  test('requests the counts, and hides them from a client that did not', async () => {
    for (const split of allSplits()) {
      const lab = setup(replyWith(STREAM, { split }));
      const response = await lab.post(PATH, ask);
      expect(await response.text(), split.name).toBe(TEXT + DONE);
      expect(JSON.parse(lab.sent())).toEqual({ ...ask, stream_options: { include_usage: true } });
      const row = await lab.row(0);
      expect(row).toMatchObject({ status: 'success', streamed: true, finishReason: 'length', costUsd: 0.02 });
      expect(row.ttftMs).not.toBeNull();
    }
  });

  test('shows the counts to a client that requested them', async () => {
    const lab = setup(replyWith(STREAM));
    const text = JSON.stringify({ ...ask, stream_options: { include_usage: true } });
    expect(await (await lab.post(PATH, text)).text()).toBe(STREAM);
    expect(lab.sent()).toBe(text);
  });

  test('that ends early is truncated, wherever that is', async () => {
    for (const { name, bytes } of truncations(encoder.encode(STREAM))) {
      const lab = setup(replyWith(bytes));
      const response = await lab.post(PATH, ask);
      const got = await response.text();
      const row = await lab.row(0);
      // Behind the finish reason only formalities are missing.
      if (got.includes('"length"')) {
        expect(row.status, name).toBe('success');
        continue;
      }
      expect(row.status, name).not.toBe('success');
      expect(got, name).not.toContain('[DONE]');
      if (!response.ok) continue;
      const events = readEvents(encoder.encode(got));
      expect(events.filter(({ data }) => data.includes('"error"')).length, name).toBe(1);
      expect(events.at(-1)?.data, name).toContain('"error"');
    }
  });

  test('is truncated while one of its prompts has no end', async () => {
    const both = chunk([choice('a')]) + chunk([choice('b', null, 1)]) + chunk([choice('', 'stop')]);
    const cut = setup(replyWith(both));
    expect(await (await cut.post(PATH, ask)).text()).toContain('"error"');
    expect((await cut.row(0)).status).toBe('truncated');
    const full = setup(replyWith(both + chunk([choice('', 'stop', 1)])));
    await (await full.post(PATH, ask)).text();
    expect((await full.row(0)).status).toBe('success');
  });

  test.each<[prompt: unknown, n: number | undefined, wanted: number]>([
    ['a', undefined, 1],
    [['a', 'b', 'c'], undefined, 3],
    [['a', 'b'], 2, 4],
    // One prompt, in tokens.
    [[1, 2, 3], 2, 2],
    [[[1, 2], [3]], undefined, 2],
  ])(
    'of the prompt %j, with n %p, has %d ends, also those of alternatives that never began',
    async (prompt, n, wanted) => {
      const ends = (count: number) =>
        Array.from({ length: count }, (_, index) => chunk([choice('a', 'stop', index)])).join('');
      for (const [count, status] of [
        [wanted - 1, 'truncated'],
        [wanted, 'success'],
      ] as const) {
        if (count === 0) continue;
        const lab = setup(replyWith(ends(count)));
        await (await lab.post(PATH, { ...ask, prompt, ...(n && { n }) })).text();
        expect((await lab.row(0)).status).toBe(status);
      }
    },
  );

  test('reports an error inside it once', async () => {
    const error = `data: ${JSON.stringify({ error: { message: 'out of memory', type: 'server_error' } })}\n\n`;
    const lab = setup(replyWith(chunk([choice('x')]) + error + DONE));
    const got = await (await lab.post(PATH, ask)).text();
    expect(got.match(/"error"/g)).toHaveLength(1);
    expect(got).not.toContain('[DONE]');
    expect((await lab.row(0)).status).toBe('error');
  });

  test('that ends in words of a failure without its form has failed, and says why', async () => {
    const said = `data: ${JSON.stringify({ detail: 'out of memory' })}\n\n`;
    const lab = setup(replyWith(chunk([choice('x')]) + said + DONE));
    const got = await (await lab.post(PATH, ask)).text();
    expect(readEvents(encoder.encode(got)).at(-1)?.data).toContain('out of memory');
    expect(got).not.toContain('[DONE]');
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_failed' });
  });

  test('keeps its form where the provider answers whole', async () => {
    const lab = setup(jsonReply(WHOLE));
    const got = await (await lab.post(PATH, ask)).text();
    const [first, last, done] = readEvents(encoder.encode(got)).map(({ data }) => data);
    expect(JSON.parse(first ?? '')).toMatchObject({ object: 'text_completion', choices: [{ text: 'x):' }] });
    expect(JSON.parse(last ?? '')).toMatchObject({ choices: [{ text: '', finish_reason: 'length' }] });
    expect(done).toBe('[DONE]');
    expect(got).not.toContain('usage');
  });

  test('is cancelled when the client leaves', async () => {
    const hang = setup(replyWith(STREAM, { fault: { kind: 'hang', after: TEXT.length / 2 } }));
    const response = await hang.post(PATH, ask);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await hang.upstream.requests[0]?.ended;
    expect((await hang.row(0)).status).toBe('aborted');
  });
});

describe('the official SDK', () => {
  const clientOf = (fetch: (request: Request) => Promise<Response>) =>
    new OpenAI({
      apiKey: 'none',
      baseURL: 'http://127.0.0.1:8088/v1',
      maxRetries: 0,
      fetch: (url: string | URL | Request, init?: RequestInit) => fetch(new Request(url, init)),
    });
  const simulator = createSimulator({
    now: () => 0,
    monotonic: () => 0,
    sleep: () => Promise.resolve(),
  });
  const lab = createTestGateway({
    config: { providers: { sim: { ...LAB_PROVIDERS.gpt } } },
    fetch: (url, init) => simulator.fetch(new Request(url, init)),
  });
  const client = clientOf((request) => lab.gateway.fetch(request));

  test('reads a whole completion of the simulator', async () => {
    const { choices, usage } = await client.completions.create({ model: 'sim/fast,tokens=5', prompt: 'a b' });
    expect(choices[0]?.text).toBe('Hello! This is the');
    expect(usage).toMatchObject({ completion_tokens: 5, total_tokens: 10 });
  });

  test('reads a streamed one', async () => {
    const stream = await client.completions.create({
      model: 'sim/fast,tokens=5',
      prompt: 'a b',
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total: number | undefined;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.text ?? '';
      total ??= usage?.completion_tokens;
    }
    expect(text).toBe('Hello! This is the');
    expect(total).toBe(5);
  });

  test('gets an error for a stream that breaks off', async () => {
    const stream = await client.completions.create({
      model: 'sim/fast,tokens=5,fault=cut:2',
      prompt: 'a',
      stream: true,
    });
    const read = async () => {
      for await (const _ of stream);
    };
    expect(read()).rejects.toThrow(/closed the stream/);
  });
});

describe('a provider', () => {
  test('that serves none is named in the refusal', async () => {
    for (const name of ['claude', 'gemini', 'responses'] as const) {
      const lab = setup(jsonReply(WHOLE), { providers: { other: LAB_PROVIDERS[name] } });
      const response = await lab.post(PATH, ASK);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: JsonObject };
      expect(error.message).toContain('/v1/chat/completions');
      expect(lab.upstream.requests).toHaveLength(0);
      expect(await lab.row(0)).toMatchObject({ errorCode: 'unsupported_feature', operation: 'complete' });
    }
  });

  test('that serves none is not asked by default where another knows the model', async () => {
    const lab = setup(jsonReply(WHOLE), {
      providers: { other: LAB_PROVIDERS.claude, lab: { ...LAB_PROVIDERS.gpt, models: { fast: 'served' } } },
      routing: { default_provider: 'other' },
    });
    const response = await lab.post(PATH, { ...ASK, model: 'fast' });
    expect(response.headers.get('x-sluice-provider')).toBe('lab');
  });

  test('that serves none is passed over', async () => {
    const lab = setup(jsonReply(WHOLE), {
      providers: { other: LAB_PROVIDERS.claude, lab: LAB_PROVIDERS.gpt },
      routing: { fallback_chain: ['other', 'lab'] },
    });
    expect((await lab.post(PATH, ASK)).headers.get('x-sluice-provider')).toBe('lab');
  });

  test('that fails is replaced only by one that serves the same model', async () => {
    const providers = {
      down: { ...LAB_PROVIDERS.gpt, base_url: 'http://upstream.test/down/v1' },
      another: { ...LAB_PROVIDERS.gpt, base_url: 'http://upstream.test/another/v1' },
      lab: LAB_PROVIDERS.gpt,
    };
    const lab = setup(
      (request) => (request.path.startsWith('/down/') ? jsonReply({}, { status: 500 }) : jsonReply(WHOLE)),
      { providers, routing: { fallback_chain: ['another/other-model', 'lab/vendor/asked'] } },
    );
    const response = await lab.post(PATH, ASK);
    expect(response.status).toBe(200);
    const { attempts } = await lab.row(0);
    expect(attempts.map(({ provider }) => provider)).toEqual(['down', 'lab']);
  });

  test.each([
    ['deepseek', {}, 'https://api.deepseek.com/beta/completions'],
    ['openrouter', {}, 'https://openrouter.ai/api/v1/completions'],
    ['ollama', {}, 'http://127.0.0.1:11434/v1/completions'],
    ['vllm', {}, 'http://127.0.0.1:8000/v1/completions'],
    [
      'azure',
      { options: { resource: 'lab', api_version: '2024-10-21' } },
      'https://lab.openai.azure.com/openai/deployments/m/completions?api-version=2024-10-21',
    ],
  ])('of the kind %s is asked at its own address', async (kind, entry, address) => {
    const urls: string[] = [];
    const lab = createTestGateway({
      config: {
        providers: { [kind]: { ...(kind !== 'ollama' && kind !== 'vllm' && { api_key: 'k' }), ...entry } },
      },
      fetch: async (url) => {
        urls.push(url);
        return Response.json(WHOLE);
      },
    });
    const response = await lab.post(PATH, { ...ASK, model: `${kind}/m` });
    expect(response.status).toBe(200);
    expect(urls).toEqual([address]);
    expect(await response.json()).toEqual(WHOLE);
  });

  test('of the kind groq is not asked', async () => {
    const lab = setup(jsonReply(WHOLE), { providers: { groq: { api_key: 'k' } } });
    expect((await lab.post(PATH, ASK)).status).toBe(400);
  });
});

describe('Mistral, which fills gaps in chat completions', () => {
  const message = { role: 'assistant', content: 'x):' };
  const chat = { id: 'a', object: 'chat.completion', model: 'codestral', created: 1, usage: WHOLE.usage };
  const providers = { mistral: { api_key: 'k' } };

  test('answers as a text completion', async () => {
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    const lab = setup(jsonReply({ ...chat, choices }), { providers });
    const response = await lab.post(PATH, { ...ASK, seed: 1, logprobs: 1 });
    expect(await response.json()).toMatchObject({
      object: 'text_completion',
      model: 'codestral',
      choices: [{ text: 'x):', index: 0, finish_reason: 'stop' }],
      usage: { completion_tokens: 100 },
    });
    expect(lab.upstream.requests[0]?.path).toBe('/v1/fim/completions');
    expect(JSON.parse(lab.sent())).toEqual({ ...ASK, random_seed: 1 });
    expect(response.headers.get('x-sluice-lost')).toBe('logprobs');
  });

  test('streams as one', async () => {
    const delta = (content: string, finish: string | null = null) =>
      chunk([{ index: 0, delta: { content }, finish_reason: finish }], {
        object: 'chat.completion.chunk',
        ...(finish !== null && { usage: WHOLE.usage }),
      });
    const lab = setup(replyWith(delta('x') + delta('):') + delta('', 'stop') + DONE), { providers });
    const got = await (await lab.post(PATH, { ...ASK, stream: true })).text();
    const events = readEvents(encoder.encode(got)).map(({ data }) => data);
    expect(events.pop()).toBe('[DONE]');
    const texts = events.map(
      (data) => (JSON.parse(data) as { choices: { text: string }[] }).choices[0]?.text,
    );
    expect(texts.join('')).toBe('x):');
    expect(await lab.row(0)).toMatchObject({ status: 'success', usage: { outputTokens: 100 } });
  });
});

test('a secret in the prompt is removed where the provider’s transformers say so', async () => {
  const secret = `sk-ant-api03-${'a1B2'.repeat(20)}`;
  const lab = setup(jsonReply(WHOLE), {
    providers: {
      lab: { ...LAB_PROVIDERS.gpt, transformers: [{ name: 'redact', patterns: ['sk-[\\w-]{20,}'] }] },
    },
  });
  await lab.post(PATH, { model: 'asked', prompt: `key = "${secret}"`, suffix: 'end', n: 1 });
  expect(lab.sent()).not.toContain(secret);
  expect(JSON.parse(lab.sent())).toMatchObject({ model: 'asked', suffix: 'end', n: 1 });
});

test('what `sampling` sets comes to the provider, or is named, and leaves what the client has set', async () => {
  const { name, ...values } = {
    name: 'sampling' as const,
    temperature: 0.5,
    top_p: 0.75,
    top_k: 20,
    seed: 7,
    frequency_penalty: 0.25,
    presence_penalty: -0.5,
    stop: ['\n\n'],
  };
  const { top_k: _, ...known } = values;
  const { seed, frequency_penalty: _f, presence_penalty: _p, ...inChat } = known;
  const own = { top_k: 3, frequency_penalty: 1, presence_penalty: 1 };
  const mistral = { kind: 'mistral', api_key: 'k' } as const;
  const vllm = { kind: 'vllm', base_url: LAB_PROVIDERS.gpt.base_url } as const;
  for (const [provider, force, ask, expected, lost] of [
    [LAB_PROVIDERS.gpt, false, ASK, known, 'top_k'],
    [mistral, false, ASK, { ...inChat, random_seed: seed }, 'top_k, frequency_penalty, presence_penalty'],
    [vllm, false, ASK, values, null],
    [vllm, false, { ...ASK, ...own }, { ...values, ...own }, null],
    [vllm, true, { ...ASK, ...own }, values, null],
    [LAB_PROVIDERS.gpt, true, { ...ASK, ...own }, values, null],
  ] as const) {
    const transformers = [{ name, ...values, stop: [...values.stop], force }];
    const lab = setup(jsonReply(WHOLE), { providers: { lab: { ...provider, transformers } } });
    const response = await lab.post(PATH, ask);
    expect(JSON.parse(lab.sent())).toEqual({ ...ask, ...expected });
    expect(response.headers.get('x-sluice-lost')).toBe(lost);
  }
});

test('a prompt of token ids passes, and is no text to route by', async () => {
  const lab = setup(jsonReply(WHOLE), {
    routing: { patterns: [{ match: ['nothing like it'], to: 'lab/other', priority: 1 }] },
  });
  const ask = { model: 'asked', prompt: [[1, 2, 3]], max_tokens: 1, echo: true, logprobs: 1 };
  expect((await lab.post(PATH, ask)).status).toBe(200);
  expect(JSON.parse(lab.sent())).toEqual(ask);
});
