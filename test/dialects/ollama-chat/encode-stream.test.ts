// What Ollama's clients are sent for each event, line by line, and what is named as lost.
import { describe, expect, test } from 'bun:test';
import { buildResponse } from '../../../src/dialects/ollama-chat/build-response.ts';
import { createStreamEncoder } from '../../../src/dialects/ollama-chat/encode-stream.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import type { UnifiedFinish } from '../../../src/model/finish.ts';
import type { JsonObject } from '../../../src/model/json/json.ts';
import { responseToEvents } from '../../../src/model/replay.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { callWithThoughtsFromWire, ownToken } from '../../../src/model/opaque-token.ts';

const TOKEN = ownToken('anthropic-messages', 's');
const START: StreamEvent = { type: 'start', id: 'r', model: null };
const finish = (unified: UnifiedFinish = 'end_turn'): StreamEvent => ({
  type: 'finish',
  finish: { unified, raw: null },
});

/** The lines for these events in an answer, and what is named as lost or approximated. */
function told(...events: StreamEvent[]): { lines: JsonObject[]; losses: string[] } {
  const losses: string[] = [];
  const encoder = createStreamEncoder({
    ...{ requestId: 'r', model: 'm', created: 1, includeUsage: false },
    lost: (feature) => losses.push(feature),
    approximated: (feature) => losses.push(feature),
  });
  const text = [START, ...events].map((event) => encoder.encode(event)).join('');
  const lines = text.split('\n').slice(0, -1);
  return { lines: lines.map((line) => JSON.parse(line) as JsonObject), losses };
}

const messagesOf = (...events: StreamEvent[]) =>
  told(...events).lines.map(({ message }) => message as JsonObject);

const said = (text: string): StreamEvent[] => [
  { type: 'text-start', block: 0 },
  { type: 'text-delta', block: 0, text },
  { type: 'text-end', block: 0 },
];
const thought = (text: string): StreamEvent[] => [
  { type: 'reasoning-start', block: 0 },
  { type: 'reasoning-delta', block: 0, text },
  { type: 'reasoning-signature', block: 0, signature: TOKEN },
  { type: 'reasoning-end', block: 0 },
];
const call = (
  args: string,
  more: Partial<Extract<StreamEvent, { type: 'tool-start' }>> = {},
): StreamEvent[] => [
  { type: 'tool-start', block: 1, id: 'c', name: 'f', kind: 'function', ...more },
  { type: 'tool-delta', block: 1, arguments: args },
  { type: 'tool-end', block: 1 },
];

/** The tokens that the id of the only call in this message carries. */
function carriedBy(message: JsonObject | undefined) {
  const calls = (message?.tool_calls ?? []) as { id: string }[];
  return callWithThoughtsFromWire(calls[0]?.id ?? '').thoughts;
}

test('a refusal stands apart from the text before it, whole and streamed', () => {
  const parts = [
    { type: 'text', text: 'Well.' },
    { type: 'refusal', text: 'No.' },
  ] as const;
  const answer = {
    id: 'r',
    model: 'm',
    parts,
    finish: { unified: 'refusal', raw: null },
    usage: NO_USAGE,
  } as const;
  const context = { requestId: 'r', model: 'm', created: 1, includeUsage: false };
  const whole = buildResponse({ ...answer, parts: [...parts] }, context).message as JsonObject;
  expect(whole.content).toBe('Well.\n\nNo.');
  const { lines } = told(...responseToEvents({ ...answer, parts: [...parts] }));
  expect(lines.map(({ message }) => (message as JsonObject).content).join('')).toBe('Well.\n\nNo.');
});

test('texts and thoughts go out as they come, empty ones not at all', () => {
  expect(messagesOf(...thought('hm'), ...said('Yes.'), ...said(''), ...thought(''))).toEqual([
    { role: 'assistant', content: '', thinking: 'hm' },
    { role: 'assistant', content: 'Yes.' },
  ]);
});

test('the model is the one that answers, else the one that was asked for', () => {
  expect(told(...said('a')).lines[0]?.model).toBe('m');
  const encoder = createStreamEncoder({
    ...{ requestId: 'r', model: 'm', created: 1, includeUsage: false },
  });
  const lines = [{ ...START, model: 'n' } as const, finish()].map((event) => encoder.encode(event));
  expect(JSON.parse(lines.join(''))).toMatchObject({ model: 'n', done: true, done_reason: 'stop' });
});

describe('calls', () => {
  test('are numbered, each whole', () => {
    const calls = messagesOf(...call('{"a":1}'), ...call('', { name: 'g' })).map(
      ({ tool_calls }) => tool_calls,
    );
    expect(calls).toEqual([
      [{ id: 'c', function: { index: 0, name: 'f', arguments: { a: 1 } } }],
      [{ id: 'c', function: { index: 1, name: 'g', arguments: {} } }],
    ]);
  });

  test('carry what their provider must get back of the thoughts since the last one', () => {
    const [, , first, , second] = messagesOf(
      ...[...thought('hm'), ...said('So'), ...call('{}')],
      ...[...thought('again'), ...call('{}')],
    );
    expect(carriedBy(first)).toEqual([{ length: 2, token: TOKEN, isRedacted: false, isAfterText: false }]);
    expect(carriedBy(second)).toEqual([{ length: 5, token: TOKEN, isRedacted: false, isAfterText: true }]);
  });

  test('text with log probabilities is text before a thought, too', () => {
    const logprobs = [{ token: 'So', logprob: -1, top: [] }];
    const spelled: StreamEvent = { type: 'text-delta', block: 0, text: 'So', logprobs };
    const messages = messagesOf(spelled, ...thought(''), ...call('{}'));
    expect(carriedBy(messages.at(-1))).toMatchObject([{ isAfterText: true }]);
  });

  test('that the provider runs are left out, those of free text approximated', () => {
    expect(told(...call('{}', { kind: 'server' }))).toMatchObject({ lines: [], losses: [expect.anything()] });
    const custom = told(...call('words', { kind: 'custom' }));
    expect(custom.lines).toMatchObject([
      { message: { tool_calls: [{ function: { arguments: { input: 'words' } } }] } },
    ]);
    expect(custom.losses).toHaveLength(1);
  });

  test('with arguments that are no JSON object end the answer with an error, unless it was cut', () => {
    expect(told(...call('{"a'), finish()).lines).toMatchObject([
      { error: expect.stringContaining('a call of f') },
    ]);
    const cut = told(...call('{"a'), finish('max_tokens'));
    expect(cut.lines).toMatchObject([{ done: true, done_reason: 'length' }]);
    expect(cut.losses).toContain('tool_calls');
  });
});

test('what no call carries of a thought is named at the end', () => {
  expect(told(...thought('hm'), finish()).losses).toEqual(['reasoning']);
  expect(told(...thought('hm'), ...call('{}'), finish()).losses).toEqual([]);
});

test('an error is a line of its own', () => {
  const error = new GatewayError('upstream_truncated', 'cut off');
  expect(told({ type: 'error', error }).lines).toEqual([{ error: 'cut off', status: 502 }]);
});
