// Recorded streams of the other dialects as this one's clients get them: within the grammar, and the official
// SDK accumulates what the provider said.
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import type { Response as SdkResponse } from 'openai/resources/responses/responses';
import type { Dialect } from '../../../src/dialects/dialect.ts';
import { DIALECTS } from '../../../src/dialects/registry.ts';
import type { DialectId } from '../../../src/model/dialect-id.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { createResponseCollector } from '../../../src/model/replay.ts';
import { totalInputTokens } from '../../../src/model/usage.ts';
import type { NeutralResponse } from '../../../src/model/response.ts';
import { readEvents } from '../../support/read-events.ts';
import { type Recording, recordings } from '../../support/recordings.ts';
import { asOneText, UNTOLD_JOINTS } from '../../conformance/expected.ts';
import { sequenced } from '../../support/sequenced.ts';
import { answerOf, CONTEXT, callsOf, encode, textsOf, violations } from './events.ts';

const { client } = DIALECTS['openai-responses'];

const foreign: [string, Recording, Dialect][] = [
  ...rows('anthropic-messages', 'anthropic-messages'),
  ...rows('openai-chat', 'openai-chat'),
  ...rows('gemini-generate', 'gemini'),
  ...rows('openai-responses', 'openai-responses'),
];

function rows(wire: string, dialect: DialectId): [string, Recording, Dialect][] {
  return recordings(wire, { streamed: true, status: 'ok' })
    .filter((recording) => !recording.features.includes('json-array-stream'))
    .map((recording) => [recording.id, recording, DIALECTS[dialect]]);
}

function decodeWith(dialect: Dialect, recording: Recording): StreamEvent[] {
  const events: StreamEvent[] = [];
  const decoder = dialect.provider.createStreamDecoder(events);
  for (const event of readEvents(recording.body)) decoder.decode(event);
  decoder.end();
  return sequenced(events);
}

/** The SDK, its answer being the given one. */
function sdk(body: string, contentType: string): OpenAI {
  return new OpenAI({
    apiKey: 'test',
    baseURL: 'http://gateway.invalid/v1',
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers: { 'content-type': contentType } })),
  });
}

function wireOf(events: readonly StreamEvent[]): string {
  const encoder = client.createStreamEncoder(CONTEXT);
  return events.map((event) => encoder.encode(event)).join('');
}

/** What the SDK's user sees. */
function seen(response: SdkResponse) {
  return {
    text: response.output_text,
    refusal: response.output
      .flatMap((item) => (item.type === 'message' ? item.content : []))
      .map((part) => (part.type === 'refusal' ? part.refusal : ''))
      .join(''),
    reasoning: response.output
      .flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
      .map((part) => part.text),
    calls: response.output.flatMap((item) => {
      if (item.type === 'function_call') return [{ name: item.name, text: item.arguments }];
      return item.type === 'custom_tool_call' ? [{ name: item.name, text: item.input }] : [];
    }),
    input: response.usage?.input_tokens ?? 0,
    cached: response.usage?.input_tokens_details.cached_tokens ?? 0,
    output: response.usage?.output_tokens ?? 0,
    reasoningTokens: response.usage?.output_tokens_details.reasoning_tokens ?? 0,
    model: response.model,
  };
}

function said({ parts, usage, model }: Pick<NeutralResponse, 'parts' | 'usage' | 'model'>) {
  return {
    text: asOneText(textsOf(parts, 'text').join(''), UNTOLD_JOINTS),
    refusal: textsOf(parts, 'refusal').join(''),
    reasoning: textsOf(parts, 'reasoning'),
    calls: callsOf(parts).map(({ name, text, kind }) => ({
      name,
      text: kind === 'function' && text.trim() === '' ? '{}' : text,
    })),
    input: totalInputTokens(usage),
    cached: usage.cacheReadTokens,
    output: usage.outputTokens,
    reasoningTokens: usage.reasoningTokens,
    model: model ?? CONTEXT.model,
  };
}

test('there are streams of other dialects', () => {
  expect(foreign.length).toBeGreaterThan(0);
});

describe.each(foreign)('%s', (_, recording, dialect) => {
  const events = decodeWith(dialect, recording);
  const answer = answerOf(events);
  const ended = answer.finish !== null || answer.error !== null;

  test('is within the grammar', () => {
    const problems = violations(encode(events));
    expect(problems).toEqual(ended ? [] : ['end: no terminal event']);
  });

  test('is accumulated by the SDK as the provider sent it', async () => {
    if (!ended) return;
    const stream = sdk(wireOf(events), 'text/event-stream').responses.stream({ model: 'm', input: 'x' });
    const final = stream.finalResponse();
    if (answer.error !== null) {
      await expect(final).rejects.toThrow(answer.error.message);
      return;
    }
    const response = await final;
    expect(seen(response)).toEqual(said(answer));
    const incomplete = ['max_tokens', 'context_window_exceeded', 'refusal'];
    expect(response.status).toBe(
      incomplete.includes(answer.finish?.unified ?? '') ? 'incomplete' : 'completed',
    );
  });

  test('is the same answer when it is asked whole', async () => {
    if (answer.finish === null) return;
    const collector = createResponseCollector();
    for (const event of events) collector.push(event);
    const built = client.buildResponse(collector.response(), CONTEXT);
    const whole = await sdk(JSON.stringify(built), 'application/json').responses.create({
      model: 'm',
      input: 'x',
    });
    expect(seen(whole)).toEqual(said(answer));
  });
});
