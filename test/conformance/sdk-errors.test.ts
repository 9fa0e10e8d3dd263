// Every recorded error, asked for by the official SDKs: each raises its own error class, with the provider's
// status and the provider's reason in its message, and asks again exactly where that may help.
import { describe, expect, test } from 'bun:test';
import AnthropicSdk from '@anthropic-ai/sdk';
import { APICallError } from 'ai';
import OpenaiSdk from 'openai';
import { type Recording, recordings } from '../support/recordings.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { CLIENTS, type ClientFetch, createAnthropicClient, createOpenaiClient } from './clients.ts';
import { directFetch, gatewayFor, gatewayTo } from './gateway-for.ts';
import type { VercelProvider } from './read-vercel.ts';

const WIRES = ['anthropic-messages', 'openai-chat'] as const;

interface Sdk {
  dialect: (typeof WIRES)[number];
  ask(fetch: ClientFetch, stream: boolean, maxRetries: number): Promise<unknown>;
  /** The class that the SDK raises for a status. */
  classFor(status: number): new (...args: never[]) => Error;
  base: new (...args: never[]) => Error;
}

const QUESTION = [{ role: 'user' as const, content: 'What is asked here does not matter.' }];
const MODEL = 'recorded-model';

const SDKS: Record<'anthropic' | 'openai', Sdk> = {
  anthropic: {
    dialect: 'anthropic-messages',
    base: AnthropicSdk.APIError,
    classFor: (status) => classOf(AnthropicSdk, status),
    ask(fetch, stream, maxRetries) {
      const { messages } = createAnthropicClient(fetch, undefined, maxRetries);
      const body = { model: MODEL, max_tokens: 1024, messages: QUESTION };
      return stream ? messages.stream(body).finalMessage() : messages.create(body);
    },
  },
  openai: {
    dialect: 'openai-chat',
    base: OpenaiSdk.APIError,
    classFor: (status) => classOf(OpenaiSdk, status),
    async ask(fetch, stream, maxRetries) {
      const { completions } = createOpenaiClient(fetch, undefined, maxRetries).chat;
      const body = { model: MODEL, messages: QUESTION };
      if (!stream) return completions.create(body);
      return Array.fromAsync(await completions.create({ ...body, stream: true }));
    },
  },
};

type ErrorClasses = Pick<
  typeof AnthropicSdk | typeof OpenaiSdk,
  | 'BadRequestError'
  | 'AuthenticationError'
  | 'PermissionDeniedError'
  | 'NotFoundError'
  | 'RateLimitError'
  | 'InternalServerError'
  | 'APIError'
>;

function classOf(sdk: ErrorClasses, status: number): new (...args: never[]) => Error {
  switch (status) {
    case 400:
      return sdk.BadRequestError;
    case 401:
      return sdk.AuthenticationError;
    case 403:
      return sdk.PermissionDeniedError;
    case 404:
      return sdk.NotFoundError;
    case 429:
      return sdk.RateLimitError;
    default:
      return status >= 500 ? sdk.InternalServerError : sdk.APIError;
  }
}

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
  'openai-chat/openai/openinf-testlm-test-exception-event-recorded-on-lm-error': 'sk-fake-key',
};

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

async function raised(asking: Promise<unknown>): Promise<Error & { status?: number; headers?: Headers }> {
  try {
    await asking;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
  }
  throw new Error('nothing was raised');
}

const MAY_HELP = new Set([408, 409, 429, 500, 502, 503, 504, 529]);

for (const wire of WIRES) {
  for (const recording of recordings(wire, { status: 'error' })) {
    describe(`${recording.id}: ${recording.status}`, () => {
      for (const name of ['anthropic', 'openai'] as const) {
        const sdk = SDKS[name];
        for (const stream of [false, true]) {
          const how = stream ? 'streaming' : 'whole';

          test(`${name}, ${how}: its own error, status and reason`, async () => {
            const { fetch, row } = gatewayFor(recording);
            const error = await raised(sdk.ask(fetch, stream, 0));
            expect(error).toBeInstanceOf(sdk.classFor(recording.status));
            expect(error.status).toBe(recording.status);
            const { status, httpStatus } = await row(0);
            expect([status, httpStatus]).toEqual(['error', recording.status]);
            if (sdk.dialect === wire) {
              // Bytes pass: what the SDK can make of them is what it makes of them without the gateway.
              const direct = await raised(sdk.ask(directFetch(recording), stream, 0));
              expect(said(recording, error)).toEqual(said(recording, direct));
            } else expect(error.message).toContain(withoutSecret(recording, reasonOf(recording)));
          });
        }

        test(`${name}: asks ${MAY_HELP.has(recording.status) ? 'again once' : 'only once'}`, async () => {
          // The hint must reach the SDK, or it waits for half a second and more.
          const reply = replyOf(recording, { headers: { 'retry-after-ms': '1' } });
          const { fetch, upstream } = gatewayTo(wire, createReplayFetch(reply));
          const error = await raised(sdk.ask(fetch, true, 1));
          expect(error.headers?.get('retry-after-ms')).toBe('1');
          expect(upstream.requests.length).toBe(MAY_HELP.has(recording.status) ? 2 : 1);
        });
      }

      for (const name of ['@ai-sdk/anthropic', '@ai-sdk/openai-compatible'] satisfies VercelProvider[]) {
        test(`${name}: APICallError with status and reason`, async () => {
          const client = CLIENTS[name];
          const options = { stream: true, tools: [] };
          const error = await raised(client.ask(gatewayFor(recording).fetch, options));
          if (!APICallError.isInstance(error)) throw error;
          expect(error.statusCode).toBe(recording.status);
          if (client.dialect === wire) {
            const direct = await raised(client.ask(directFetch(recording), options));
            expect(error.message).toBe(withoutSecret(recording, direct.message));
          } else expect(error.message).toContain(withoutSecret(recording, reasonOf(recording)));
          expect(error.isRetryable).toBe(MAY_HELP.has(recording.status));
        });
      }
    });
  }
}

/** Errors inside HTTP 200, and what the provider says in them. `status` where nothing was told before. */
const IN_STREAM: Record<string, { reason: string; status?: number }> = {
  'anthropic-messages/anthropic/vercel-literal-instream-overloaded': { reason: 'Overloaded', status: 529 },
  'openai-chat/groq/pydantic-test-tool-use-failed-error-streaming': { reason: 'Tool call validation failed' },
  'openai-chat/openrouter/pydantic-test-openrouter-stream-error': { reason: 'Token limit reached' },
};

for (const wire of WIRES) {
  for (const recording of recordings(wire, { status: 'ok', features: ['in-stream-error'] })) {
    for (const name of ['anthropic', 'openai'] as const) {
      test(`${recording.id}: ${name} raises the error inside HTTP 200`, async () => {
        const expected = IN_STREAM[recording.id];
        if (expected === undefined) throw new Error(`${recording.id} is not in the table`);
        const { fetch, row } = gatewayFor(recording);
        const error = await raised(SDKS[name].ask(fetch, true, 0));
        expect(error).toBeInstanceOf(SDKS[name].base);
        expect(error.message).toContain(expected.reason);
        expect(error.status).toBe(expected.status);
        expect((await row(0)).status).toBe('error');
      });
    }
  }
}
