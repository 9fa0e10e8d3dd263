// Clients that leave, over real sockets (GUARANTEES 15).
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { COUNTED, countObjects } from '../support/count-objects.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { connectRaw, postText, type RawClient } from '../support/raw-client.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const ASK = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

let upstream: ReplayUpstream;
let sluice: SluiceProcess;
beforeAll(async () => {
  upstream = await startReplayUpstream(replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }));
  sluice = await startSluice({ config: labConfig(upstream.url) });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  await upstream.stop();
});

interface Audit {
  total: number;
  entries: { status: string; input_tokens: number }[];
}

/** How many rows there are, and the newest. */
const audit = () => sluice.get<Audit>('/gateway/audit?limit=1');

/** The promise's number is a time, so this one is measured: beyond what an answer takes that nothing is waited for. */
const CANCELLED_WITHIN_MS = 100;

describe('the upstream is cancelled within 100 ms of the client’s socket closing', () => {
  const closings: [string, (client: RawClient) => number][] = [
    ['reset', (client) => client.leave()],
    ['closed in order', (client) => client.end()],
  ];
  for (const [how, leave] of closings) {
    for (const [when, stream, fault] of [
      ['mid-stream', true, { kind: 'hang', after: FIRST.length }],
      ['before the head, streamed', true, { kind: 'hang-before-headers' }],
      ['before the head, whole', false, { kind: 'hang-before-headers' }],
    ] as const) {
      for (const path of ['/v1/messages', '/v1/chat/completions']) {
        test(`${path}, ${when}, ${how}; its row says so, with the tokens known so far`, async () => {
          const { total } = await audit();
          upstream.answer(replyWith([FIRST], { fault }));
          const index = upstream.requests.length;
          const client = await connectRaw(sluice.port);
          const other = await connectRaw(sluice.port);
          client.write(postText(path, { ...ASK, stream }));
          const request = await upstream.request(index);
          if (when === 'mid-stream') await client.until((text) => text.includes('Hi'));
          leave(client);
          // A machine that is busy holds this up just as long.
          other.write('GET /gateway/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
          await other.until((text) => text.includes('\r\n\r\n'));
          const answered = performance.now();
          other.leave();
          expect(await request.ended).toBe('left');
          expect((request.abortedAt ?? Number.NaN) - answered).toBeLessThan(CANCELLED_WITHIN_MS);
          // The upstream may know a moment before the request has ended.
          await eventually(async () => (await audit()).total > total);
          expect(await audit()).toMatchObject({
            total: total + 1,
            entries: [{ status: 'aborted', ...(when === 'mid-stream' && { input_tokens: 7 }) }],
          });
        });
      }
    }
  }
});

describe('1,000 clients that leave mid-stream', () => {
  test('leave no connection, descriptor or memory behind', async () => {
    await aborts(sluice, WARM_UP);
    const before = await counts();
    await aborts(sluice, 1_000);
    const after = await counts();
    expect(after.aborted - before.aborted).toBe(1_000);
    expect(after.open).toBe(0);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2);
    // What waits for the garbage collector comes and goes, 60 MB of it; objects are counted below.
    expect(after.residentBytes - before.residentBytes).toBeLessThan(100 * 1024 * 1024);
  });

  test('leave no object behind', async () => {
    await using counted = await startSluice({ config: labConfig(upstream.url), program: COUNTED });
    await aborts(counted, WARM_UP);
    // Not one for each of them. Compiled code comes and goes by thousands of objects, but does not grow each time.
    let least = Number.POSITIVE_INFINITY;
    for (let round = 0; least >= 500 && round < 4; round++) {
      const before = await settledObjects(counted);
      await aborts(counted, 1_000);
      least = Math.min(least, (await settledObjects(counted)) - before);
    }
    expect(least).toBeLessThan(500);
  });

  /** Once the last sockets are closed. */
  async function settledObjects(counted: SluiceProcess): Promise<number> {
    let left = await countObjects(counted);
    for (let looks = 0; looks < 20; looks++) {
      await Bun.sleep(50);
      const now = await countObjects(counted);
      if (now >= left) break;
      left = now;
    }
    return left;
  }

  async function counts() {
    const { total } = await sluice.get<Audit>('/gateway/audit?status=aborted&limit=1');
    return { aborted: total, open: upstream.openConnections(), ...sluice.usage() };
  }
});

/** Pools, code and buffers are at their working size before anything is measured. */
const WARM_UP = 1_400;

async function aborts(from: SluiceProcess, count: number): Promise<void> {
  upstream.answer(replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }));
  const first = upstream.requests.length;
  const lane = async () => {
    for (let round = 0; round < count / 20; round++) {
      const client = await connectRaw(from.port);
      client.write(postText('/v1/messages', ASK));
      await client.until((text) => text.includes('Hi'));
      client.leave();
      await client.closed;
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
  for (const request of upstream.requests.slice(first)) expect(await request.ended).toBe('left');
  await idle(from);
}

/** The gateway knows of no request any more, and its sockets to the upstream are gone. */
async function idle(gateway: SluiceProcess): Promise<void> {
  await eventually(async () => {
    const { providers } = await gateway.get<{ providers: { in_flight: number }[] }>('/gateway/providers');
    return providers.every(({ in_flight }) => in_flight === 0) && upstream.openConnections() === 0;
  });
}
