// A field of an answer that no parser knows is named as lost (GUARANTEES 8), whole and streamed; numbers and envelopes are not.
import { expect, test } from 'bun:test';
import { DIALECTS, PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import type { JsonObject } from '../../src/model/json/json.ts';
import { createResponseCollector } from '../../src/model/replay.ts';
import type { NeutralResponse } from '../../src/model/response.ts';

const BODIES = {
  gemini: {
    candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP' }],
    ...{ responseId: 'r', modelVersion: 'm', createTime: '2026-11-30T00:00:00Z', usageMetadata: {} },
  },
  'bedrock-converse': {
    output: { message: { role: 'assistant', content: [{ text: 'hi' }] } },
    ...{ stopReason: 'end_turn', usage: {}, metrics: { latencyMs: 1 } },
  },
  'ollama-chat': {
    message: { role: 'assistant', content: 'hi' },
    ...{ model: 'm', created_at: '2026-11-30T00:00:00Z', done: true, done_reason: 'stop', new_ms: 3 },
  },
} as const satisfies Partial<Record<keyof typeof PROVIDER_SIDES, JsonObject>>;

const DIALECTS_OF_BODIES = Object.keys(BODIES) as (keyof typeof BODIES)[];
const NEWS = { watermark: 'on every word' };

/** What a client of Chat Completions does not get of it. */
function lostOf(answer: NeutralResponse): string[] {
  const lost: string[] = [];
  DIALECTS['openai-chat'].client.buildResponse(answer, {
    ...{ requestId: 'q', model: 'm', created: 1, includeUsage: true, framing: 'sse' },
    lost: (feature) => lost.push(feature),
  });
  return lost;
}

test.each(DIALECTS_OF_BODIES)('%s, whole', (dialect) => {
  const { parseResponse } = PROVIDER_SIDES[dialect];
  expect(lostOf(parseResponse(BODIES[dialect]))).toEqual([]);
  expect(lostOf(parseResponse({ ...BODIES[dialect], news: NEWS }))).toEqual(['news']);
});

test.each<[keyof typeof BODIES, [event: string, data: JsonObject][]]>([
  ['gemini', [['', { ...BODIES.gemini, news: NEWS }]]],
  ['ollama-chat', [['', { ...BODIES['ollama-chat'], news: NEWS }]]],
  [
    'bedrock-converse',
    [
      ['messageStop', { stopReason: 'end_turn', p: 'abcd', news: NEWS }],
      ['metadata', { usage: {}, metrics: { latencyMs: 1 }, p: 'ab' }],
    ],
  ],
  [
    'bedrock-converse',
    [
      ['messageStop', { stopReason: 'end_turn' }],
      ['metadata', { usage: {}, news: NEWS }],
    ],
  ],
])('%s, streamed', (dialect, sent) => {
  const events: StreamEvent[] = [];
  const decoder = PROVIDER_SIDES[dialect].createStreamDecoder({ push: (event) => events.push(event) });
  for (const [event, data] of sent) decoder.decode({ event, data: JSON.stringify(data) });
  decoder.end();
  const collector = createResponseCollector();
  for (const event of events) collector.push(event);
  expect(lostOf(collector.response())).toEqual(['news']);
});

test('a client of Gemini gets it again', () => {
  const answer = PROVIDER_SIDES.gemini.parseResponse({ ...BODIES.gemini, news: NEWS });
  const context = { requestId: 'q', model: 'm', created: 1, includeUsage: true, framing: 'sse' } as const;
  expect(DIALECTS.gemini.client.buildResponse(answer, context)).toMatchObject({ news: NEWS });
});
