// The events with which another target's answer continues the client's stream.
import { describe, expect, test } from 'bun:test';
import { createRepeatReader } from '../../../src/gateway/continue/prefix.ts';
import { createSplice } from '../../../src/gateway/continue/splice.ts';
import { createTranscript } from '../../../src/gateway/continue/transcript.ts';
import type { StreamEvent } from '../../../src/model/events.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';

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

/** What the client gets behind `One ` of an answer that begins anew, and whether it is the same answer. */
function continued(answer: readonly Answered[]): { events: StreamEvent[]; isSame: boolean } {
  const transcript = createTranscript(() => false);
  transcript.note({ type: 'start', id: 'a', model: 'm' });
  transcript.note({ type: 'text-start', block: 0 });
  transcript.note({ type: 'text-delta', block: 0, text: 'One ' });
  const events: StreamEvent[] = [];
  const emit = (event: StreamEvent) => {
    transcript.note(event);
    events.push(event);
  };
  const splice = createSplice(transcript, createRepeatReader('One '), NO_USAGE, emit, () => undefined);
  const isSame = answer.every((event) => splice.push(event));
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
      [...text(0, 'One two'), ...call(1, 'c1'), ...text(2, 'three')],
      [...OPENED, ...call(1, 'c1'), ...text(2, 'three')],
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
