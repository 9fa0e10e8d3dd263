// Work that is queued while other work is running.
import { expect, test } from 'bun:test';
import { createTurns } from '../../src/model/turns.ts';

test('one after the other, in the order in which they are asked for', async () => {
  const messages: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const inTurn = createTurns();
  const run = (index: number) =>
    inTurn(async () => {
      messages.push(`begin ${index}`);
      await gates[index]?.promise;
      messages.push(`end ${index}`);
    });
  const both = Promise.all([run(0), run(1)]);
  gates[1]?.resolve();
  await Bun.sleep(1);
  expect(messages).toEqual(['begin 0']);
  gates[0]?.resolve();
  await both;
  expect(messages).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1']);
});

test('one that fails rejects for its caller, and delays no other', async () => {
  const inTurn = createTurns();
  const refused = inTurn(() => Promise.reject(new Error('refused'))).catch((error: Error) => error.message);
  const later = inTurn(async () => 'done');
  expect(await refused).toBe('refused');
  expect(await later).toBe('done');
});
