// What of a broken answer keeps every other target from going on with it, and what one needs that does.
import { describe, expect, test } from 'bun:test';
import { createTranscript, type Transcript } from '../../../src/gateway/continue/transcript.ts';
import { GatewayError } from '../../../src/model/errors.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { ownToken } from '../../../src/model/opaque-token.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';

const TOKEN = ownToken('anthropic-messages', 's');
const START: StreamEvent = { type: 'start', id: 'a1', model: 'm' };

function transcriptOf(
  events: readonly StreamEvent[],
  { isSpoiled = false, turn = undefined as string | undefined } = {},
): Transcript {
  const transcript =
    turn === undefined ? createTranscript(() => isSpoiled) : createTranscript(() => isSpoiled, turn);
  for (const event of [START, ...events]) transcript.note(event);
  return transcript;
}

const text = (...pieces: string[]): StreamEvent[] => [
  { type: 'text-start', block: 0 },
  ...pieces.map((piece): StreamEvent => ({ type: 'text-delta', block: 0, text: piece })),
];

describe('an obstacle', () => {
  test.each<[string, StreamEvent[], string]>([
    ['a call', [{ type: 'tool-start', block: 1, id: 'c', name: 'f', kind: 'function' }], 'it calls a tool'],
    ['a refusal', [{ type: 'refusal-start', block: 1 }], 'it is a refusal'],
    [
      'its sources',
      [{ type: 'citation', block: 0, citation: { kind: 'url', url: 'https://a.test' } }],
      'it cites sources',
    ],
    [
      'media',
      [{ type: 'media', block: 1, mediaType: 'image/png', data: '' }],
      'it contains more than text (media)',
    ],
    [
      'what a tool at the provider gave',
      [
        {
          type: 'server-tool-result',
          block: 1,
          part: { type: 'server-tool-result', callId: 'c', dialect: 'gemini', value: {} },
        },
      ],
      'it contains more than text (server-tool-result)',
    ],
    [
      'what only its dialect can say',
      [{ type: 'extension', dialect: 'gemini', name: 'logprobsResult', value: {} }],
      'it contains more than text (logprobsResult)',
    ],
    [
      'log probabilities',
      [{ type: 'text-delta', block: 0, text: 'b', logprobs: [{ token: 'b', logprob: -1, top: [] }] }],
      'it contains more than text (logprobs)',
    ],
    ['its end', [{ type: 'finish', finish: { unified: 'end_turn', raw: null } }], 'it has ended'],
    ['its failure', [{ type: 'error', error: new GatewayError('upstream_failed', 'x') }], 'it has ended'],
    [
      'signed thinking',
      [
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-signature', block: 1, signature: TOKEN },
        { type: 'reasoning-end', block: 1 },
      ],
      'it contains thinking that its provider has signed',
    ],
    [
      'thinking that nobody else can read',
      [
        { type: 'reasoning-start', block: 1, redacted: TOKEN },
        { type: 'reasoning-end', block: 1 },
      ],
      'it contains thinking that only its provider can read',
    ],
    [
      'thinking whose end did not come',
      [
        { type: 'reasoning-start', block: 1 },
        { type: 'reasoning-delta', block: 1, text: 'hm' },
      ],
      'it breaks off within its thinking',
    ],
  ])('%s', (_, events, why) => {
    expect(transcriptOf([...text('a'), ...events]).obstacle()).toBe(why);
  });

  test('an event in the middle of text that could not be read, but not before it', () => {
    expect(transcriptOf(text('a'), { isSpoiled: true }).obstacle()).toBe('an event within it cannot be read');
    expect(transcriptOf([], { isSpoiled: true }).obstacle()).toBeUndefined();
  });

  test('the turn that the provider repeats is not yet over', () => {
    expect(transcriptOf(text('Once'), { turn: 'Once upon' }).obstacle()).toBe(
      'it breaks off within the turn that it repeats',
    );
  });

  test('the first one is reported', () => {
    const events: StreamEvent[] = [
      { type: 'refusal-start', block: 1 },
      { type: 'tool-start', block: 2, id: 'c', name: 'f', kind: 'function' },
    ];
    expect(transcriptOf(events).obstacle()).toBe('it is a refusal');
  });
});

test('without one: the text, the open block, and how to bring an encoder there', () => {
  const usage: StreamEvent = { type: 'usage', usage: { ...NO_USAGE, inputTokens: 7, outputTokens: 2 } };
  const thinking: StreamEvent[] = [
    { type: 'reasoning-start', block: 0 },
    { type: 'reasoning-delta', block: 0, text: 'hm' },
    { type: 'reasoning-end', block: 0 },
  ];
  const transcript = transcriptOf([
    { type: 'usage', usage: { ...NO_USAGE, inputTokens: 7 } },
    { type: 'usage', usage: { outputTokens: 2 } },
    ...thinking,
    { type: 'text-start', block: 1 },
    { type: 'text-delta', block: 1, text: 'one ' },
    { type: 'text-delta', block: 1, text: 'two' },
  ]);
  expect(transcript.obstacle()).toBeUndefined();
  expect(transcript.text()).toBe('one two');
  expect(transcript.open()).toMatchObject({ block: 1, kind: 'text' });
  expect(transcript.nextBlock()).toBe(2);
  expect(transcript.replay()).toEqual([
    START,
    usage,
    ...thinking,
    { type: 'text-start', block: 1 },
    { type: 'text-delta', block: 1, text: 'one two' },
  ]);
});

test('the text is without the turn that the provider repeated', () => {
  expect(transcriptOf(text('Once upon', ' a time'), { turn: 'Once upon' }).text()).toBe(' a time');
  expect(transcriptOf(text('a time'), { turn: 'Once upon' }).text()).toBe('a time');
});

test('an answer longer than any context window is not kept', () => {
  const piece = 'x'.repeat(500_000);
  const transcript = transcriptOf(text(...Array.from({ length: 8 }, () => piece)));
  transcript.note({ type: 'text-end', block: 0 });
  expect(transcript.obstacle()).toBe('it is too long');
  expect(transcript.text()).toBe('');
});
