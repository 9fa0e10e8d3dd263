// Frames that differ from the previous one only in their text are not parsed in full: the client gets the same as if they were.
import { describe, expect, test } from 'bun:test';
import { MalformedEvent } from '../../../src/dialects/dialect.ts';
import { DIALECTS, PROVIDER_SIDES } from '../../../src/dialects/registry.ts';
import { createEventFraming } from '../../../src/gateway/pumps/event-framing.ts';
import { createObserver } from '../../../src/gateway/record/observer.ts';
import { Sequencer } from '../../../src/gateway/pumps/sequence.ts';
import { PassthroughPump } from '../../../src/gateway/pumps/passthrough.ts';
import { TranslatePump } from '../../../src/gateway/pumps/translate.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../../../src/model/usage.ts';
import { readEvents } from '../../support/read-events.ts';
import { recordings } from '../../support/recordings.ts';
import { createRandom, FIRST_SEED } from '../../support/splits.ts';

const WIRES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const;
type Wire = (typeof WIRES)[number];

const RECORDED_AS = {
  'anthropic-messages': 'anthropic-messages',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
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
const RESPONSES_CALL = { type: 'function_call', id: 'call', call_id: 'c', name: 'f', arguments: '' };
let sequence = 0;
const responses = (type: string, fields: object) => {
  const event = { type: `response.${type}`, sequence_number: ++sequence, ...fields };
  return `event: response.${type}\ndata: ${JSON.stringify(event)}\n\n`;
};
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
      (partial_json) => anthropic({ type: 'input_json_delta', partial_json }),
      // Blanks hide how long a text is.
      (text) => anthropic({ type: 'text_delta', text }).replace('}\n\n', `${' '.repeat(text.length)}}\n\n`),
    ],
    between: [
      'event: ping\ndata: {"type":"ping"}\n\n',
      ': comment\n\n',
      anthropic({ type: 'signature_delta', signature: 's' }),
      anthropic({ type: 'input_json_delta', partial_json: '{}' }),
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}\n\n',
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
      (text) => chat({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
      (text) => chat({ tool_calls: [{ index: 1, id: 'c2', function: { name: 'g', arguments: text } }] }),
      (text) => chat({ tool_calls: [{ index: 1, id: 'c2', function: { arguments: text } }] }),
      (text) => chat({ tool_calls: [{ index: 0, function: { arguments: text } }], content: 'x' }),
      (text) => chat({ function_call: { arguments: text } }),
      (content) => chat({ content, annotations: [] }),
      (content) =>
        chat({ content }, { usage: null, obfuscation: 'x'.repeat(Math.max(0, 4 - content.length)) }),
      (content) => chat({ content }, { obfuscation: content === '' ? null : { content } }),
      (reasoning) => chat({ reasoning, annotations: [{ type: 'url_citation', url: 'https://a.example/' }] }),
    ],
    between: [
      ': comment\n\n',
      chat({ tool_calls: [CALL] }),
      chat({ tool_calls: [{ ...CALL, function: { name: 'f', arguments: '' } }] }),
      chat({ tool_calls: [CALL, { ...CALL, index: 1, id: 'c2' }] }),
      chat({ content: null }),
      chat({ audio: { id: 'a', data: 'AAAA' } }),
      chat({}, { citations: ['https://a.example/'] }),
      'data: not JSON\n\n',
    ],
    end: `${chat({ content: '' }).replace('null', '"stop"')}data: [DONE]\n\n`,
  },
  'openai-responses': {
    said: [
      (delta) => responses('output_text.delta', { output_index: 1, content_index: 0, delta }),
      (delta) => responses('output_text.delta', { output_index: 1, content_index: 1, delta, logprobs: [] }),
      (delta) => responses('reasoning_summary_text.delta', { output_index: 0, summary_index: 0, delta }),
      (delta) => responses('reasoning_summary_text.delta', { output_index: 0, summary_index: 1, delta }),
      (delta) => responses('reasoning_text.delta', { output_index: 0, content_index: 0, delta }),
      (text) => responses('output_text.done', { output_index: 1, content_index: 0, text }),
      (text) => responses('reasoning_summary_text.done', { output_index: 0, summary_index: 0, text }),
      (text) => responses('function_call_arguments.done', { output_index: 2, arguments: text }),
      (delta) => responses('refusal.delta', { output_index: 1, content_index: 0, delta }),
      (delta) => responses('function_call_arguments.delta', { output_index: 2, delta }),
      (delta) => responses('function_call_arguments.delta', { delta, item_id: 'call' }),
      (delta) => responses('output_text.delta', { delta, obfuscation: 'x'.repeat(8 - (delta.length % 8)) }),
      (delta) => responses('output_text.delta', { delta, obfuscation: { delta } }),
      (delta) => responses('output_text.delta', { delta, more: ++sequence, obfuscation: 'x' }),
    ],
    between: [
      ': comment\n\n',
      responses('output_item.added', { output_index: 0, item: { type: 'reasoning', id: 'r' } }),
      responses('output_item.added', { output_index: 1, item: { type: 'message', id: 'm', content: [] } }),
      responses('output_item.added', { output_index: 2, item: RESPONSES_CALL }),
      responses('output_item.done', { output_index: 2, item: { ...RESPONSES_CALL, arguments: '{}' } }),
      responses('output_text.done', { output_index: 1, content_index: 0, text: ' word and more' }),
      responses('output_item.done', { output_index: 0, item: { type: 'reasoning', id: 'r', summary: [] } }),
      responses('keepalive', {}),
      'data: not JSON\n\n',
    ],
    end: responses('completed', { response: { id: 'r', status: 'completed', output: [] } }),
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
function pumped(wire: Wire, chunks: readonly Uint8Array[], isLeft = false) {
  const side = PROVIDER_SIDES[wire];
  const neutral: StreamEvent[] = [];
  let repeated = 0;
  const observer = createObserver(() => 0, { isWatched: () => false, text() {} });
  const pump = new TranslatePump<true>({
    provider: wire,
    side: {
      ...side,
      createStreamDecoder(sink, quirks) {
        const decoder = side.createStreamDecoder(sink, quirks);
        return {
          decode: (event) => decoder.decode(event),
          ...(decoder.padding !== undefined && { padding: decoder.padding }),
          ...(decoder.numbers !== undefined && { numbers: decoder.numbers }),
          repeat(text) {
            const done = decoder.repeat?.(text) === true;
            if (done) repeated++;
            return done;
          },
          count: (numbers) => decoder.count?.(numbers),
          end: () => decoder.end(),
        };
      },
    },
    createFraming: createEventFraming,
    render(events) {
      neutral.push(...events);
      return true;
    },
    observer,
    maxEvent: 1 << 20,
    quirks: {},
    onMalformed() {},
    redact: (text) => text,
    now: Date.now,
  });
  for (const chunk of chunks) pump.push(chunk);
  if (isLeft) pump.settle();
  else pump.end();
  return { neutral: sum(neutral), repeated, usage: observer.seen.usage };
}

/** What passes, and what the tap tells of it. */
function passed(wire: Wire, chunks: readonly Uint8Array[], isLeft: boolean) {
  const neutral: StreamEvent[] = [];
  const observer = createObserver(() => 0, { isWatched: () => true, text() {} });
  const pump = new PassthroughPump({
    provider: wire,
    side: PROVIDER_SIDES[wire],
    hides: undefined,
    alternatives: 1,
    createEncoder: () =>
      DIALECTS[wire].client.createStreamEncoder({
        requestId: 'r',
        model: 'm',
        created: 0,
        includeUsage: false,
      }),
    observer: {
      ...observer,
      wantsText: () => true,
      noteMalformed: () => observer.noteMalformed(),
      see(event) {
        neutral.push(event);
        observer.see(event);
      },
    },
    maxEvent: 1 << 20,
    quirks: {},
    onMalformed: (thrown) => expect(thrown).toBeUndefined(),
    redact: (text) => text,
    now: Date.now,
  });
  const out = chunks.map((chunk) => pump.push(chunk));
  if (isLeft) pump.settle();
  else out.push(pump.end());
  return {
    neutral,
    usage: observer.seen.usage,
    bytes: Buffer.concat(out.filter((each) => each !== undefined)),
  };
}

/** The same events, each of them read, before they are put in sequence. */
function tapped(wire: Wire, bytes: Uint8Array, isLeft: boolean): StreamEvent[] {
  const neutral: StreamEvent[] = [];
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder({ push: (event) => neutral.push(event) }, {});
  for (const event of readEvents(bytes)) {
    try {
      decoder.decode(event);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(MalformedEvent);
    }
  }
  if (!isLeft) decoder.end();
  return neutral;
}

/** The same events, each of them read. */
function decoded(wire: Wire, bytes: Uint8Array): Sum {
  const neutral: StreamEvent[] = [];
  const sequencer = new Sequencer({ see: (event) => neutral.push(event) });
  const decoder = PROVIDER_SIDES[wire].createStreamDecoder(sequencer, {});
  for (const event of readEvents(bytes)) {
    try {
      decoder.decode(event);
    } catch {
      sequencer.noteSkipped();
    }
  }
  decoder.end();
  if (!sequencer.ended()) neutral.push({ type: 'error', error: expect.anything() });
  return sum(neutral);
}

interface Sum {
  said: StreamEvent[];
  usage: Usage;
}

/** What they say, and what they count in the end: counts are told when somebody has to know them. */
function sum(events: readonly StreamEvent[]): Sum {
  return {
    said: events.filter(({ type }) => type !== 'usage'),
    usage: events.reduce(
      (usage, event) => (event.type === 'usage' ? mergeUsage(usage, event.usage) : usage),
      NO_USAGE,
    ),
  };
}

test('an error that ends a stream of Responses has the number behind that of the last event', () => {
  sequence = 0;
  const frame = FRAMES['openai-responses'].said[0] ?? String;
  const frames = TEXTS.map((text) => frame(text));
  // Of the last, the blank line may be missing.
  for (const end of ['\n\n', '']) {
    const pieces = [...frames.slice(0, -1), frames.at(-1)?.trimEnd() + end].map((each) =>
      encoder.encode(each),
    );
    expect(passed('openai-responses', pieces, false).bytes.toString()).toEndWith(
      `"sequence_number":${TEXTS.length + 1}}\n\n`,
    );
  }
});

describe.each(WIRES)('a stream of %s', (wire) => {
  const { said, between, end } = FRAMES[wire];

  test('of short texts is read once', () => {
    const first = said[0] ?? String;
    const frames = [first('a'), first('b')];
    const likes = [' c', ' d', ' ü', 'e'].map(first);
    const bytes = [...frames, ...likes, end].map((frame) => encoder.encode(frame));
    const { neutral, repeated } = pumped(wire, bytes);
    expect(neutral).toEqual(decoded(wire, encoder.encode([...frames, ...likes, end].join(''))));
    expect(repeated).toBe(likes.length);
    // The same where several come at once.
    expect(pumped(wire, [encoder.encode([...frames, ...likes, end].join(''))])).toMatchObject({
      neutral,
      repeated,
    });
  });

  test('is reported as if each event had been read, whatever comes between', () => {
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
      expect(whole.neutral).toEqual(decoded(wire, bytes));
      repeated += whole.repeated;
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() * 600);
        chunks.push(bytes.subarray(at, at + length));
        at += length;
      }
      expect(pumped(wire, chunks).neutral).toEqual(whole.neutral);
    }
    expect(repeated).toBeGreaterThan(1_000);
  });

  test('that is left has counted what a reading of each event has, and passed what came', () => {
    const random = createRandom(FIRST_SEED);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
    for (let round = 0; round < 200; round++) {
      const frame = pick(said) ?? String;
      const frames = TEXTS.map((text) => frame(text));
      for (let more = random() * 3; more > 0; more--)
        frames.push(pick(between) ?? '', frame(pick(TEXTS) ?? ''));
      const left = frames
        .slice(0, 2 + Math.floor(random() * frames.length))
        .map((each) => encoder.encode(each));
      const bytes = Buffer.concat(left);
      const events = tapped(wire, bytes, true);
      expect(pumped(wire, left, true).usage).toEqual(sum(events).usage);
      const { neutral, usage, bytes: out } = passed(wire, left, true);
      expect(usage).toEqual(sum(events).usage);
      // What has passed is all that the client gets: an ending that has been read is one.
      expect(sum(neutral)).toEqual(sum(tapped(wire, bytes, false)));
      expect(out.equals(bytes)).toBe(true);
    }
  });

  const recorded = recordings(RECORDED_AS[wire], { streamed: true });
  test.each(recorded.map((recording) => [recording.id, recording.body] as const))('%s', (_, body) => {
    expect(pumped(wire, [body]).neutral).toEqual(decoded(wire, body));
    const isAnswer = ({ type }: StreamEvent) => type !== 'error';
    const { neutral } = passed(wire, [body], false);
    expect(sum(neutral.filter(isAnswer))).toEqual(sum(tapped(wire, body, false).filter(isAnswer)));
  });
});
