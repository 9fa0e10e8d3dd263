// Google's own SDK reads what the encoder makes of every recording, whatever dialect it was recorded in.
import { describe, expect, test } from 'bun:test';
import { ApiError, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { parseObject } from '../../../src/model/json/json.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { totalInputTokens } from '../../../src/model/usage.ts';
import { RECORDED_AS, SPOKEN_DIALECTS } from '../../support/client-requests.ts';
import { wholeMessage } from '../../support/message-stream.ts';
import { type Recording, recordings } from '../../support/recordings.ts';
import { createReplayFetch } from '../../support/replay-fetch.ts';
import { jsonReply } from '../../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS } from '../../support/test-gateway.ts';
import { randomSplit } from '../../support/splits.ts';
import { asOneText } from '../../conformance/expected.ts';
import { sequenced } from '../../support/sequenced.ts';
import { answerOf, CONTEXT, encode, eventsOf, textOf, wireEvents } from './events.ts';

const REASONS: Record<string, string[]> = {
  end_turn: ['STOP'],
  tool_use: ['STOP', 'UNEXPECTED_TOOL_CALL'],
  stop_sequence: ['STOP'],
  pause_turn: ['STOP'],
  max_tokens: ['MAX_TOKENS'],
  context_window_exceeded: ['MAX_TOKENS'],
  refusal: ['SAFETY', 'RECITATION', 'MODEL_ARMOR'],
  // The first: Snowflake's, which says nothing of its ending.
  other: ['STOP', 'OTHER', 'NO_IMAGE'],
};

/** What the gateway makes of a recorded stream before it encodes it. */
function eventsFrom(dialect: DialectId, recording: Recording): StreamEvent[] {
  const events: StreamEvent[] = [];
  const decoder = DIALECTS[dialect].provider.createStreamDecoder(events);
  for (const event of eventsOf(recording)) {
    try {
      decoder.decode(event);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
    }
  }
  decoder.end();
  return sequenced(events);
}

function clientOf(body: string | Uint8Array[], contentType = 'text/event-stream', status = 200): GoogleGenAI {
  const pieces = typeof body === 'string' ? [new TextEncoder().encode(body)] : body;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const headers = { 'content-type': contentType };
  return new GoogleGenAI({
    apiKey: 'not-a-real-key',
    httpOptions: {
      baseUrl: 'http://gateway.test',
      fetch: () => Promise.resolve(new Response(stream, { status, headers })),
    },
  });
}

async function collect(stream: AsyncIterable<GenerateContentResponse>): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** What the SDK's user sees of the answer. */
function seen(chunks: readonly GenerateContentResponse[]) {
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
  const last = chunks.at(-1);
  const text = (wanted: boolean) =>
    parts.map((part) => ((part.thought === true) === wanted ? (part.text ?? '') : '')).join('');
  return {
    text: text(false),
    reasoning: text(true),
    calls: parts.flatMap(({ functionCall: call }) =>
      call === undefined ? [] : [{ id: call.id, name: call.name, args: call.args }],
    ),
    finish: last?.candidates?.[0]?.finishReason,
    usage: last?.usageMetadata,
    model: last?.modelVersion,
  };
}

/** The same of the neutral answer. */
function summaryOf({ parts, usage, model }: NeutralResponse) {
  const refusal = parts.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
  return {
    text: asOneText(textOf(parts, 'text')) + refusal,
    reasoning: textOf(parts, 'reasoning'),
    calls: parts.flatMap((part) => {
      if (part.type !== 'tool-call' || part.kind === 'server') return [];
      const args =
        part.kind === 'custom' ? { input: part.arguments } : (parseObject(part.arguments || '{}') ?? {});
      return [{ id: part.id, name: part.name, args }];
    }),
    model: model ?? CONTEXT.model,
    usage: {
      promptTokenCount: totalInputTokens(usage),
      candidatesTokenCount: Math.max(0, usage.outputTokens - usage.reasoningTokens),
      totalTokenCount: totalInputTokens(usage) + usage.outputTokens,
    },
  };
}

/** A call that the token limit cut short cannot be said whole, and so is left out. */
function withoutCut(answer: NeutralResponse): NeutralResponse {
  if (answer.finish.unified !== 'max_tokens') return answer;
  const isWhole = (text: string) => text === '' || parseObject(text) !== undefined;
  const parts = answer.parts.filter(
    (part) => part.type !== 'tool-call' || part.kind !== 'function' || isWhole(part.arguments),
  );
  return { ...answer, parts };
}

for (const dialect of SPOKEN_DIALECTS) {
  const streams = recordings(RECORDED_AS[dialect], { streamed: true });

  describe.each(streams.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
    const events = eventsFrom(dialect, recording);
    const answer = answerOf(events);
    const isTruncated = answer instanceof GatewayError && answer.code === 'upstream_truncated';

    test('is read, streamed', async () => {
      const bytes = new TextEncoder().encode(encode(events));
      const client = clientOf(randomSplit(7, 4_000).cut(bytes));
      const reading = client.models.generateContentStream({ model: 'm', contents: 'hi' }).then(collect);
      if (isTruncated) return;
      if (answer instanceof GatewayError) {
        const status = answer.status === 529 ? 503 : answer.status;
        expect(await reading.catch((thrown: unknown) => thrown)).toMatchObject({ status });
        return;
      }
      const { usage, ...rest } = summaryOf(withoutCut(answer));
      const { finish, usage: counted, ...read } = seen(await reading);
      expect(read).toEqual(rest);
      expect(counted).toMatchObject(usage);
      // A prompt that was blocked has feedback instead of a candidate.
      const blocked = answer.parts.length === 0 && answer.finish.unified === 'refusal';
      if (!blocked || finish !== undefined) expect(REASONS[answer.finish.unified]).toContain(String(finish));
    });

    test('keeps the grammar', () => {
      if (isTruncated) return;
      const checker = gemini.createGrammarChecker();
      for (const event of wireEvents(encode(events))) checker.check(event);
      expect(checker.end()).toEqual([]);
    });

    test('is read, whole', async () => {
      if (answer instanceof GatewayError) return;
      const body = JSON.stringify(gemini.client.buildResponse(answer, CONTEXT));
      const response = await clientOf(body, 'application/json').models.generateContent({
        model: 'm',
        contents: 'hi',
      });
      const { usage, ...rest } = summaryOf(withoutCut(answer));
      const { finish, usage: counted, ...read } = seen([response]);
      expect(read).toEqual(rest);
      expect(counted).toMatchObject(usage);
      if (finish !== undefined) expect(REASONS[answer.finish.unified]).toContain(String(finish));
    });
  });
}

describe('errors', () => {
  const error = new GatewayError('upstream_overloaded', 'busy', { retryAfterMs: 2_000 });

  test('before a stream are API errors with their status', async () => {
    const client = clientOf(JSON.stringify(gemini.client.buildError(error, 'r')), 'application/json', 503);
    const thrown = await client.models
      .generateContentStream({ model: 'm', contents: 'hi' })
      .catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({ status: 503 });
    expect(String(thrown)).toContain('"retryDelay":"2s"');
  });

  test('inside a stream too, after content', async () => {
    const wire = encode([
      { type: 'start', id: 'r1', model: 'm' },
      { type: 'text-start', block: 0 },
      { type: 'text-delta', block: 0, text: 'so far' },
      { type: 'error', error },
    ]);
    const texts: (string | undefined)[] = [];
    const stream = await clientOf(
      randomSplit(3, 20).cut(new TextEncoder().encode(wire)),
    ).models.generateContentStream({ model: 'm', contents: 'hi' });
    const read = async () => {
      for await (const chunk of stream) texts.push(chunk.text);
    };
    expect(await read().catch((reason: unknown) => reason)).toMatchObject({ status: 503 });
    expect(texts).toEqual(['so far']);
  });
});

test.each([false, true])(
  'an overloaded provider’s 529 is one at which the SDK asks again; streamed: %p',
  async (stream) => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const upstream = createReplayFetch(() =>
      upstream.requests.length === 1
        ? jsonReply(overloaded, { status: 529 })
        : jsonReply(wholeMessage('Hello')),
    );
    const { gateway } = createTestGateway({
      config: { providers: { claude: LAB_PROVIDERS.claude }, routing: { default_provider: 'claude' } },
      fetch: upstream.fetch,
    });
    const fetch = (url: string | URL | Request, init?: RequestInit) => gateway.fetch(new Request(url, init));
    const { models } = new GoogleGenAI({
      apiKey: 'not-a-real-key',
      httpOptions: {
        baseUrl: 'http://127.0.0.1:8088',
        fetch: fetch as typeof globalThis.fetch,
        retryOptions: { attempts: 2, initialDelay: 0.001, maxDelay: 0.001, jitter: 0 },
      },
    });
    const ask = { model: 'm', contents: 'hi' };
    const chunks = stream
      ? await collect(await models.generateContentStream(ask))
      : [await models.generateContent(ask)];
    expect(chunks.map((each) => each.text ?? '').join('')).toBe('Hello');
    expect(upstream.requests).toHaveLength(2);
  },
);

test('a chat keeps the whole streamed turn in its history, signatures and all', async () => {
  const wire = encode([
    { type: 'start', id: 'r1', model: 'm' },
    { type: 'text-start', block: 0 },
    { type: 'text-delta', block: 0, text: 'I look.' },
    { type: 'text-end', block: 0 },
    { type: 'tool-start', block: 1, id: 'c1', name: 'weather', kind: 'function' },
    { type: 'tool-delta', block: 1, arguments: '{"city":' },
    { type: 'tool-delta', block: 1, arguments: '"Rome"}' },
    { type: 'tool-end', block: 1 },
    { type: 'finish', finish: { unified: 'tool_use', raw: null } },
  ]);
  const chat = clientOf(wire).chats.create({ model: 'm' });
  await collect(await chat.sendMessageStream({ message: 'hi' }));
  const parts = chat.getHistory(true).flatMap((content) => content.parts ?? []);
  expect(parts).toMatchObject([
    { text: 'hi' },
    { text: 'I look.' },
    { functionCall: { id: 'c1', name: 'weather', args: { city: 'Rome' } } },
    { text: '' },
  ]);
});

test.each([false, true])('pings are passed over (blank lines: %s)', async (refusesComments) => {
  const encoder = gemini.client.createStreamEncoder({ ...CONTEXT, refusesComments });
  const wire =
    encoder.ping() +
    encoder.encode({ type: 'start', id: null, model: null }) +
    encoder.ping() +
    encoder.encode({ type: 'text-delta', block: 0, text: 'a' }) +
    encoder.ping() +
    encoder.encode({ type: 'finish', finish: { unified: 'end_turn', raw: null } });
  const chunks = await collect(
    await clientOf(wire).models.generateContentStream({ model: 'm', contents: 'hi' }),
  );
  expect(seen(chunks)).toMatchObject({ text: 'a', finish: 'STOP' });
});
