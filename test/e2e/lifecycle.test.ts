// A process that is told to end, is killed, or gets another configuration while it serves (GUARANTEES 16, 17).
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { SAME_PRESS_MS } from '../../src/server/shutdown.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8, wholeMessage } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { jsonReply, replyWith } from '../support/reply.ts';
import { startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/time-limit.ts';

const ASK = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('begun'));

function post(url: string, body: object = ASK): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Statuses in the database, straight from the file. */
function rowsIn(home: string): { status: string; count: number }[] {
  const database = new Database(join(home, 'sluice.db'), { readonly: true });
  try {
    return database
      .query<{ status: string; count: number }, []>(
        'select status, count(*) as count from ledger_row group by status order by status',
      )
      .all();
  } finally {
    database.close();
  }
}

/** First the beginning, then the end once `finish` was called. */
function gatedStream() {
  const gate = Promise.withResolvers<void>();
  const reply = () =>
    replyWith([FIRST, utf8(MESSAGE.delta('finished') + MESSAGE.end)], {
      before: (index) => (index === 1 ? gate.promise : undefined),
    });
  return { reply, finish: gate.resolve };
}

describe('SIGTERM', () => {
  test('running streams finish, new requests are refused, every row is in the database, exit 0', async () => {
    const { reply, finish } = gatedStream();
    await using upstream = await startReplayUpstream((request) =>
      request.json() !== null && JSON.stringify(request.json()).includes('"stream":true')
        ? reply()
        : jsonReply(wholeMessage('whole')),
    );
    await using sluice = await startSluice({ config: labConfig(upstream.url) });
    for (let count = 0; count < 20; count++) {
      expect((await post(sluice.url, { ...ASK, stream: false })).status).toBe(200);
    }
    const keptOpen = await connectRaw(sluice.port);
    keptOpen.write(postText('/v1/messages', { ...ASK, stream: false }));
    await keptOpen.until((text) => text.includes('whole'));
    const running = await connectRaw(sluice.port);
    running.write(postText('/v1/messages', ASK));
    await running.until((text) => text.includes('begun'));

    sluice.signal('SIGTERM');
    await sluice.wrote(/shutting down/);
    await expect(post(sluice.url)).rejects.toThrow();
    keptOpen.write(postText('/v1/messages', { ...ASK, stream: false }));
    await Promise.race([keptOpen.closed, keptOpen.until((text) => text.includes(' 503 '))]);
    expect(upstream.requests).toHaveLength(22);

    finish();
    await running.until((text) => text.endsWith('\r\n0\r\n\r\n'));
    expect(running.text()).toContain('finished');
    expect(await sluice.exited).toBe(0);
    expect(rowsIn(sluice.home)).toEqual([{ status: 'success', count: 22 }]);
  });

  test.each([1, 2])(
    'within server.shutdown_delay requests are still served, while load balancers are sent elsewhere: %d processes',
    async (workers) => {
      await using upstream = await startReplayUpstream(() => jsonReply(wholeMessage('whole')));
      const config = labConfig(upstream.url, {}, { server: { shutdown_delay: '10m', drain_timeout: '10m' } });
      await using sluice = await startSluice({ config, workers });
      const isServing = async () => (await fetch(sluice.url, { keepalive: false })).status === 200;
      expect(await isServing()).toBe(true);
      sluice.signal('SIGTERM');
      // Of several processes, some may learn of it later.
      for (let refused = 0; refused < 20; ) refused = (await isServing()) ? 0 : refused + 1;
      const answer = await post(sluice.url, { ...ASK, stream: false });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('connection')).toBe('close');
      // Sooner it would be the first one's echo.
      await Bun.sleep(SAME_PRESS_MS + 50);
      sluice.signal('SIGTERM');
      expect(await sluice.exited).toBe(143);
      expect(rowsIn(sluice.home)).toEqual([{ status: 'success', count: 1 }]);
    },
  );

  test('what does not finish within server.drain_timeout is cut, and has its row', async () => {
    const { reply } = gatedStream();
    await using upstream = await startReplayUpstream(reply);
    const config = labConfig(upstream.url, {}, { server: { drain_timeout: '50ms' } });
    await using sluice = await startSluice({ config });
    const running = await connectRaw(sluice.port);
    running.write(postText('/v1/messages', ASK));
    await running.until((text) => text.includes('begun'));
    const waiting = await connectRaw(sluice.port);
    upstream.answer(replyWith('', { fault: { kind: 'hang-before-headers' } }));
    waiting.write(postText('/v1/messages', { ...ASK, stream: false }));
    await upstream.request(1);

    sluice.signal('SIGTERM');
    expect(await sluice.exited).toBe(0);
    await Promise.all([running.closed, waiting.closed]);
    // No ending was sent that a client could take for one.
    expect(running.text()).not.toContain('message_stop');
    expect(running.text()).toMatch(/event: error\r?\ndata: .*was shut down before the answer was complete/);
    expect(waiting.text()).toStartWith('HTTP/1.1 503 ');
    expect(rowsIn(sluice.home)).toEqual([{ status: 'error', count: 2 }]);
  });

  test.each([1, 2])(
    'a second one cuts at once what runs, and every row is there: %d processes',
    async (workers) => {
      const STREAMS = 20;
      const { reply } = gatedStream();
      await using upstream = await startReplayUpstream(reply);
      const config = labConfig(upstream.url, {}, { server: { drain_timeout: '10m' } });
      await using sluice = await startSluice({ config, workers });
      const running = await Promise.all(Array.from({ length: STREAMS }, () => connectRaw(sluice.port)));
      for (const client of running) client.write(postText('/v1/messages', ASK));
      for (const client of running) await client.until((text) => text.includes('begun'));
      sluice.signal('SIGTERM');
      await sluice.wrote(/shutting down/);
      // Sooner it would be the first one's echo.
      await Bun.sleep(SAME_PRESS_MS + 50);
      sluice.signal('SIGTERM');
      expect(await sluice.exited).toBe(143);
      for (const client of running) {
        await client.closed;
        expect(client.text()).toMatch(
          /event: error\r?\ndata: .*was shut down before the answer was complete/,
        );
      }
      expect(rowsIn(sluice.home)).toEqual([{ status: 'error', count: STREAMS }]);
      expect(sluice.output()).toContain('on a second signal');
    },
  );
});

test('kill -9: rows of requests that ended before are there, though nothing has asked for them', async () => {
  const home = temporaryFolder('killed');
  const expected = [
    { status: 'aborted', count: 1 },
    { status: 'error', count: 1 },
    { status: 'success', count: 10 },
  ];
  const { reply } = gatedStream();
  await using upstream = await startReplayUpstream((request) =>
    request.path.includes('gated') ? reply() : jsonReply(wholeMessage('whole')),
  );
  {
    await using sluice = await startSluice({ config: labConfig(upstream.url), home });
    for (let count = 0; count < 10; count++) await post(sluice.url, { ...ASK, stream: false });
    await post(sluice.url, { model: 1 });
    const left = await connectRaw(sluice.port);
    left.write(postText('/v1/messages?gated', ASK));
    await left.until((text) => text.includes('begun'));
    left.leave();
    expect(await upstream.requests.at(-1)?.ended).toBe('left');
    // Nothing makes the gateway write early: the file is looked at. That it takes no second is seen at a clock turned by hand.
    await eventually(() => Bun.deepEquals(rowsIn(home), expected));
    await sluice.kill();
  }
  expect(rowsIn(home)).toEqual(expected);
  {
    await using sluice = await startSluice({ home });
    const { summary } = await sluice.get<{ summary: { total_requests: number } }>('/gateway/metrics');
    expect(summary.total_requests).toBe(12);
  }
  rmSync(home, { recursive: true });
});

describe('the configuration file changes', () => {
  test('running streams go on, new requests see the change, an invalid file is refused', async () => {
    const old = gatedStream();
    await using before = await startReplayUpstream(old.reply);
    await using after = await startReplayUpstream(() => jsonReply(wholeMessage('from the new address')));
    await using sluice = await startSluice({ config: labConfig(before.url) });
    const running = await connectRaw(sluice.port);
    running.write(postText('/v1/messages', ASK));
    await running.until((text) => text.includes('begun'));

    sluice.writeConfig(labConfig(after.url, { api_key: 'another-key' }));
    await sluice.wrote(/the changed configuration is in use/);
    const served = await post(sluice.url, { ...ASK, stream: false });
    expect(await served.json()).toMatchObject({ content: [{ text: 'from the new address' }] });
    expect(after.requests[0]?.headers.get('x-api-key')).toBe('another-key');

    sluice.writeConfig('{"providers": {"claude": {"dialect": "no-such-dialect"}}}');
    await sluice.wrote(/providers\.claude[\s\S]*is refused; the previous one stays in use/);
    expect((await post(sluice.url, { ...ASK, stream: false })).status).toBe(200);
    expect(after.requests).toHaveLength(2);

    old.finish();
    await running.until((text) => text.endsWith('\r\n0\r\n\r\n'));
    expect(running.text()).toContain('message_stop');
    expect(before.requests).toHaveLength(1);
  });
});
