// A primary in the test's own process, with real workers around it; its heartbeat is turned by hand.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import type { ConfigInput } from '../../src/index.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { createThreadedStore } from '../../src/ledger/threaded-store.ts';
import { reservePort } from '../../src/server/listen.ts';
import { BEAT_MS } from '../../src/workers/heartbeat.ts';
import { type Primary, startPrimary } from '../../src/workers/primary.ts';
import { identifyProgram } from '../../src/workers/program.ts';
import { createManualTimers } from './manual-timers.ts';
import { MAIN } from './program.ts';
import { childrenOf } from './sluice-process.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { inTime } from './time-limit.ts';

export interface RunningPrimary {
  primary: Primary;
  /** Ends the workers, as whoever uses the primary does once. */
  drain(timeoutMs: number): Promise<void>;
  ledger: Ledger;
  port: number;
  /** Of the workers that run. */
  pids(): number[];
  /** Lets so many beats pass. */
  beat(times: number): Promise<void>;
  /** Resolves with the fields of the line when it is logged. */
  logged(message: string): Promise<Record<string, unknown>>;
}

export interface PrimaryLabOptions {
  config: ConfigInput;
  workers: number;
  /** What the primary has as its ledger, around the real one. */
  wrapLedger?: (ledger: Ledger) => Ledger;
}

export async function withPrimary(
  { config: given, workers, wrapLedger = (ledger) => ledger }: PrimaryLabOptions,
  work: (running: RunningPrimary) => Promise<void>,
): Promise<void> {
  const home = temporaryFolder('hang');
  writeFileSync(join(home, 'sluice.json'), JSON.stringify(given));
  const { config } = loadConfig({ environment: {}, directory: home });
  if (config === null) throw new Error('the configuration of this test is wrong');
  const { now, monotonic, setTimer } = createWebHost();
  const beats = createManualTimers();
  const ledger = createLedger(createThreadedStore({ type: 'sqlite', path: join(home, 'sluice.db') }), {
    now,
    monotonic,
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
    workers,
    command: [process.execPath, MAIN, 'serve'],
    program: identifyProgram(MAIN),
    environment: { PATH: process.env.PATH, HOME: home, SLUICE_HOME: home },
    directory: home,
    config,
    hostname: '127.0.0.1',
    port,
    ledger: wrapLedger(ledger),
    telemetry: null,
    version: '0',
    now,
    monotonic,
    setTimer: (callback, ms) => (ms === BEAT_MS ? beats.setTimer : setTimer)(callback, ms),
    logState: () => ({ ok: true, dropped: 0, lastError: null }),
    log: (_level, message, fields = {}) => line(message).resolve(fields),
  });
  let isDrained = false;
  const drain = async (timeoutMs: number) => {
    if (isDrained) return;
    isDrained = true;
    await primary.drain({ delayMs: 0, timeoutMs });
  };
  try {
    await work({
      primary,
      drain,
      ledger,
      port,
      pids: () => childrenOf(process.pid).filter((pid) => !others.includes(pid)),
      beat: (times) => beats.advance(times * BEAT_MS),
      logged: (message) =>
        inTime(line(message).promise, () => `not logged: ${message}; but ${[...lines.keys()].join(', ')}`),
    });
  } finally {
    await drain(0);
    await ledger.close();
    rmSync(home, { recursive: true, force: true });
  }
}
