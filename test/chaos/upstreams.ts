// The providers of a chaos run: the project's simulator, an independent mock, and one that is down half of the time.
import { LLMock } from '@copilotkit/aimock';
import type { ConfigInput } from '../../src/index.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { createHttpHost } from '../../src/server/host.ts';
import { createSimulator, createSleep, serveSimulator } from '../../src/simulator/index.ts';

export interface Upstreams {
  config: ConfigInput;
  /** Whether the moody one answers. */
  setMood(isGood: boolean): void;
  stop(): Promise<void>;
}

/** Of the moody provider: what opens its breaker, and for how long. */
export const OPEN_FOR_MS = 300;

/** What the independent mock does, by a word of the question. */
export const MOCK_WORDS = ['works', 'fails', 'mumbles', 'hangs up', 'breaks'] as const;

export async function startUpstreams(): Promise<Upstreams> {
  const { now, monotonic, setTimer } = createWebHost();
  const simulator = serveSimulator(createSimulator({ now, monotonic, sleep: createSleep(setTimer) }));
  let isGood = true;
  const ours = serve(simulator);
  const moody = serve(async (request) =>
    isGood ? simulator(request) : new Response('{"error":{"message":"down"}}', { status: 503 }),
  );
  const mock = new LLMock({ port: 0, logLevel: 'silent' });
  const answer = { content: 'Every answer of the independent upstream is this one.' };
  mock.onMessage('works', answer, { chunkSize: 4 });
  mock.onMessage('fails', answer, { chaos: { dropRate: 1 } });
  mock.onMessage('mumbles', answer, { chaos: { malformedRate: 1 } });
  mock.onMessage('hangs up', answer, { chaos: { disconnectRate: 1 } });
  mock.onMessage('breaks', answer, { chunkSize: 4, latency: 5, truncateAfterChunks: 8 });
  await mock.start();
  return {
    config: configOf(ours.url, moody.url, mock.url),
    setMood(good) {
      isGood = good;
    },
    async stop() {
      await Promise.all([ours.drain(0), moody.drain(0), mock.stop()]);
    },
  };
}

function serve(fetch: (request: Request) => Promise<Response>) {
  // What throws is meant to: a connection that breaks.
  return createHttpHost({ hostname: '127.0.0.1', port: 0, fetch, onError: () => {} });
}

/** `sim-DIALECT`, `mock-DIALECT` and `moody`; what none of them can answer goes to `steady`. */
function configOf(ours: string, moody: string, mock: string): ConfigInput {
  const at = (root: string, dialect: DialectId) => ({
    dialect,
    base_url: dialect.startsWith('openai') ? `${root}/v1` : root,
    api_key: 'chaos-key',
    max_retries: 1,
    timeouts: { connect: '2s', first_byte: '1s', idle: '1s' },
    // Faults are asked for: they say nothing about the next request.
    breaker: { enabled: false },
  });
  const each = (name: string, root: string) =>
    DIALECT_IDS.map((dialect) => [`${name}-${dialect}`, at(root, dialect)] as const);
  return {
    providers: {
      ...Object.fromEntries([...each('sim', ours), ...each('mock', mock)]),
      moody: {
        ...at(moody, 'openai-chat'),
        max_retries: 0,
        breaker: { failures: 3, open_for: `${OPEN_FOR_MS}ms` },
        concurrency: { max: 50 },
      },
      steady: at(ours, 'anthropic-messages'),
    },
    routing: { default_provider: 'steady', fallback_chain: ['steady/fast,echo'] },
    audit: { log_request_bodies: false, log_response_bodies: false },
  };
}
