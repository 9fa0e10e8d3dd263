// A worker that is there but does nothing: real processes around a primary whose heartbeat is turned by hand.
import { expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/recorder.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { reservePort } from '../../src/server/host.ts';
import { BEAT_MS, HANG_SECONDS, UNANSWERED_BEATS } from '../../src/workers/heartbeat.ts';
import { type Primary, startPrimary } from '../../src/workers/primary.ts';
import { labConfig } from '../support/lab-config.ts';
import { createManualTimers } from '../support/manual-timers.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { connectRaw, postText, type RawClient } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { childrenOf } from '../support/sluice-process.ts';

// Several processes on a busy machine.
setDefaultTimeout(30_000);

const WORKERS = 2;
/** New connections enough that the system deals one to each of them: it misses one in 500 million times. */
const TO_REACH_BOTH = 30;
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const ASK = { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] };

interface Running {
  primary: Primary;
  /** Ends the workers, as whoever uses the primary does once. */
  drain(timeoutMs: number): Promise<void>;
  ledger: Ledger;
  port: number;
  pids: number[];
  /** Lets so many beats pass. */
  beat(times: number): Promise<void>;
  /** Resolves with the fields of the line when it is logged. */
  logged(message: string): Promise<Record<string, unknown>>;
}

/** A primary in this process. */
async function run(upstream: string, work: (running: Running) => Promise<void>): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-hang-'));
  writeFileSync(join(home, 'sluice.json'), JSON.stringify(labConfig(upstream)));
  const { config } = loadConfig({ environment: {}, directory: home });
  if (config === null) throw new Error('the configuration of this test is wrong');
  const { now, monotonic, setTimer } = createWebHost();
  const beats = createManualTimers();
  const ledger = createLedger(createThreadedStore({ type: 'sqlite', path: join(home, 'sluice.db') }), {
    now,
    setTimer,
  });
  const port = await reservePort('127.0.0.1', 0);
  const lines = new Map<string, PromiseWithResolvers<Record<string, unknown>>>();
  const line = (message: string) => {
    const known = lines.get(message) ?? Promise.withResolvers<Record<string, unknown>>();
    lines.set(message, known);
    return known;
  };
  const others = childrenOf(process.pid);
  const primary = await startPrimary({
    workers: WORKERS,
    command: [process.execPath, resolve(import.meta.dir, '..', '..', 'src', 'main.ts'), 'serve'],
    environment: { PATH: process.env.PATH, HOME: home, SLUICE_HOME: home },
    directory: home,
    config,
    hostname: '127.0.0.1',
    port,
    ledger,
    telemetry: null,
    version: '0',
    now,
    monotonic,
    setTimer: (callback, ms) => (ms === BEAT_MS ? beats.setTimer : setTimer)(callback, ms),
    log: (_level, message, fields = {}) => line(message).resolve(fields),
  });
  let isDrained = false;
  const drain = async (timeoutMs: number) => {
    if (isDrained) return;
    isDrained = true;
    await primary.drain(timeoutMs);
  };
  try {
    await work({
      primary,
      drain,
      ledger,
      port,
      pids: childrenOf(process.pid).filter((pid) => !others.includes(pid)),
      beat: (times) => beats.advance(times * BEAT_MS),
      logged: (message) => line(message).promise,
    });
  } finally {
    await drain(0);
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  }
}

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
    await run(upstream.url, async ({ primary, drain, ledger, port, pids, beat, logged }) => {
      const clients = await Promise.all(Array.from({ length: TO_REACH_BOTH }, () => openStream(port)));
      const [victim = 0] = pids;
      process.kill(victim, 'SIGSTOP');
      await beat(UNANSWERED_BEATS - 1);
      // What the other says to this it says after it has answered those beats.
      let others = 0;
      while (others === 0) others = await primary.activeStreams();
      const lost = TO_REACH_BOTH - others;
      expect(lost).toBeGreaterThan(0);
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
      const statuses = rows.map(({ status }) => status);
      expect(statuses.filter((status) => status === 'error')).toHaveLength(lost);
      expect(statuses.filter((status) => status === 'success')).toHaveLength(others);
    });
  },
);

/** Whether its stream came to its proper end; false where its connection was cut. */
async function ending(client: RawClient): Promise<boolean> {
  try {
    await client.until((text) => text.includes('message_stop'));
    return true;
  } catch {
    return false;
  }
}
