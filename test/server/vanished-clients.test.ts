// Clients that vanish without closing their connections. That a network is gone cannot be had here: what the kernel says of it is given.
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type SendingState, sendingState } from '../../src/server/sending-state.ts';
import { hasVanished, watchVanishedClients } from '../../src/server/vanished-clients.ts';
import { connectRaw } from '../support/raw-client.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const GONE: SendingState = { unacknowledged: 3, repeats: 9, probes: 0, silentMs: 130_000 };

test.each<[string, Partial<SendingState>, boolean]>([
  ['acknowledges nothing for two minutes', {}, true],
  ['was silent for long before, and acknowledges nothing for a moment', { repeats: 4 }, false],
  ['acknowledged something a minute ago', { silentMs: 60_000 }, false],
  ['has acknowledged everything', { unacknowledged: 0, repeats: 0 }, false],
  ['does not read, and says so', { unacknowledged: 0, repeats: 0, probes: 1 }, false],
  ['did not read, and does not say so any more', { unacknowledged: 0, repeats: 0, probes: 3 }, true],
])('one that %s', (_, state, expected) => {
  expect(hasVanished({ ...GONE, ...state })).toBe(expected);
});

/** A server whose answers never end. */
function startEndless() {
  const cancelled = Promise.withResolvers<void>();
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('begun')),
          cancel: () => cancelled.resolve(),
        }),
      ),
  });
  return { server, port: server.port ?? 0, cancelled: cancelled.promise };
}

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('its connection is closed as if it had closed it; those of others and the server itself stay', async () => {
    const [one, other] = [startEndless(), startEndless()];
    const clients = [await connectRaw(one.port), await connectRaw(other.port)] as const;
    for (const client of clients) client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    for (const client of clients) await eventually(() => client.text().includes('begun'));
    let looks = 0;
    const stop = watchVanishedClients({
      port: one.port,
      open() {
        looks += 1;
        return 1;
      },
      lookMs: 1,
      stateOf: (fd) => (sendingState({ fd }) === null ? null : GONE),
    });
    await one.cancelled;
    await clients[0].closed;
    const before = looks;
    await eventually(() => looks > before + 2);
    stop();
    clients[1].write('GET / HTTP/1.1\r\n');
    expect(other.server.pendingRequests).toBe(1);
    expect((await fetch(`http://127.0.0.1:${one.port}`)).status).toBe(200);
    await Promise.all([one.server.stop(true), other.server.stop(true)]);
  });

  test('nobody is asked for while no request runs', async () => {
    const { server, port } = startEndless();
    let looks = 0;
    let asked = 0;
    const stop = watchVanishedClients({
      port,
      open() {
        looks += 1;
        return 0;
      },
      lookMs: 1,
      stateOf() {
        asked += 1;
        return null;
      },
    });
    await eventually(() => looks > 3);
    stop();
    expect(asked).toBe(0);
    await server.stop(true);
  });
});
