// What arrives in one turn of the event loop is dealt with when all of it has been read.
import { expect, test } from 'bun:test';
import { LoopTurn, setTimer } from '../../src/server/loop-turn.ts';

test('all that arrives in one turn, in its order, once it is over; what comes of it is of the next', async () => {
  const calls: string[] = [];
  const done = Promise.withResolvers<void>();
  const turn = new LoopTurn<string>((arrival) => {
    calls.push(`deal ${arrival}`);
    if (arrival === 'a') turn.add('c');
    if (arrival === 'c') done.resolve();
  });
  for (const arrival of ['a', 'b']) {
    calls.push(`read ${arrival}`);
    turn.add(arrival);
  }
  await Promise.resolve();
  expect(calls).toEqual(['read a', 'read b']);
  await done.promise;
  expect(calls).toEqual(['read a', 'read b', 'deal a', 'deal b', 'deal c']);
});

test('chunks of many sockets are read before the first is processed', async () => {
  const SOCKETS = 20;
  const calls: string[] = [];
  const accepted = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  let open = 0;
  const turn = new LoopTurn<number>(() => {
    calls.push('deal');
    if (calls.filter((what) => what === 'deal').length === SOCKETS) all.resolve();
  });
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open() {
        if (++open === SOCKETS) accepted.resolve();
      },
      data() {
        calls.push('read');
        turn.add(calls.length);
      },
    },
  });
  const clients = await Promise.all(
    Array.from({ length: SOCKETS }, () =>
      Bun.connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } }),
    ),
  );
  // So that what is written now is ready at the same time.
  await accepted.promise;
  for (const client of clients) client.write('x');
  await all.promise;
  expect(calls.slice(0, SOCKETS)).toEqual(Array<string>(SOCKETS).fill('read'));
  for (const client of clients) client.end();
  listener.stop(true);
});

test('a timer that is due together with bytes of a socket calls back when those have been processed', async () => {
  const calls: string[] = [];
  const turn = new LoopTurn<string>((arrival) => calls.push(arrival));
  const accepted = Promise.withResolvers<{ write(text: string): void }>();
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { open: (socket) => accepted.resolve(socket), data() {} },
  });
  const client = await Bun.connect({
    hostname: '127.0.0.1',
    port: listener.port,
    socket: { data: () => turn.add('bytes') },
  });
  const server = await accepted.promise;
  const over = Promise.withResolvers<void>();
  server.write('x');
  setTimer(() => {
    calls.push('timer');
    over.resolve();
  }, 1);
  // The process is busy until both are there, and finds them in the same turn.
  const until = performance.now() + 60;
  while (performance.now() < until);
  await over.promise;
  expect(calls).toEqual(['bytes', 'timer']);
  client.end();
  listener.stop(true);
});

test('a timer that is called off never calls back, not even when it is due', async () => {
  const calls: string[] = [];
  const stop = setTimer(() => calls.push('called off'), 1);
  stop();
  stop();
  // Due with the other, whose callback comes first.
  const over = Promise.withResolvers<void>();
  setTimer(() => stopLate(), 1);
  const stopLate = setTimer(() => calls.push('called off late'), 1);
  setTimer(() => over.resolve(), 5);
  const until = performance.now() + 10;
  while (performance.now() < until);
  await over.promise;
  expect(calls).toEqual([]);
});
