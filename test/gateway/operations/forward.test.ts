// Requests that only a provider itself can answer: forwarded byte for byte, with a row each, and never sent twice.
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ConfigInput } from '../../../src/index.ts';
import { createManualTimers, type ManualTimers } from '../../support/manual-timers.ts';
import { createReplayFetch, type ChooseReply } from '../../support/replay-fetch.ts';
import { jsonReply, replyWith } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { eventually } from '../../support/time-limit.ts';

const ALL = LAB_PROVIDERS;
const JSON_TYPE = { 'content-type': 'application/json' };

interface LabOptions {
  providers?: ConfigInput['providers'];
  more?: Partial<ConfigInput>;
  timers?: ManualTimers;
}

function setup(reply: ChooseReply, { providers = ALL, more, timers }: LabOptions = {}) {
  const upstream = createReplayFetch(reply);
  const config: ConfigInput = { providers, ...more };
  const lab = createTestGateway({ config, fetch: upstream.fetch, ...(timers && { host: timers }) });
  const ask = (method: string, path: string, init: RequestInit = {}) =>
    lab.gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, { method, ...init }));
  const sent = (index = 0) => {
    const request = upstream.requests[index];
    if (request === undefined) throw new Error('nothing was sent');
    return request;
  };
  const toGateway = {
    fetch: (input: Parameters<typeof fetch>[0], init?: RequestInit) =>
      lab.gateway.fetch(new Request(input, init)),
  };
  const openai = new OpenAI({
    baseURL: 'http://127.0.0.1:8088/v1',
    apiKey: 'sluice',
    maxRetries: 0,
    ...toGateway,
  });
  const anthropic = new Anthropic({
    baseURL: 'http://127.0.0.1:8088',
    apiKey: 'sluice',
    maxRetries: 0,
    ...toGateway,
  });
  return { ...lab, upstream, ask, sent, openai, anthropic };
}

const FILE = {
  id: 'file-1',
  object: 'file',
  bytes: 3,
  created_at: 1,
  filename: 'a.txt',
  purpose: 'user_data',
};
const BYTES = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 31) % 256);

describe('the official SDKs', () => {
  test('upload, read and delete files at OpenAI', async () => {
    const lab = setup((request) => {
      if (request.path.endsWith('/content'))
        return replyWith(BYTES, { headers: { 'content-type': 'application/octet-stream' } });
      return jsonReply(request.method === 'DELETE' ? { id: 'file-1', deleted: true, object: 'file' } : FILE);
    });
    const file = await lab.openai.files.create({ file: new File([BYTES], 'a.bin'), purpose: 'user_data' });
    expect(file).toMatchObject(FILE);
    const upload = lab.sent();
    expect(upload.method).toBe('POST');
    expect(upload.path).toBe('/v1/files');
    expect(upload.headers.get('authorization')).toBe('Bearer lab-key-openai');
    const form = await new Response(new Uint8Array(upload.body), {
      headers: { 'content-type': upload.headers.get('content-type') ?? '' },
    }).formData();
    const stored = form.get('file');
    if (!(stored instanceof Blob)) throw new Error('no file came');
    expect(await stored.bytes()).toEqual(BYTES);
    const content = await lab.openai.files.content('file-1');
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(BYTES);
    expect(lab.sent(1)).toMatchObject({ method: 'GET', path: '/v1/files/file-1/content' });
    expect(lab.sent(1).body).toHaveLength(0);
    expect(await lab.openai.files.delete('file-1')).toMatchObject({ deleted: true });
    expect(lab.sent(2).method).toBe('DELETE');
    const row = await lab.row(2);
    expect(lab.rows).toHaveLength(3);
    expect(row).toMatchObject({
      operation: 'forward',
      status: 'success',
      httpStatus: 200,
      provider: 'gpt',
      model: null,
      costUsd: null,
    });
    expect(row.route?.why).toContain('/v1/files/file-1');
    // What is not text stays out of the row.
    expect(lab.rows[0]).toMatchObject({ requestBody: null, responseBody: JSON.stringify(FILE) });
    expect(lab.rows[1]?.responseBody).toBeNull();
  });

  test('draw, speak and listen, with the model of a provider that is named', async () => {
    const image = { created: 1, data: [{ b64_json: 'aGk=' }] };
    const lab = setup(
      (request) =>
        request.path.includes('speech')
          ? replyWith(BYTES, { headers: { 'content-type': 'audio/mpeg' } })
          : jsonReply(request.path.includes('audio') ? { text: 'hi' } : image),
      {
        providers: {
          claude: ALL.claude,
          other: { ...ALL.gpt, base_url: 'http://other.test/v1', api_key: 'lab-key-other' },
          gpt: ALL.gpt,
        },
      },
    );
    expect(await lab.openai.images.generate({ model: 'gpt/gpt-image-1', prompt: 'a cat' })).toMatchObject(
      image,
    );
    expect(lab.sent().json()).toEqual({ model: 'gpt-image-1', prompt: 'a cat' });
    expect(lab.sent().headers.get('authorization')).toBe('Bearer lab-key-openai');
    const speech = await lab.openai.audio.speech.create({ model: 'gpt/tts-1', voice: 'alloy', input: 'hi' });
    expect(new Uint8Array(await speech.arrayBuffer())).toEqual(BYTES);
    const heard = await lab.openai.audio.transcriptions.create({
      file: new File([BYTES], 'a.mp3'),
      model: 'gpt/whisper-1',
    });
    expect(heard.text).toBe('hi');
    const form = await new Response(new Uint8Array(lab.sent(2).body), {
      headers: { 'content-type': lab.sent(2).headers.get('content-type') ?? '' },
    }).formData();
    expect(form.get('model')).toBe('whisper-1');
    const file = form.get('file');
    if (!(file instanceof Blob)) throw new Error('no file came');
    expect(await file.bytes()).toEqual(BYTES);
    const row = await lab.row(2);
    expect(row).toMatchObject({ requestedModel: 'gpt/whisper-1', model: 'whisper-1', provider: 'gpt' });
    expect(lab.rows[0]?.requestBody).toContain('a cat');
  });

  test('send batches and files to Anthropic', async () => {
    const batch = { id: 'msgbatch_1', type: 'message_batch', processing_status: 'in_progress' };
    const lab = setup((request) =>
      jsonReply(request.path.includes('batches') ? batch : { id: 'file_1', type: 'file' }),
    );
    const created = await lab.anthropic.messages.batches.create({
      requests: [
        {
          custom_id: 'a',
          params: { model: 'claude-opus-4-8', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
        },
      ],
    });
    expect(created).toMatchObject(batch);
    expect(lab.sent().path).toBe('/v1/messages/batches');
    expect(lab.sent().headers.get('x-api-key')).toBe('lab-key-anthropic');
    await lab.anthropic.beta.files.upload({ file: new File([BYTES], 'a.bin') });
    expect(lab.sent(1).path.startsWith('/v1/files')).toBe(true);
    expect(lab.sent(1).headers.get('x-api-key')).toBe('lab-key-anthropic');
  });

  test('read the results of Anthropic’s batches through the gateway, whose address they would leave for the one that a batch names', async () => {
    const path = '/v1/messages/batches/msgbatch_1';
    const batch = { id: 'msgbatch_1', results_url: `https://api.anthropic.com${path}/results`, type: 'é' };
    const line = { custom_id: 'a', result: { type: 'canceled', results_url: batch.results_url } };
    const lab = setup((request) => {
      if (request.path === `${path}/results`)
        return replyWith(`${JSON.stringify(line)}\n`, { headers: { 'content-type': 'application/x-jsonl' } });
      const list = { data: [{ ...batch, results_url: null }, batch], has_more: false };
      return jsonReply(request.path === path ? batch : list);
    });
    const results: unknown[] = [];
    for await (const result of await lab.anthropic.messages.batches.results('msgbatch_1'))
      results.push(result);
    // What a batch's models have said is theirs.
    expect(results).toEqual([line]);
    expect(lab.sent(1).path).toBe(`${path}/results`);
    expect(lab.sent(1).headers.get('x-api-key')).toBe('lab-key-anthropic');
    expect((await lab.row(0)).responseBody).toContain(`"results_url":"${path}/results"`);
    const { data } = await lab.anthropic.messages.batches.list();
    expect<unknown>(data).toEqual([
      { ...batch, results_url: null },
      { ...batch, results_url: `${path}/results` },
    ]);
  });

  test('get stored answers from a provider that speaks Responses', async () => {
    const answer = { id: 'resp_1', object: 'response', status: 'completed', output: [] };
    const lab = setup(jsonReply(answer));
    expect(await lab.openai.responses.retrieve('resp_1')).toMatchObject(answer);
    expect(lab.sent()).toMatchObject({ method: 'GET', path: '/v1/responses/resp_1' });
    expect(lab.sent().headers.get('authorization')).toBe('Bearer lab-key-responses');
  });
});

describe('which provider', () => {
  const names = async (lab: ReturnType<typeof setup>) => (await lab.row(0)).provider;

  test('the header’s, else the default one where it may have the path, else the first that may', async () => {
    const providers = {
      claude: ALL.claude,
      gpt: ALL.gpt,
      second: { ...ALL.gpt, base_url: 'http://second.test/v1' },
    };
    const forced = setup(jsonReply({}), { providers });
    await (await forced.ask('GET', '/v1/batches', { headers: { 'x-sluice-target': 'second' } })).text();
    expect(await names(forced)).toBe('second');
    expect(forced.sent().headers.get('x-sluice-target')).toBeNull();
    const usual = setup(jsonReply({}), { providers, more: { routing: { default_provider: 'second' } } });
    await (await usual.ask('GET', '/v1/batches')).text();
    expect(await names(usual)).toBe('second');
    const first = setup(jsonReply({}), { providers, more: { routing: { default_provider: 'claude' } } });
    await (await first.ask('GET', '/v1/batches')).text();
    expect(await names(first)).toBe('gpt');
  });

  test('before the default one, one that knows the model', async () => {
    const second = { ...ALL.gpt, base_url: 'http://second.test/v1', models: { draw: 'image-2' } };
    const lab = setup(jsonReply({}), {
      providers: { gpt: ALL.gpt, second },
      more: { routing: { default_provider: 'gpt' } },
    });
    const body = JSON.stringify({ model: 'draw', prompt: 'a cat' });
    await (await lab.ask('POST', '/v1/images/generations', { headers: JSON_TYPE, body })).text();
    expect(await lab.row(0)).toMatchObject({
      ...{ provider: 'second', model: 'image-2' },
      route: { rule: 'the provider that knows the model' },
    });
  });

  test('the header’s model, or an alias of its provider, takes the place of the body’s', async () => {
    const gpt = { ...ALL.gpt, models: { draw: 'gpt-image-2' } };
    for (const [target, model] of [
      ['gpt', 'gpt-image-1'],
      ['gpt/draw', 'gpt-image-2'],
      ['gpt/other', 'other'],
    ]) {
      const lab = setup(jsonReply({}), { providers: { gpt } });
      const headers = { 'content-type': 'application/json', 'x-sluice-target': String(target) };
      const body = JSON.stringify({ model: 'gpt-image-1', prompt: 'a cat' });
      await (await lab.ask('POST', '/v1/images/generations', { headers, body })).text();
      expect(lab.sent().json()).toEqual({ model, prompt: 'a cat' });
      expect(await lab.row(0)).toMatchObject({ requestedModel: 'gpt-image-1', model });
    }
  });

  test.each(['/v1beta/cachedContents', '/v1beta/decisions'])(
    'a model of Google’s in its full form keeps it: %s',
    async (path) => {
      const lab = setup(jsonReply({}));
      const names = ['models/gemini-x', 'models/gemini/gemini-x', 'gemini/gemini-x'];
      for (const [index, model] of names.entries()) {
        await (
          await lab.ask('POST', path, { body: JSON.stringify({ model, ttl: '60s' }), headers: JSON_TYPE })
        ).text();
        const own = model.startsWith('models/') ? 'models/gemini-x' : 'gemini-x';
        expect(lab.sent(index).json()).toEqual({ model: own, ttl: '60s' });
        expect((await lab.row(index)).model).toBe('gemini-x');
      }
    },
  );

  test('a mapping’s, of one that may have the path; those with a pattern are not for what is forwarded', async () => {
    const providers = {
      gpt: ALL.gpt,
      claude: ALL.claude,
      other: { ...ALL.gpt, base_url: 'http://other.test/v1', api_key: 'k' },
    };
    const routing = {
      model_mappings: [
        { from: 'gpt-*', to: 'other/writes' },
        { from: 'draw', to: ['claude/claude-x', 'other/image-2'] },
      ],
    };
    const lab = setup(jsonReply({ created: 1, data: [] }), { providers, more: { routing } });
    await lab.openai.images.generate({ model: 'draw', prompt: 'a cat' });
    await lab.openai.images.generate({ model: 'gpt-image-1', prompt: 'a cat' });
    expect(lab.upstream.requests.map((request) => request.json())).toMatchObject([
      { model: 'image-2' },
      { model: 'gpt-image-1' },
    ]);
    expect(await lab.row(0)).toMatchObject({
      provider: 'other',
      route: { kind: 'model-mapping', rule: expect.stringContaining('model_mappings[1]') },
    });
    expect(await lab.row(1)).toMatchObject({ provider: 'gpt' });
  });

  test('none that has another dialect, or is kept out by its configuration', async () => {
    const lab = setup(jsonReply({}), {
      providers: { claude: ALL.claude, gpt: { ...ALL.gpt, forward_other_paths: false } },
    });
    const response = await lab.ask('GET', '/v1/files');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('no files are stored here');
    const named = setup(jsonReply({}));
    const refused = await named.ask('GET', '/v1/files', { headers: { 'x-sluice-target': 'claude' } });
    expect(refused.status).toBe(400);
    const { error } = JSON.parse(await refused.text()) as { error: { message: string } };
    expect(error.message).toBe(
      '/v1/files: claude does not have this path among those that are forwarded to it; ask gpt or responses, in the header x-sluice-target',
    );
    expect((await named.row(0)).errorCode).toBe('unsupported_feature');
    const unknown = await named.ask('GET', '/v1/files', { headers: { 'x-sluice-target': 'nowhere' } });
    expect(unknown.status).toBe(404);
    expect(named.upstream.requests).toHaveLength(0);
  });
});

describe('the request', () => {
  test('keeps its query and its headers, without the gateway’s keys', async () => {
    const lab = setup(jsonReply({}), { more: { server: { keys: ['gateway-key'] } } });
    const headers = { 'x-sluice-key': 'gateway-key', 'x-custom': '1', accept: 'application/x-ndjson' };
    await lab.ask('GET', '/v1/files?limit=2&after=a%20b', { headers });
    expect(lab.sent().path).toBe('/v1/files?limit=2&after=a%20b');
    expect(lab.sent().headers.get('x-custom')).toBe('1');
    expect(lab.sent().headers.get('accept')).toBe('application/x-ndjson');
    expect(lab.sent().headers.has('content-type')).toBe(false);
    expect(lab.sent().headers.has('x-sluice-key')).toBe(false);
    const stranger = await lab.ask('GET', '/v1/files');
    expect(stranger.status).toBe(401);
  });

  test('has Gemini’s key in a header instead of its query', async () => {
    const lab = setup(jsonReply({ files: [] }));
    await lab.ask('GET', '/v1beta/files?key=sluice&pageSize=3');
    expect(lab.sent().path).toBe('/v1beta/files?pageSize=3');
    expect(lab.sent().headers.get('x-goog-api-key')).toBe('lab-key-gemini');
    await lab.ask('POST', '/upload/v1beta/files', {
      headers: { 'x-goog-upload-protocol': 'resumable' },
      body: '{}',
    });
    expect(lab.sent(1).path).toBe('/upload/v1beta/files');
    expect(lab.sent(1).headers.get('x-goog-upload-protocol')).toBe('resumable');
  });

  test('at a path that vendors share belongs to the one whose headers it has', async () => {
    const lab = setup(jsonReply({}));
    const by = async (headers: Record<string, string>, path = '/v1/files') => {
      await (await lab.ask('GET', path, { headers })).text();
      return (await lab.row(lab.rows.length)).provider;
    };
    expect(await by({ 'x-goog-api-client': 'google-genai-sdk/3' })).toBe('gemini');
    expect(await by({ 'x-goog-api-key': 'sluice' }, '/v1/batches')).toBe('gemini');
    expect(await by({ 'anthropic-version': '2023-06-01' })).toBe('claude');
    expect(await by({})).toBe('gpt');
    expect(await by({}, '/v1/cachedContents')).toBe('gemini');
    expect(await by({}, '/upload/v1/files')).toBe('gemini');
    for (const path of ['/v1/skills', '/v1/agents/a_1/sessions']) {
      expect(await by({}, path)).toBe('gpt');
      expect(await by({ 'anthropic-version': '2023-06-01' }, path)).toBe('claude');
    }
    expect(await by({ 'x-goog-api-key': 'sluice' }, '/v1/agents')).toBe('gemini');
    expect(await by({ 'x-goog-api-key': 'sluice' }, '/v1/decisions')).toBe('gemini');
    expect(await by({ 'anthropic-version': '2023-06-01' }, '/v1/memory_stores/m_1/memories')).toBe('claude');
  });

  test('does not lead out of the paths that are forwarded', async () => {
    const lab = setup(jsonReply({}));
    for (const path of [
      '..%2Forganization',
      '%2e%2e%2Forganization',
      'x%2F..%2F..%2Forganization',
      '..%5Corganization',
      '../organization',
      '..;/organization',
      '..;x=1/..;/organization',
      '..%3B/organization',
      '%252e%252e%252Forganization',
      '..%25252Forganization',
    ])
      expect((await lab.ask('GET', `/v1/files/${path}`)).status, path).toBe(404);
    expect(lab.upstream.requests).toHaveLength(0);
    for (const path of ['a..b', 'a%252F', '..a', 'a;b'])
      expect((await lab.ask('GET', `/v1/files/${path}`)).status, path).toBe(200);
  });

  test('has the client’s own key where it sends one', async () => {
    const lab = setup(jsonReply({}));
    await (await lab.ask('GET', '/v1/files', { headers: { authorization: 'Bearer my-own-key' } })).text();
    expect(lab.sent().headers.get('authorization')).toBe('Bearer my-own-key');
    expect(JSON.stringify(await lab.row(0))).not.toContain('my-own-key');
  });

  test('may not be larger than server.max_body, unless it is an upload', async () => {
    const lab = setup(jsonReply({}), { more: { server: { max_body: '1KB' } } });
    const uploaded = await lab.ask('POST', '/v1/files', {
      body: BYTES,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(uploaded.status).toBe(200);
    expect(new Uint8Array(lab.sent().body)).toEqual(BYTES);
    const response = await lab.ask('POST', '/v1/audio/transcriptions', {
      body: BYTES,
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(response.status).toBe(413);
    expect(lab.upstream.requests).toHaveLength(1);
  });

  test('is not sent again, whatever fails', async () => {
    const error = { error: { message: 'overloaded', type: 'server_error' } };
    const lab = setup(jsonReply(error, { status: 503 }), {
      providers: { gpt: { ...ALL.gpt, max_retries: 5 }, claude: ALL.claude },
    });
    const response = await lab.ask('POST', '/v1/images/generations', {
      body: '{}',
      headers: JSON_TYPE,
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual(error);
    expect(lab.upstream.requests).toHaveLength(1);
    expect(await lab.row(0)).toMatchObject({ status: 'error', httpStatus: 503 });
  });
});

describe('the answer', () => {
  test('passes with its status and its headers', async () => {
    const lab = setup(
      jsonReply(
        { id: 'x' },
        { status: 201, headers: { 'x-goog-upload-url': 'https://up.test/1', 'openai-version': '1' } },
      ),
    );
    const response = await lab.ask('POST', '/v1/uploads', {
      body: '{}',
      headers: JSON_TYPE,
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-goog-upload-url')).toBe('https://up.test/1');
    expect(response.headers.get('openai-version')).toBe('1');
    expect(response.headers.get('x-sluice-provider')).toBe('gpt');
    expect(response.headers.has('x-sluice-model')).toBe(false);
    expect(await response.text()).toBe('{"id":"x"}');
  });

  test('that is a stream passes event by event', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const pieces = [
      'data: {"type":"image_generation.partial_image"}\n\n',
      'data: {"type":"image_generation.completed"}\n\n',
    ];
    const lab = setup(
      replyWith(
        pieces.map((piece) => new TextEncoder().encode(piece)),
        { before: (index) => gates[index]?.promise },
      ),
    );
    gates[0]?.resolve();
    const response = await lab.ask('POST', '/v1/images/generations', {
      body: '{"stream":true}',
      headers: JSON_TYPE,
    });
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const reader = response.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await read()).toBe(pieces[0] ?? '');
    gates[1]?.resolve();
    expect(await read()).toBe(pieces[1] ?? '');
    expect((await reader?.read())?.done).toBe(true);
    expect(await lab.row(0)).toMatchObject({
      status: 'success',
      streamed: true,
      responseBody: pieces.join(''),
    });
  });

  test('without a body has none', async () => {
    const lab = setup(replyWith('', { status: 204, headers: {} }));
    const response = await lab.ask('DELETE', '/v1/files/file-1');
    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
    expect((await lab.row(0)).status).toBe('success');
  });

  test('that nothing has changed is no failure', async () => {
    const lab = setup(replyWith('', { status: 304, headers: { etag: '"1"' } }));
    const headers = { 'if-none-match': '"1"' };
    const response = await lab.ask('GET', '/v1/files/file-1/content', { headers });
    expect(lab.sent().headers.get('if-none-match')).toBe('"1"');
    expect(response.status).toBe(304);
    expect(response.headers.get('etag')).toBe('"1"');
    expect(await response.text()).toBe('');
    expect(await lab.row(0)).toMatchObject({ status: 'success', httpStatus: 304, errorCode: null });
  });

  test('that leads to another server is for the client to follow, and to no other is a failure', async () => {
    let place = 'https://files.test/signed?x-signature=abc';
    const lab = setup(() =>
      replyWith('', { status: 302, headers: { location: place, 'x-file-id': 'file-1' } }),
    );
    const ask = () => lab.ask('POST', '/v1/files', { body: '{}', headers: JSON_TYPE });
    const passed = await ask();
    expect(passed.status).toBe(302);
    expect(passed.headers.get('location')).toBe(place);
    expect(passed.headers.get('x-file-id')).toBe('file-1');
    expect(await passed.text()).toBe('');
    expect(lab.upstream.requests).toHaveLength(1);
    expect(await lab.row(0)).toMatchObject({ status: 'success', httpStatus: 302 });
    for (place of [
      '/v1/files/',
      ALL.gpt.base_url.replace('http:', 'https:'),
      'https://files.test/?key=lab-key-openai',
      'http://[',
    ]) {
      const refused = await ask();
      expect([place, refused.status]).toEqual([place, 502]);
      expect(await refused.text()).not.toContain('lab-key');
    }
  });

  test("that leads to another of Gemini's files leads there through the gateway", async () => {
    const bytes = '/download/v1beta/files/v1:download?alt=media';
    let place = `http://google.test/proxy${bytes}`;
    const lab = setup(
      ({ path }) =>
        path.startsWith('/proxy/download/')
          ? replyWith(BYTES, { headers: { 'content-type': 'video/mp4' } })
          : replyWith('', { status: 302, headers: { location: place } }),
      { providers: { gemini: { base_url: 'http://google.test/proxy', api_key: 'lab-key-gemini' } } },
    );
    const ask = () => lab.ask('GET', '/v1beta/files/v1:download?alt=media');
    const led = await ask();
    expect([led.status, led.headers.get('location')]).toEqual([302, bytes]);
    const video = await lab.ask('GET', bytes);
    expect(await video.bytes()).toEqual(BYTES);
    expect(lab.sent(1).headers.get('x-goog-api-key')).toBe('lab-key-gemini');
    for (place of [
      'http://google.test/elsewhere/v1beta/files/v1',
      'http://google.test/proxy/login',
      `http://google.test/proxy${bytes}&key=lab-key-gemini`,
      `https://google.test/proxy${bytes}`,
    ])
      expect([place, (await ask()).status]).toEqual([place, 502]);
  });

  test("that leads to another of Gemini's files keeps the key that the client has in the query", async () => {
    const lab = setup(
      ({ path }) =>
        path.startsWith('/download/')
          ? replyWith(BYTES, { headers: { 'content-type': 'video/mp4' } })
          : replyWith('', {
              status: 302,
              headers: { location: '/download/v1beta/files/v1:download?alt=media' },
            }),
      {
        providers: { gemini: { base_url: 'http://google.test', api_key: 'lab-key-gemini' } },
        more: { server: { keys: ['gate key'] } },
      },
    );
    const led = await lab.ask('GET', '/v1beta/files/v1:download?alt=media&key=gate%20key');
    const place = led.headers.get('location') ?? '';
    expect(place).toBe('/download/v1beta/files/v1:download?alt=media&key=gate%20key');
    const video = await lab.ask('GET', place);
    expect(await video.bytes()).toEqual(BYTES);
    expect(lab.upstream.requests.map(({ path }) => path).join()).not.toContain('gate');
  });

  test('that breaks off is not passed off as whole', async () => {
    const lab = setup(
      replyWith(BYTES, { headers: { 'content-type': 'audio/mpeg' }, fault: { kind: 'reset', after: 1_000 } }),
    );
    const response = await lab.ask('GET', '/v1/files/file-1/content');
    await expect(response.bytes()).rejects.toThrow('broke off');
    expect(await lab.row(0)).toMatchObject({
      status: 'truncated',
      errorCode: 'upstream_truncated',
      provider: 'gpt',
    });
  });

  test('that the client leaves is cancelled', async () => {
    const lab = setup(
      replyWith([BYTES, BYTES], {
        headers: { 'content-type': 'audio/mpeg' },
        before: (index) => (index === 0 ? undefined : new Promise(() => {})),
      }),
    );
    const leaving = new AbortController();
    const response = await lab.ask('GET', '/v1/files/file-1/content', { signal: leaving.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(await lab.sent().ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
    expect(lab.gateway.activeStreams()).toBe(0);
  });

  test('whose client leaves before it begins is cancelled', async () => {
    const lab = setup(replyWith('', { fault: { kind: 'hang-before-headers' } }));
    const leaving = new AbortController();
    const asked = lab.ask('GET', '/v1/batches', { signal: leaving.signal });
    await eventually(() => lab.upstream.requests.length > 0);
    leaving.abort();
    expect((await asked).status).toBe(499);
    expect(await lab.sent().ended).toBe('left');
    expect((await lab.row(0)).status).toBe('aborted');
  });

  test('is shown while it comes, by what was asked for', async () => {
    const lab = setup(
      replyWith([BYTES, BYTES], {
        headers: { 'content-type': 'audio/mpeg' },
        before: (index) => (index === 0 ? undefined : new Promise(() => {})),
      }),
    );
    const frames: string[] = [];
    const unfollow = lab.gateway.followLive((frame) => void frames.push(new TextDecoder().decode(frame)));
    const response = await lab.ask('GET', '/v1/files/file-1/content');
    const [running] = await lab.gateway.running.list();
    expect(running).toMatchObject({ provider: 'gpt', model: null, state: 'answering' });
    await response.body?.cancel();
    await lab.row(0);
    unfollow();
    expect(frames[0]).toContain('"type":"started"');
    expect(frames[0]).toContain('"model":"files/file-1/content","provider":"gpt"');
    expect(frames.join('')).toContain('"status":"aborted"');
  });

  test('can be cut by the operator', async () => {
    const lab = setup(
      replyWith([BYTES, BYTES], {
        headers: { 'content-type': 'audio/mpeg' },
        before: (index) => (index === 0 ? undefined : new Promise(() => {})),
      }),
    );
    const response = await lab.ask('GET', '/v1/files/file-1/content');
    const read = response.bytes();
    lab.gateway.cutRunning();
    await expect(read).rejects.toThrow('shut down');
    expect(await lab.sent().ended).toBe('left');
    expect((await lab.row(0)).errorCode).toBe('shutting_down');
  });
});

test('a stored page that a browser shows is none of the gateway’s own: its scripts do not run', async () => {
  const page = { headers: { 'content-type': 'text/html', 'content-security-policy': 'default-src *' } };
  const lab = setup(replyWith('<script>fetch("/gateway/audit")</script>', page));
  const policyFor = async (headers: Record<string, string>) =>
    (await lab.ask('GET', '/v1/files/file-1/content', { headers })).headers.get('content-security-policy');
  expect(await policyFor({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' })).toBe('sandbox');
  expect(await policyFor({ accept: '*/*' })).toBe('default-src *');
});

describe('a project’s key', () => {
  const more = { server: { keys: ['operator'], project_keys: { web: ['web-key'] } } };
  const withKey = (key: string, own: Record<string, string> = {}) => ({
    headers: { 'x-sluice-key': key, ...own },
  });

  test('does not open what all projects have stored with the gateway’s key', async () => {
    const lab = setup(jsonReply({}), { more });
    for (const path of [
      '/v1/files',
      '/v1/responses/resp_1',
      '/v1/messages/batches',
      '/v1beta/cachedContents',
      '/v1/audio/voices',
      '/v1/skills',
      '/v1/agents/a_1/sessions',
      '/v1beta/agents',
      '/v1/audio/voice_consents/cons_1',
      '/v1/threads/thread_1/runs',
      '/v1/vaults',
      '/v1/webhook_endpoints',
      '/v1/chat/completions',
      '/v1beta/credentials',
      // Whatever a vendor may keep below a path at which others only make something.
      '/v1/images/kept_1',
    ]) {
      const refused = await lab.ask('GET', path, withKey('web-key'));
      expect(refused.status, path).toBe(403);
      expect(await refused.text()).toContain('x-sluice-key');
    }
    for (const [method, path] of [
      ['DELETE', '/v1/audio/voices/voice_1'],
      ['POST', '/v1/audio/voices'],
      ['POST', '/v1/audio/voice_consents/cons_1'],
    ] as const) {
      const refused = await lab.ask(method, path, withKey('web-key'));
      expect([method, path, refused.status]).toEqual([method, path, 403]);
    }
    expect(lab.upstream.requests).toHaveLength(0);
    expect((await lab.ask('GET', '/v1/files', withKey('operator'))).status).toBe(200);
    const own = await lab.ask('GET', '/v1/files', withKey('web-key', { authorization: 'Bearer my-own-key' }));
    expect(own.status).toBe(200);
    expect(lab.sent(1).headers.get('authorization')).toBe('Bearer my-own-key');
  });

  test('opens nothing with a key that goes nowhere: the configuration has another credential in its place', async () => {
    const headers = { Authorization: 'Basic bGFiOmxhYi1wYXNzd29yZA==' };
    const providers = { claude: { ...ALL.claude, headers }, gpt: { ...ALL.gpt, headers } };
    const lab = setup(jsonReply({}), { providers, more });
    const invented = { authorization: 'Bearer invented', 'openai-organization': 'org-other' };
    expect((await lab.ask('GET', '/v1/files', withKey('web-key', invented))).status).toBe(403);
    const asked = withKey('web-key', { ...JSON_TYPE, ...invented });
    const made = await lab.ask('POST', '/v1/images/generations', { ...asked, body: '{}' });
    await made.text();
    expect(lab.sent(0).headers.get('authorization')).toBe(headers.Authorization);
    expect(lab.sent(0).headers.get('openai-organization')).toBeNull();
    // Beside such a credential, of a proxy before the provider, a key in another header arrives.
    const beside = { 'anthropic-version': '2023-06-01', 'x-api-key': 'my-own-key' };
    expect((await lab.ask('GET', '/v1/files', withKey('web-key', beside))).status).toBe(200);
    expect(lab.sent(1).headers.get('x-api-key')).toBe('my-own-key');
  });

  test('opens nothing with a Bearer beside the credential that is configured where the dialect has its key', async () => {
    const claude = { ...ALL.claude, headers: { 'x-api-key': 'sk-ant-configured' } };
    const lab = setup(jsonReply({}), { providers: { claude }, more });
    const invented = { 'anthropic-version': '2023-06-01', authorization: 'Bearer invented' };
    expect((await lab.ask('GET', '/v1/files', withKey('web-key', invented))).status).toBe(403);
    const asked = withKey('web-key', { ...JSON_TYPE, ...invented });
    const body = JSON.stringify({ model: 'claude/m', messages: [{ role: 'user', content: 'hi' }] });
    await (await lab.ask('POST', '/v1/messages/count_tokens', { ...asked, body })).text();
    expect(lab.sent(0).headers.get('x-api-key')).toBe('sk-ant-configured');
    expect(lab.sent(0).headers.get('authorization')).toBeNull();
  });

  test('may have images made', async () => {
    const lab = setup(jsonReply({}), { more });
    const { headers } = withKey('web-key', JSON_TYPE);
    const made = await lab.ask('POST', '/v1/images/generations', { body: '{}', headers });
    expect(made.status).toBe(200);
    await made.text();
    expect((await lab.row(0)).projectId).toBe('web');
  });
});

describe('what leads past the gateway', () => {
  const PATHS = [
    '/v1/realtime/client_secrets',
    '/v1/realtime/translations/client_secrets',
    '/v1/realtime/calls',
    '/v1/live/sessions',
    '/v1/live/sessions/live_1/accept',
    '/v1/chatkit/sessions',
    '/v1alpha/auth_tokens',
  ];

  test('is not opened with the gateway’s key, whoever asks', async () => {
    const lab = setup(jsonReply({ value: 'ek_lab' }));
    for (const path of PATHS) {
      const refused = await lab.ask('POST', path, { body: '{}', headers: JSON_TYPE });
      expect([path, refused.status]).toEqual([path, 403]);
      expect(await refused.text()).toContain('send a key of your own');
    }
    expect(lab.upstream.requests).toHaveLength(0);
  });

  test('is with the client’s own, which alone pays for it, and leaves no secret in the row', async () => {
    const lab = setup(jsonReply({ value: 'ek_lab' }));
    for (const [at, path] of PATHS.entries()) {
      const key = path.includes('auth_tokens')
        ? { 'x-goog-api-key': 'mine' }
        : { authorization: 'Bearer mine' };
      const opened = await lab.ask('POST', path, { body: '{"a":1}', headers: { ...JSON_TYPE, ...key } });
      expect(await opened.json()).toEqual({ value: 'ek_lab' });
      expect(lab.sent(at)).toMatchObject({ method: 'POST', path });
      const sent = lab.sent(at).headers;
      expect([sent.get('authorization') ?? sent.get('x-goog-api-key')]).toEqual([
        Object.values(key)[0] ?? '',
      ]);
      expect(await lab.row(at)).toMatchObject({
        operation: 'forward',
        requestBody: null,
        responseBody: null,
      });
    }
  });
});

test.each([
  ['/v1/vaults/v_1/credentials', {}],
  ['/v1/webhook_endpoints/we_1/rotate_secret', {}],
  ['/v1/vaults/v_1/credentials', { 'anthropic-version': '2023-06-01' }],
  ['/v1/tunnels/t_1/reveal_token', { 'anthropic-version': '2023-06-01' }],
  ['/v1/user_profiles/u_1/action_urls', { 'anthropic-version': '2023-06-01' }],
  ['/v1/environments/e_1/work/poll', { 'anthropic-version': '2023-06-01' }],
  ['/v1beta/webhooks/w_1:rotateSigningSecret', {}],
  ['/v1beta/credentials', {}],
])('the secrets that pass by POST %s are in no row', async (path, header) => {
  const lab = setup(jsonReply({ token: 'answered' }));
  const asked = { body: '{"token":"sent"}', headers: { ...JSON_TYPE, ...header } };
  expect(await (await lab.ask('POST', path, asked)).json()).toEqual({ token: 'answered' });
  expect(lab.sent().json()).toEqual({ token: 'sent' });
  expect(await lab.row(0)).toMatchObject({ requestBody: null, responseBody: null, status: 'success' });
});

test('a trained model is deleted at the provider that its name has in front', async () => {
  const lab = setup(jsonReply({ id: 'ft:a:b::c', deleted: true }));
  expect(await lab.openai.models.delete('gpt/ft:a:b::c')).toMatchObject({ deleted: true });
  expect(lab.sent()).toMatchObject({ method: 'DELETE', path: '/v1/models/ft%3Aa%3Ab%3A%3Ac' });
  expect(await lab.row(0)).toMatchObject({ provider: 'gpt', model: 'ft:a:b::c', operation: 'forward' });
});

test('a forwarded request counts towards rate limits, and one that is reached holds it back', async () => {
  const rate_limits = [{ requests: 1, per: 'day' as const }, { concurrent: 1 }];
  const lab = setup(jsonReply({ data: [] }), { more: { rate_limits } });
  const draw = async () => {
    const answer = await lab.ask('POST', '/v1/images/generations', { body: '{}', headers: JSON_TYPE });
    await answer.text();
    return answer.status;
  };
  expect(await draw()).toBe(200);
  expect((await lab.gateway.rateLimits()).map(({ used }) => used)).toEqual([1, 0]);
  expect(await draw()).toBe(429);
  expect((await lab.row(1)).errorCode).toBe('rate_limited');
  expect(lab.upstream.requests).toHaveLength(1);
});

test('a used-up budget holds it back', async () => {
  const answer = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1_000_000, completion_tokens: 1, total_tokens: 1_000_001 },
  };
  const costs = {
    pricing_overrides: { 'gpt/*': { input_per_million: 10, output_per_million: 10 } },
    budgets: [{ limit_usd: 1, per: 'day' as const }],
  };
  const lab = setup(jsonReply(answer), { more: { costs, routing: { default_provider: 'gpt' } } });
  const chat = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
  expect((await lab.post('/v1/chat/completions', chat)).status).toBe(200);
  const refused = await lab.ask('POST', '/v1/images/generations', { body: '{}', headers: JSON_TYPE });
  expect(refused.status).toBe(429);
  expect((await lab.row(1)).errorCode).toBe('budget_exceeded');
  expect(lab.upstream.requests).toHaveLength(1);
});

test('an upload that comes slowly does not make its provider slow, which would lower its limit of concurrency', async () => {
  let time = 0;
  const lab = createTestGateway({
    config: {
      providers: { gpt: { ...ALL.gpt, concurrency: { max: 4, min: 1 } } },
    },
    async fetch(_, { body }) {
      await new Response(body).bytes();
      time += 10;
      return Response.json(FILE);
    },
    host: { monotonic: () => time },
  });
  /** Two at once. */
  const round = async (body: () => BodyInit) => {
    const post = () =>
      lab.gateway.fetch(
        new Request('http://127.0.0.1:8088/v1/files', {
          method: 'POST',
          body: body(),
          headers: { 'content-type': 'application/octet-stream' },
          duplex: 'half',
        } as RequestInit),
      );
    for (const answered of [post(), post()]) expect(await (await answered).json()).toEqual(FILE);
  };
  const limit = async () => {
    const health = await lab.gateway.fetch(new Request('http://127.0.0.1:8088/gateway/providers'));
    const { providers } = (await health.json()) as { providers: { concurrency_limit: number | null }[] };
    return providers[0]?.concurrency_limit;
  };
  for (let count = 0; count < 20; count++) await round(() => BYTES);
  await round(() => {
    let pieces = 0;
    return new ReadableStream({
      pull(controller) {
        time += 60_000;
        controller.enqueue(new Uint8Array(512 * 1024));
        pieces++;
        if (pieces === 5) controller.close();
      },
    });
  });
  expect(await limit()).toBe(4);
});

describe('an answer that takes its time', () => {
  const PIECES = ['one,', 'two'].map((text) => new TextEncoder().encode(text));

  /** A file of two pieces, of which the first is read. */
  async function begin(before: (index: number) => Promise<void> | void) {
    const timers = createManualTimers();
    const openai = { ...ALL.gpt, timeouts: { idle: '5s' } };
    const reply = replyWith(PIECES, { before, headers: { 'content-type': 'application/octet-stream' } });
    const lab = setup(reply, { providers: { gpt: openai }, timers });
    const response = await lab.ask('GET', '/v1/files/file-1/content');
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toBe('one,');
    return { lab, timers, reader, next };
  }

  test('is not timed out while its client does not read, whose time it is', async () => {
    const { lab, timers, reader, next } = await begin(() => {});
    await timers.advance(60_000);
    expect(await next()).toBe('two');
    expect((await reader.read()).done).toBe(true);
    const { status, timing } = await lab.row(0);
    expect(status).toBe('success');
    expect(timing).toMatchObject({ clientMs: 60_000, providerMs: 0, gatewayMs: 0 });
  });

  test('is timed out where the provider is silent', async () => {
    const { lab, timers, next } = await begin((index) =>
      index === 0 ? undefined : new Promise<void>(() => {}),
    );
    const failed = next().catch((error: unknown) => error);
    await timers.advance(5_000);
    expect(String(await failed)).toContain('(timeouts.idle)');
    expect(await lab.row(0)).toMatchObject({ status: 'error', errorCode: 'upstream_timeout' });
  });
});
