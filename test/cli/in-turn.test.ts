// Runs that are asked for while one is going on.
import { expect, test } from 'bun:test';
import { inTurn } from '../../src/cli/serve/in-turn.ts';

test('one after the other, in the order in which they are asked for', async () => {
  const messages: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = inTurn(async (index: number) => {
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
  const run = inTurn(async (fails: boolean) => {
    if (fails) throw new Error('refused');
  });
  const refused = run(true).catch((error: Error) => error.message);
  const later = run(false);
  expect(await refused).toBe('refused');
  expect(await later).toBeUndefined();
});
