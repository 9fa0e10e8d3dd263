// The faults of an upstream that is not ours, over real sockets: aimock speaks the dialects in its own way, so
// that the gateway is not measured by its own codecs alone. https://aimock.copilotkit.dev/docs
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ServerResponse } from 'node:http';
import { createServer, LLMock } from '@copilotkit/aimock';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import type { ErrorCode } from '../../src/model/errors.ts';
import { createWebHost } from '../../src/gateway/host.ts';
import { createSimulator } from '../../src/simulator/index.ts';
import { createVirtualTime } from '../simulator/virtual-time.ts';
import { clientRequest } from '../support/client-requests.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { foreignTo } from './fault-lab.ts';
import { QUESTION_OF } from './question.ts';
import { readStream, readWhole } from './read-answer.ts';

const TEXT = 'Every answer of the independent upstream is this one.';
const ANSWER = { content: TEXT };
const MAX_RETRIES = 1;
/** Of an upstream after its last event. */
const CLOSING_GRACE_MS = 500;

/** Some text, then nothing, for longer than any test takes. */
const STALLS = { ttftMs: 0, interChunkDelaysMs: [0, 0, 0, 0, 0, 0, 60_000], totalDurationMs: 60_000 };

let upstream: LLMock;
/** The same, with its answers at hand, so that they can be broken. */
let breaking: Awaited<ReturnType<typeof createServer>>;
let toBreak: ServerResponse | undefined;
beforeAll(async () => {
  upstream = new LLMock({ port: 0, logLevel: 'silent' });
  upstream.onMessage('works', ANSWER, { chunkSize: 4 });
  upstream.onMessage('fails', ANSWER, { chaos: { dropRate: 1 } });
  upstream.onMessage('limits', ANSWER, { chaos: { rateLimitRate: 1 } });
  upstream.onMessage('is overloaded', { error: { message: 'busy', type: 'overloaded_error' }, status: 529 });
  upstream.onMessage('refuses', { error: { message: 'not so', type: 'invalid_request_error' }, status: 400 });
  upstream.onMessage('mumbles', ANSWER, { chaos: { malformedRate: 1 } });
  upstream.onMessage('hangs up', ANSWER, { chaos: { disconnectRate: 1 } });
  await upstream.start();
  breaking = await createServer(
    [{ match: { userMessage: 'breaks' }, response: ANSWER, chunkSize: 4, recordedTimings: STALLS }],
    { port: 0, logLevel: 'silent' },
  );
  breaking.server.on('request', (_, response) => {
    toBreak = response;
  });
});
afterAll(async () => {
  await upstream.stop();
  breaking.server.close();
});

async function ask(
  question: string,
  client: DialectId,
  provider: DialectId,
  stream: boolean,
  fallback: boolean,
  { url = upstream.url, answered = () => {} }: { url?: string; answered?(): void } = {},
) {
  const simulator = createSimulator(createVirtualTime());
  const web = createWebHost();
  let skipped = 0;
  const at = (base: string, dialect: DialectId) => ({
    dialect,
    base_url: dialect.startsWith('openai') ? `${base}/v1` : base,
    api_key: 'lab-key',
    max_retries: MAX_RETRIES,
  });
  const asked = { independent: 0, healthy: 0 };
  const lab = createTestGateway({
    config: {
      providers: {
        independent: at(url, provider),
        healthy: at('http://simulator.test', foreignTo(client)),
      },
      routing: {
        default_provider: 'independent',
        fallback_chain: fallback ? ['healthy/echo,fast'] : [],
      },
    },
    fetch(url, init) {
      const isOurs = url.startsWith('http://simulator.test');
      asked[isOurs ? 'healthy' : 'independent']++;
      return isOurs ? simulator.fetch(new Request(url, init)) : fetch(url, init);
    },
    host: {
      random: () => 0,
      // Waits between tries take no time, but the clock says that they did; time limits are far longer.
      monotonic: () => web.monotonic() + skipped,
      now: () => web.now() + skipped,
      setTimer(callback, ms) {
        if (ms > 1_000 || ms === CLOSING_GRACE_MS) return web.setTimer(callback, ms);
        return web.setTimer(() => {
          skipped += ms;
          callback();
        }, 0);
      },
    },
  });
  const { path, body } = clientRequest(client, {
    model: 'independent/any-model',
    stream,
    more: QUESTION_OF[client](question),
  });
  const response = await lab.post(path, body);
  answered();
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isStream = /event-stream|ndjson/.test(response.headers.get('content-type') ?? '');
  const answer = isStream
    ? readStream(client, bytes)
    : readWhole(client, response.status, response.headers, new TextDecoder().decode(bytes));
  return { response, answer, asked, row: await lab.row(0) };
}

interface Expected {
  question: string;
  /** In what the client is told. */
  says: string;
  code: ErrorCode;
  status: number;
  calls: number;
  falls: boolean;
}

const TWICE = 1 + MAX_RETRIES;
const FAILURES: Expected[] = [
  {
    question: 'fails',
    says: 'request dropped',
    code: 'upstream_failed',
    status: 502,
    calls: TWICE,
    falls: true,
  },
  {
    question: 'limits',
    says: 'rate limit exceeded',
    code: 'upstream_rate_limited',
    status: 429,
    calls: TWICE,
    falls: true,
  },
  {
    question: 'is overloaded',
    says: 'busy',
    code: 'upstream_overloaded',
    status: 529,
    calls: TWICE,
    falls: true,
  },
  { question: 'refuses', says: 'not so', code: 'upstream_rejected', status: 400, calls: 1, falls: false },
  {
    question: 'mumbles',
    says: 'independent',
    code: 'upstream_malformed',
    status: 502,
    calls: TWICE,
    falls: true,
  },
  {
    question: 'hangs up',
    says: 'independent',
    code: 'upstream_unreachable',
    status: 502,
    calls: TWICE,
    falls: true,
  },
];

for (const client of DIALECT_IDS) {
  for (const provider of [client, foreignTo(client)]) {
    describe(`${client} to ${provider}`, () => {
      test.each([true, false])('an answer, streamed: %p', async (stream) => {
        const { response, answer, row } = await ask('works', client, provider, stream, false);
        expect(response.status).toBe(200);
        expect(answer).toMatchObject({ text: TEXT, endings: ['finish'], finish: 'end_turn', error: '' });
        expect(row).toMatchObject({ status: 'success', provider: 'independent', streamed: stream });
      });

      for (const { question, says, code, status, calls, falls } of FAILURES) {
        for (const stream of [true, false]) {
          const form = stream ? 'streamed' : 'whole';
          test(`one that ${question}, ${form}`, async () => {
            const { response, answer, asked, row } = await ask(question, client, provider, stream, false);
            const has529 = client !== 'gemini' && client !== 'ollama-chat';
            expect(response.status).toBe(status === 529 && !has529 ? 503 : status);
            expect(answer).toMatchObject({ text: '', endings: ['error'] });
            expect(answer.error).toContain(says);
            expect(response.headers.get('retry-after')).toBe(question === 'limits' ? '1' : null);
            expect(row).toMatchObject({ status: 'error', errorCode: code });
            expect(asked).toEqual({ independent: calls, healthy: 0 });
          });

          test(`one that ${question}, ${form}, with a fallback`, async () => {
            const { response, answer, asked, row } = await ask(question, client, provider, stream, true);
            expect(asked).toEqual({ independent: calls, healthy: falls ? 1 : 0 });
            if (!falls) return expect(response.status).toBe(status);
            expect(response.status).toBe(200);
            expect(answer).toMatchObject({ text: question, endings: ['finish'], violations: [] });
            expect(row).toMatchObject({ status: 'success', provider: 'healthy' });
            expect(row.attempts.map(({ error }) => error)).toEqual([
              ...Array.from({ length: calls }, () => code),
              null,
            ]);
          });
        }
      }

      test('one that breaks in the middle: what came, one error, and no other answers', async () => {
        const { response, answer, asked, row } = await ask('breaks', client, provider, true, false, {
          url: breaking.url,
          // The first content is at hand then; a break before it may overtake all that was sent.
          answered: () => toBreak?.destroy(),
        });
        expect(response.status).toBe(200);
        expect(answer.endings).toEqual(['error']);
        expect(TEXT).toStartWith(answer.text);
        expect(answer.text).not.toBeOneOf(['', TEXT]);
        expect(row).toMatchObject({ status: 'truncated', errorCode: 'upstream_truncated' });
        expect(asked).toEqual({ independent: 1, healthy: 0 });
      });
    });
  }
}
