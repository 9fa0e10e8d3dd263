// Networks that are gone without a word: requests over connections that are dead, which neither end knows.
import { describe, expect, test } from 'bun:test';
import { selfSigned } from '../../support/certificates.ts';
import { kernelTimer, ZERO_WINDOW } from '../../support/kernel-timer.ts';
import { eventually } from '../../support/time-limit.ts';
import { always, createLab, plain } from './lab.ts';
import { rejection } from './reading.ts';

const { ask, serve, timers, pools } = createLab({ verifiesServers: false });
const poolOf = ({ url }: { url: string }) => pools().find(({ origin }) => origin === url);

/** Turns the clock until it is over: the kernel repeats what is lost by a clock of its own. */
async function outcome<T>(asked: Promise<T>): Promise<{ value: T; tookMs: number }> {
  const began = timers.now();
  let over = false;
  const end = () => {
    over = true;
  };
  asked.then(end, end);
  await eventually(async () => {
    await timers.advance(100);
    return over;
  });
  return { value: await asked, tookMs: timers.now() - began };
}

const answered = { outcome: 'end', status: 200 };
/** Longer than the kernel keeps for a server that does not read. */
const LONG = 'x'.repeat(16 * 1024 * 1024);

describe.skipIf(process.platform !== 'linux')('over a network that is gone', () => {
  for (const [kind, certificate] of [
    ['plain', undefined],
    ['TLS', selfSigned(['localhost'])],
  ] as const)
    test(`a connection that was idle is replaced, and so are the others that were (${kind})`, async () => {
      const server = serve(
        always(() => plain('ok')),
        certificate,
      );
      await Promise.all([ask(server.url), ask(server.url)]);
      for (const connection of server.connections) connection.cutOff();
      const { value, tookMs } = await outcome(ask(server.url));
      expect(value).toMatchObject(answered);
      expect(tookMs).toBeGreaterThan(5_000);
      expect(server.connections).toHaveLength(3);
      expect(poolOf(server)).toMatchObject({ active: 0, idle: 1 });
      // The next one need not find out again.
      expect(await ask(server.url)).toMatchObject(answered);
      expect(server.connections).toHaveLength(3);
    });

  test('a request that must not run twice fails instead: the server may have it', async () => {
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    server.connections[0]?.cutOff();
    const { value } = await outcome(rejection(ask(server.url, { once: true })));
    expect(value.code).toBe('UNDELIVERED');
    expect(server.connections).toHaveLength(1);
    expect(poolOf(server)).toMatchObject({ active: 0, idle: 0 });
  });

  test('one that was opened for the request has longer', async () => {
    const server = serve((connection) => connection.cutOff());
    const { value, tookMs } = await outcome(rejection(ask(server.url)));
    expect(value.code).toBe('UNDELIVERED');
    expect(tookMs).toBeGreaterThan(20_000);
    expect(server.connections).toHaveLength(1);
  });

  test('a long request of which only the beginning arrives fails', async () => {
    const server = serve(async (connection) => {
      await connection.until((received) => received.length > 100_000);
      connection.cutOff();
    });
    const { value } = await outcome(rejection(ask(server.url, { body: LONG })));
    expect(value.code).toBe('UNDELIVERED');
  });

  test('one that is back soon has lost nothing', async () => {
    const server = serve(always(() => plain('ok')));
    await ask(server.url);
    const [connection] = server.connections;
    connection?.cutOff();
    const asked = ask(server.url);
    for (let second = 0; second < 4; second++) await timers.advance(1_000);
    connection?.reconnect();
    expect(await asked).toMatchObject(answered);
    expect(server.connections).toHaveLength(1);
  });
});

async function anHour(): Promise<void> {
  for (let minute = 0; minute < 60; minute++) await timers.advance(60_000);
}

describe('a server that has the request, or does not want it yet, is waited for', () => {
  test('where it thinks for an hour', async () => {
    const server = serve();
    const asked = ask(server.url);
    const connection = await server.accept();
    await connection.request();
    await anHour();
    await connection.write(plain('thought'));
    expect(await asked).toMatchObject(answered);
  });

  test.skipIf(process.platform !== 'linux')(
    'where it reads nothing of a long request for that time',
    async () => {
      const server = serve((connection) => connection.pause());
      let progress = 0;
      const progressed = () => void progress++;
      const asked = ask(server.url, { body: LONG, progressed });
      await eventually(() => server.connections.length > 0);
      // The server has no room for more, and all that it had room for has arrived.
      await eventually(() => kernelTimer(server.port).kind === ZERO_WINDOW);
      const atFirst = progress;
      await anHour();
      expect(progress).toBe(atFirst);
      const [connection] = server.connections;
      connection?.resume();
      await connection?.request();
      await connection?.write(plain('read'));
      expect(await asked).toMatchObject(answered);
      expect(progress).toBeGreaterThan(atFirst);
    },
  );
});
