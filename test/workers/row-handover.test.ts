// What a worker holds of a row until the primary has it.
import { expect, test } from 'bun:test';
import { type Channel, ChannelClosed } from '../../src/workers/channel.ts';
import type { PrimaryMethods } from '../../src/workers/protocol.ts';
import { createRowHandover } from '../../src/workers/row-handover.ts';
import { sampleRow } from '../support/ledger-rows.ts';
import { createManualTimers } from '../support/manual-timers.ts';

function lab(answer: () => Promise<void>) {
  const timers = createManualTimers();
  const struck: string[] = [];
  const left: string[] = [];
  const logged: unknown[] = [];
  const primary = { call: answer } as unknown as Pick<Channel<PrimaryMethods>, 'call'>;
  const journal = {
    note() {},
    ended() {},
    sent: (requestId: string, batch: number) => left.push(`${requestId} in ${batch}`),
    done: (requestId: string) => struck.push(requestId),
  };
  const cleared: number[] = [];
  const room = { put: () => null, clear: () => cleared.push(left.length) };
  const { setTimer } = timers;
  const beforeSend = () => left.push('spending');
  const onError = (error: unknown) => logged.push(error);
  const handover = createRowHandover(primary, { journal, room, setTimer, isKept: true, beforeSend, onError });
  return { timers, handover, struck, left, logged, cleared };
}

test('a row leaves a quarter of a second after it was recorded, with those that came since, behind what they have spent; 512 leave at once', async () => {
  const { timers, handover, left } = lab(async () => {});
  handover.record(sampleRow({ requestId: 'a' }));
  await timers.advance(100);
  handover.record(sampleRow({ requestId: 'b' }));
  await timers.advance(149);
  expect(left).toEqual([]);
  await timers.advance(1);
  expect(left).toEqual(['spending', 'a in 1', 'b in 1']);
  for (let count = 0; count < 512; count++) handover.record(sampleRow({ requestId: `c${count}` }));
  expect(left).toHaveLength(516);
});

test('a row is struck out when the primary has taken its batch', async () => {
  const taken = Promise.withResolvers<void>();
  const { timers, handover, struck, left } = lab(() => taken.promise);
  handover.record(sampleRow({ requestId: 'a' }));
  const flushed = handover.flush();
  expect([left, struck]).toEqual([['spending', 'a in 1'], []]);
  // Nothing is left to be sent later.
  expect(timers.pending()).toBe(0);
  taken.resolve();
  await flushed;
  expect(struck).toEqual(['a']);
});

test('a batch that the primary could not take is reported, and holds no room in the journal', async () => {
  const failure = new Error('unreadable');
  const { handover, struck, logged } = lab(() => Promise.reject(failure));
  handover.record(sampleRow({ requestId: 'a' }));
  await handover.flush();
  expect([struck, logged]).toEqual([['a'], [failure]]);
});

test('where the primary is gone nothing is logged about its rows', async () => {
  const { handover, struck, logged } = lab(() => Promise.reject(new ChannelClosed('gone')));
  handover.record(sampleRow({ requestId: 'a' }));
  await handover.flush();
  expect([struck, logged]).toEqual([[], []]);
});

test('the room of packets is free again when the primary has answered all that were sent', async () => {
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const left = answers.map(({ promise }) => promise);
  const { handover, cleared } = lab(() => left.shift() ?? Promise.resolve());
  handover.record(sampleRow({ requestId: 'a' }));
  const first = handover.flush();
  handover.record(sampleRow({ requestId: 'b' }));
  const second = handover.flush();
  answers[0].resolve();
  await first;
  expect(cleared).toEqual([]);
  answers[1].resolve();
  await second;
  // Behind two rows, and what each had spent.
  expect(cleared).toEqual([4]);
});
