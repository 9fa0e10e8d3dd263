// Connections that are given up before they stand: nothing of them is left, and whoever answers first is taken.
import type { Socket } from 'bun';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Addresses, alternating } from '../../../src/server/http1/addresses.ts';
import { dial, handleOf } from '../../../src/server/http1/dial.ts';
import { holdPort } from '../../../src/server/listen.ts';
import { isOffline } from '../../../src/server/networks.ts';
import { Cancellation } from '../../../src/upstream/cancellation.ts';
import { createDeafListener, type DeafListener } from '../../support/deaf-listener.ts';
import { socketsOf } from '../../support/connections.ts';
import { hasIpv6 } from '../../support/ipv6.ts';
import { createManualTimers } from '../../support/manual-timers.ts';
import { always, createLab, plain, turns } from './lab.ts';
import { question, rejection } from './reading.ts';
import { UNKNOWN_HOST } from '../../support/unknown-host.ts';

const GIVEN_UP = 1_000;
const PORTION = 250;

// Only where the kernel leaves a connection on its way, and tells of descriptors.
const onLinux = describe.if(process.platform === 'linux');

onLinux('a thousand dials that are given up leave no descriptor', () => {
  let deaf: DeafListener;
  beforeAll(async () => {
    deaf = await createDeafListener();
  });
  afterAll(() => deaf.close());

  for (const scheme of ['http', 'https'])
    for (const [who, giveUp] of [
      ['the limit on connecting', 'late'],
      ['who asked, in the same moment', 'at once'],
      ['who asked, a while later', 'later'],
    ] as const)
      test(`${scheme}, by ${who}`, async () => {
        const { send, timers, pools } = createLab();
        const before = socketsOf(process.pid);
        let most = before;
        for (let begun = 0; begun < GIVEN_UP; begun += PORTION) {
          const cancellation = new Cancellation();
          const asked = Array.from({ length: PORTION }, () =>
            rejection(
              send(question(`${scheme}://${deaf.host}/`, { connectMs: 1_000, signal: cancellation })),
            ),
          );
          if (giveUp !== 'at once') {
            await turns(20);
            most = Math.max(most, socketsOf(process.pid));
          }
          if (giveUp === 'late') await timers.advance(1_000);
          else cancellation.abort(new Error('left'));
          const codes = new Set((await Promise.all(asked)).map(({ code, message }) => code ?? message));
          expect([...codes]).toEqual([giveUp === 'late' ? 'upstream_timeout' : 'left']);
        }
        // They were on their way indeed.
        if (giveUp !== 'at once') expect(most).toBeGreaterThanOrEqual(before + PORTION);
        await turns();
        expect(socketsOf(process.pid)).toBeLessThanOrEqual(before);
        expect(pools()[0]).toMatchObject({ active: 0, idle: 0 });
        expect(timers.pending()).toBe(0);
      });
});

describe('a name with several addresses', () => {
  test('one family after the other', () => {
    const v6 = (address: string) => ({ address, family: 6 as const });
    const v4 = (address: string) => ({ address, family: 4 as const });
    expect(alternating([v6('a'), v6('b'), v4('1'), v4('2'), v4('3')])).toEqual(['a', '1', 'b', '2', '3']);
    expect(alternating([v4('1'), v4('2'), v6('a')])).toEqual(['1', 'a', '2']);
  });

  test.if(hasIpv6)(
    'where one refuses, the next is asked at once: localhost, and only ::1 listens',
    async () => {
      const lab = createLab();
      const server = createServer((socket) => {
        socket.once('data', () => socket.end(plain('six')));
      });
      await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      expect((await lab.ask(`http://localhost:${port}/`)).body.toString()).toBe('six');
      server.close();
    },
  );

  test('where none answers, the first failure is reported', async () => {
    const lab = createLab();
    const server = lab.serve(always(() => plain('ok')));
    server.close();
    const failure = await rejection(lab.ask(`http://localhost:${server.port}`));
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
    expect(failure.message).toContain('127.0.0.1');
  });
});

/** Of this machine, by which others reach it. */
const [ownAddress = ''] = Object.values(networkInterfaces()).flatMap((addresses = []) =>
  addresses.flatMap(({ address, family, internal }) => (internal || family !== 'IPv4' ? [] : [address])),
);

test.if(ownAddress !== '' && !isOffline())(
  'a server that refuses is not taken for a machine without a network',
  async () => {
    const { port, release } = holdPort(ownAddress, 0, false);
    await release();
    const failure = await new Promise<Error>((failed, opened) =>
      dial({
        ...{ addresses: new Addresses(ownAddress, () => 0), port, data: null },
        setTimer: createManualTimers().setTimer,
        opened,
        failed,
      }),
    );
    expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
    expect(failure).not.toHaveProperty('offline');
  },
);

onLinux('where the first neither answers nor refuses', () => {
  test('the next is asked in parallel after a while, and of the first nothing is left', async () => {
    const deaf = await createDeafListener();
    const port = Number(deaf.host.split(':')[1]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.2', resolve));
    const timers = createManualTimers();
    const before = socketsOf(process.pid);
    const { promise, resolve, reject } = Promise.withResolvers<Socket<null>>();
    dial({
      addresses: new (class extends Addresses {
        override get known() {
          return ['127.0.0.1', '127.0.0.2'];
        }
      })('two.test', () => 0),
      ...{ port, data: null, setTimer: timers.setTimer, failed: reject },
      opened(socket) {
        socket.reload({ socket: { data() {} } });
        resolve(socket);
      },
    });
    expect(timers.pending()).toBe(1);
    await timers.advance(250);
    const socket = await promise;
    expect(socket.remoteAddress).toBe('127.0.0.2');
    expect(timers.pending()).toBe(0);
    socket.terminate();
    server.close();
    await turns();
    expect(socketsOf(process.pid)).toBeLessThanOrEqual(before);
    deaf.close();
  });
});

describe('a release of Bun that keeps the socket elsewhere', () => {
  const nothing = () => null;
  const where = (port: number) => ({
    addresses: new Addresses('127.0.0.1', () => 0),
    port,
    data: 'of this dial',
    setTimer: createManualTimers().setTimer,
  });

  test('the connection is dialled once more', async () => {
    const server = createLab().serve(always(() => plain('ok')));
    const { promise, resolve, reject } = Promise.withResolvers<Socket<string>>();
    dial({ ...where(server.port), opened: resolve, failed: reject }, nothing);
    const socket = await promise;
    expect([socket.data, socket.remotePort]).toEqual(['of this dial', server.port]);
    socket.terminate();
    expect(server.connections).toHaveLength(2);
  });

  test('called off meanwhile, it is closed when it stands', async () => {
    const server = createLab().serve();
    let callbacks = 0;
    const count = () => void callbacks++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = dial({ ...where(server.port), opened: count, failed: count }, () => {
      queueMicrotask(resolve);
      return null;
    });
    await promise;
    callOff();
    await (await server.accept()).closed;
    await (await server.accept()).closed;
    expect(callbacks).toBe(0);
  });
});

test('a connection that stands holds nothing of the socket by which it was dialled', async () => {
  const server = createLab().serve();
  const left: WeakRef<object>[] = [];
  const open = await Promise.all(
    Array.from(
      { length: 100 },
      () =>
        new Promise<Socket<null>>((opened, failed) =>
          dial(
            {
              addresses: new Addresses('127.0.0.1', () => 0),
              port: server.port,
              data: null,
              setTimer: createManualTimers().setTimer,
              opened(socket) {
                socket.reload({ socket: { data() {} } });
                opened(socket);
              },
              failed,
            },
            (socket) => {
              left.push(new WeakRef(socket));
              return handleOf(socket);
            },
          ),
        ),
    ),
  );
  const held = () => left.filter((each) => each.deref() !== undefined).length;
  // Some may still be found by chance on the stack, which is searched for whatever looks like one.
  for (let round = 0; round < 50 && held() > 10; round++) {
    await turns(1);
    Bun.gc(true);
  }
  expect(held()).toBeLessThanOrEqual(10);
  expect(open.every((socket) => socket.write('still open') > 0)).toBe(true);
  for (const socket of open) socket.terminate();
});

describe('what is known of a name', () => {
  test('is asked once for all who wait, and forgotten when it is of no use', async () => {
    let now = 0;
    const addresses = new Addresses('LOCALHOST', () => now);
    expect(addresses.known).toBeNull();
    const asked = addresses.find();
    expect(addresses.find()).toBe(asked);
    const found = await asked;
    expect(found.length).toBeGreaterThan(0);
    expect(addresses.known).toBe(found);
    now = 30_000;
    expect(addresses.known).toBeNull();
    await addresses.find();
    expect(addresses.known).not.toBeNull();
    addresses.forget();
    expect(addresses.known).toBeNull();
  });

  test('an address that is in doubt is tried last for a while, and the name is asked for again', async () => {
    let now = 0;
    const local = new Addresses('localhost', () => now);
    const [first = '', second = ''] = local.known ?? [];
    local.doubt(first);
    expect(local.known).toEqual([second, first]);
    local.doubt(second);
    expect(local.known).toEqual([second, first]);
    now = 300_000;
    local.doubt(second);
    expect(local.known).toEqual([first, second]);
    const addresses = new Addresses('LOCALHOST', () => now);
    const [found] = await addresses.find();
    addresses.doubt(found ?? '');
    expect(addresses.known).toBeNull();
    expect(await addresses.find()).toContain(found ?? '');
  });

  test('an address needs nobody to be asked, and is never forgotten', () => {
    const addresses = new Addresses('::1', () => 0);
    addresses.forget();
    expect(addresses.known).toEqual(['::1']);
  });

  test('a name that there is not is asked for again', async () => {
    const addresses = new Addresses(UNKNOWN_HOST, () => 0);
    for (let time = 0; time < 2; time++)
      expect(await rejection(addresses.find())).toMatchObject({ code: 'ENOTFOUND' });
  });
});
