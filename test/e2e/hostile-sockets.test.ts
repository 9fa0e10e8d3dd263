// Clients of a WebSocket that ask for too much, do not read, or stay for long: the memory for each is limited.
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { parseObject } from '../../src/model/json/json.ts';
import { COUNTED, countObjects } from '../support/count-objects.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { maskedText, TestSocket } from '../support/test-socket.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const ANSWER = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi') + MESSAGE.end);
const HANGING = replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } });

const HANDSHAKE =
  'GET /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

let upstream: ReplayUpstream;
let sluice: SluiceProcess;
beforeAll(async () => {
  upstream = await startReplayUpstream(HANGING);
  sluice = await startSluice({
    config: { ...labConfig(upstream.url), server: { ping_interval: '50ms' } },
    program: COUNTED,
  });
});
beforeEach(() => upstream.answer(HANGING));
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  await upstream.stop();
});

/** A client on a bare socket, connected. */
async function connect() {
  let received = '';
  let heard = () => {};
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port: sluice.port,
    socket: {
      data(_, bytes) {
        received += bytes.toString('latin1');
        heard();
      },
      close: () => close(),
      error: () => close(),
    },
  });
  const until = async (text: string) => {
    while (!received.includes(text)) await new Promise<void>((resolve) => (heard = resolve));
  };
  socket.write(HANDSHAKE);
  await until('\r\n\r\n');
  return { socket, until, closed };
}

describe('what waits for one connection is bounded', () => {
  const big = 'y'.repeat(40_000_000);
  const refused = {
    status: 429,
    error: { code: 'rate_limited', message: expect.stringContaining('megabytes') },
  };

  test('in messages: those that wait behind an answer', async () => {
    await using socket = new TestSocket(sluice);
    await socket.say({ type: 'response.create', model: 'm', input: big });
    await socket.say({ type: 'response.create', model: 'm', input: big });
    expect(await socket.until(({ type }) => type === 'error')).toMatchObject(refused);
    await socket.until(({ type }) => type === 'response.output_text.delta');
  });

  test('in conversations: those that short messages continue side by side', async () => {
    await using socket = new TestSocket(sluice);
    await socket.say({ type: 'response.create', model: 'm', generate: false, input: big });
    const { response } = await socket.until(({ type }) => type === 'response.completed');
    const previous_response_id = parseObject(JSON.stringify(response))?.id ?? null;
    const go = (stream_id: string) =>
      socket.say({ type: 'response.create', model: 'm', stream_id, previous_response_id, input: [] });
    await go('a');
    await go('b');
    const error = await socket.until(({ type }) => type === 'error');
    expect(error).toMatchObject({ ...refused, stream_id: 'b' });
    const { stream_id } = await socket.until(({ type }) => type === 'response.output_text.delta');
    expect(stream_id).toBe('a');
  });

  test('in refusals: a client that sends on without reading them is shut out', async () => {
    const { socket, closed } = await connect();
    socket.pause();
    const wrong = maskedText('hello');
    // Short enough for the buffers of the system in one direction, the refusals by far too long in the other.
    const many = Buffer.concat(Array.from({ length: 30_000 }, () => wrong));
    for (let sent = 0; sent < many.length; await Bun.sleep(1))
      sent += Math.max(0, socket.write(many.subarray(sent)));
    // Meanwhile the gateway reads them.
    for (let round = 0; round < 100; round++) await sluice.get('/gateway/health');
    socket.resume();
    await closed;
  });
});

test('a connection that lasts holds no more after a thousand answers', async () => {
  upstream.answer(replyWith(ANSWER));
  await using socket = new TestSocket(sluice);
  const answers = async (count: number) => {
    for (let index = 0; index < count; index++) await socket.ask({ input: 'x' });
  };
  await answers(1_000);
  // Not one for each of them. Compiled code comes and goes by thousands of objects, but does not grow each time.
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; least >= 500 && round < 8; round++) {
    const before = await countObjects(sluice);
    await answers(1_000);
    least = Math.min(least, (await countObjects(sluice)) - before);
  }
  expect(least).toBeLessThan(500);
});

test('while a provider is silent, the connection is kept in use for proxies between', async () => {
  const { socket, until } = await connect();
  socket.write(maskedText(JSON.stringify({ type: 'response.create', model: 'm', input: 'x' })));
  await until('response.output_text.delta');
  const ping = String.fromCharCode(0x89, 0);
  await until(ping);
  socket.end();
});
