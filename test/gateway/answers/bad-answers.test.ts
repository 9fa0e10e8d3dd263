// Providers that break their own dialect: every wire, to every client dialect, streamed and whole. The client gets a
// proper answer or a proper error, exactly one ending, and the row says which (GUARANTEES 3, 7, 10, 14). Where both
// sides speak alike the bytes pass, whatever they say.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import { DIALECT_IDS, type DialectId } from '../../../src/model/dialect-id.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import { parseObject } from '../../../src/model/json/json.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { clientRequest } from '../../support/client-requests.ts';
import { PROVIDER_WIRES } from '../../support/provider-wires.ts';
import { readEvents } from '../../support/read-events.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { type Reply, replyWith } from '../../support/reply.ts';
import { createTestGateway } from '../../support/test-gateway.ts';
import { BAD_STREAMS, BAD_WHOLES, type BadAnswer, type TextWire } from './bad-answers-cases.ts';

const TEXT_WIRES = Object.keys(BAD_STREAMS) as TextWire[];

async function exchange(wire: TextWire, client: DialectId, stream: boolean, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const config = {
    server: { max_event: '64KB' },
    providers: { lab: PROVIDER_WIRES[wire].config },
    routing: { default_provider: 'lab' },
  };
  const { post, row } = createTestGateway({ config, fetch: upstream.fetch });
  const { path, body } = clientRequest(client, { stream });
  const response = await post(path, body);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { response, bytes, row: await row(0) };
}

/** What a client makes of it. Throws the error that it is told in a stream. */
function readAnswer(client: DialectId, stream: boolean, bytes: Uint8Array): NeutralResponse {
  const { provider } = DIALECTS[client];
  if (!stream) return provider.parseResponse(parseObject(new TextDecoder().decode(bytes)) ?? {});
  const collector = createResponseCollector();
  const decoder = provider.createStreamDecoder(collector);
  for (const event of readEvents(bytes)) decoder.decode(event);
  decoder.end();
  return collector.response();
}

function saidBy({ parts }: NeutralResponse): unknown {
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const calls = parts.flatMap((part) =>
    part.type === 'tool-call' ? [[part.name, parseObject(part.arguments || '{}')]] : [],
  );
  return { text, calls };
}

/** What the client's own grammar holds against the stream; counts are the provider's to give. */
function violations(client: DialectId, bytes: Uint8Array): string[] {
  const checker = DIALECTS[client].createGrammarChecker();
  for (const event of readEvents(bytes)) checker.check(event);
  return checker.end().filter((each) => !/usage/.test(each));
}

async function expectOutcome(
  { outcome, reply }: BadAnswer,
  wire: TextWire,
  client: DialectId,
  stream: boolean,
): Promise<void> {
  const { response, bytes, row } = await exchange(wire, client, stream, reply);
  const text = new TextDecoder().decode(bytes);
  if ('code' in outcome) {
    expect([row.errorCode, row.status], text).toEqual([
      outcome.code,
      outcome.code === 'upstream_truncated' ? 'truncated' : 'error',
    ]);
    if (response.status !== 200) {
      expect(response.status).toBe(502);
      const { error } = parseObject(text) ?? {};
      if (client === 'ollama-chat') expect(error).toBeString();
      else expect(error).toBeObject();
      return;
    }
    expect(outcome.afterContent).toBe(true);
    expect(() => readAnswer(client, stream, bytes)).toThrow(GatewayError);
    return;
  }
  expect(response.status, text).toBe(200);
  expect([row.status, row.errorMessage]).toEqual(['success', null]);
  expect(saidBy(readAnswer(client, stream, bytes))).toEqual({ text: '', calls: [], ...outcome.says });
  const sound = readAnswer(client, stream, bytes);
  const ids = sound.parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
  expect(ids.every((id) => id !== '')).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  if (outcome.tokens !== undefined)
    expect([row.usage?.inputTokens, row.usage?.outputTokens]).toEqual(outcome.tokens);
  if (outcome.malformed !== undefined) expect(row.malformedEvents).toBe(outcome.malformed);
  if (!stream) return;
  if (client !== wire) expect(violations(client, bytes)).toEqual([]);
  const { classify } = DIALECTS[client].provider;
  const endings = readEvents(bytes).filter((event) => classify(event) === 'terminal');
  expect(endings.length).toBeLessThanOrEqual(1);
}

for (const wire of TEXT_WIRES) {
  for (const client of DIALECT_IDS) {
    const isOwn = client === wire;
    describe(`${wire} → ${client}`, () => {
      for (const [asked, cases] of [
        ['streamed', BAD_STREAMS[wire]],
        ['whole', BAD_WHOLES[wire]],
      ] as const) {
        for (const bad of cases) {
          // What its own dialect's client is told of it is the provider's own bytes.
          if (isOwn && bad.passes === true) {
            test(`${bad.name}, ${asked}: the bytes pass`, async () => {
              const { response, bytes } = await exchange(wire, client, asked === 'streamed', bad.reply);
              expect(response.status).toBe(200);
              expect(new TextDecoder().decode(bytes)).toBe(bad.text);
            });
            continue;
          }
          const end = 'code' in bad.outcome ? bad.outcome.code : 'an answer';
          test(`${bad.name}, ${asked}: ${end}`, () => expectOutcome(bad, wire, client, asked === 'streamed'));
          // A provider that answers whole, or streams, whatever it was asked.
          if (bad.crosses !== false && !isOwn) {
            test(`${bad.name}, ${asked} where the other was asked: ${end}`, () =>
              expectOutcome(bad, wire, client, asked !== 'streamed'));
          }
        }
      }
    });
  }
}

describe('a field that is null, or of another type', () => {
  const WRONG: unknown[] = [null, 7, 'x', [], {}, true];

  /** Each variant of the value in which one field, however deep, is something else. */
  function* spoilt(value: unknown, wrong: unknown): Generator<unknown> {
    if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) {
        yield value.with(at, wrong);
        for (const variant of spoilt(item, wrong)) yield value.with(at, variant);
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        yield { ...value, [key]: wrong };
        for (const variant of spoilt(item, wrong)) yield { ...value, [key]: variant };
      }
    }
  }

  const ENDS = ['success', 'error', 'truncated'];

  async function expectSoundness(wire: TextWire, client: DialectId, stream: boolean, reply: Reply) {
    const { response, bytes, row } = await exchange(wire, client, stream, reply);
    const text = new TextDecoder().decode(bytes);
    expect(ENDS).toContain(row.status);
    expect([row.errorCode, row.errorMessage], text).not.toContain('internal');
    expect([200, 400, 401, 403, 404, 429, 502, 503, 529]).toContain(response.status);
    // A part that only its own dialect can replay passes there, in an envelope or without.
    const isOwn = client === wire || (client === 'gemini' && wire === 'code-assist');
    if (isOwn || response.status !== 200) return;
    if (stream) {
      const broken = violations(client, bytes);
      if (row.status === 'success') expect(broken, text).toEqual([]);
      if (row.status === 'success') readAnswer(client, true, bytes);
      else expect(() => readAnswer(client, true, bytes), text).toThrow();
    } else expect(parseObject(text), text).toBeDefined();
  }

  for (const wire of TEXT_WIRES) {
    const pieces = PROVIDER_WIRES[wire];
    const call = pieces.callStart(1) + pieces.callArguments(1, '{"a":1}') + pieces.callEnd;
    const stream = pieces.start + pieces.text('Hello') + call;
    const separator = pieces.contentType === 'application/x-ndjson' ? '\n' : '\n\n';
    const events = stream.split(separator).filter((event) => event !== '');

    for (const [at, wrong] of WRONG.entries()) {
      // Each wrong type goes to one client, null to all.
      const clients =
        wrong === null ? DIALECT_IDS : DIALECT_IDS.filter((_, index) => index === at % DIALECT_IDS.length);
      for (const client of clients) {
        test(`${wire} → ${client}: ${JSON.stringify(wrong)} in place of each field`, async () => {
          let variants = 0;
          for (const [index, event] of events.entries()) {
            const start = event.indexOf('{');
            if (start === -1) continue;
            for (const variant of spoilt(JSON.parse(event.slice(start)), wrong)) {
              variants++;
              const changed = events.with(index, event.slice(0, start) + JSON.stringify(variant));
              const text = changed.join(separator) + separator;
              const headers = { 'content-type': pieces.contentType };
              await expectSoundness(wire, client, true, replyWith(text, { headers }));
            }
          }
          for (const variant of spoilt(pieces.whole('Hello'), wrong)) {
            variants++;
            const headers = { 'content-type': 'application/json' };
            await expectSoundness(wire, client, false, replyWith(JSON.stringify(variant), { headers }));
          }
          expect(variants).toBeGreaterThan(30);
        });
      }
    }
  }
});
