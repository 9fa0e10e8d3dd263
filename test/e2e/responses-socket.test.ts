// Responses over a WebSocket: the official SDK and bare sockets, against a gateway of its own and recorded upstreams.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { type JsonObject, parseObject } from '../../src/model/json/json.ts';
import { labConfig } from '../support/lab-config.ts';
import { recordedStreams } from '../support/client-requests.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { readEvents } from '../support/read-events.ts';
import { recordings } from '../support/recordings.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, replyOf, replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { AT_EACH_EVENT } from '../support/splits.ts';
import { LAST, maskedText, TestSocket } from '../support/test-socket.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

interface Row {
  status: string;
  operation: string;
  http_status: number;
  client_dialect: string;
  streamed: boolean;
  error_code: string | null;
}

const idOf = ({ response }: JsonObject) => String((response as JsonObject | undefined)?.id);
const ANSWER = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi') + MESSAGE.end);
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const AT_RESPONSES = { 'x-sluice-target': 'lab-responses/m' };
const AT_MESSAGES = { 'x-sluice-target': 'lab-messages/m' };

function configOf(url: string) {
  return {
    providers: {
      'lab-responses': { dialect: 'openai-responses', base_url: `${url}/v1`, api_key: 'k' },
      'lab-messages': { dialect: 'anthropic-messages', base_url: url, api_key: 'k' },
    },
    routing: { default_provider: 'lab-messages' },
  } as const;
}

describe('Responses over a WebSocket', () => {
  let upstream: ReplayUpstream;
  let sluice: SluiceProcess;
  let rowsBefore = 0;
  beforeAll(async () => {
    upstream = await startReplayUpstream(replyWith(ANSWER));
    sluice = await startSluice({ config: configOf(upstream.url) });
  });
  afterAll(async () => {
    await sluice[Symbol.asyncDispose]();
    await upstream.stop();
  });

  const rows = async (count: number): Promise<Row[]> => {
    for (;;) {
      const audit = await sluice.get<{ total: number; entries: Row[] }>('/gateway/audit?limit=1000');
      if (audit.total >= rowsBefore + count) return audit.entries.slice(0, audit.total - rowsBefore);
      await Bun.sleep(10);
    }
  };
  beforeEach(async () => {
    rowsBefore = (await sluice.get<{ total: number }>('/gateway/audit?limit=1')).total;
  });
  /** The body of the latest request to the provider. */
  const sent = () => upstream.requests.at(-1)?.json() as JsonObject;

  describe('a recorded stream of a provider that speaks it arrives event by event, unchanged', () => {
    // A failure before any content is answered with its status instead.
    const found = recordedStreams('openai-responses').filter(({ features }) => !features.includes('error'));
    for (const recording of found) {
      test(recording.id, async () => {
        upstream.answer(replyOf(recording, { split: AT_EACH_EVENT }));
        await using socket = new TestSocket(sluice, AT_RESPONSES);
        const last = await socket.ask({ input: 'hi' });
        const events = readEvents(recording.body).map(({ data }) => data);
        expect(socket.texts).toEqual(events.slice(0, socket.texts.length));
        expect(LAST.test(String(last.type))).toBe(true);
        expect((await rows(1)).map(({ client_dialect, streamed }) => [client_dialect, streamed])).toEqual([
          ['openai-responses', true],
        ]);
      });
    }
  });

  test('the SDK reads an answer of another vendor, and goes on by its id alone', async () => {
    const [recording] = recordings('anthropic-messages', {
      streamed: true,
      status: 'ok',
      features: ['stop:tool_use', 'thinking'],
    });
    if (recording === undefined) throw new Error('no recording');
    upstream.answer(replyOf(recording));
    const client = new OpenAI({ apiKey: 'k', baseURL: `${sluice.url}/v1`, defaultHeaders: AT_MESSAGES });
    const posted = await client.responses.create({ model: 'm', input: 'Weather?', stream: true });
    let wanted: OpenAI.Responses.Response | undefined;
    for await (const event of posted) if (event.type === 'response.completed') wanted = event.response;
    const options: object = { headers: AT_MESSAGES };
    const socket = new ResponsesWS(client, options);
    const answerTo = (input: OpenAI.Responses.ResponseInput | string, previous?: string) =>
      new Promise<OpenAI.Responses.Response>((resolve, reject) => {
        socket.once('response.completed', (event) => resolve(event.response));
        socket.once('error', reject);
        socket.send({
          type: 'response.create',
          model: 'm',
          store: false,
          input,
          ...(previous !== undefined && { previous_response_id: previous }),
        });
      });
    const first = await answerTo('Weather?');
    // Ids are made from the request's.
    const withoutIds = ({ output, usage }: OpenAI.Responses.Response) => ({
      output: output.map((item) => ({ ...item, id: '' })),
      usage,
    });
    expect(withoutIds(first)).toEqual(withoutIds(wanted as OpenAI.Responses.Response));
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.length).toBeGreaterThan(0);
    upstream.answer(replyWith(ANSWER));
    await answerTo(
      calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: 'sunny' })),
      first.id,
    );
    socket.close();
    const { messages } = sent();
    expect(messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ signature: expect.any(String) }, { type: 'tool_use' }] },
      { role: 'user', content: calls.map(() => ({ type: 'tool_result' })) },
    ]);
  });

  test('several answers on: the whole conversation is sent, from any of them', async () => {
    upstream.answer(() => {
      const start = MESSAGE.start.replace('msg_1', `msg_${upstream.requests.length}`);
      return replyWith(start + MESSAGE.block + MESSAGE.delta('Hi') + MESSAGE.end);
    });
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const first = await socket.ask({ input: 'one' });
    const second = await socket.ask({
      input: [{ role: 'user', content: 'two' }],
      previous_response_id: idOf(first),
    });
    await socket.ask({ input: 'three', previous_response_id: idOf(second) });
    const said = () => (sent().messages as JsonObject[]).map(({ role, content }) => [role, content]);
    const hi = ['assistant', 'Hi'];
    expect(said()).toMatchObject([['user', 'one'], hi, ['user', 'two'], hi, ['user', 'three']]);
    await socket.ask({ input: 'another', previous_response_id: idOf(first) });
    expect(said()).toMatchObject([['user', 'one'], hi, ['user', 'another']]);
  });

  test('a message that only prepares costs nothing, and is continued', async () => {
    const asked = upstream.requests.length;
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const prepared = await socket.ask({ input: 'tools', generate: false });
    expect(socket.texts.map((text) => parseObject(text)?.type)).toEqual([
      'response.created',
      'response.completed',
    ]);
    expect(prepared.response).toMatchObject({ output: [], status: 'completed', usage: null });
    expect(upstream.requests.length).toBe(asked);
    await socket.ask({ input: [], previous_response_id: idOf(prepared) });
    expect(sent().messages).toMatchObject([{ role: 'user', content: 'tools' }]);
  });

  test('an answer of another connection is the provider’s business', async () => {
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const last = await socket.ask({ input: 'x', previous_response_id: 'resp_unknown' });
    expect(last).toMatchObject({
      type: 'error',
      status: 400,
      error: { code: 'previous_response_not_found' },
    });
    const [recording] = recordedStreams('openai-responses');
    if (recording === undefined) throw new Error('no recording');
    upstream.answer(replyOf(recording));
    await using at = new TestSocket(sluice, AT_RESPONSES);
    await at.ask({ input: 'x', previous_response_id: 'resp_unknown' });
    expect(sent()).toMatchObject({ previous_response_id: 'resp_unknown', input: 'x', stream: true });
  });

  test('a failure before the answer comes as an error with status and headers, and has its row', async () => {
    const error = { type: 'rate_limit_error', message: 'slow down' };
    upstream.answer(jsonReply({ type: 'error', error }, { status: 429, headers: { 'retry-after': '7' } }));
    const limited = await startSluice({
      config: {
        ...configOf(upstream.url),
        providers: {
          'lab-messages': { ...configOf(upstream.url).providers['lab-messages'], max_retries: 0 },
        },
      },
    });
    await using _ = limited;
    await using socket = new TestSocket(limited);
    const last = await socket.ask({ input: 'x', stream_id: 'a' });
    expect(last).toMatchObject({
      type: 'error',
      status: 429,
      stream_id: 'a',
      headers: { 'retry-after': '7' },
      error: { message: expect.stringContaining('slow down'), headers: { 'retry-after': '7' } },
    });
  });

  test('a passed answer that breaks off ends with an error that has a status', async () => {
    const created = utf8('data: {"type":"response.created","response":{"id":"resp_1"}}\n\n');
    const delta = utf8('data: {"type":"response.output_text.delta","delta":"Hi"}\n\n');
    upstream.answer(replyWith([created, delta]));
    await using socket = new TestSocket(sluice, AT_RESPONSES);
    expect(await socket.ask({ input: 'x' })).toMatchObject({
      type: 'error',
      status: 502,
      error: { code: 'upstream_truncated' },
    });
  });

  test('an answer that breaks off ends with one error', async () => {
    upstream.answer(replyWith([FIRST], { fault: { kind: 'reset', after: FIRST.length } }));
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const last = await socket.ask({ input: 'x' });
    expect(last.type).toMatch(/^(response\.failed|error)$/);
    expect(socket.texts.filter((text) => LAST.test(String(parseObject(text)?.type)))).toHaveLength(1);
    expect((await rows(1))[0]?.status).toBe('truncated');
  });

  test.each([
    ['no JSON', 'hello', 'JSON object'],
    ['another type', { type: 'response.cancel' }, 'response.create'],
    ['no lane', { type: 'response.create', stream_id: 7 }, 'stream_id'],
    ['a long lane', { type: 'response.create', stream_id: 'x'.repeat(513) }, 'stream_id'],
  ])('%s is refused, and the connection serves on', async (_, message, word) => {
    upstream.answer(replyWith(ANSWER));
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    await socket.say(message);
    const error = await socket.until(({ type }) => type === 'error');
    expect(error).toMatchObject({ status: 400, error: { message: expect.stringContaining(word) } });
    expect((await socket.ask({ input: 'x' })).type).toBe('response.completed');
  });

  test('steering is refused with what was sent', async () => {
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    await socket.say({ type: 'response.steer', previous_response_id: 'resp_1', input: 'stop' });
    const failed = await socket.until(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({
      error: { code: 'steering_not_supported' },
      steer: { previous_response_id: 'resp_1', input: 'stop' },
    });
  });

  test('an interrupted answer is cancelled at its provider, ends as OpenAI’s do, and is continued', async () => {
    upstream.answer(replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }));
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    await socket.say({ type: 'response.create', model: 'm', input: 'first' });
    await socket.until(({ type }) => type === 'response.output_text.delta');
    const [created] = socket.texts;
    const response_id = idOf(parseObject(created ?? '') ?? {});
    await socket.say({ type: 'response.interrupt', response_id, mode: 'discard_partial_items' });
    const last = await socket.until(({ type }) => LAST.test(String(type)));
    expect(last).toMatchObject({
      type: 'response.incomplete',
      response: { id: response_id, status: 'incomplete', incomplete_details: { reason: 'interrupted' } },
    });
    expect(socket.texts.slice(-3).map((text) => parseObject(text)?.type)).toEqual([
      'response.interrupt.accepted',
      'response.output_item.interrupted',
      'response.incomplete',
    ]);
    const numbers = socket.texts.map((text) => parseObject(text)?.sequence_number);
    expect(numbers).toEqual([...numbers.keys()]);
    expect(await upstream.requests.at(-1)?.ended).toBe('left');
    expect((await rows(1))[0]).toMatchObject({ status: 'aborted', http_status: 200 });
    // Codex may send it when the answer has just ended.
    upstream.answer(replyWith(ANSWER));
    await socket.say({ type: 'response.interrupt', response_id, mode: 'discard_partial_items' });
    const next = await socket.ask({ previous_response_id: response_id, input: 'second' });
    expect(next.type).toBe('response.completed');
    const texts = ['first', 'second'].map((text) => ({ type: 'text', text }));
    expect(sent().messages).toEqual([{ role: 'user', content: texts }]);
  });

  test('lanes are answered side by side, messages of one lane in turn', async () => {
    const gate = Promise.withResolvers<void>();
    upstream.answer((seen) => {
      const isHeld = JSON.stringify(seen.json()).includes('held');
      return replyWith([FIRST, ANSWER.slice(FIRST.length)], {
        before: (index) => (isHeld && index === 1 ? gate.promise : undefined),
      });
    });
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const create = (lane: string, input: string) =>
      socket.say({ type: 'response.create', model: 'm', stream_id: lane, input });
    await create('a', 'held');
    await create('a', 'behind');
    await create('b', 'free');
    await socket.until(({ type, stream_id }) => type === 'response.completed' && stream_id === 'b');
    const lanes = () => socket.texts.map((text) => parseObject(text)?.stream_id);
    expect(new Set(lanes())).toEqual(new Set(['a', 'b']));
    const ofA = () =>
      socket.texts.flatMap((text) => (parseObject(text)?.stream_id === 'a' ? parseObject(text)?.type : []));
    expect(ofA().filter((type) => type === 'response.created')).toHaveLength(1);
    gate.resolve();
    await eventually(() => ofA().filter((type) => type === 'response.completed').length >= 2);
    expect(ofA().filter((type) => LAST.test(String(type)) || type === 'response.created')).toEqual([
      'response.created',
      'response.completed',
      'response.created',
      'response.completed',
    ]);
  });

  test('a client that leaves cancels what runs, and nothing is left of a hundred', async () => {
    upstream.answer(replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }));
    const asked = upstream.requests.length;
    const before = sluice.usage().descriptors;
    for (let index = 0; index < 100; index++) {
      const socket = new TestSocket(sluice, AT_MESSAGES);
      await socket.say({ type: 'response.create', model: 'm', input: 'x' });
      await socket.until(({ type }) => type === 'response.output_text.delta');
      socket.leave();
      await socket.closed;
    }
    for (const { ended } of upstream.requests.slice(asked)) expect(await ended).toBe('left');
    const statuses = (await rows(100)).map(({ status }) => status);
    expect(statuses).toEqual(Array.from({ length: 100 }, () => 'aborted'));
    expect(await sluice.get('/gateway/streams')).toMatchObject({ streams: [] });
    await eventually(() => sluice.usage().descriptors <= before + 5);
  });

  test('a client that does not read holds its provider back, and then gets everything', async () => {
    const event = (fields: JsonObject) => utf8(`data: ${JSON.stringify(fields)}\n\n`);
    const response = { id: 'resp_1', object: 'response', status: 'in_progress', output: [] };
    const count = 6_000;
    const pieces = function* () {
      yield event({ type: 'response.created', response });
      const delta = event({
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: 'x'.repeat(10_000),
      });
      for (let index = 0; index < count; index++) yield delta;
      yield event({ type: 'response.completed', response: { ...response, status: 'completed' } });
    };
    upstream.answer({ ...replyWith(ANSWER), pieces: { [Symbol.iterator]: pieces } });
    let received = 0;
    const opened = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: sluice.port,
      socket: {
        data(_, bytes) {
          received += bytes.length;
          opened.resolve();
        },
      },
    });
    const handshake = `GET /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nx-sluice-target: lab-responses/m\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
    socket.write(handshake);
    await opened.promise;
    socket.pause();
    const index = upstream.requests.length;
    socket.write(maskedText(JSON.stringify({ type: 'response.create', model: 'm', input: 'x' })));
    const request = await upstream.request(index);
    let taken = -1;
    while (request.bytesSent !== taken) {
      taken = request.bytesSent;
      await Bun.sleep(300);
    }
    expect(taken).toBeLessThan(count * 6_000);
    socket.resume();
    expect(await request.ended).toBe('complete');
    await eventually(() => received >= count * 10_000);
    socket.end();
  });

  test('a message and an event of many megabytes arrive whole', async () => {
    const big = 'y'.repeat(20_000_000);
    upstream.answer(replyWith(utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta(big) + MESSAGE.end)));
    await using socket = new TestSocket(sluice, AT_MESSAGES);
    const last = await socket.ask({ input: big });
    expect(last.type).toBe('response.completed');
    expect(JSON.stringify(sent()).length).toBeGreaterThan(big.length);
    expect(JSON.stringify(last)).toContain(big);
  });
});

describe('who may open one', () => {
  test('keys are checked at the handshake, and those refused have a row', async () => {
    await using upstream = await startReplayUpstream(replyWith(ANSWER));
    await using sluice = await startSluice({
      config: { ...configOf(upstream.url), server: { keys: ['right'] } },
    });
    const wrong = new TestSocket(sluice, { authorization: 'Bearer wrong' });
    expect(wrong.say('x')).rejects.toThrow();
    await wrong.closed;
    await using right = new TestSocket(sluice, { authorization: 'Bearer right' });
    expect((await right.ask({ input: 'x' })).type).toBe('response.completed');
    const { entries } = await fetchRows(sluice, 'right');
    expect(entries.map(({ http_status }) => http_status)).toEqual([200, 401]);
  });

  test('pages of other origins may not', async () => {
    await using sluice = await startSluice({ config: labConfig('http://127.0.0.1:9') });
    const page = new TestSocket(sluice, { origin: 'https://evil.test' });
    expect(page.say('x')).rejects.toThrow();
    await page.closed;
  });

  test('elsewhere, and behind a proxy that takes the upgrade away, clients are sent back to POST', async () => {
    await using sluice = await startSluice();
    for (const [path, headers] of [
      ['/v1/chat/completions', { upgrade: 'websocket', connection: 'Upgrade' }],
      ['/v1/responses', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }],
    ] as const) {
      const response = await fetch(`${sluice.url}${path}`, { headers });
      expect(response.status).toBe(426);
      expect(await response.text()).toContain('POST to');
    }
  });
});

describe('its end', () => {
  test('running answers finish, then the connection is closed; messages in between are refused', async () => {
    const gate = Promise.withResolvers<void>();
    await using upstream = await startReplayUpstream(
      replyWith([FIRST, ANSWER.slice(FIRST.length)], {
        before: (index) => (index === 1 ? gate.promise : undefined),
      }),
    );
    await using sluice = await startSluice({ config: configOf(upstream.url) });
    await using idle = new TestSocket(sluice);
    await idle.say({ type: 'response.create', model: 'm', generate: false, input: 'x' });
    await idle.until(({ type }) => type === 'response.completed');
    await using socket = new TestSocket(sluice);
    await socket.say({ type: 'response.create', model: 'm', input: 'x' });
    await socket.until(({ type }) => type === 'response.output_text.delta');
    sluice.signal('SIGTERM');
    expect((await idle.closed).code).toBe(1001);
    await socket.say({ type: 'response.create', model: 'm', input: 'late', stream_id: 'late' });
    const refused = await socket.until(({ type }) => type === 'error');
    expect(refused).toMatchObject({ status: 503, stream_id: 'late' });
    gate.resolve();
    await socket.until(({ type }) => type === 'response.completed');
    expect((await socket.closed).code).toBe(1001);
    expect(await sluice.exited).toBe(0);
    expect(upstream.requests).toHaveLength(1);
  });

  test('past the time for running answers they end with an error', async () => {
    await using upstream = await startReplayUpstream(
      replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }),
    );
    await using sluice = await startSluice({
      config: { ...configOf(upstream.url), server: { drain_timeout: '300ms' } },
    });
    await using socket = new TestSocket(sluice);
    await socket.say({ type: 'response.create', model: 'm', input: 'x' });
    await socket.until(({ type }) => type === 'response.output_text.delta');
    sluice.signal('SIGTERM');
    const last = await socket.until(({ type }) => LAST.test(String(type)));
    expect(JSON.stringify(last)).toContain('the gateway was shut down');
    await socket.closed;
    await sluice.exited;
  });

  test('several workers serve them too', async () => {
    await using sluice = await startSluice({ workers: 2 });
    const sockets = Array.from({ length: 8 }, () => new TestSocket(sluice));
    const asked = sockets.map((socket) => socket.ask({ model: 'simulator/fast', input: 'x' }));
    expect((await Promise.all(asked)).map(({ type }) => type)).toEqual(
      sockets.map(() => 'response.completed'),
    );
    expect(await sluice.stop()).toBe(0);
  });
});

async function fetchRows(sluice: SluiceProcess, key: string): Promise<{ entries: Row[] }> {
  for (;;) {
    const response = await fetch(`${sluice.url}/gateway/audit`, { headers: { 'x-sluice-key': key } });
    const audit = (await response.json()) as { entries: Row[] };
    if (audit.entries.length >= 2) return audit;
    await Bun.sleep(10);
  }
}
