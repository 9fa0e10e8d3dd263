// A gateway for tests: real in everything but the upstream's network and the ledger's disk.
import type { ServedGateway } from '../../src/gateway/gateway.ts';
import { type ConfigInput, createGateway, type GatewayHost, type LibraryOptions } from '../../src/index.ts';
import { loadPrices } from '../../src/ledger/prices/library.ts';
import type { LedgerRow } from '../../src/ledger/rows/row.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';

// A process's first request waits for it, in real time: a test that turns the clock by hand would not.
await loadPrices();

export interface TestGateway {
  gateway: ServedGateway;
  /** Rows in the order in which requests ended. */
  rows: LedgerRow[];
  /** Resolves with row number `index` (from 0) once the ledger has it. */
  row(index: number): Promise<LedgerRow>;
  post(
    path: string,
    body: unknown,
    options?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
}

export interface TestGatewayOptions {
  config?: ConfigInput;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  host?: Partial<GatewayHost>;
}

/** An embedded gateway with the methods that the library's type leaves to servers. */
export function createServedGateway(config?: ConfigInput, options?: LibraryOptions): ServedGateway {
  return createGateway(config, options) as ServedGateway;
}

/** A stream of a client that does not say who it is breaks where it fails. */
export function headersOfClient(path: string): Record<string, string> {
  return path.startsWith('/api/') ? OLLAMA_SDK : {};
}

const OLLAMA_SDK = { 'user-agent': 'ollama-js/0.6.3 (x64 linux Node.js/v22.20.0)' };

/** Those of the latest tests. */
const recent: ServedGateway[] = [];
/** More than any test has at a time. */
const MOST_RECENT = 200;

/** A gateway has timers, and some tests make tens of thousands: without an end to them, a run took 8 GB. */
function closeLater(gateway: ServedGateway): void {
  recent.push(gateway);
  if (recent.length > MOST_RECENT) void recent.shift()?.close();
}

export function createTestGateway({ config, fetch, host }: TestGatewayOptions): TestGateway {
  const rows: LedgerRow[] = [];
  const waiting = new Map<number, (row: LedgerRow) => void>();
  const unused = () => Promise.reject(new Error('not part of this test'));
  const store: LedgerStore = {
    async append(batch) {
      for (const row of batch) waiting.get(rows.push(row) - 1)?.(row);
    },
    audit: unused,
    totals: unused,
    summary: unused,
    series: unused,
    spending: unused,
    recent: unused,
    expire: async () => ({ rows: 0, isDone: true }),
    close: async () => {},
  };
  const gateway = createServedGateway(config, { host: { fetch, ledgerStore: store, ...host } });
  closeLater(gateway);
  return {
    gateway,
    rows,
    async row(index) {
      await gateway.flush();
      const row = rows[index];
      if (row !== undefined) return row;
      return new Promise((resolve) => waiting.set(index, resolve));
    },
    post(path, body, { headers = {}, signal } = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const init = {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...headersOfClient(path),
          ...headers,
        },
        body: text,
      };
      return gateway.fetch(
        new Request(`http://127.0.0.1:8088${path}`, signal === undefined ? init : { ...init, signal }),
      );
    },
  };
}

/** One provider per dialect, all reached through the test's fetch. */
export const LAB_PROVIDERS = {
  claude: {
    dialect: 'anthropic-messages',
    base_url: 'http://upstream.test',
    api_key: 'lab-key-anthropic',
    max_retries: 0,
  },
  gpt: {
    dialect: 'openai-chat',
    base_url: 'http://upstream.test/v1',
    api_key: 'lab-key-openai',
    max_retries: 0,
  },
  responses: {
    dialect: 'openai-responses',
    base_url: 'http://upstream.test/v1',
    api_key: 'lab-key-responses',
    max_retries: 0,
  },
  gemini: {
    dialect: 'gemini',
    base_url: 'http://upstream.test',
    api_key: 'lab-key-gemini',
    max_retries: 0,
  },
  ollama: {
    dialect: 'ollama-chat',
    base_url: 'http://upstream.test',
    api_key: 'lab-key-ollama',
    max_retries: 0,
  },
} satisfies ConfigInput['providers'];
