// The events with which another target's answer continues the client's stream.
import { describe, expect, test } from 'bun:test';
import { createRepeatReader } from '../../../src/gateway/pumps/prefix.ts';
import { createSplice } from '../../../src/gateway/continue/splice.ts';
import { createTranscript } from '../../../src/gateway/continue/transcript.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { NO_USAGE, type Usage } from '../../../src/model/usage.ts';

type Answered = Exclude<StreamEvent, { type: 'error' }>;

const text = (block: number, ...pieces: string[]): Answered[] => [
  { type: 'text-start', block },
  ...pieces.map((piece): Answered => ({ type: 'text-delta', block, text: piece })),
  { type: 'text-end', block },
];

const call = (block: number, id: string): Answered[] => [
  { type: 'tool-start', block, id, name: 'f', kind: 'function' },
  { type: 'tool-delta', block, arguments: '{}' },
  { type: 'tool-end', block },
];

const image = (block: number, data: string): Answered => ({
  type: 'media',
  block,
  mediaType: 'image/png',
  data,
});

const result = (block: number): Answered => ({
  type: 'server-tool-result',
  block,
  part: { type: 'server-tool-result', callId: 'c', dialect: 'gemini', value: {} },
});

const FINISH: Answered = { type: 'finish', finish: { unified: 'end_turn', raw: 'end_turn' } };

/**
 * What the client gets behind `said` of an answer that begins anew, whether it is the same answer, and what is lost of it.
 * @param before usage of the target that said that.
 */
function spliced(answer: readonly Answered[], said = 'One ', before = NO_USAGE) {
  const transcript = createTranscript(() => false);
  transcript.note({ type: 'start', id: 'a', model: 'm' });
  transcript.note({ type: 'text-start', block: 0 });
  if (said !== '') transcript.note({ type: 'text-delta', block: 0, text: said });
  const events: StreamEvent[] = [];
  const emit = (event: StreamEvent) => {
    transcript.note(event);
    events.push(event);
  };
  const lost: string[] = [];
  const splice = createSplice(transcript, createRepeatReader(said), before, emit, (feature) => {
    lost.push(feature);
  });
  const isSame = answer.every((event) => splice.push(event));
  return { events, isSame, lost };
}

function continued(answer: readonly Answered[]): { events: StreamEvent[]; isSame: boolean } {
  const { events, isSame } = spliced(answer);
  return { events, isSame };
}

const CLOSED: StreamEvent = { type: 'text-end', block: 0 };
const OPENED: StreamEvent[] = [{ type: 'text-delta', block: 0, text: 'two' }, CLOSED];

describe('blocks behind the text that repeats', () => {
  test.each<[string, Answered[], StreamEvent[]]>([
    ['text goes on in the open block', text(0, 'One ', 'two'), OPENED],
    ['a call closes the open block', [...text(0, 'One '), ...call(1, 'c1')], [CLOSED, ...call(1, 'c1')]],
    [
      'text behind a call is a block of its own',
      [...text(0, 'One two'), ...call(1, 'c1'), ...text(2, 'three', 'four')],
      [...OPENED, ...call(1, 'c1'), ...text(2, 'three', 'four')],
    ],
    [
      'each of several calls is a block of its own, whatever its number was',
      [...text(3, 'One two'), ...call(5, 'c1'), ...call(9, 'c2')],
      [...OPENED, ...call(1, 'c1'), ...call(2, 'c2')],
    ],
    [
      'images and results, which no end follows, are blocks of their own',
      [...text(0, 'One two'), image(1, 'a'), image(2, 'b'), result(3), result(4), ...text(5, 'three')],
      [...OPENED, image(1, 'a'), image(2, 'b'), result(3), result(4), ...text(5, 'three')],
    ],
  ])('%s', (_, answer, events) => {
    expect(continued([...answer, FINISH])).toEqual({ events: [...events, FINISH], isSame: true });
  });
});

describe('another answer is recognized', () => {
  test.each<[string, Answered[]]>([
    ['by its text', text(0, 'Two')],
    ['by a call before the text is repeated', call(0, 'c1')],
    ['by its end before the text is repeated', [...text(0, 'On'), FINISH]],
  ])('%s', (_, answer) => {
    expect(continued(answer)).toEqual({ events: [], isSame: false });
  });
});

const thought: Answered[] = [
  { type: 'reasoning-start', block: 0 },
  { type: 'reasoning-delta', block: 0, text: 'Hm.' },
  { type: 'reasoning-end', block: 0 },
];

test('what cannot follow another target’s half is left out, and named', () => {
  const [start, ...more] = text(1, 'One two');
  const counted: Answered = {
    type: 'text-delta',
    block: 1,
    text: '',
    logprobs: [{ token: 'two', logprob: -1, top: [] }],
  };
  const cited: Answered = { type: 'citation', block: 1, citation: { kind: 'url', url: 'https://a.test' } };
  const answer = [...thought, ...(start === undefined ? [] : [start]), counted, cited, ...more, FINISH];
  expect(spliced(answer)).toEqual({
    events: [...OPENED, FINISH],
    isSame: true,
    lost: ['reasoning', 'logprobs', 'citations'],
  });
});

test('thinking alone continues nothing, thinking before a text or a call does', () => {
  expect(spliced([...thought, FINISH], '').isSame).toBe(false);
  expect(spliced([...thought, ...text(1, 'One'), FINISH], '').isSame).toBe(true);
  expect(spliced([...thought, ...call(1, 'c1'), FINISH], '').isSame).toBe(true);
  expect(spliced([FINISH], '').isSame).toBe(true);
});

test('fields of a dialect’s own pass behind the text that repeats', () => {
  const field = (name: string): Answered => ({ type: 'extension', dialect: 'gemini', name, value: {} });
  expect(continued([field('early'), ...text(0, 'One two'), field('late'), FINISH])).toEqual({
    events: [...OPENED, field('late'), FINISH],
    isSame: true,
  });
});

test('a text that is still open is closed before the end', () => {
  expect(continued([...text(0, 'One two').slice(0, -1), FINISH]).events).toEqual([...OPENED, FINISH]);
});

test('usage is that of both targets, as far as each has told', () => {
  const before = { ...NO_USAGE, inputTokens: 5, outputTokens: 2 };
  const usage = (stated: Partial<Usage>): Answered => ({ type: 'usage', usage: stated });
  const { events } = spliced([usage({ inputTokens: 7 }), usage({ outputTokens: 3 })], 'One ', before);
  expect(events).toMatchObject([
    { usage: { inputTokens: 12, outputTokens: 2 } },
    { usage: { inputTokens: 12, outputTokens: 5 } },
  ]);
});
