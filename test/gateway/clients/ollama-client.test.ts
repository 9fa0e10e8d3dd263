// Clients of Ollama's own API: what they leave out, how they wait, how they leave, and what they bring back.
import { describe, expect, test } from 'bun:test';
import { type ErrorResponse, Ollama } from 'ollama';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { startSluice } from '../../support/sluice-process.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { MESSAGE } from '../../support/message-stream.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';

const ASK = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const EVENTS = { 'content-type': 'text/event-stream' };

function setup(reply: Reply) {
  const upstream = createReplayFetch(reply);
  const config = { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } };
  return { upstream, ...createTestGateway({ config, fetch: upstream.fetch }) };
}

describe('a request', () => {
  const sent = async (body: JsonObject) => {
    const { upstream, post } = setup(
      replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end, { headers: EVENTS }),
    );
    const response = await post('/api/chat', body);
    await response.text();
    return { type: response.headers.get('content-type'), body: upstream.requests[0]?.json() as JsonObject };
  };

  test('streams unless it says otherwise', async () => {
    const { type, body } = await sent(ASK);
    expect([type, body.stream]).toEqual(['application/x-ndjson', true]);
  });

  test.each([
    [{}, 'load'],
    [{ messages: [] }, 'load'],
    [{ messages: [], keep_alive: 0 }, 'unload'],
    [{ messages: [], keep_alive: '0s' }, 'unload'],
    [{ messages: [], keep_alive: '10m' }, 'load'],
  ] as const)(
    'that only loads or frees the model is answered without a provider: %j',
    async (more, reason) => {
      const { upstream, post, row } = setup(replyWith(''));
      const response = await post('/api/chat', { model: 'm', ...more });
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toEqual({
        model: 'm',
        created_at: expect.any(String),
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: reason,
      });
      expect(upstream.requests).toEqual([]);
      expect(await row(0)).toMatchObject({ status: 'success', streamed: false, provider: null });
    },
  );

  test('whose messages are no list is refused', async () => {
    const response = await setup(replyWith('')).post('/api/chat', { model: 'm', messages: '' });
    expect(response.status).toBe(400);
  });

  test('may have the calls of an answer without their ids, and results without names', async () => {
    const call = (name: string) => ({ function: { name, arguments: {} } });
    const { body } = await sent({
      model: 'm',
      messages: [
        ...ASK.messages,
        { role: 'assistant', content: '', tool_calls: [call('one'), call('two')] },
        { role: 'tool', content: 'first' },
        { role: 'tool', tool_name: 'two', content: 'second' },
      ],
    });
    const messages = body.messages as { content: { id?: string; tool_use_id?: string }[] }[];
    const ids = messages[1]?.content.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(messages[2]?.content.map(({ tool_use_id: id }) => id)).toEqual(ids);
  });

  test('says of a picture what its bytes say', async () => {
    const { body } = await sent({
      model: 'm',
      messages: [{ role: 'user', content: 'What is this?', images: ['/9j/4AAQ', 'iVBORw0KGgo='] }],
    });
    const [{ content }] = body.messages as [{ content: { source?: { media_type: string } }[] }];
    expect(content.flatMap(({ source }) => source?.media_type ?? [])).toEqual(['image/jpeg', 'image/png']);
  });

  test.each(['data:image/png;base64,iVBORw0KGgo=', 'https://example.com/a.png'])(
    'with %s for a picture’s bytes is refused, as by Ollama',
    async (image) => {
      const messages = [{ role: 'user', content: 'What is this?', images: ['iVBORw0KGgo=', image] }];
      const response = await setup(replyWith('')).post('/api/chat', { model: 'm', messages });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('messages[0].images[1]: must be the image');
    },
  );
});

describe('models, through the SDK', () => {
  const { gateway } = createTestGateway({
    config: {
      providers: { lab: { ...LAB_PROVIDERS.gpt, models: { one: 'gpt-5' } } },
      routing: { default_provider: 'lab' },
    },
    fetch: (url) => {
      const body = url.endsWith('/models')
        ? { data: [{ id: 'gpt-5', created: 1_700_000_000 }] }
        : { data: [{ embedding: [1, 2] }, { embedding: [3, 4] }], model: 'e', usage: { prompt_tokens: 5 } };
      return Promise.resolve(Response.json(body));
    },
  });
  const fetch = (input: string | URL | Request, init?: RequestInit) =>
    gateway.fetch(new Request(input, init));
  const client = new Ollama({ host: 'http://127.0.0.1:8088', fetch: fetch as typeof globalThis.fetch });

  test('are listed under the names that they are asked by, and shown', async () => {
    const { models } = await client.list();
    expect(models.map(({ name }) => name)).toContain('lab/gpt-5');
    const shown = await client.show({ model: 'lab/gpt-5' });
    expect(shown.capabilities).toEqual(['completion', 'tools', 'vision', 'thinking']);
    expect(shown.details.family).toBe('lab');
    await expect(client.show({ model: '' })).rejects.toMatchObject({ status_code: 400 });
    expect((await client.ps()).models).toEqual([]);
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('embed texts, in both forms', async () => {
    const { embeddings, prompt_eval_count: tokens } = await client.embed({
      model: 'lab/e',
      input: ['a', 'b'],
    });
    expect([embeddings, tokens]).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      5,
    ]);
    expect((await client.embeddings({ model: 'lab/e', prompt: 'a' })).embedding).toEqual([1, 2]);
  });

  test.each([['pull', () => client.pull({ model: 'lab/gpt-5' }), /no models are kept here/]] as const)(
    '%s is told what to do instead',
    async (_, ask, words) => {
      await expect(ask()).rejects.toMatchObject({ status_code: 404, error: expect.stringMatching(words) });
    },
  );
});

describe('what a model can do', () => {
  const shown = async (
    list: object,
    model: string,
    provider: (typeof LAB_PROVIDERS)[keyof typeof LAB_PROVIDERS] = LAB_PROVIDERS.gpt,
  ) => {
    const { post } = createTestGateway({
      config: { providers: { lab: provider } },
      fetch: () => Promise.resolve(Response.json(list)),
    });
    const body = (await (await post('/api/show', { model })).json()) as {
      capabilities: string[];
      model_info: JsonObject;
    };
    return [body.capabilities.slice(1), body.model_info['lab.context_length']];
  };

  test.each([
    [
      'OpenRouter',
      {
        id: 'm',
        context_length: 9_000,
        architecture: { input_modalities: ['text', 'image'] },
        supported_parameters: ['reasoning', 'tools'],
      },
      [['tools', 'vision', 'thinking'], 9_000],
    ],
    [
      'Mistral',
      {
        id: 'm',
        max_context_length: 8_000,
        capabilities: { vision: false, function_calling: false, reasoning: true },
      },
      [['thinking'], 8_000],
    ],
    [
      'GitHub Copilot',
      {
        id: 'm',
        capabilities: {
          limits: {
            max_context_window_tokens: 200_000,
            max_prompt_tokens: 128_000,
            max_output_tokens: 16_000,
          },
          supports: { tool_calls: true, vision: true },
        },
      },
      [['tools', 'vision'], 128_000],
    ],
    ['vLLM', { id: 'm', max_model_len: 7_000 }, [['tools'], 7_000]],
    // By its name.
    ['OpenAI', { id: 'gpt-4.1-mini' }, [['tools', 'vision'], undefined]],
    [
      'a list that contradicts the name',
      { id: 'claude-x', capabilities: { vision: false } },
      [['tools', 'thinking'], undefined],
    ],
  ] as const)('is what the list of %s says', async (_, entry, expected) => {
    expect(await shown({ data: [entry] }, `lab/${entry.id}`)).toEqual([...expected] as never);
  });

  test.each([
    ['text-embedding-3-small', ['embedding']],
    ['gpt-4o-mini-tts', ['completion']],
    ['whisper-1', ['completion']],
    ['gpt-4o', ['completion', 'tools', 'vision']],
    ['anthropic/claude-3.5-sonnet', ['completion', 'tools', 'vision']],
  ])('%s is none to chat with, by its name, or is one', async (id, expected) => {
    const { post } = createTestGateway({
      config: { providers: { lab: LAB_PROVIDERS.gpt } },
      fetch: () => Promise.resolve(Response.json({ data: [{ id }] })),
    });
    const { capabilities } = (await (await post('/api/show', { model: `lab/${id}` })).json()) as JsonObject;
    expect(capabilities).toEqual(expected);
  });

  test('is what Gemini’s list says of a model that embeds', async () => {
    const entry = { name: 'models/e', supportedGenerationMethods: ['embedContent'] };
    const { gateway } = createTestGateway({
      config: { providers: { lab: LAB_PROVIDERS.gemini } },
      fetch: () => Promise.resolve(Response.json({ models: [entry] })),
    });
    const tags = await gateway.fetch(new Request('http://127.0.0.1:8088/api/tags'));
    const { models } = (await tags.json()) as { models: JsonObject[] };
    expect(models.find(({ name }) => name === 'lab/e')?.capabilities).toEqual(['embedding']);
  });

  test('is what Anthropic’s list says', async () => {
    const capabilities = { image_input: { supported: true }, thinking: { supported: false } };
    const entry = { type: 'model', id: 'new', max_input_tokens: 5_000, capabilities };
    expect(await shown({ data: [entry] }, 'lab/new', LAB_PROVIDERS.claude)).toEqual([
      ['tools', 'vision'],
      5_000,
    ]);
  });

  test('is what Gemini’s list says', async () => {
    const entry = { name: 'models/gem', inputTokenLimit: 6_000, thinking: true };
    expect(await shown({ models: [entry] }, 'lab/gem', LAB_PROVIDERS.gemini)).toEqual([
      ['tools', 'thinking'],
      6_000,
    ]);
  });

  test('of a provider without a list: how much fits into it is in the table of prices', async () => {
    const { post } = createTestGateway({
      config: { providers: { anthropic: { api_key: 'sk-test' } } },
      fetch: () => Promise.resolve(new Response('', { status: 404 })),
    });
    const body = (await (await post('/api/show', { model: 'claude-sonnet-4-5' })).json()) as JsonObject;
    expect(body).toMatchObject({
      capabilities: ['completion', 'tools', 'vision', 'thinking'],
      model_info: { 'anthropic.context_length': expect.any(Number) },
    });
  });

  test('is what an Ollama server says, which lists them under its own details', async () => {
    const details = { family: 'llama', parameter_size: '8B', context_length: 4_096 };
    const entry = { name: 'm', model: 'm', size: 7, digest: 'd', details, capabilities: ['embedding'] };
    const { post, gateway } = createTestGateway({
      config: { providers: { lab: { dialect: 'ollama-chat', base_url: 'http://lab.invalid' } } },
      fetch: () => Promise.resolve(Response.json({ models: [entry] })),
    });
    expect(await (await post('/api/show', { model: 'lab/m' })).json()).toMatchObject({
      capabilities: ['embedding'],
      details,
      model_info: { 'general.architecture': 'llama', 'llama.context_length': 4_096 },
    });
    const { models } = (await (
      await gateway.fetch(new Request('http://127.0.0.1:8088/api/tags'))
    ).json()) as { models: JsonObject[] };
    expect(models).toContainEqual(expect.objectContaining({ ...entry, name: 'lab/m', model: 'lab/m' }));
  });
});

test('a stream waits with white space, which belongs to the next line', async () => {
  const timers = createManualTimers(1_000_000);
  const simulated = createTestGateway({
    config: { server: { ping_interval: '1s' }, providers: { lab: LAB_PROVIDERS.claude } },
    fetch: (_, init) =>
      new Promise((_resolve, reject) =>
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
      ),
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const asking = simulated.post('/api/chat', ASK);
  await timers.advance(1_000);
  const reader = (await asking).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(' ');
  await reader?.cancel();
  expect(await simulated.row(0)).toMatchObject({ status: 'aborted', clientDialect: 'ollama-chat' });
});

describe('over a socket, through the SDK', () => {
  test('an error has its status and its words; a client that leaves ends the stream', async () => {
    await using sluice = await startSluice({
      config: { server: { keys: ['the-key-of-this-test'] }, providers: { simulator: {} } },
    });
    const host = sluice.url;
    const keyed = new Ollama({ host, headers: { authorization: 'Bearer the-key-of-this-test' } });
    const refused = new Ollama({ host }).chat({ ...ASK, model: 'simulator/demo' });
    const error: ErrorResponse & { status_code?: number } = await refused.then(
      () => Promise.reject(new Error('it was answered')),
      (thrown) => thrown,
    );
    expect(error.status_code).toBe(401);
    const stream = await keyed.chat({ ...ASK, model: 'simulator/demo,rate=20', stream: true });
    const reading = (async () => {
      for await (const { message } of stream) if (message.content !== '') stream.abort();
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    const headers = { 'x-sluice-key': 'the-key-of-this-test' };
    let rows: { status: string; streamed: boolean }[] = [];
    while (!rows.some(({ streamed }) => streamed)) {
      const page = await fetch(`${host}/gateway/audit?limit=9`, { headers });
      rows = ((await page.json()) as { entries: typeof rows }).entries;
    }
    expect(rows.find(({ streamed }) => streamed)?.status).toBe('aborted');
  });
});

test('a thought that the client has changed goes back without its signature', async () => {
  const { upstream, post } = setup(
    replyWith(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hello') + MESSAGE.end, { headers: EVENTS }),
  );
  const first = createReplayFetch(
    replyWith(JSON.stringify(SIGNED), { headers: { 'content-type': 'application/json' } }),
  );
  const answering = createTestGateway({
    config: { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } },
    fetch: first.fetch,
  });
  const { message } = (await (await answering.post('/api/chat', { ...ASK, stream: false })).json()) as {
    message: JsonObject;
  };
  const tool = { role: 'tool', tool_name: 'look', content: 'sun' };
  for (const thinking of ['I look.', 'I looked.']) {
    const messages = [...ASK.messages, { ...message, thinking }, tool];
    await (await post('/api/chat', { model: 'claude-opus-4-6', think: true, messages })).text();
  }
  const [kept, changed] = upstream.requests.map((request) => JSON.stringify(request.json()));
  expect(kept).toContain('"signature":"U2VhbGVk"');
  expect(changed).not.toContain('U2VhbGVk');
});

const SIGNED = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-4-6',
  content: [
    { type: 'thinking', thinking: 'I look.', signature: 'U2VhbGVk' },
    { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
};

test.each([
  ['/api/chat', ASK],
  ['/api/generate', { model: 'm', prompt: 'hi' }],
] as const)('%s: the answer says how long it took, and a stream its content', async (path, ask) => {
  const taken = async (stream: boolean) => {
    let time = 1_000;
    const pieces = [MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hel'), MESSAGE.delta('lo'), MESSAGE.end];
    // Each is made when it is asked for, once what came before has been read.
    let made = 0;
    const body = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const piece = pieces[made++];
            if (piece === undefined) {
              controller.close();
              return;
            }
            time += 500 * made;
            controller.enqueue(new TextEncoder().encode(piece));
          },
        },
        { highWaterMark: 0 },
      );
    const { post } = createTestGateway({
      config: { providers: { lab: LAB_PROVIDERS.claude }, routing: { default_provider: 'lab' } },
      fetch: () => Promise.resolve(new Response(body(), { headers: EVENTS })),
      host: { monotonic: () => time },
    });
    const lines = (await (await post(path, { ...ask, stream })).text()).trimEnd().split('\n');
    const ending = JSON.parse(lines.at(-1) ?? '') as JsonObject;
    return Object.fromEntries(Object.entries(ending).filter(([name]) => name.endsWith('_duration')));
  };
  // All four, and together the whole: ollama-rs reads no counts beside fewer.
  const total = { total_duration: 3_000_000_000, load_duration: 0 };
  expect(await taken(true)).toEqual({
    ...total,
    prompt_eval_duration: 2_000_000_000,
    eval_duration: 1_000_000_000,
  });
  expect(await taken(false)).toEqual({ ...total, prompt_eval_duration: 0, eval_duration: 3_000_000_000 });
});
