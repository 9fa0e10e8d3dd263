// Several processes on one port: one ledger, one view, one memory of the providers, and one that dies is replaced.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { connectionsOf } from '../support/connections.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8, wholeMessage } from '../support/message-stream.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { connectRaw, postText, type RawClient } from '../support/raw-client.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { childrenOf, type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const WORKERS = 3;
/** New connections enough that the system deals one to each of them: it misses one in 60,000 times. */
const TO_REACH_ALL = 30;
const ASK = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const hanging = () => replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } });

interface Health {
  status: string;
  active_streams: number;
  workers: { wanted: number; running: number; starting: number; silent: number; replaced: number };
}
interface Audit {
  total: number;
  entries: {
    request_body?: string;
    response_body?: string;
    request_id: string;
    status: string;
    error_message: string | null;
    client_dialect: string;
  }[];
}

/** On a connection of its own. */
async function ask(sluice: SluiceProcess, body: object = ASK): Promise<Response> {
  return fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
    keepalive: false,
  });
}

const many = <Value>(count: number, make: () => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, make));

/** A stream that has begun and hangs. */
async function openStream(sluice: SluiceProcess) {
  const client = await connectRaw(sluice.port);
  client.write(postText('/v1/messages', { ...ASK, stream: true }));
  await client.until((text) => text.includes('Hi'));
  return client;
}

describe.skipIf(process.platform !== 'linux')('workers', () => {
  let upstream: ReplayUpstream;
  let sluice: SluiceProcess;
  beforeAll(async () => {
    upstream = await startReplayUpstream(jsonReply(wholeMessage('whole')));
    sluice = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
  });
  afterAll(async () => {
    await sluice[Symbol.asyncDispose]();
    await upstream.stop();
  });

  test('as many processes as asked for, and each of them serves', async () => {
    const pids = childrenOf(sluice.pid);
    expect(pids).toHaveLength(WORKERS);
    upstream.answer(hanging());
    const clients = await many(TO_REACH_ALL, () => openStream(sluice));
    const serving = pids.filter((pid) =>
      connectionsOf(pid).some(({ localPort }) => localPort === sluice.port),
    );
    expect(serving).toEqual(pids);
    for (const client of clients) client.leave();
  });

  test('one ledger has the row of every request, and whoever is asked at once counts it', async () => {
    const before = (await sluice.get<Audit>('/gateway/audit')).total;
    upstream.answer(jsonReply(wholeMessage('whole')));
    await many(TO_REACH_ALL, async () => (await ask(sluice)).text());
    expect((await sluice.get<Audit>('/gateway/audit')).total).toBe(before + TO_REACH_ALL);
    const { entries } = await sluice.get<Audit>('/gateway/audit?status=success&include_bodies=true');
    for (const { request_body, response_body } of entries)
      expect([request_body, response_body]).toEqual([
        JSON.stringify(ASK),
        JSON.stringify(wholeMessage('whole')),
      ]);
    const metrics = parsePrometheus(await (await fetch(`${sluice.url}/metrics`)).text());
    const counted = metrics.samples.filter(({ name }) => name === 'sluice_requests_total');
    expect(counted.reduce((sum, { value }) => sum + value, 0)).toBe(before + TO_REACH_ALL);
  });

  test('the streams of all are listed, watched and cancelled from anywhere', async () => {
    upstream.answer(hanging());
    const watching = await fetch(`${sluice.url}/gateway/streams/live`);
    const clients = await many(TO_REACH_ALL, () => openStream(sluice));
    const { streams } = await sluice.get<{ streams: { request_id: string }[] }>('/gateway/streams');
    expect(streams).toHaveLength(TO_REACH_ALL);
    expect((await sluice.get<Health>('/gateway/health')).active_streams).toBe(TO_REACH_ALL);
    const seen = await readUntil(watching, (text) =>
      streams.every(({ request_id }) => text.includes(`"type":"started","request_id":"${request_id}"`)),
    );
    expect(seen).toContain('event: stream_event');
    // Of this watcher's worker, and of none other.
    expect(seen.match(/^: watching$/gm)).toHaveLength(1);
    for (const { request_id } of streams) {
      const answer = await fetch(`${sluice.url}/gateway/streams/${request_id}`, { method: 'DELETE' });
      expect(await answer.json()).toEqual({ request_id, cancelled: true });
    }
    for (const client of clients) {
      await client.until((text) => text.includes('cancelled'));
      client.leave();
    }
    expect((await sluice.get<{ streams: object[] }>('/gateway/streams')).streams).toEqual([]);
  });

  test('a breaker that opens is open in all of them', async () => {
    const breaker = { failures: 5, open_for: '60s' };
    await using own = await startSluice({ config: labConfig(upstream.url, { breaker }), workers: WORKERS });
    const broken = { type: 'error', error: { type: 'api_error', message: 'broken' } };
    upstream.answer(jsonReply(broken, { status: 500 }));
    for (let n = 0; n < 5; n++) await (await ask(own)).text();
    const states = await own.get<{ providers: { name: string; breaker: string }[] }>('/gateway/providers');
    expect(states.providers.find(({ name }) => name === 'claude')?.breaker).toBe('open');
    const asked = upstream.requests.length;
    const answers = await many(TO_REACH_ALL, () => ask(own));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(upstream.requests.length).toBe(asked);
  });

  // Every object of JavaScript has the second by itself.
  test.each(['claude', 'constructor'])('a limit of %s is one limit for all of them', async (name) => {
    const concurrency = { max: 4, queue: 0 };
    const provider = labConfig(upstream.url, { concurrency }).providers?.claude ?? {};
    await using own = await startSluice({
      config: { providers: { [name]: provider }, routing: { default_provider: name } },
      workers: WORKERS,
    });
    upstream.answer(hanging());
    const from = upstream.requests.length;
    const clients: RawClient[] = [];
    // One after the other: of two that come at once both may be turned away.
    for (let n = 0; n < TO_REACH_ALL; n++) {
      const client = await connectRaw(own.port);
      clients.push(client);
      client.write(postText('/v1/messages', { ...ASK, stream: true }));
      await client.until((text) => text.includes(n < concurrency.max ? 'Hi' : 'HTTP/1.1 429'));
    }
    expect(upstream.requests.length - from).toBe(concurrency.max);
    const [state] = (await own.get<{ providers: { in_flight: number }[] }>('/gateway/providers')).providers;
    expect(state?.in_flight).toBe(concurrency.max);
    for (const client of clients) client.leave();
  });

  test('a changed configuration is in use in all of them', async () => {
    await using own = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    upstream.answer(jsonReply(wholeMessage('whole')));
    own.writeConfig({ ...labConfig(upstream.url), server: { max_body: '10B' } });
    await own.wrote(/the changed configuration is in use/);
    const answers = await many(TO_REACH_ALL, () => ask(own));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]));
  });

  test('a transformer, which no process can send to another, is in use in all of them, and gone when it is taken away', async () => {
    upstream.answer(jsonReply(wholeMessage('whole')));
    const asks = async (own: SluiceProcess) => {
      const from = upstream.requests.length;
      await many(TO_REACH_ALL, async () => (await ask(own)).text());
      const bodies = upstream.requests
        .slice(from)
        .map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
      return new Set(bodies.map((body: { max_tokens: number }) => body.max_tokens));
    };
    const limited = labConfig(upstream.url, { transformers: [{ name: 'max_tokens', max: 5 }] });
    await using own = await startSluice({ config: limited, workers: WORKERS });
    expect(await asks(own)).toEqual(new Set([5]));
    own.writeConfig(labConfig(upstream.url));
    await own.wrote(/the changed configuration is in use/);
    expect(await asks(own)).toEqual(new Set([9]));
    own.writeConfig(limited);
    await own.wrote(/in use[\s\S]*in use/);
    expect(await asks(own)).toEqual(new Set([5]));
  });

  test('one that is killed is replaced, and what it had begun is in the ledger', async () => {
    upstream.answer(hanging());
    const before = (await sluice.get<Audit>('/gateway/audit?status=error')).total;
    const clients = await many(TO_REACH_ALL, () => openStream(sluice));
    const [victim = 0] = childrenOf(sluice.pid);
    process.kill(victim, 'SIGKILL');
    await sluice.wrote(/a worker was replaced/);
    const { status, workers, active_streams } = await sluice.get<Health>('/gateway/health');
    expect({ status, workers }).toEqual({
      status: 'healthy',
      workers: { wanted: WORKERS, running: WORKERS, starting: 0, silent: 0, replaced: 1 },
    });
    expect(childrenOf(sluice.pid)).not.toContain(victim);
    const { total, entries } = await sluice.get<Audit>('/gateway/audit?status=error');
    // Each of the streams either goes on or has its row.
    expect(total - before).toBe(TO_REACH_ALL - active_streams);
    expect(total).toBeGreaterThan(before);
    const [newest] = entries;
    expect(newest).toMatchObject({ status: 'error', client_dialect: 'anthropic-messages' });
    expect(newest?.error_message).toContain(
      'was ended by SIGKILL from outside, as the system does where memory runs out',
    );
    for (const client of clients) client.leave();
    upstream.answer(jsonReply(wholeMessage('whole')));
    expect((await ask(sluice)).status).toBe(200);
  });

  test('SIGTERM lets the streams of all finish, and every row is there', async () => {
    const gate = Promise.withResolvers<void>();
    upstream.answer(
      replyWith([FIRST, utf8(MESSAGE.delta('finished') + MESSAGE.end)], {
        before: (index) => (index === 1 ? gate.promise : undefined),
      }),
    );
    await using own = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    const clients = await many(TO_REACH_ALL, () => openStream(own));
    const workers = childrenOf(own.pid);
    own.signal('SIGTERM');
    await own.wrote(/shutting down/);
    gate.resolve();
    for (const client of clients) await client.until((text) => text.includes('message_stop'));
    expect(await own.exited).toBe(0);
    for (const pid of workers) expect(existsSync(`/proc/${pid}`)).toBe(false);
    await using again = await startSluice({ config: labConfig(upstream.url), home: own.home });
    const { total, entries } = await again.get<Audit>('/gateway/audit?status=success&include_bodies=true');
    // Each whole: of what a dead worker leaves there are no bodies.
    const whole = entries.filter(({ response_body }) => response_body?.includes('finished'));
    expect([total, whole.length]).toEqual([TO_REACH_ALL, TO_REACH_ALL]);
  });

  test('when the first process is killed, none is left behind, not even one that hangs', async () => {
    await using own = await startSluice({ config: labConfig(upstream.url), workers: WORKERS });
    const workers = childrenOf(own.pid);
    process.kill(workers[0] ?? 0, 'SIGSTOP');
    await own.kill();
    await eventually(
      () => !workers.some(isThere),
      () => `these are left: ${workers.filter(isThere)}`,
    );
  });

  test('a port that another gateway serves is refused, though it could be shared', async () => {
    const { port } = sluice;
    await expect(startSluice({ config: labConfig(upstream.url), workers: WORKERS, port })).rejects.toThrow(
      'the port is in use',
    );
  });
});

/** One that has ended and whose end nobody has asked for yet is not. */
function isThere(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !readFileSync(path, 'utf8').includes(') Z');
}

async function readUntil(response: Response, done: (text: string) => boolean): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (done(text)) return text;
  }
  throw new Error(`ended before that:\n${text}`);
}
