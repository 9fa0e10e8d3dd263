// The management pages over a real ledger, in memory, with a clock turned by hand.
import { expect } from 'bun:test';
import type { ResolvedConfig } from '../../src/config/resolved.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import { createSqliteStore } from '../../src/ledger/sqlite/store.ts';
import { createManagement, type ManagementDeps } from '../../src/management/management.ts';
import { createMeter } from '../../src/telemetry/meter.ts';
import type { PoolState } from '../../src/upstream/connections.ts';
import type { ProviderState } from '../../src/upstream/provider-state.ts';
import { SAMPLE_TIME } from '../support/ledger-rows.ts';
import { createManualTimers, type ManualTimers } from '../support/manual-timers.ts';
import { sampleProvider } from '../support/provider-config.ts';
import { resolveInput } from '../support/resolve-input.ts';
import { sampleRouting } from '../support/routing-config.ts';

export function sampleConfig(changes: Partial<ResolvedConfig> = {}): ResolvedConfig {
  const { config } = resolveInput({
    server: { keys: ['server-key-secret'] },
    audit: { log_response_bodies: false },
  });
  return {
    ...config,
    providers: [
      sampleProvider({
        name: 'lab',
        alsoSpeaks: ['openai-responses'],
        baseUrl: 'http://someone:base-url-secret@10.0.0.5/v1?key=query-secret',
        apiKey: 'api-key-secret',
        headers: { 'x-token': 'header-secret' },
        models: { fast: 'qwen3-8b', big: 'qwen3-80b' },
        defaultModel: 'qwen3-8b',
      }),
      sampleProvider({ name: 'spare', kind: 'other', dialect: 'any' }),
    ],
    disabled: [{ name: 'far', reason: 'env:FAR_KEY is not set' }],
    routing: sampleRouting({ defaultProvider: 'lab', fallbackChain: ['spare/model-x'] }),
    ...changes,
  };
}

/** Every field that some page answers with, as far as tests look into it. */
export interface Answer {
  [field: string]: unknown;
  status: string;
  routing: { [field: string]: unknown; default_provider: string | null };
  summary: Record<string, number>;
  by_agent: unknown;
  by_project: unknown;
  agents: unknown;
  projects: unknown;
  recent: unknown[];
  entries: { [field: string]: unknown; request_id: string }[];
  total: number;
}

/** What a test may change, and ask. */
export interface ManagementLab {
  config: ResolvedConfig;
  readonly timers: ManualTimers;
  ledger: Ledger;
  /** What differs from a provider in health, by name. */
  states: Record<string, Partial<ProviderState>>;
  deps: ManagementDeps;
  pools: PoolState[];
  /** Turns that a long answer gave to others. */
  pauses: number;
  /** @param project whose key asks; left out: the operator's. */
  ask(path: string, method?: string, project?: string): Promise<Response>;
  read(path: string, project?: string): Promise<Answer>;
  record(...rows: LedgerRow[]): void;
}

export function createManagementLab(): ManagementLab {
  const timers = createManualTimers(SAMPLE_TIME);
  const ledger = createLedger(createSqliteStore(':memory:'), timers);
  const lab: ManagementLab = {
    config: sampleConfig(),
    timers,
    ledger,
    states: {},
    pools: [],
    pauses: 0,
    deps: {
      config: () => lab.config,
      ledger,
      meter: createMeter(),
      version: '1.2.3',
      startedAt: SAMPLE_TIME - 61_500,
      uptimeMs: () => 61_500,
      now: timers.now,
      setTimer(callback, delayMs) {
        if (delayMs > 0) return timers.setTimer(callback, delayMs);
        lab.pauses += 1;
        queueMicrotask(callback);
        return () => {};
      },
      running: { list: () => [], cancel: () => false, watch: () => new ReadableStream() },
      connections: () => lab.pools,
      budgets: () => [],
      remoteCount: () => null,
      budgetsUnread: () => null,
      rateLimits: () => [],
      providerStates: (providers) =>
        providers.map(({ name }) => ({
          name,
          healthy: true,
          breaker: 'closed',
          inFlight: 0,
          queued: 0,
          limit: null,
          keys: [],
          ...lab.states[name],
        })),
    },
    async ask(path, method = 'GET', project) {
      const url = new URL(path, 'http://127.0.0.1:8088');
      const response = await createManagement(lab.deps)(new Request(url, { method }), url, project ?? null);
      if (response === undefined) throw new Error(`${path} was not answered`);
      return response;
    },
    async read(path, project) {
      const response = await lab.ask(path, 'GET', project);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-type')).toStartWith('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      return (await response.json()) as Answer;
    },
    record(...rows) {
      for (const row of rows) lab.ledger.record(row);
    },
  };
  return lab;
}
