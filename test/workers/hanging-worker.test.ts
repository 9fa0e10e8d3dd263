// A worker that is there but does nothing: real processes around a primary whose heartbeat is turned by hand.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { BEAT_MS, UNANSWERED_BEATS } from '../../src/workers/heartbeat.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { withPrimary } from '../support/primary-lab.ts';
import { connectRaw, postText, type RawClient } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const HANG_SECONDS = (UNANSWERED_BEATS * BEAT_MS) / 1_000;
const WORKERS = 2;
/** New connections enough that the system deals one to each of them: it misses one in 500 million times. */
const TO_REACH_BOTH = 30;
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const ASK = { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] };

async function openStream(port: number): Promise<RawClient> {
  const client = await connectRaw(port);
  client.write(postText('/v1/messages', ASK));
  await client.until((text) => text.includes('Hi'));
  return client;
}

test.skipIf(process.platform !== 'linux')(
  'one that answers nothing any more is replaced, its streams have rows, and those of others go on',
  async () => {
    const gate = Promise.withResolvers<void>();
    await using upstream = await startReplayUpstream(
      replyWith([FIRST, utf8(MESSAGE.delta('finished') + MESSAGE.end)], {
        before: (index) => (index === 1 ? gate.promise : undefined),
      }),
    );
    const options = { config: labConfig(upstream.url), workers: WORKERS };
    await withPrimary(options, async ({ primary, drain, ledger, port, pids, beat, logged }) => {
      const clients = await Promise.all(Array.from({ length: TO_REACH_BOTH }, () => openStream(port)));
      const [victim = 0] = pids();
      process.kill(victim, 'SIGSTOP');
      await beat(UNANSWERED_BEATS - 1);
      // What the other says to this it says after it has answered those beats.
      let others = 0;
      while (others === 0) others = await primary.activeStreams();
      const lost = TO_REACH_BOTH - others;
      expect(lost).toBeGreaterThan(0);
      const page = await readHealth(port);
      expect(page.silent).toBe('1');
      expect(page.health).toMatchObject({
        status: 'degraded',
        active_streams: others,
        workers: { wanted: WORKERS, running: WORKERS, starting: 0, silent: 1, replaced: 0 },
      });
      await beat(2);
      expect(await logged('a worker hangs and is killed')).toEqual({
        worker: expect.any(Number),
        pid: victim,
        silent_for_s: HANG_SECONDS,
      });
      const end = await logged(
        'a worker is gone and will be replaced; its running requests are recorded as failed',
      );
      expect(end).toMatchObject({ pid: victim, requests: lost });
      await logged('a worker was replaced');
      gate.resolve();
      const endings = await Promise.all(clients.map(ending));
      expect(endings.filter((isWhole) => isWhole)).toHaveLength(others);
      await drain(10_000);
      await ledger.flush();
      const rows = await ledger.store.recent(2 * TO_REACH_BOTH);
      const lostRows = rows.filter(({ status }) => status === 'error');
      expect(new Set(lostRows.map(({ errorMessage }) => errorMessage))).toEqual(
        new Set([
          `the process that served this request was ended by SIGKILL because it had not answered for ${HANG_SECONDS} s; ` +
            'what the provider had answered is unknown',
        ]),
      );
      const statuses = rows.map(({ status }) => status);
      expect(statuses.filter((status) => status === 'error')).toHaveLength(lost);
      expect(statuses.filter((status) => status === 'success')).toHaveLength(others);
    });
  },
);

/** From whichever worker answers: connections that the system deals to the other wait for it. */
async function readHealth(port: number): Promise<{ silent: string | null; health: unknown }> {
  const others = new AbortController();
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/gateway/health`, {
      headers: { connection: 'close' },
      signal: others.signal,
    });
    return {
      silent: response.headers.get('x-sluice-silent-workers'),
      health: (await response.json()) as unknown,
    };
  };
  const asked = Array.from({ length: TO_REACH_BOTH }, ask);
  const first = await Promise.any(asked);
  others.abort();
  await Promise.allSettled(asked);
  return first;
}

/** Whether its stream came to its proper end; false where its connection was cut. */
async function ending(client: RawClient): Promise<boolean> {
  try {
    await client.until((text) => text.includes('message_stop'));
    return true;
  } catch {
    return false;
  }
}
