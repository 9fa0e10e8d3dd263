// Questions between two processes, here two ends that hand each other clones.
import { heapStats } from 'bun:jsc';
import { expect, test } from 'bun:test';
import { type Channel, ChannelClosed, createChannel } from '../../src/workers/channel.ts';

type Far = { double(value: number): number; fail(): void; note(text: string): void };

function pair() {
  const notes: string[] = [];
  const errors: unknown[] = [];
  const ends: { near?: Channel<Far>; far?: Channel<Far> } = {};
  const onError = (error: unknown) => errors.push(error);
  ends.near = createChannel<Far>({
    send: (message) => ends.far?.take(structuredClone(message)),
    methods: {},
    onError,
  });
  ends.far = createChannel<Far>({
    send: (message) => ends.near?.take(structuredClone(message)),
    methods: {
      double: (value: number) => value * 2,
      fail() {
        throw new Error('it cannot');
      },
      note(text: string) {
        if (text === '') throw new Error('nothing to note');
        notes.push(text);
      },
    },
    onError,
  });
  return { near: ends.near, notes, errors };
}

test('a call has the answer, or what the far side threw', async () => {
  const { near } = pair();
  expect(await Promise.all([near.call('double', 2), near.call('double', 21)])).toEqual([4, 42]);
  expect(near.call('fail')).rejects.toThrow('it cannot');
});

test('notifications arrive, and their failures are reported where they happened', async () => {
  const { near, notes, errors } = pair();
  near.notify('note', 'one');
  near.notify('note', '');
  await Promise.resolve();
  expect(notes).toEqual(['one']);
  expect(errors).toEqual([new Error('nothing to note')]);
});

test('what cannot be sent is an answer too', async () => {
  const unsendable = new Error('no clone of it');
  const send = () => {
    throw unsendable;
  };
  const near = createChannel<Far>({ send, methods: {}, onError() {} });
  expect(near.call('double', 1)).rejects.toBe(unsendable);
});

test('when the far side is gone, what was asked and what will be asked fails', async () => {
  const near = createChannel<Far>({ send() {}, methods: {}, onError() {} });
  const asked = near.call('double', 1);
  near.close();
  expect(asked).rejects.toBeInstanceOf(ChannelClosed);
  expect(near.call('double', 1)).rejects.toBeInstanceOf(ChannelClosed);
  near.notify('note', 'into the void');
});

test('what was answered, and what could not be sent, is kept no longer', async () => {
  const { near } = pair();
  const broken = createChannel<Far>({
    send() {
      throw new Error('no clone of it');
    },
    methods: {},
    onError() {},
  });
  const promises = () => {
    Bun.gc(true);
    return heapStats().objectTypeCounts.Promise ?? 0;
  };
  const before = promises();
  for (let value = 0; value < 2_000; value++) {
    await near.call('double', value);
    await near.call('fail').catch(() => {});
    await broken.call('double', value).catch(() => {});
  }
  // Both ends are used below: what they hold is still held.
  expect(promises() - before).toBeLessThan(1_000);
  expect(await near.call('double', 2)).toBe(4);
  expect(broken.call('fail')).rejects.toThrow('no clone of it');
});
