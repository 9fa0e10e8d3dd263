// What is forwarded to a model that answers at once: counted and billed by what its answer states, never by an estimate.
import { describe, expect, test } from 'bun:test';
import type { ConfigInput } from '../../../src/index.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';

const IMAGES = '/v1/images/generations';
const SPEECH = '/v1/audio/speech';
const HEARD = '/v1/audio/transcriptions';
/** Long enough to come in several pieces. */
const DATA = [{ b64_json: 'QUJD'.repeat(5_000) }];

async function asked(path: string, body: object, reply: Reply, more: ConfigInput = {}) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { providers: { openai: { api_key: 'sk-proj-lab', max_retries: 0 } }, ...more },
    fetch: upstream.fetch,
  });
  const response = await lab.post(path, body);
  const bytes = await response.bytes();
  return { ...lab, response, bytes, row: await lab.row(0) };
}

function sse(...events: [name: string, data: object][]): Reply {
  const text = events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  return replyWith(text.join(''), { headers: { 'content-type': 'text/event-stream' } });
}

const DRAWN = {
  total_tokens: 1_650,
  input_tokens: 150,
  output_tokens: 1_500,
  input_tokens_details: { text_tokens: 50, image_tokens: 100 },
};

describe('images', () => {
  test('cost what their tokens cost: text, images seen, images made', async () => {
    const answer = { created: 1, data: DATA, usage: DRAWN };
    const { row, bytes } = await asked(IMAGES, { model: 'gpt-image-1', prompt: 'x' }, jsonReply(answer));
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(answer);
    expect(row).toMatchObject({
      operation: 'infer',
      status: 'success',
      model: 'gpt-image-1',
      usageKnown: true,
      usage: { inputTokens: 150, outputTokens: 1_500 },
    });
    expect(row.costUsd).toBeCloseTo((50 * 5 + 100 * 10 + 1_500 * 40) / 1e6, 10);
  });

  test('of a model with another price for text cost what their parts cost', async () => {
    const usage = { ...DRAWN, output_tokens_details: { image_tokens: 1_200, text_tokens: 300 } };
    const body = { model: 'gpt-image-1.5', prompt: 'x' };
    const { row } = await asked(IMAGES, body, jsonReply({ data: DATA, usage }));
    expect(row.costUsd).toBeCloseTo((50 * 5 + 100 * 8 + 300 * 10 + 1_200 * 32) / 1e6, 10);
    // Where there is but one price for output, that of its text is unknown.
    const single = await asked(IMAGES, { ...body, model: 'gpt-image-1' }, jsonReply({ data: DATA, usage }));
    expect(single.row).toMatchObject({ usageKnown: true, costUsd: null });
  });

  test('in a stream cost what its end states', async () => {
    const reply = sse(
      ['image_generation.partial_image', { b64_json: DATA[0]?.b64_json }],
      ['image_generation.completed', { b64_json: DATA[0]?.b64_json, usage: DRAWN }],
    );
    const body = { model: 'gpt-image-1', prompt: 'x', stream: true };
    const { row } = await asked(IMAGES, body, reply);
    expect(row).toMatchObject({ streamed: true, usage: { outputTokens: 1_500 } });
    expect(row.costUsd).toBeCloseTo(0.06125, 10);
  });

  test('whose cached tokens may be text or images are unpriced', async () => {
    const input_tokens_details = { text_tokens: 50, image_tokens: 100, cached_tokens: 64 };
    const { row } = await asked(
      IMAGES,
      { model: 'gpt-image-1', prompt: 'x' },
      jsonReply({ data: DATA, usage: { ...DRAWN, input_tokens_details } }),
    );
    expect(row).toMatchObject({ usage: { inputTokens: 86, cacheReadTokens: 64 }, costUsd: null });
  });

  test('cost what an operator says', async () => {
    const price = { input_per_million: 10, output_per_million: 100 };
    const { row } = await asked(
      IMAGES,
      { model: 'my-images', prompt: 'x' },
      jsonReply({ data: DATA, usage: DRAWN }),
      { costs: { pricing_overrides: { 'openai/my-images': price } } },
    );
    expect(row.costUsd).toBeCloseTo(0.1515, 10);
  });

  test('cost what a provider says that bills by itself', async () => {
    const { row } = await asked(
      IMAGES,
      { model: 'grok-imagine', prompt: 'x' },
      jsonReply({ data: DATA, usage: { cost_in_usd_ticks: 200_000_000 } }),
      { providers: { xai: { api_key: 'k', max_retries: 0 } } },
    );
    expect(row.costUsd).toBeCloseTo(0.02, 10);
  });
});

describe('transcriptions', () => {
  const TOKENS = { type: 'tokens', input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100 };

  test('cost what text and audio cost', async () => {
    const usage = { ...TOKENS, input_token_details: { text_tokens: 200, audio_tokens: 800 } };
    const { row } = await asked(HEARD, { model: 'gpt-4o-transcribe' }, jsonReply({ text: 'hi', usage }));
    expect(row).toMatchObject({
      operation: 'infer',
      usage: { inputTokens: 1_000, audioInputTokens: 800, outputTokens: 100 },
    });
    expect(row.costUsd).toBeCloseTo((200 * 2.5 + 800 * 6 + 100 * 10) / 1e6, 10);
    const streamed = await asked(
      HEARD,
      { model: 'gpt-4o-transcribe', stream: true },
      sse(['transcript.text.delta', { delta: 'hi' }], ['transcript.text.done', { text: 'hi', usage }]),
    );
    expect(streamed.row.costUsd).toBe(row.costUsd);
  });

  test('whose input is not split are unpriced', async () => {
    const { row } = await asked(
      HEARD,
      { model: 'gpt-4o-transcribe' },
      jsonReply({ text: 'hi', usage: TOKENS }),
    );
    expect(row).toMatchObject({ usage: { inputTokens: 1_000 }, costUsd: null });
  });

  test('billed by their length cost that, unless an operator’s price is by the token', async () => {
    const reply = jsonReply({ text: 'hi', usage: { type: 'duration', seconds: 90 } });
    const { row } = await asked(HEARD, { model: 'whisper-1' }, reply);
    expect(row.costUsd).toBeCloseTo(0.009, 10);
    const price = { input_per_million: 10, output_per_million: 100 };
    const priced = await asked(HEARD, { model: 'whisper-1' }, reply, {
      costs: { pricing_overrides: { 'openai/*': price } },
    });
    expect(priced.row.costUsd).toBeNull();
  });
});

describe('what other vendors bill by its length', () => {
  const providers = { groq: { api_key: 'gsk_lab' }, mistral: { api_key: 'lab-key' } };
  const heard = { text: 'hi', language: 'English', duration: 90.5, segments: [{ start: 0, end: 90.5 }] };
  const of = (path: string, model: string, answer: object) =>
    asked(path, { model }, jsonReply(answer), { providers });

  test.each([
    ['groq/whisper-large-v3', heard, (90.5 / 3_600) * 0.111],
    // Which is billed as ten seconds.
    ['groq/whisper-large-v3', { ...heard, duration: 2 }, (10 / 3_600) * 0.111],
    ['groq/whisper-large-v3', { text: 'hi', x_groq: { id: 'req_1' } }, null],
    ['groq/whisper-unheard-of', heard, null],
  ])('%s: transcriptions whose answer says how long they were', async (model, answer, cost) => {
    const { row } = await of(HEARD, model, answer);
    expect(row.operation).toBe('infer');
    if (cost === null) expect(row.costUsd).toBeNull();
    else expect(row.costUsd).toBeCloseTo(cost, 10);
  });

  test('Mistral’s transcriptions have tokens too, which cost nothing', async () => {
    const usage = {
      prompt_audio_seconds: 203,
      prompt_tokens: 4,
      total_tokens: 3_264,
      completion_tokens: 635,
    };
    const { row } = await of(HEARD, 'mistral/voxtral-mini-2602', { text: 'hi', usage });
    expect(row).toMatchObject({ usageKnown: true, usage: { inputTokens: 4, outputTokens: 635 } });
    expect(row.costUsd).toBeCloseTo((203 / 3_600) * 0.18, 10);
    // A model that is sold by the token.
    const other = await of(HEARD, 'mistral/voxtral-small-latest', { text: 'hi', usage });
    expect(other.row.costUsd).toBeNull();
  });

  test('pages of documents, and those that were annotated too by the price of that', async () => {
    const read = (usage_info: object, model = 'mistral-ocr-2512') =>
      of('/v1/ocr', `mistral/${model}`, { pages: [], usage_info });
    const { row } = await read({ pages_processed: 29, doc_size_bytes: 3_002_783 });
    expect(row.costUsd).toBeCloseTo(0.058, 10);
    const plain = await read({ pages_processed: 29, pages_processed_annotation: 0 });
    expect(plain.row.costUsd).toBe(row.costUsd);
    const annotated = await read({ pages_processed: 29, pages_processed_annotation: 29 });
    expect(annotated.row.costUsd).toBeCloseTo(0.087, 10);
    const some = await read({ pages_processed: 29, pages_processed_annotation: 9 });
    expect(some.row.costUsd).toBeCloseTo(0.067, 10);
    // More than were read, and a model that has no price for them.
    const odd = await read({ pages_processed: 29, pages_processed_annotation: 30 });
    expect(odd.row.costUsd).toBeNull();
    const older = await read({ pages_processed: 29, pages_processed_annotation: 9 }, 'mistral-ocr-2503');
    expect(older.row.costUsd).toBeNull();
  });

  test('is unpriced where an operator has a price by the token', async () => {
    const { row } = await asked(
      '/v1/ocr',
      { model: 'mistral/mistral-ocr-2512' },
      jsonReply({ pages: [], usage_info: { pages_processed: 2 } }),
      {
        providers,
        costs: { pricing_overrides: { 'mistral/*': { input_per_million: 1, output_per_million: 1 } } },
      },
    );
    expect(row.costUsd).toBeNull();
  });
});

describe('interactions with Gemini', () => {
  const PATH = '/v1beta/interactions';
  const USAGE = {
    total_input_tokens: 1_000,
    total_cached_tokens: 400,
    total_tool_use_tokens: 50,
    total_output_tokens: 200,
    total_thought_tokens: 300,
    total_tokens: 1_550,
    input_tokens_by_modality: [{ modality: 'text', tokens: 1_000 }],
  };
  const COST = (650 * 0.3 + 400 * 0.03 + 500 * 2.5) / 1e6;
  const interact = (usage: object, stream = false, more: ConfigInput = {}) =>
    asked(
      PATH,
      { model: 'gemini/gemini-2.5-flash', input: 'hi', stream },
      stream
        ? sse(
            ['step.delta', { event_type: 'step.delta', delta: { text: 'a' } }],
            [
              'interaction.completed',
              { event_type: 'interaction.completed', interaction: { id: 'i', usage } },
            ],
          )
        : jsonReply({ id: 'i', status: 'completed', steps: [], usage }),
      { providers: { gemini: { api_key: 'AIzaSyLab' } }, ...more },
    );

  test.each([false, true])('cost what their tokens cost, streamed: %p', async (stream) => {
    const { row } = await interact(USAGE, stream);
    expect(row).toMatchObject({
      operation: 'infer',
      model: 'gemini-2.5-flash',
      usage: { inputTokens: 650, cacheReadTokens: 400, outputTokens: 500, reasoningTokens: 300 },
    });
    expect(row.costUsd).toBeCloseTo(COST, 10);
  });

  test('whose output has the thoughts in it are not billed for these twice', async () => {
    const { row } = await interact({ ...USAGE, total_output_tokens: 500 });
    expect(row.usage).toMatchObject({ outputTokens: 500, reasoningTokens: 300 });
    expect(row.costUsd).toBeCloseTo(COST, 10);
  });

  test('are unpriced where Google searched, or states nothing yet', async () => {
    const searched = await interact({
      ...USAGE,
      grounding_tool_count: [{ type: 'google_search', count: 1 }],
    });
    expect(searched.row).toMatchObject({ costUsd: null, usage: { outputTokens: 500 } });
    const { row } = await asked(PATH, { agent: 'deep-research', background: true }, jsonReply({ id: 'i' }), {
      providers: { gemini: { api_key: 'AIzaSyLab' } },
    });
    expect(row).toMatchObject({ operation: 'infer', usageKnown: false, costUsd: null });
  });

  test('are like decisions, whose tokens are counted and whose price is not known', async () => {
    const answer = jsonReply({ answers: {}, usage: USAGE });
    const { row } = await asked(
      '/v1beta/decisions',
      { model: 'models/gemini-2.5-flash', questions: {} },
      answer,
      {
        providers: { gemini: { api_key: 'AIzaSyLab' } },
      },
    );
    expect(row).toMatchObject({
      operation: 'infer',
      usage: { inputTokens: 650, outputTokens: 500 },
      costUsd: null,
    });
  });

  test('are no answer where they are only read or ended', async () => {
    const { row } = await asked(`${PATH}/i/cancel`, {}, jsonReply({ id: 'i', usage: USAGE }), {
      providers: { gemini: { api_key: 'AIzaSyLab' } },
    });
    expect(row).toMatchObject({ operation: 'forward', usageKnown: false });
  });
});

describe('speech', () => {
  test('in a stream costs its tokens', async () => {
    const usage = { input_tokens: 100, output_tokens: 1_000, total_tokens: 1_100 };
    const { row } = await asked(
      SPEECH,
      { model: 'gpt-4o-mini-tts', stream_format: 'sse' },
      sse(['speech.audio.delta', { audio: 'QUJD' }], ['speech.audio.done', { usage }]),
    );
    expect(row.costUsd).toBeCloseTo((100 * 0.6 + 1_000 * 12) / 1e6, 10);
  });

  test('as bytes states nothing: its price is unknown, and it counts as unpriced', async () => {
    const sound = new TextEncoder().encode('{"usage":{"input_tokens":5,"output_tokens":5}}');
    const reply = replyWith(sound, { headers: { 'content-type': 'audio/mpeg' } });
    const { row, bytes, gateway } = await asked(SPEECH, { model: 'gpt-4o-mini-tts' }, reply);
    expect(bytes).toEqual(sound);
    expect(row).toMatchObject({ operation: 'infer', usageKnown: false, costUsd: null });
    const metrics = await (await gateway.fetch(new Request('http://127.0.0.1:8088/metrics'))).text();
    expect(metrics).toMatch(/^sluice_unpriced_requests_total\{.*model="gpt-4o-mini-tts".*\} 1$/m);
  });
});

test('a ranking costs what its one count costs', async () => {
  const price = { input_per_million: 50, output_per_million: 0 };
  const { row } = await asked(
    '/v1/rerank',
    { model: 'ranker', query: 'x', documents: ['a'] },
    jsonReply({ results: [], usage: { total_tokens: 2_000 } }),
    { costs: { pricing_overrides: { 'openai/ranker': price } } },
  );
  expect(row).toMatchObject({ operation: 'infer', usage: { inputTokens: 2_000 } });
  expect(row.costUsd).toBeCloseTo(0.1, 10);
});

test('decisions are counted, and unpriced: their input has a price of its own, and their output none', async () => {
  const usage = {
    input_tokens: 120,
    input_tokens_details: { cached_tokens: 100 },
    output_tokens: 4,
    total_tokens: 124,
  };
  const { row } = await asked(
    '/v1/decisions',
    { model: 'gpt-6-luna', input: 'x', questions: [] },
    jsonReply({ answers: [], model: 'gpt-6-luna', usage }),
  );
  expect(row).toMatchObject({
    operation: 'infer',
    model: 'gpt-6-luna',
    usage: { inputTokens: 20, cacheReadTokens: 100, outputTokens: 4 },
    costUsd: null,
  });
});

test('what is free, stored or only read counts as before', async () => {
  const usage = { input_tokens: 5, output_tokens: 5 };
  for (const path of [
    '/v1/moderations',
    '/v1/content_provenance_checks',
    '/v1/files',
    '/v1/skills',
    '/v1/batches',
  ]) {
    const { row } = await asked(path, { model: 'omni-moderation-latest' }, jsonReply({ usage }));
    expect(row).toMatchObject({ operation: 'forward', usageKnown: false, costUsd: null });
  }
  const lab = createTestGateway({
    config: { providers: { openai: { api_key: 'sk-proj-lab', max_retries: 0 } } },
    fetch: createReplayFetch(jsonReply({ usage })).fetch,
  });
  await (await lab.gateway.fetch(new Request(`http://127.0.0.1:8088${IMAGES}`))).bytes();
  expect(await lab.row(0)).toMatchObject({ operation: 'forward', usageKnown: false });
});

test('moderations cost nothing at OpenAI; others are unpriced where they state nothing', async () => {
  const reply = jsonReply({ id: 'm', results: [] });
  for (const body of [{ input: 'x' }, { input: 'x', model: 'omni-moderation-2024-09-26' }])
    expect((await asked('/v1/moderations', body, reply)).row).toMatchObject({ operation: 'forward' });
  const more = { providers: { mistral: { api_key: 'k', max_retries: 0 } } };
  const body = { input: 'x', model: 'mistral-moderation-latest' };
  const paths = ['moderations', 'chat/moderations', 'classifications', 'chat/classifications'];
  for (const path of paths) {
    const { row } = await asked(`/v1/${path}`, body, reply, more);
    expect(row).toMatchObject({ operation: 'infer', usageKnown: false, costUsd: null, status: 'success' });
  }
  const usage = { prompt_tokens: 7, total_tokens: 7, completion_tokens: 0 };
  const { row } = await asked('/v1/moderations', body, jsonReply({ results: [], usage }), more);
  expect(row).toMatchObject({ operation: 'infer', usageKnown: true, usage: { inputTokens: 7 } });
});

test('a failure costs nothing and is no unpriced answer', async () => {
  const { row } = await asked(
    IMAGES,
    { model: 'gpt-image-1', prompt: 'x' },
    jsonReply({ error: { message: 'no' }, usage: DRAWN }, { status: 400 }),
  );
  expect(row).toMatchObject({ operation: 'infer', status: 'error', usageKnown: false, costUsd: null });
});

test('images count towards a budget, which then holds back the next', async () => {
  const upstream = createReplayFetch(jsonReply({ data: DATA, usage: DRAWN }));
  const { post, row } = createTestGateway({
    config: {
      providers: { openai: { api_key: 'sk-proj-lab', max_retries: 0 } },
      costs: { budgets: [{ limit_usd: 0.05, per: 'day' }] },
    },
    fetch: upstream.fetch,
  });
  const body = { model: 'gpt-image-1', prompt: 'x' };
  await (await post(IMAGES, body)).bytes();
  await row(0);
  expect((await post(IMAGES, body)).status).toBe(429);
  expect(upstream.requests).toHaveLength(1);
});
