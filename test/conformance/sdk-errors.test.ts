// Every recorded error, asked for by the official SDKs: each raises its own error class, with the provider's
// status and the provider's reason in its message, and asks again exactly where that may help.
import { describe, expect, test } from 'bun:test';
import { APICallError } from 'ai';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { CLIENTS, readAhead } from './clients.ts';
import { asksAgain, ERROR_SDK_NAMES, ERROR_SDKS, type ErrorSdkName, raised } from './error-sdks.ts';
import { directFetch, gatewayFor, gatewayTo } from './gateway-for.ts';
import type { VercelProvider } from './read-vercel.ts';

const WIRES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini-generate', 'ollama-chat'];
const DIALECT_OF: Record<string, string> = { 'gemini-generate': 'gemini' };

/** What the provider says is wrong, wherever its servers put that. */
function reasonOf(recording: Recording): string {
  const body: unknown = JSON.parse(new TextDecoder().decode(recording.body));
  return find(body) ?? `no reason in ${recording.id}`;

  function find(value: unknown): string | undefined {
    if (typeof value === 'string') return value;
    if (Array.isArray(value)) return find(value[0]);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields = value as Record<string, unknown>;
    return find(fields.error) ?? find(fields.message) ?? find(fields.detail) ?? find(fields.msg);
  }
}

/** Key-shaped words, masked ones included, reach no client (GUARANTEES 18). */
const REDACTED: Record<string, string> = {
  'openai-chat/deepseek/rubyllm-deepseek-deepseek-chat-raises-appropriate-auth-error': '****-key',
  'openai-responses/openai/ddpy-response-error': 'not-a-r****key',
  'openai-chat/openai/openinf-testlm-test-exception-event-recorded-on-lm-error': 'sk-fake-key',
};

/** In a form of the vendor's own, which the dialect's typed SDKs cannot read: rewritten, with the vendor's words (docs/adr/0029). */
const VENDORS_FORM: readonly string[] = [
  'openai-chat/doubleword/rig-invalid-temperature-blocking',
  'openai-chat/mistral/symfony-bad-request-response',
  'openai-chat/venice/rig-nonexistent-model-error-preserves-status-and-body',
];

/** The recording in whose words, too, a wait is a millisecond. */
function hurried(recording: Recording): Recording {
  const words = new TextDecoder().decode(recording.body).replaceAll(/\b\d+(\.\d+)?s\b/g, '0.001s');
  return { ...recording, body: new TextEncoder().encode(words) };
}

function withoutSecret(recording: Recording, text: string): string {
  const secret = REDACTED[recording.id];
  return secret === undefined ? text : text.replaceAll(secret, '[redacted]');
}

/** What an SDK's error says, without what differs from call to call. */
function said(recording: Recording, error: object): unknown {
  const { headers: _, requestID: __, ...fields } = { headers: null, requestID: null, ...error };
  const message = error instanceof Error ? error.message : '';
  return JSON.parse(withoutSecret(recording, JSON.stringify({ ...fields, message })));
}

/** Where the client's status is not the provider's, and why. */
function toldStatus({ id, status }: Recording, client: string): number {
  // Google calls a refused key a bad argument: to clients it is what it is.
  if (id.endsWith('/rig-auth-rejection-keeps-transport-shape')) return 401;
  // The model does not exist, which clients of other dialects know by the status.
  if (id === 'openai-chat/mistral/symfony-bad-request-response' && client !== 'openai-chat') return 404;
  return status === 529 && client === 'gemini' ? 503 : status;
}

for (const wire of WIRES) {
  for (const recording of recordings(wire, { status: 'error' })) {
    describe(`${recording.id}: ${recording.status}`, () => {
      const own = VENDORS_FORM.includes(recording.id) ? undefined : (DIALECT_OF[wire] ?? wire);
      for (const name of ERROR_SDK_NAMES) {
        const sdk = ERROR_SDKS[name];
        const expectedStatus = toldStatus(recording, sdk.dialect);
        for (const stream of [false, true]) {
          const how = stream ? 'streaming' : 'whole';

          test(`${name}, ${how}: its own error, status and reason`, async () => {
            const { fetch, row } = gatewayFor(recording);
            const error = await raised(sdk.ask(fetch, stream, 0));
            expect(error).toBeInstanceOf(sdk.classFor(expectedStatus));
            expect(error.status).toBe(expectedStatus);
            const { status, httpStatus } = await row(0);
            expect([status, httpStatus]).toEqual(['error', expectedStatus]);
            if (sdk.dialect === own) {
              // Bytes pass: what the SDK can make of them is what it makes of them without the gateway.
              const direct = await raised(sdk.ask(directFetch(recording), stream, 0));
              const expected = { ...(said(recording, direct) as object), status: expectedStatus };
              expect(said(recording, error)).toEqual(expected);
            } else expect(messageIn(error)).toContain(withoutSecret(recording, reasonOf(recording)));
          });
        }

        test(`${name}: asks ${asksAgain(name, expectedStatus) ? 'again once' : 'only once'}`, async () => {
          // The hint must reach the SDK, or it waits for half a second and more.
          const reply = replyOf(hurried(recording), { headers: { 'retry-after-ms': '1' } });
          const { fetch } = gatewayTo(wire, createReplayFetch(reply));
          const hints: (string | null)[] = [];
          await raised(
            sdk.ask(
              async (url, init) => {
                const answer = await fetch(url, init);
                hints.push(answer.headers.get('retry-after-ms'));
                return answer;
              },
              true,
              1,
            ),
          );
          expect(hints).toHaveLength(asksAgain(name, expectedStatus) ? 2 : 1);
          expect(hints[0]).toBe('1');
        });
      }

      for (const name of ['@ai-sdk/anthropic', '@ai-sdk/openai-compatible'] satisfies VercelProvider[]) {
        test(`${name}: APICallError with status and reason`, async () => {
          const client = CLIENTS[name];
          const expectedStatus = toldStatus(recording, client.dialect);
          const options = { stream: true, tools: [] };
          const error = await raised(client.ask(gatewayFor(recording).fetch, options));
          if (!APICallError.isInstance(error)) throw error;
          expect(error.statusCode).toBe(expectedStatus);
          if (client.dialect === own) {
            const direct = await raised(client.ask(directFetch(recording), options));
            expect(error.message).toBe(withoutSecret(recording, direct.message));
          } else expect(error.message).toContain(withoutSecret(recording, reasonOf(recording)));
          expect(error.isRetryable).toBe(asksAgain('openai', expectedStatus));
        });
      }
    });
  }
}

/** Google's SDK makes the whole body its message, as JSON. */
function messageIn(error: Error): string {
  const body = /\{.*\}$/s.exec(error.message)?.[0];
  if (body === undefined) return error.message;
  const { message } = (JSON.parse(body) as { error?: { message?: string } }).error ?? {};
  return message ?? error.message;
}

interface InStream {
  reason: string;
  /** Where nothing was told before: the status that clients get. */
  status?: number;
  /** The same for Google's SDK, which reads it from the body too. */
  genaiStatus?: number;
  /** What kind of error each SDK reads. */
  types: Record<ErrorSdkName, string | undefined>;
}

/** Errors inside HTTP 200. */
const IN_STREAM: Record<string, InStream> = {
  // The project's own, read where the shared recordings are absent.
  'openai-responses/openai/failed-stream': {
    reason: 'Rate limit of this sample reached',
    status: 429,
    genaiStatus: 429,
    types: {
      anthropic: 'rate_limit_error',
      openai: 'rate_limit_error',
      'openai-responses': 'rate_limit_error',
      genai: 'RESOURCE_EXHAUSTED',
    },
  },
  'anthropic-messages/anthropic/vercel-literal-instream-overloaded': {
    reason: 'Overloaded',
    status: 529,
    genaiStatus: 503,
    types: {
      anthropic: 'overloaded_error',
      openai: 'server_error',
      'openai-responses': 'server_error',
      genai: 'UNAVAILABLE',
    },
  },
  'openai-chat/groq/pydantic-test-tool-use-failed-error-streaming': {
    reason: 'Tool call validation failed',
    genaiStatus: 400,
    types: {
      anthropic: 'invalid_request_error',
      openai: 'invalid_request_error',
      'openai-responses': 'invalid_request_error',
      genai: 'INVALID_ARGUMENT',
    },
  },
  'openai-chat/openrouter/pydantic-test-openrouter-stream-error': {
    reason: 'Token limit reached',
    genaiStatus: 400,
    types: {
      anthropic: 'invalid_request_error',
      // OpenRouter names none, and its bytes pass.
      openai: undefined,
      'openai-responses': 'invalid_request_error',
      genai: 'INVALID_ARGUMENT',
    },
  },
  'openai-responses/openai/prism-openai-stream-rate-limited-1': {
    reason: 'Request too large',
    status: 429,
    genaiStatus: 429,
    types: {
      anthropic: 'rate_limit_error',
      openai: 'rate_limit_error',
      'openai-responses': 'rate_limit_error',
      genai: 'RESOURCE_EXHAUSTED',
    },
  },
  'gemini-generate/vertex/firebase-streaming-failure-error-mid-stream': {
    reason: 'The operation was cancelled',
    types: {
      anthropic: 'api_error',
      openai: 'server_error',
      'openai-responses': 'server_error',
      genai: undefined,
    },
  },
};

/** Google's SDK reads an error that is no event only where a chunk of the socket holds nothing else. */
const NOT_READ_BY_GENAI = 'gemini-generate/vertex/firebase-streaming-failure-error-mid-stream';

for (const wire of WIRES) {
  for (const recording of recordings(wire, { status: 'ok', features: ['in-stream-error'] })) {
    for (const name of ERROR_SDK_NAMES) {
      test(`${recording.id}: ${name} raises the error inside HTTP 200`, async () => {
        const expected = IN_STREAM[recording.id];
        if (expected === undefined) throw new Error(`${recording.id} is not in the table`);
        const sdk = ERROR_SDKS[name];
        const { fetch, row } = gatewayFor(recording);
        const error = await raised(sdk.ask(readAhead(fetch), true, 0));
        expect((await row(0)).status).toBe('error');
        if (name === 'genai' && recording.id === NOT_READ_BY_GENAI) {
          const direct = await raised(sdk.ask(readAhead(directFetch(recording)), true, 0));
          expect(error.message).toBe(direct.message);
          return;
        }
        expect(error).toBeInstanceOf(sdk.base);
        expect(error.message).toContain(expected.reason);
        expect(error.status).toBe(name === 'genai' ? expected.genaiStatus : expected.status);
        expect(sdk.typeOf(error)).toBe(expected.types[name]);
      });
    }
  }
}
