// Frames that are the one before but for their text are not read in full: what the client gets is what it would get if they were.
import { describe, expect, test } from 'bun:test';
import { PROVIDER_SIDES } from '../../src/dialects/registry.ts';
import { createEventFraming } from '../../src/gateway/event-framing.ts';
import { createObserver } from '../../src/gateway/observer.ts';
import { createSequencer } from '../../src/gateway/sequence.ts';
import { createTranslatePump } from '../../src/gateway/translate-pump.ts';
import type { StreamEvent } from '../../src/model/events.ts';
import { mergeUsage, NO_USAGE } from '../../src/model/usage.ts';
import { readEvents } from '../support/read-events.ts';
import { recordings } from '../support/recordings.ts';
import { createRandom, FIRST_SEED } from '../support/splits.ts';

const WIRES = ['anthropic-messages', 'openai-chat', 'gemini'] as const;
type Wire = (typeof WIRES)[number];

const RECORDED_AS = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  gemini: 'gemini-generate',
};

const TEXTS = [' word', ' a', ' 水 🌊', 'ü', '\ufeffx', ' "q"', '\n', '\\', '', 'm', 'text', 'content', '}'];

const anthropic = (delta: object) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta })}\n\n`;
const chat = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
const gemini = (part: object, candidate: object = {}, more: object = {}) =>
  `data: ${JSON.stringify({
    candidates: [{ content: { parts: [part], role: 'model' }, index: 0, ...candidate }],
    usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 },
    modelVersion: 'm',
    responseId: 'r',
    ...more,
  })}\r\n\r\n`;
const CALL = { index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
const GROUNDED = {
  groundingMetadata: {
    groundingChunks: [{ web: { uri: 'https://a.example/', title: 'a' } }],
    groundingSupports: [{ segment: { startIndex: 0, endIndex: 12 }, groundingChunkIndices: [0] }],
  },
};

/** Frames of a text, and those that may stand between them. */
const FRAMES: Record<Wire, { said: ((text: string) => string)[]; between: string[]; end: string }> = {
  'anthropic-messages': {
    said: [
      (text) => anthropic({ type: 'text_delta', text }),
      (thinking) => anthropic({ type: 'thinking_delta', thinking }),
      // Blanks hide how long a text is.
      (text) => anthropic({ type: 'text_delta', text }).replace('}\n\n', `${' '.repeat(text.length)}}\n\n`),
    ],
    between: [
      'event: ping\ndata: {"type":"ping"}\n\n',
      ': comment\n\n',
      anthropic({ type: 'signature_delta', signature: 's' }),
      anthropic({ type: 'input_json_delta', partial_json: '{}' }),
      'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}\n\n',
      'data: not JSON\n\n',
    ],
    end: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  'openai-chat': {
    said: [
      (content) => chat({ content }),
      (reasoning_content) => chat({ reasoning_content }),
      (refusal) => chat({ refusal }),
      (text) => chat({ reasoning_details: [{ type: 'reasoning.text', text, index: 0 }] }),
      (text) => chat({ reasoning_details: [{ type: 'reasoning.text', text, signature: 's', index: 1 }] }),
      (content) => chat({ content }, { usage: { prompt_tokens: 3, completion_tokens: 0 } }),
      (content) => chat({ content, annotations: [] }),
      (content) =>
        chat({ content }, { usage: null, obfuscation: 'x'.repeat(Math.max(0, 4 - content.length)) }),
      (content) => chat({ content }, { obfuscation: content === '' ? null : { content } }),
      (reasoning) => chat({ reasoning, annotations: [{ type: 'url_citation', url: 'https://a.example/' }] }),
    ],
    between: [
      ': comment\n\n',
      chat({ tool_calls: [CALL] }),
      chat({ content: null }),
      chat({ audio: { id: 'a', data: 'AAAA' } }),
      chat({}, { citations: ['https://a.example/'] }),
      'data: not JSON\n\n',
    ],
    end: `${chat({ content: '' }).replace('null', '"stop"')}data: [DONE]\n\n`,
  },
  gemini: {
    said: [
      (text) => gemini({ text }),
      (text) => gemini({ text, thought: true }),
      (text) => gemini({ text, thoughtSignature: 'c2ln' }),
      (text) => gemini({ text }, GROUNDED),
      (text) => gemini({ text, videoMetadata: { fps: 1 } }),
      (text) => gemini({ text }, {}, { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 9 } }),
      (text) => gemini({ text }, {}, { usageMetadata: { candidatesTokenCount: text.length } }),
      (text) =>
        gemini({ text }, {}, { usageMetadata: text.length < 3 ? { candidatesTokenCount: 7, more: {} } : {} }),
      (text) => gemini({ text }, { finishReason: 'STOP' }),
    ],
    between: [
      ': comment\n\n',
      gemini({ functionCall: { name: 'f', args: {} } }),
      gemini({ inlineData: { mimeType: 'image/png', data: 'AAAA' } }),
      gemini({}),
      'data: not JSON\n\n',
    ],
    end: gemini({ text: '' }, { finishReason: 'STOP' }),
  },
};

const encoder = new TextEncoder();

/** What the pump tells of chunks, and how many of their events it did not read. */
function pumped(wire: Wire, chunks: readonly Uint8Array[]): { told: StreamEvent[]; repeated: number } {
  const side = PROVIDER_SIDES[wire];
  const told: StreamEvent[] = [];
  let repeated = 0;
  const pump = createTranslatePump<true>({
    provider: wire,
    side: {
      ...side,
      createStreamDecoder(sink, quirks) {
        const decoder = side.createStreamDecoder(sink, quirks);
        return {
          decode: (event) => decoder.decode(event),
          ...(decoder.varies !== undefined && { varies: decoder.varies }),
          repeat(text, varied) {
            const done = decoder.repeat?.(text, varied) === true;
            if (done) repeated++;
            return done;
          },
          end: () => decoder.end(),
        };
      },
    },
    createFraming: createEventFraming,
    render(events) {
      told.push(...events);
      return true;
    },
    observer: createObserver(() => 0, { isWatched: () => false, text() {} }),
    maxEvent: 1 << 20,
    quirks: {},
    onMalformed() {},
    redact: (text) => text,
  });
  for (const chunk of chunks) pump.push(chunk);
  pump.end();
  return { told: news(told), repeated };
}

/** The same events, each of them read. */
function decoded(wire: Wire, bytes: Uint8Array): StreamEvent[] {
  const told: StreamEvent[] = [];
  const sequencer = createSequencer({ see: (event) => told.push(event) });
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder(sequencer, {});
  for (const event of readEvents(bytes)) {
    try {
      decoder.decode(event);
    } catch {
      sequencer.noteSkipped();
    }
  }
  decoder.end();
  if (!sequencer.ended()) told.push({ type: 'error', error: expect.anything() });
  return news(told);
}

/** Without counts that say nothing new: they are told once. */
function news(events: readonly StreamEvent[]): StreamEvent[] {
  let usage = NO_USAGE;
  return events.filter((event) => {
    if (event.type !== 'usage') return true;
    const before = usage;
    usage = mergeUsage(usage, event.usage);
    return !Bun.deepEquals(before, usage);
  });
}

describe.each(WIRES)('a stream of %s', (wire) => {
  const { said, between, end } = FRAMES[wire];

  test('of short texts is read once', () => {
    const first = said[0] ?? String;
    const frames = [first('a'), first('b')];
    const likes = [' c', ' d', ' ü', 'e'].map(first);
    const bytes = [...frames, ...likes, end].map((frame) => encoder.encode(frame));
    const { told, repeated } = pumped(wire, bytes);
    expect(told).toEqual(decoded(wire, encoder.encode([...frames, ...likes, end].join(''))));
    expect(repeated).toBe(likes.length);
    // The same where several come at once.
    expect(pumped(wire, [encoder.encode([...frames, ...likes, end].join(''))])).toEqual({ told, repeated });
  });

  test('is told as if each event had been read, whatever comes between', () => {
    const random = createRandom(FIRST_SEED);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
    let repeated = 0;
    for (let round = 0; round < 1_000; round++) {
      const frames: string[] = [];
      for (let run = 0; run < 6; run++) {
        const frame = pick(said) ?? String;
        for (let length = random() * 6; length > 0; length--) frames.push(frame(pick(TEXTS) ?? ''));
        if (random() < 0.7) frames.push(pick(between) ?? '');
      }
      frames.push(end);
      const bytes = encoder.encode(frames.join(''));
      const whole = pumped(
        wire,
        frames.map((frame) => encoder.encode(frame)),
      );
      expect(whole.told).toEqual(decoded(wire, bytes));
      repeated += whole.repeated;
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() * 600);
        chunks.push(bytes.subarray(at, at + length));
        at += length;
      }
      expect(pumped(wire, chunks).told).toEqual(whole.told);
    }
    expect(repeated).toBeGreaterThan(1_000);
  });

  const recorded = recordings(RECORDED_AS[wire], { streamed: true });
  test.each(recorded.map((recording) => [recording.id, recording.body] as const))('%s', (_, body) => {
    expect(pumped(wire, [body]).told).toEqual(decoded(wire, body));
  });
});
