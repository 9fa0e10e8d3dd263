// Every recorded stream: decoded as an independent fold reads it, and unchanged by encode and decode again.
import { describe, expect, test } from 'bun:test';
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts';
import type { Citation } from '../../../src/model/content.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { mergeUsage, NO_USAGE } from '../../../src/model/usage.ts';
import { recordings } from '../../support/recordings.ts';
import { sequenced } from '../../support/sequenced.ts';
import { CONTEXT, callsOf, decode, encode, foldEvents, sseEvents, textOf } from './events.ts';
import { foldStream } from './fold.ts';

const streams = recordings('openai-chat', { streamed: true });

function withoutPlace({ url, title, citedText }: Citation) {
  return { url, title, citedText };
}

/** Without what the encoder may rightly say in other words. */
function comparable(events: readonly StreamEvent[]) {
  const { parts, usage, finish, error, id, model } = foldEvents(events);
  return {
    id: id ?? `chatcmpl-${CONTEXT.requestId}`,
    model,
    parts: parts.map((part) => {
      if (part.type === 'tool-call' && part.arguments === '') return { ...part, arguments: '{}' };
      // Sources without a place in the text are said to cover all of it.
      if (part.type === 'text') return { ...part, citations: part.citations?.map(withoutPlace) };
      return part;
    }),
    // An error ends a stream without its counts.
    usage: error === null ? { ...usage, cacheWrite1hTokens: 0 } : null,
    // `stop_sequence` and `other` have no word of their own here.
    finish: finish?.unified === 'stop_sequence' || finish?.unified === 'other' ? 'end_turn' : finish?.unified,
    error: error?.code ?? null,
  };
}

test('there are recorded streams', () => {
  expect(streams.length).toBeGreaterThan(0);
});

describe.each(streams.map((recording) => [recording.id, recording] as const))('%s', (_, recording) => {
  const events = decode(sseEvents(recording.body));
  const answer = foldEvents(events);
  const expected = foldStream(recording.body);

  test('decodes as the bytes say', () => {
    expect(textOf(answer.parts, 'text')).toBe(expected.text);
    expect(textOf(answer.parts, 'reasoning')).toBe(expected.reasoning);
    expect(textOf(answer.parts, 'refusal')).toBe(expected.refusal);
    expect(callsOf(answer.parts)).toEqual(expected.tools);
    for (const call of callsOf(answer.parts)) {
      if (call.arguments !== '') expect(JSON.parse(call.arguments)).toBeObject();
    }
    if (expected.hasError) expect(answer.error).not.toBeNull();
    else expect(answer.finish).toMatchObject({ raw: expected.finish });
  });

  test('counts what the upstream counted', () => {
    const { usage } = answer;
    const stated = expected.usage;
    expect(usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens).toBe(
      Number(stated?.prompt_tokens ?? 0),
    );
    // xAI counts reasoning beside completion_tokens but in total_tokens, others in neither.
    const completion = Number(stated?.completion_tokens ?? 0);
    const apart = usage.reasoningTokens > completion ? completion + usage.reasoningTokens : 0;
    const inTotal = stated === null ? 0 : Number(stated.total_tokens) - Number(stated.prompt_tokens);
    expect(usage.outputTokens).toBe(Math.max(inTotal, apart));
  });

  test('survives encode and decode', () => {
    const wire = encode(sequenced(events));
    expect(comparable(decode(sseEvents(wire)))).toEqual(comparable(sequenced(events)));
  });

  test('encodes to the grammar', () => {
    const checker = openaiChat.createGrammarChecker();
    for (const event of sseEvents(encode(sequenced(events)))) checker.check(event);
    expect(checker.end()).toEqual([]);
    const { finish, usage } = checker.summary();
    if (answer.finish !== null) expect(finish).toBeString();
    if (answer.finish !== null && expected.usage !== null) {
      expect(mergeUsage(NO_USAGE, usage).outputTokens).toBe(answer.usage.outputTokens);
    }
  });
});
