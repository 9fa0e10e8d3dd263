// Names that lead elsewhere than a moment ago, as after a change of network, a failover or a night's sleep: they are asked for again
// once nobody answers where they led.
import { dns } from 'bun';
import { afterAll, beforeEach, expect, spyOn, test } from 'bun:test';
import { createServer } from 'node:net';
import { createDeafListener } from '../../support/deaf-listener.ts';
import { eventually } from '../../support/time-limit.ts';
import { always, createLab, plain } from './lab.ts';
import { rejection } from './reading.ts';

const HERE = '127.0.0.1';
const THERE = '127.0.0.2';
const CONNECT_MS = 1_000;

let leadsTo = HERE;
const lookup = spyOn(dns, 'lookup').mockImplementation(() =>
  Promise.resolve([{ address: leadsTo, family: 4, ttl: 0 }]),
);
afterAll(() => lookup.mockRestore());
beforeEach(() => {
  leadsTo = HERE;
});

/** Serves where the name leads later. */
async function serveThere(port: number): Promise<{ close(): void }> {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end(plain('there')));
  });
  await new Promise<void>((resolve) => server.listen(port, THERE, resolve));
  return server;
}

async function withDeaf(work: (url: string) => Promise<void>): Promise<void> {
  const deaf = await createDeafListener();
  const port = Number(deaf.host.split(':')[1]);
  const server = await serveThere(port);
  try {
    await work(`http://moved.test:${port}`);
  } finally {
    server.close();
    deaf.close();
  }
}

const onLinux = test.skipIf(process.platform !== 'linux');

onLinux('no connection in time: the next request asks for the name', () =>
  withDeaf(async (url) => {
    const { ask, timers } = createLab();
    const late = rejection(ask(url, { connectMs: CONNECT_MS }));
    await timers.advance(CONNECT_MS);
    expect(await late).toMatchObject({ code: 'upstream_timeout' });
    leadsTo = THERE;
    const asked = ask(url, { connectMs: CONNECT_MS });
    asked.catch(() => {});
    await timers.advance(CONNECT_MS);
    expect((await asked).body.toString()).toBe('there');
  }),
);

onLinux('the time for it passed while the process was stopped: the same request asks for the name', () =>
  withDeaf(async (url) => {
    const { ask, timers } = createLab();
    const asked = ask(url, { connectMs: CONNECT_MS });
    asked.catch(() => {});
    await timers.advance(CONNECT_MS / 2);
    timers.standStill(60_000);
    leadsTo = THERE;
    await timers.advance(CONNECT_MS / 2);
    expect((await asked).body.toString()).toBe('there');
  }),
);

onLinux('where every timer is late, as with too much to do, no connection is awaited for ever', () =>
  withDeaf(async (url) => {
    const { ask, timers } = createLab();
    let problem: unknown = null;
    ask(url, { connectMs: CONNECT_MS }).catch((error: unknown) => {
      problem = error;
    });
    for (const isOver of [false, true]) {
      // The name is looked up, and dialled.
      await timers.advance(CONNECT_MS / 2);
      timers.standStill(2 * CONNECT_MS);
      await timers.advance(0);
      expect(problem !== null).toBe(isOver);
    }
    expect(problem).toMatchObject({ code: 'upstream_timeout' });
  }),
);

onLinux('a connection that was idle is dead: the request that is sent again asks for the name', async () => {
  const { ask, serve, timers } = createLab();
  const server = serve(always(() => plain('here')));
  const there = await serveThere(server.port);
  const url = `http://moved.test:${server.port}`;
  expect((await ask(url)).body.toString()).toBe('here');
  server.connections[0]?.cutOff();
  leadsTo = THERE;
  const asked = ask(url);
  let over = false;
  void asked.finally(() => {
    over = true;
  });
  await eventually(async () => {
    await timers.advance(100);
    return over;
  });
  expect((await asked).body.toString()).toBe('there');
  there.close();
});
