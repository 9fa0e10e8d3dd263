// A streamed answer written straight to the client's connection: order, back pressure, both ways to end, and the head.
import { expect, test } from 'bun:test';
import type { ByteSink, ByteSource } from '../../src/gateway/response/byte-source.ts';
import { directBody } from '../../src/server/direct-body.ts';
import { createHttpHost, type HttpHost } from '../../src/server/host.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { MESSAGE } from '../support/message-stream.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyWith } from '../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../support/test-gateway.ts';

const PIECE = 64 * 1024;

/** Gives pieces as long as there is room for them. */
class CountedSource implements ByteSource {
  given = 0;
  cancelled = 0;
  readonly left = Promise.withResolvers<void>();
  private sink: ByteSink | null = null;
  private readonly pieces: number;

  constructor(pieces: number) {
    this.pieces = pieces;
  }

  start(sink: ByteSink): void {
    this.sink = sink;
    this.resume();
  }

  resume(): void {
    while (this.given < this.pieces) {
      const piece = new Uint8Array(PIECE).fill(this.given % 251);
      this.given++;
      if (this.sink?.write(piece) !== true) {
        return;
      }
    }
    this.sink?.end();
  }

  cancel(): void {
    this.cancelled++;
    this.left.resolve();
  }
}

function serve(source: ByteSource, ended = () => {}): HttpHost {
  return createHttpHost({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async () => new Response(directBody(source, ended)),
    onError: () => {},
  });
}

test('every byte, in order, to a client that reads slowly', async () => {
  const source = new CountedSource(400);
  let ended = 0;
  const host = serve(source, () => ended++);
  const got = new Bun.CryptoHasher('sha1');
  let size = 0;
  for await (const bytes of (await fetch(host.url)).body ?? []) {
    got.update(bytes);
    size += bytes.length;
    if (size % 7 === 0) await Bun.sleep(1);
  }
  const whole = new Bun.CryptoHasher('sha1');
  for (let at = 0; at < 400; at++) whole.update(new Uint8Array(PIECE).fill(at % 251));
  expect(size).toBe(400 * PIECE);
  expect(got.digest('hex')).toBe(whole.digest('hex'));
  expect([source.cancelled, ended]).toEqual([0, 1]);
  expect(await host.drain(1_000)).toBe(0);
});

test('an end behind what the client has yet to read is not signalled: there is all the time for that', async () => {
  let ended = 0;
  let given = 0;
  const full = Promise.withResolvers<void>();
  const host = serve(
    {
      start(sink) {
        do given++;
        while (sink.write(new Uint8Array(PIECE)));
        sink.end();
        full.resolve();
      },
      resume() {},
      cancel() {},
    },
    () => ended++,
  );
  const { body } = await fetch(host.url);
  await full.promise;
  let size = 0;
  for await (const bytes of body ?? []) size += bytes.length;
  expect([size, ended]).toEqual([given * PIECE, 0]);
  expect(await host.drain(1_000)).toBe(0);
});

test('a client that does not read is not written to without bound, and one that leaves then ends it', async () => {
  const source = new CountedSource(100_000);
  const host = serve(source);
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: host.port,
    socket: { data: (connection) => void connection.pause() },
  });
  socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
  // Nothing more is given once the buffers on the way are full.
  let before = -1;
  while (source.given === 0 || source.given !== before) {
    before = source.given;
    await Bun.sleep(50);
  }
  expect(source.given * PIECE).toBeLessThan(64 * 1024 * 1024);
  socket.terminate();
  await source.left.promise;
  expect(source.cancelled).toBe(1);
  expect(await host.drain(1_000)).toBe(0);
});

test('without content the head goes out after the ping interval, a ping with it', async () => {
  const timers = createManualTimers(1_000_000);
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const answer = new TextEncoder().encode(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi') + MESSAGE.end);
  const upstream = createReplayFetch(() => {
    asked.resolve();
    return replyWith([answer], { before: () => gate.promise });
  });
  const lab = createTestGateway({
    config: { server: { ping_interval: '2s' }, providers: LAB_PROVIDERS },
    fetch: upstream.fetch,
    host: { now: timers.now, monotonic: timers.now, setTimer: timers.setTimer },
  });
  const host = createHttpHost({
    hostname: '127.0.0.1',
    port: 0,
    fetch: lab.gateway.fetch,
    onError: () => {},
  });
  const response = fetch(`${host.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'claude/m', stream: true, max_tokens: 9, messages: [] }),
  });
  await asked.promise;
  await timers.advance(2_100);
  const { status, body } = await response;
  expect(status).toBe(200);
  const reader = body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toBe('event: ping\ndata: {"type":"ping"}\n\n');
  gate.resolve();
  let rest = '';
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    rest += new TextDecoder().decode(read.value);
  expect(rest).toBe(new TextDecoder().decode(answer));
  expect(await host.drain(1_000)).toBe(0);
});
