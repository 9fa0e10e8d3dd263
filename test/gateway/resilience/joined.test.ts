// One observation of an answer's parts from several targets, and the request that asks for the next of them.
import { expect, test } from 'bun:test';
import { joinParts } from '../../../src/gateway/record/joined.ts';
import { withTurn } from '../../../src/gateway/continue/request.ts';
import { createObserver, noteAnswerLoss, UNWATCHED } from '../../../src/gateway/record/observer.ts';
import type { Message, NeutralRequest } from '../../../src/model/request.ts';

/** A part whose pieces of text came at these times. */
function partOf(times: readonly number[], malformed = 0) {
  let now = 0;
  const observer = createObserver(() => now, UNWATCHED);
  const { timing } = observer.seen;
  for (const [count, at] of times.entries()) {
    timing.waiting();
    now = at;
    timing.arrived();
    observer.see({ type: 'text-delta', block: 0, text: `${count}` });
    timing.taken();
  }
  for (let count = 0; count < malformed; count++) observer.noteMalformed();
  return observer.seen;
}

test('the longest gap and the last content are those of all parts, and what could not be read is counted in each', () => {
  const first = partOf([100, 5_100, 9_000], 2);
  const last = partOf([9_500, 9_700], 1);
  expect([first.timing.longestGapMs, last.timing.longestGapMs]).toEqual([5_000, 200]);
  const joined = joinParts([first], last);
  expect(joined?.malformedEvents).toBe(3);
  expect(joined?.timing).toMatchObject({ longestGapMs: 5_000, lastContentAt: 9_700 });
  // The last one may have begun, and said nothing.
  expect(joinParts([first], partOf([]))?.timing.lastContentAt).toBe(9_000);
});

test('what was lost of any part was lost of the answer', () => {
  const [first, last] = [partOf([1]), partOf([2])];
  expect(joinParts([first], last)?.answerLosses).toBeNull();
  noteAnswerLoss(first, 'logprobs');
  expect(joinParts([first], last)?.answerLosses).toEqual(new Set(['logprobs']));
  noteAnswerLoss(last, 'citations');
  expect(joinParts([first], last)?.answerLosses).toEqual(new Set(['logprobs', 'citations']));
});

test('the turn that is gone on with is behind the client’s own, which may end with something else than text', () => {
  const user: Message = { role: 'user', parts: [{ type: 'text', text: 'Count.' }] };
  const image = { type: 'image', source: { kind: 'url', url: 'https://a.test/b.png' } } as const;
  const request = (...messages: Message[]): NeutralRequest => ({
    model: 'm',
    messages,
    system: [],
    tools: [],
    stream: true,
  });
  const asked = (...messages: Message[]) => withTurn(request(...messages), 'One').messages.slice(1);
  const one = { type: 'text', text: 'One' } as const;
  expect(asked(user)).toEqual([{ role: 'assistant', parts: [one] }]);
  expect(asked(user, { role: 'assistant', parts: [{ type: 'text', text: 'So: ' }] })).toEqual([
    { role: 'assistant', parts: [{ type: 'text', text: 'So: One' }] },
  ]);
  expect(asked(user, { role: 'assistant', parts: [image] })).toEqual([
    { role: 'assistant', parts: [image, one] },
  ]);
});
