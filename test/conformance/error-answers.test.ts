// Errors as providers and what stands before them send them, well-formed or not, on every wire: the official SDKs of
// each client dialect raise the class of the status, and ask again where that may help, streamed and whole.
import { describe, expect, test } from 'bun:test';
import type { ProviderDialectId } from '../../src/model/dialect-id.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { PROVIDER_WIRES } from '../support/provider-wires.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';
import { readAhead } from './clients.ts';
import { asksAgain, ERROR_SDK_NAMES, ERROR_SDKS, raised, statusTold } from './error-sdks.ts';
import { clientFetch } from './gateway-for.ts';

const WIRES = Object.keys(PROVIDER_WIRES) as ProviderDialectId[];
const JSON_TYPE = { 'content-type': 'application/json' };
const SOON = { 'retry-after-ms': '1' };
const HTML = '<!doctype html><html><title>Bad gateway</title></html>';

interface ErrorAnswer {
  name: string;
  reply(errorBody: (status: number) => JsonObject): Reply;
  /** What clients are told. */
  status: number;
  /** In the error's message. */
  says: RegExp;
}

const plain = (status: number, headers: Record<string, string> = {}): ErrorAnswer => ({
  name: `${status}${Object.keys(headers).map((name) => `, ${name}`)}`,
  reply: (errorBody) =>
    replyWith(JSON.stringify(errorBody(status)), { status, headers: { ...JSON_TYPE, ...headers } }),
  status,
  says: /no such luck/,
});

const broken = (name: string, status: number, body: string, says: RegExp, type = 'application/json') => ({
  name: `${status}: ${name}`,
  reply: () => replyWith(body, { status, headers: { ...SOON, 'content-type': type } }),
  status,
  says,
});

const CASES: ErrorAnswer[] = [
  ...[400, 401, 403, 404, 413, 422].map((status) => plain(status)),
  // Without a hint the SDKs would wait for half a second.
  ...[503, 529].map((status) => plain(status, SOON)),
  plain(429, SOON),
  ...[400, 403, 429].flatMap((status) => [
    broken('an HTML page', status, HTML, /HTML page/, 'text/html'),
    broken('an HTML page that calls itself JSON', status, HTML, /HTML page/),
    broken('an empty body', status, '', /answered/),
    broken('half of a body', status, '{"error":{"message":"no such lu', /no such lu/),
    broken(
      'plain text that calls itself a stream',
      status,
      'no such luck',
      /no such luck/,
      'text/event-stream',
    ),
  ]),
  ...[400, 401, 429].map((status) => ({
    name: `${status}: a JSON body that calls itself a stream`,
    reply: (errorBody: (status: number) => JsonObject) =>
      replyWith(JSON.stringify(errorBody(status)), {
        status,
        headers: { ...SOON, 'content-type': 'text/event-stream' },
      }),
    status,
    says: /no such luck/,
  })),
];

function setup(wire: ProviderDialectId, { reply }: ErrorAnswer) {
  const { config, errorBody } = PROVIDER_WIRES[wire];
  const upstream = createReplayFetch(() => reply((status) => errorBody(status, 'no such luck')));
  const test = createTestGateway({
    config: {
      providers: { lab: { ...config, max_retries: 0, breaker: { enabled: false } } },
      routing: { default_provider: 'lab' },
    },
    fetch: upstream.fetch,
  });
  return { upstream, fetch: readAhead(clientFetch(test.gateway)) };
}

for (const wire of WIRES) {
  describe(wire, () => {
    for (const answer of CASES) {
      test(answer.name, async () => {
        for (const name of ERROR_SDK_NAMES) {
          const sdk = ERROR_SDKS[name];
          const expectedStatus = statusTold(sdk.dialect, wire, answer.status);
          for (const stream of [false, true]) {
            const about = `${name}, ${stream ? 'streamed' : 'whole'}`;
            const { fetch, upstream } = setup(wire, answer);
            const error = await raised(sdk.ask(fetch, stream, 0));
            const isClass = error instanceof sdk.classFor(expectedStatus);
            expect({ about, isClass, status: error.status }).toEqual({
              about,
              isClass: true,
              status: expectedStatus,
            });
            // Bytes pass on the same dialect, whatever they say.
            if (sdk.dialect !== wire) expect(error.message).toMatch(answer.says);
            expect(upstream.requests.length).toBe(1);
          }
          const again = setup(wire, answer);
          await raised(sdk.ask(again.fetch, false, 1));
          const asked = again.upstream.requests.length;
          expect({ name, asked }).toEqual({ name, asked: asksAgain(name, expectedStatus) ? 2 : 1 });
        }
      });
    }
  });
}

/** An error that says what it is in its body alone, and the status that clients are told. */
const IN_200: Partial<Record<ProviderDialectId, [JsonObject, number]>> = {
  'anthropic-messages': [
    { type: 'error', error: { type: 'rate_limit_error', message: 'no such luck' } },
    429,
  ],
  'openai-chat': [{ error: { message: 'no such luck', code: 'rate_limit_exceeded' } }, 429],
  'openai-responses': [{ error: { message: 'no such luck', code: 'rate_limit_exceeded' } }, 429],
  gemini: [{ error: { code: 401, message: 'no such luck', status: 'UNAUTHENTICATED' } }, 401],
  'code-assist': [{ error: { code: 401, message: 'no such luck', status: 'UNAUTHENTICATED' } }, 401],
  // It has words alone.
  'ollama-chat': [{ error: 'no such luck' }, 502],
  'bedrock-converse': [{ __type: 'ThrottlingException', message: 'no such luck' }, 429],
};

describe('200 with an error in the body', () => {
  for (const [wire, [body, expectedStatus]] of Object.entries(IN_200) as [
    ProviderDialectId,
    [JsonObject, number],
  ][]) {
    test.each(['application/json', 'text/event-stream', 'text/plain'])(`${wire}, %s`, async (type) => {
      for (const name of ERROR_SDK_NAMES) {
        const sdk = ERROR_SDKS[name];
        for (const stream of [false, true]) {
          // Its frames are binary: JSON is none of them.
          if (stream && wire === 'bedrock-converse' && type !== 'application/json') continue;
          const reply = () => replyWith(JSON.stringify(body), { headers: { 'content-type': type } });
          const { fetch } = setup(wire, { name: '', reply, status: expectedStatus, says: /no such luck/ });
          const error = await raised(sdk.ask(fetch, stream, 0));
          const isClass = error instanceof sdk.classFor(expectedStatus);
          const about = `${name}, ${stream ? 'streamed' : 'whole'}`;
          expect({ about, isClass, status: error.status }).toEqual({
            about,
            isClass: true,
            status: expectedStatus,
          });
          expect(error.message).toContain('no such luck');
        }
      }
    });
  }
});
