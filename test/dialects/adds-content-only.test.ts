// The quick check by which a passthrough skips parsing an event: skipped events never change what the ledger learns.
import { describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { createObserver, type Observation } from '../../src/gateway/record/observer.ts';
import { DIALECT_IDS, type DialectId } from '../../src/model/dialect-id.ts';
import { createFrameSplitter } from '../../src/sse/frame-splitter.ts';
import { parseFrame } from '../../src/sse/parse-frame.ts';
import { MalformedEvent } from '../../src/dialects/dialect.ts';
import { recordings } from '../support/recordings.ts';

const LARGEST_EVENT = 32 * 1024 * 1024;

function observe(
  dialect: DialectId,
  body: Uint8Array,
  skips: boolean,
): { seen: Observation; skipped: number } {
  const { provider } = DIALECTS[dialect];
  const observer = createObserver(() => 0, { isWatched: () => false, text: () => {} });
  const decoder = provider.createStreamDecoder({ push: (event) => observer.see(event) });
  const splitter = createFrameSplitter(LARGEST_EVENT);
  let skipped = 0;
  for (const frame of [...splitter.push(body).frames, splitter.flush()]) {
    if (
      skips &&
      observer.seen.firstContentAt !== null &&
      provider.addsContentOnly?.(frame, 0, frame.length) === true
    ) {
      skipped++;
      continue;
    }
    const event = parseFrame(frame);
    try {
      if (event !== undefined) decoder.decode(event);
    } catch (thrown) {
      if (!(thrown instanceof MalformedEvent)) throw thrown;
    }
  }
  decoder.end();
  return { seen: observer.seen, skipped };
}

const looking = DIALECT_IDS.filter((id) => DIALECTS[id].provider.addsContentOnly !== undefined);

describe.each(looking.map((id) => [id] as const))('%s', (dialect) => {
  const streams = recordings(dialect, { streamed: true });
  test.each(streams.map((recording) => [recording.id, recording.body] as const))('%s', (_, body) => {
    const { model, usage, usageKnown, finish, error, firstContentAt } = observe(dialect, body, false).seen;
    const { seen } = observe(dialect, body, true);
    expect(seen).toMatchObject({ model, usage, usageKnown, finish, firstContentAt });
    expect(seen.error?.code).toBe(error?.code);
  });

  test('deltas are skipped at all', () => {
    const skipped = streams.reduce((sum, { body }) => sum + observe(dialect, body, true).skipped, 0);
    expect(skipped).toBeGreaterThan(streams.length);
  });
});

describe('openai-chat chunks that say more than text', () => {
  const look = DIALECTS['openai-chat'].provider.addsContentOnly;
  const chunk = (rest: string) =>
    `data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"${rest}}],"model":"m"}\n\n`;

  test.each([
    ['only text', chunk('},"finish_reason":null'), true],
    ['usage not there yet', chunk('},"finish_reason":null,"usage": null'), true],
    ['text that speaks of an ending', chunk('},"logprobs":{"token":"\\"finish_reason\\":\\"stop\\""}'), true],
    ['an ending', chunk('},"finish_reason":"stop"'), false],
    ['an ending, spaced', chunk('},"finish_reason" :  "stop"'), false],
    ['usage', chunk('},"usage":{"prompt_tokens":1}'), false],
    ['usage, spaced', chunk('},"usage": {"prompt_tokens":1}'), false],
    ['a tool call', chunk(',"tool_calls":[{"index":0}]}'), false],
    ['an error', chunk('},"error":{"message":"m"}'), false],
    ['another choice that ends', chunk('}},{"index":1,"delta":{},"finish_reason":"length"'), false],
    ['[DONE]', 'data: [DONE]\n\n', false],
  ])('%s', (_, frame, skipped) => {
    const bytes = new TextEncoder().encode(frame);
    expect(look?.(bytes, 0, bytes.length)).toBe(skipped);
  });
});
