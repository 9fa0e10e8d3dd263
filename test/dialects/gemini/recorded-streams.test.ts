// Every recorded stream: decoded as its bytes say, and the same after encode and decode.
import { describe, expect, test } from 'bun:test';
import { gemini } from '../../../src/dialects/gemini/index.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { recordings, usesSharedRecordings } from '../../support/recordings.ts';
import { allSplits } from '../../support/splits.ts';
import { createFrameSplitter } from '../../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../../src/sse/parse-frame.ts';
import { sequenced } from '../../support/sequenced.ts';
import {
  answerOf,
  callsOf,
  CONTEXT,
  decode,
  encode,
  eventsOf,
  signaturesOf,
  textOf,
  wholeAnswer,
  wireEvents,
} from './events.ts';
import { foldAnswer } from './fold.ts';

const streams = recordings('gemini-generate', { streamed: true });

/** Reasons that are told by another word of ours, or end in an error. */
const UNIFIED: Record<string, string> = {
  STOP: 'end_turn',
  1: 'end_turn',
  MAX_TOKENS: 'max_tokens',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  NO_IMAGE: 'other',
};

/** What survives an encoder: prompts' tool tokens are told as prompt, searches and what else is billed apart not at all, counts that nobody stated as zeros. */
/** Sources find no text to rest on where the encoder tells them behind something else: they are compared apart. */
function comparable({ usage, uncounted: _uncounted, extension, ...response }: NeutralResponse) {
  const { pricedApart: _pricedApart, otherCharges: _otherCharges, ...rest } = response;
  const { citations: _, ...fields } = extension?.fields ?? {};
  return { ...rest, fields, usage: { ...usage, webSearches: 0 }, parts: rest.parts.map(withoutCitations) };
}

function withoutCitations<T extends object>(part: T) {
  return { ...part, citations: undefined };
}

test('there are recorded streams', () => {
  expect(streams.length).toBeGreaterThan(usesSharedRecordings() ? 20 : 1);
});

describe.each(streams.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const events = decode(eventsOf(recording));
  const expected = foldAnswer(recording.body);
  const answer = answerOf(events);

  test('decodes as the bytes say', () => {
    if (expected.hasError) {
      expect(answer).toBeInstanceOf(GatewayError);
      return;
    }
    const { parts, finish, id, model } = answer as NeutralResponse;
    expect(textOf(parts, 'text')).toBe(expected.text);
    expect(textOf(parts, 'reasoning')).toBe(expected.reasoning);
    expect(callsOf(parts)).toEqual(expected.tools);
    expect(signaturesOf(parts)).toEqual(expected.signatures);
    expect(parts.flatMap((part) => (part.type === 'image' ? [part.source] : []))).toMatchObject(
      expected.media.map((data) => ({ kind: 'base64', data })),
    );
    const ran = parts.filter((part) => part.type === 'tool-call' && part.kind === 'server');
    expect(ran).toMatchObject(expected.serverTools.map((name) => ({ name })));
    expect([id, model]).toEqual([expected.id, expected.model]);
    const unified = expected.tools.length > 0 ? 'tool_use' : UNIFIED[String(expected.finish)];
    expect(finish.unified as string).toBe(unified ?? 'refusal');
    expect(finish.raw).toBe(expected.blocked ?? String(expected.finish === 1 ? 'STOP' : expected.finish));
  });

  test('counts what the upstream counted', () => {
    if (expected.hasError) return;
    const { usage } = wholeAnswer(events);
    const stated = expected.usage;
    const count = (name: string) => stated[name] ?? 0;
    expect(usage.inputTokens + usage.cacheReadTokens).toBe(
      count('promptTokenCount') + count('toolUsePromptTokenCount'),
    );
    expect(usage.cacheReadTokens).toBe(count('cachedContentTokenCount'));
    expect(usage.outputTokens).toBe(count('candidatesTokenCount') + count('thoughtsTokenCount'));
    expect(usage.inputTokens + usage.cacheReadTokens + usage.outputTokens).toBe(count('totalTokenCount'));
  });

  test('is the same however its bytes are cut', () => {
    const isArray = recording.features.includes('json-array-stream');
    for (const split of isArray || recording.body.length > 200_000 ? [] : allSplits(2)) {
      const splitter = createFrameSplitter(32_000_000);
      const frames = split.cut(recording.body).flatMap((piece) => splitter.push(piece).frames);
      const read = [...frames, splitter.flush()].map(parseFrame).filter((event) => event !== undefined);
      expect([split.name, decode(read)]).toEqual([split.name, events]);
    }
  });

  test('survives encode and decode', () => {
    const again = decode(wireEvents(encode(sequenced(events))));
    if (expected.hasError) {
      const error = again.at(-1) as Extract<StreamEvent, { type: 'error' }>;
      expect(error.type).toBe('error');
      expect(error.error.message).toContain((answer as GatewayError).message);
      return;
    }
    const first = wholeAnswer(sequenced(events));
    const named = { ...first, id: first.id ?? CONTEXT.requestId, model: first.model ?? CONTEXT.model };
    expect(comparable(wholeAnswer(sequenced(again)))).toEqual(comparable(named));
  });

  test('is the same as a whole answer', () => {
    if (expected.hasError) return;
    const first = wholeAnswer(sequenced(events));
    const built = gemini.client.buildResponse(first, CONTEXT);
    const again = gemini.provider.parseResponse(JSON.parse(JSON.stringify(built)));
    const named = { ...first, id: first.id ?? CONTEXT.requestId, model: first.model ?? CONTEXT.model };
    // Feedback on a prompt is no part of the answer but of its envelope.
    if (expected.blocked === null) expect(comparable(again)).toEqual(comparable(named));
  });

  test('encodes to the grammar', () => {
    const checker = gemini.createGrammarChecker();
    for (const event of wireEvents(encode(sequenced(events)))) checker.check(event);
    expect(checker.end()).toEqual([]);
    if (expected.hasError) return;
    const { finish, usage } = checker.summary();
    if (expected.blocked === null) {
      expect(finish).toBe(expected.finish === 1 ? 'STOP' : String(expected.finish));
    }
    expect(usage.outputTokens ?? 0).toBe(wholeAnswer(events).usage.outputTokens);
  });

  test('is one JSON array where the client asked for that', () => {
    const wire = encode(sequenced(events), { ...CONTEXT, framing: 'json-array' });
    const elements = JSON.parse(wire) as unknown[];
    expect(elements).toEqual(
      wireEvents(encode(sequenced(events))).map(({ data }): unknown => JSON.parse(data)),
    );
  });
});
