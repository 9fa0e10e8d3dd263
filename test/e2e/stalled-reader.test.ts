// Clients that stop reading, over real sockets: the upstream is paused, the gateway holds little (GUARANTEES 12).
import { expect, setDefaultTimeout, test } from 'bun:test';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const STREAMS = 12;
const DELTA_BYTES = 16 * 1024;
/**
 * What memory may grow by for each of them: a block of up to 512 KB that was read from an upstream which sends as fast as
 * a kernel can, another that is being written, and, most of it (3 to 4 MB in all), what of earlier ones the collector and the
 * allocator give back late. What the client of upstreams itself holds is measured in test/server/http1/back-pressure.test.ts.
 */
const HELD_PER_STREAM = 6 * 1024 * 1024;
/** More than the kernel's buffers on both sides hold: reading so much takes the upstream's going on. */
const BEYOND_KERNEL_BUFFERS = 32 * 1024 * 1024;
const ASK = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

function* endless() {
  yield utf8(MESSAGE.start + MESSAGE.block);
  const delta = utf8(MESSAGE.delta('x'.repeat(DELTA_BYTES)));
  for (;;) yield delta;
}

for (const path of ['/v1/messages', '/v1/chat/completions']) {
  test(`${path}: ${STREAMS} stalled readers pause endless upstreams, and leave no trace when they go`, async () => {
    await using upstream = await startReplayUpstream(() => replyWith(endless()));
    await using sluice = await startSluice({
      config: labConfig(upstream.url, {}, { audit: { log_response_bodies: false } }),
    });
    const stall = async () => {
      const client = await connectRaw(sluice.port);
      client.write(postText(path, ASK));
      await client.until((text) => text.includes('xxxx'));
      client.pause();
      return client;
    };
    // One whole life first, so that code and pools are there before memory is measured.
    (await stall()).leave();
    const before = sluice.usage();
    const clients = [];
    for (let count = 0; count < STREAMS; count++) clients.push(await stall());

    const sent = () => upstream.requests.reduce((sum, request) => sum + request.bytesSent, 0);
    let seen = -1;
    // Still: nothing more goes out during a fifth of a second. A gateway that does not pause never gets here.
    while (seen !== sent()) {
      seen = sent();
      await Bun.sleep(200);
    }
    // What was sent is in the kernel's socket buffers or in the gateway, which the second number bounds.
    const heldPerStream = () => (sluice.usage().residentBytes - before.residentBytes) / STREAMS;
    await eventually(
      () => heldPerStream() < HELD_PER_STREAM,
      () => `each stream holds ${heldPerStream()} bytes`,
    );
    // One reads on: its upstream goes on with it.
    const [reader] = clients;
    const already = reader?.bytesReceived() ?? 0;
    reader?.resume();
    // Others are served while one stream runs at full speed.
    expect((await fetch(`${sluice.url}/gateway/health`)).status).toBe(200);
    await reader?.until(() => reader.bytesReceived() > already + BEYOND_KERNEL_BUFFERS);
    expect(sent()).toBeGreaterThan(seen);

    for (const client of clients) client.leave();
    for (const request of upstream.requests) expect(await request.ended).toBe('left');
    const { entries } = await sluice.get<{ entries: { status: string }[] }>('/gateway/audit');
    expect(entries.map(({ status }) => status)).toEqual(Array(STREAMS + 1).fill('aborted'));
  });
}
