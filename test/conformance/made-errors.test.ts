// Every status, hint and failure in a stream, of every wire that providers speak, as the official SDKs of the four
// dialects see it: what may help is asked again by the SDK itself, what is final is asked once, each in the client's
// own words.
import { describe, expect, test } from 'bun:test';
import type { DialectId, ProviderDialectId } from '../../src/model/dialect-id.ts';
import { type ErrorKind, PROVIDER_WIRES, type ProviderWire, WIRE_IDS } from '../support/provider-wires.ts';
import { createReplayFetch, type ReplayFetch } from '../support/replay-fetch.ts';
import { jsonReply, type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { type ClientFetch, readAhead } from './clients.ts';
import { ERROR_SDK_NAMES, ERROR_SDKS, raised, ResponseFailed, statusTold } from './error-sdks.ts';
import { clientFetch } from './gateway-for.ts';

const REASON = 'the reason that the provider gave';

/** What a client is told of a provider's status (CONTRACT, errors), and whether asking again may help. */
const STATUSES: Record<number, { clientStatus: number; retryable: boolean }> = {
  400: { clientStatus: 400, retryable: false },
  401: { clientStatus: 401, retryable: false },
  403: { clientStatus: 403, retryable: false },
  404: { clientStatus: 404, retryable: false },
  408: { clientStatus: 502, retryable: true },
  409: { clientStatus: 502, retryable: true },
  413: { clientStatus: 413, retryable: false },
  422: { clientStatus: 422, retryable: false },
  429: { clientStatus: 429, retryable: true },
  500: { clientStatus: 502, retryable: true },
  502: { clientStatus: 502, retryable: true },
  503: { clientStatus: 503, retryable: true },
  504: { clientStatus: 502, retryable: true },
  529: { clientStatus: 529, retryable: true },
};

const OPENAI_TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  502: 'server_error',
  503: 'server_error',
  529: 'server_error',
};
/** What each dialect calls a status; others are `other`. */
const TYPES: Record<DialectId, { other: string; types: Record<number, string> }> = {
  'anthropic-messages': {
    other: 'invalid_request_error',
    types: {
      401: 'authentication_error',
      403: 'permission_error',
      404: 'not_found_error',
      413: 'request_too_large',
      429: 'rate_limit_error',
      502: 'api_error',
      503: 'overloaded_error',
      529: 'overloaded_error',
    },
  },
  'openai-chat': { other: 'invalid_request_error', types: OPENAI_TYPES },
  'openai-responses': { other: 'invalid_request_error', types: OPENAI_TYPES },
  gemini: {
    other: 'INVALID_ARGUMENT',
    types: {
      401: 'UNAUTHENTICATED',
      403: 'PERMISSION_DENIED',
      404: 'NOT_FOUND',
      429: 'RESOURCE_EXHAUSTED',
      502: 'UNAVAILABLE',
      503: 'UNAVAILABLE',
    },
  },
  // Its errors are a sentence.
  'ollama-chat': { other: '', types: {} },
};

function setup(wire: ProviderDialectId, reply: Reply): { fetch: ClientFetch; upstream: ReplayFetch } {
  const upstream = createReplayFetch(reply);
  const config = { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } };
  return { upstream, fetch: clientFetch(createTestGateway({ config, fetch: upstream.fetch }).gateway) };
}

/** Without it SDKs wait for half a second and more before they ask again. */
const AT_ONCE = { 'retry-after-ms': '1' };

for (const wire of WIRE_IDS) {
  const pieces: ProviderWire = PROVIDER_WIRES[wire];
  const streamOf = (text: string) =>
    replyWith(pieces.bytes?.(text) ?? text, { headers: { 'content-type': pieces.contentType } });

  for (const name of ERROR_SDK_NAMES) {
    const sdk = ERROR_SDKS[name];
    const isOwn = sdk.dialect === wire;

    describe(`${wire} → ${name}`, () => {
      for (const [given, { clientStatus: general, retryable }] of Object.entries(STATUSES)) {
        const status = Number(given);
        const expectedStatus = statusTold(sdk.dialect, wire, general);
        for (const stream of [false, true]) {
          test(`HTTP ${status}, ${stream ? 'streamed' : 'whole'}: ${expectedStatus}, asked ${retryable ? 'again' : 'once'}`, async () => {
            const reply = jsonReply(pieces.errorBody(status, REASON), { status, headers: AT_ONCE });
            const { fetch, upstream } = setup(wire, reply);
            const error = await raised(sdk.ask(fetch, stream, 1));
            expect(error).toBeInstanceOf(sdk.classFor(expectedStatus));
            expect(error.status).toBe(expectedStatus);
            expect(error.message).toContain(REASON);
            expect(upstream.requests).toHaveLength(retryable ? 2 : 1);
            if (!isOwn) {
              const { other, types } = TYPES[sdk.dialect];
              expect(sdk.typeOf(error)).toBe(types[expectedStatus] ?? other);
            }
          });
        }
      }

      test.each([
        ['seconds', { 'retry-after': '7' }, '7'],
        [
          'a date',
          { 'retry-after': 'Wed, 21 Oct 2026 07:28:09 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
          '9',
        ],
        ['milliseconds', { 'retry-after-ms': '6500' }, '7'],
      ])('a hint in %s reaches the client', async (_, headers: Record<string, string>, seconds) => {
        const { fetch } = setup(wire, jsonReply(pieces.errorBody(429, REASON), { status: 429, headers }));
        const { answers, watched } = watch(fetch);
        await raised(sdk.ask(watched, true, 0));
        const hint = answers[0]?.headers.get('retry-after');
        expect([seconds, headers['retry-after']]).toContain(hint ?? undefined);
        if (headers['retry-after-ms'] !== undefined) {
          expect(answers[0]?.headers.get('retry-after-ms')).toBe(headers['retry-after-ms']);
        }
      });

      for (const kind of ['overloaded', 'rate-limited', 'invalid'] satisfies ErrorKind[]) {
        const failure = pieces.failure(kind, REASON);
        if (failure === undefined) continue;
        const retryable = kind !== 'invalid';

        for (const before of ['', pieces.start]) {
          const where = before === '' ? 'as the first event' : 'before any content';
          for (const stream of [false, true]) {
            test(`${kind} ${where} of HTTP 200, asked ${stream ? 'as a stream' : 'whole'}: a status`, async () => {
              const { fetch, upstream } = setup(wire, streamOf(before + failure));
              const { answers, watched } = watch(fetch);
              const error = await raised(sdk.ask(quick(watched), stream, 1));
              // The provider itself answered 200.
              const expectedStatus = statusTold(sdk.dialect, wire, toldOf(wire, kind));
              expect(error).toBeInstanceOf(sdk.classFor(expectedStatus));
              expect(error.status).toBe(expectedStatus);
              expect(error.message).toContain(REASON);
              expect(upstream.requests).toHaveLength(retryable ? 2 : 1);
              expect(answers.map((answer) => answer.status)).toEqual(
                retryable ? [expectedStatus, expectedStatus] : [expectedStatus],
              );
            });
          }
        }

        test(`${kind} after content: in the stream, in the client's own words`, async () => {
          const text = pieces.start + pieces.text('Hello') + failure;
          const { fetch, upstream } = setup(wire, streamOf(text));
          const error = await raised(sdk.ask(readAhead(fetch), true, 1));
          if (!isOwn || !(error instanceof ResponseFailed)) expect(error).toBeInstanceOf(sdk.base);
          expect(error.message).toContain(REASON);
          expect(upstream.requests).toHaveLength(1);
          if (!isOwn) expect(sdk.typeOf(error)).toBe(IN_STREAM_TYPES[sdk.dialect][kind]);
        });
      }

      test('an error in a body of HTTP 200 is a status', async () => {
        const { fetch, upstream } = setup(wire, jsonReply(pieces.errorBody(500, REASON)));
        const error = await raised(sdk.ask(quick(fetch), false, 1));
        expect(error.status).toBe(502);
        expect(error.message).toContain(REASON);
        expect(upstream.requests).toHaveLength(2);
      });
    });
  }
}

function toldOf(wire: ProviderDialectId, kind: ErrorKind): number {
  if (kind === 'rate-limited') return 429;
  if (kind === 'invalid') return 400;
  return wire === 'anthropic-messages' || wire === 'ollama-chat' ? 529 : 503;
}

/** Inside a stream a kind of error is all that is left of a status. */
const IN_STREAM_TYPES: Record<DialectId, Record<ErrorKind, string>> = {
  'anthropic-messages': {
    overloaded: 'overloaded_error',
    'rate-limited': 'rate_limit_error',
    invalid: 'invalid_request_error',
  },
  'openai-chat': {
    overloaded: 'server_error',
    'rate-limited': 'rate_limit_error',
    invalid: 'invalid_request_error',
  },
  'openai-responses': {
    overloaded: 'server_error',
    'rate-limited': 'rate_limit_error',
    invalid: 'invalid_request_error',
  },
  gemini: { overloaded: 'UNAVAILABLE', 'rate-limited': 'RESOURCE_EXHAUSTED', invalid: 'INVALID_ARGUMENT' },
  'ollama-chat': { overloaded: '', 'rate-limited': '', invalid: '' },
};

/** Notes what the client got. */
function watch(fetch: ClientFetch): { watched: ClientFetch; answers: Response[] } {
  const answers: Response[] = [];
  const watched: ClientFetch = async (url, init) => {
    const answer = await fetch(url, init);
    answers.push(answer.clone());
    return answer;
  };
  return { watched, answers };
}

/** The provider gave no hint, so the SDK would wait: it is told not to, by what stands for the network. */
function quick(fetch: ClientFetch): ClientFetch {
  return async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    const hurried = new Headers(headers);
    hurried.set('retry-after-ms', '1');
    return new Response(body, { status, headers: hurried });
  };
}
