// Load on gateways whose upstream counts for itself, and the comparison of that count with the ledger.
import { type AuditFilter, type LedgerStore, NO_TOTALS, type StoredRow } from '../../src/ledger/store.ts';
import type { ConfigInput } from '../../src/index.ts';
import { MESSAGE, wholeMessage } from './message-stream.ts';

/** How a request of the load goes; the upstream reads it from the model's name. */
const KINDS = ['streamed', 'whole', 'aborted', 'failing'] as const;
type Kind = (typeof KINDS)[number];

const STATUS: Record<Kind, StoredRow['status']> = {
  streamed: 'success',
  whole: 'success',
  aborted: 'aborted',
  failing: 'error',
};

export interface LoadUpstream {
  /** A configuration whose one provider it is. */
  config(audit: NonNullable<ConfigInput['audit']>): ConfigInput;
  /** What it has told its clients of. */
  counted: { requests: number; inputTokens: number; outputTokens: number };
  stop(): Promise<void>;
}

/** An upstream in which every request has another number of tokens. */
export function startLoadUpstream(): LoadUpstream {
  const counted = { requests: 0, inputTokens: 0, outputTokens: 0 };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const { model } = (await request.json()) as { model: Kind };
      counted.requests += 1;
      if (model === 'failing') {
        const error = { type: 'error', error: { type: 'api_error', message: 'out of order' } };
        return Response.json(error, { status: 500 });
      }
      const input = 10 + (counted.requests % 97);
      const output = 2 + (counted.requests % 31);
      counted.inputTokens += input;
      // A stream that is cut has told what it had told at its start.
      counted.outputTokens += model === 'aborted' ? 1 : output;
      if (model === 'whole') {
        const usage = { input_tokens: input, output_tokens: output };
        return Response.json({ ...wholeMessage('a whole answer'), usage });
      }
      const start = MESSAGE.start.replace('"input_tokens":7', `"input_tokens":${input}`);
      const begun = start + MESSAGE.block + MESSAGE.delta('word ').repeat(5);
      const end = MESSAGE.end.replace('"output_tokens":3', `"output_tokens":${output}`);
      const encoder = new TextEncoder();
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(encoder.encode(begun));
          if (model === 'aborted') return;
          controller.enqueue(encoder.encode(end));
          controller.close();
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  return {
    counted,
    config: (audit) => ({
      audit,
      providers: {
        lab: {
          dialect: 'anthropic-messages',
          base_url: `http://127.0.0.1:${server.port}`,
          api_key: 'lab-key',
          max_retries: 0,
          breaker: { enabled: false },
          concurrency: { max: null },
        },
      },
      routing: { default_provider: 'lab' },
    }),
    stop: () => server.stop(true),
  };
}

/** A request that has ended for its client. */
export interface Ended {
  id: string;
  kind: Kind;
  /** `performance.now()`. */
  at: number;
}

export interface LoadOptions {
  requests: number;
  /** Requests at once. */
  concurrency: number;
  /** Asked before each request: false ends the load. */
  goesOn?(): boolean;
  /** Told of each request that ended. */
  onEnd?(): void;
}

/** Sends to the gateways in turn. A request whose gateway is gone is not among those that ended. */
export async function runLoad(urls: readonly string[], options: LoadOptions): Promise<Ended[]> {
  const { requests, concurrency, goesOn = () => true, onEnd = () => {} } = options;
  const ended: Ended[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < requests && goesOn()) {
      const number = next++;
      const kind = KINDS[number % KINDS.length] ?? 'whole';
      const id = await send(urls[number % urls.length] ?? '', kind).catch(() => null);
      if (id === null) continue;
      ended.push({ id, kind, at: performance.now() });
      onEnd();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return ended;
}

/** Resolves to the request's id. */
async function send(url: string, kind: Kind): Promise<string> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: kind,
      max_tokens: 100,
      stream: kind === 'streamed' || kind === 'aborted',
      messages: [{ role: 'user', content: 'Say something' }],
    }),
    signal: leaving.signal,
  });
  const id = response.headers.get('x-sluice-request-id');
  if (id === null) throw new Error(`an answer without a request id: ${response.status}`);
  if (kind !== 'aborted') {
    await response.text();
    return id;
  }
  await response.body?.getReader().read();
  leaving.abort();
  return id;
}

/** What of the load the ledger does not tell rightly; empty where all is well. */
export async function compareWithLedger(
  store: LedgerStore,
  ended: readonly Ended[],
  upstream: LoadUpstream,
): Promise<string[]> {
  const wrong: string[] = [];
  const rows = await readRows(store);
  const expectSame = (what: string, found: number, wanted: number) => {
    if (found !== wanted) wrong.push(`${what}: the ledger has ${found}, it should be ${wanted}`);
  };
  wrong.push(...missing(rows, ended));
  const sum = (of: (row: StoredRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  expectSame('rows', rows.length, ended.length);
  expectSame(
    'input tokens of rows',
    sum((row) => row.usage.inputTokens),
    upstream.counted.inputTokens,
  );
  expectSame(
    'output tokens of rows',
    sum((row) => row.usage.outputTokens),
    upstream.counted.outputTokens,
  );
  const totals = await store.totals();
  expectSame('requests in the sums', totals.requests, upstream.counted.requests);
  expectSame('input tokens in the sums', totals.inputTokens, upstream.counted.inputTokens);
  expectSame('output tokens in the sums', totals.outputTokens, upstream.counted.outputTokens);
  return wrong;
}

/** What is not right about the rows of these requests, others being there or not. */
export function missing(rows: readonly StoredRow[], ended: readonly Ended[]): string[] {
  const wrong: string[] = [];
  const byId = new Map(rows.map((row) => [row.requestId, row]));
  if (byId.size !== rows.length) wrong.push(`${rows.length - byId.size} rows are there twice`);
  for (const { id, kind } of ended) {
    const status = byId.get(id)?.status ?? 'missing';
    if (status !== STATUS[kind]) wrong.push(`a request that was ${kind} is ${status} (${id})`);
  }
  return wrong;
}

export async function readRows(store: LedgerStore): Promise<StoredRow[]> {
  const filter: AuditFilter = { limit: 5000, offset: 0, includeBodies: false };
  const found: StoredRow[] = [];
  for (let endTime: number | undefined; ; ) {
    const { rows } = await store.audit({ ...filter, ...(endTime !== undefined && { endTime }) });
    const known = new Set(found.filter((row) => row.timestamp === endTime).map((row) => row.requestId));
    const fresh = rows.filter((row) => !known.has(row.requestId));
    found.push(...fresh);
    if (rows.length < filter.limit || fresh.length === 0) return found;
    endTime = found.at(-1)?.timestamp;
  }
}

/** The sums, against the rows themselves. */
export async function sumsOfRows(store: LedgerStore): Promise<string[]> {
  const rows = await readRows(store);
  const totals = { ...NO_TOTALS, ...(await store.totals()) };
  const tokens = rows.reduce((sum, row) => sum + row.usage.outputTokens, 0);
  const wrong: string[] = [];
  if (totals.requests !== rows.length) wrong.push(`sums of ${totals.requests} requests, ${rows.length} rows`);
  if (totals.outputTokens !== tokens) wrong.push(`sums of ${totals.outputTokens} tokens, rows of ${tokens}`);
  return wrong;
}
