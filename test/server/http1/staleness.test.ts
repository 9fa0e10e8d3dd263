// Whether a server that closes a used connection had seen the request, by the time that passed and by what the network took. A
// socket on this machine opens in no time and takes everything, so this one is made up.
import { expect, test } from 'bun:test';
import type { Socket } from 'bun';
import { Connection } from '../../../src/server/http1/connection.ts';
import { RunningAnswer, type Staleness } from '../../../src/server/http1/running-answer.ts';

/** @param taken what the network takes of the request: -1, the socket is gone. */
async function stalenessOf({
  openingMs,
  afterMs,
  taken = 1,
}: Record<'openingMs' | 'afterMs', number> & { taken?: number }) {
  let now = 0;
  const reported: Staleness[] = [];
  const connection = new Connection({ free() {}, gone() {}, lost() {}, monotonic: () => now });
  const socket = { setKeepAlive() {}, write: () => taken, terminate() {}, end() {} };
  connection.opened(socket as unknown as Socket<Connection>);
  connection.openingMs = openingMs;
  connection.takenAt = 0;
  const stale = (_: RunningAnswer, staleness: Staleness) => {
    reported.push(staleness);
    return true;
  };
  const answer = new RunningAnswer({ progressed() {}, resolve() {}, reject() {}, stale }, undefined, 1);
  connection.ask('POST', '?', answer);
  now = afterMs;
  if (taken >= 0) connection.ended();
  await Promise.resolve();
  return reported[0] ?? 'no';
}

// A close that crossed the request comes within one round trip, and opening the connection took at least one.
test.each<[number, number, Staleness]>([
  [0, 249, 'likely'],
  [0, 250, 'no'],
  [300, 549, 'likely'],
  [300, 550, 'no'],
  [3_000, 999, 'likely'],
  [3_000, 1_000, 'no'],
])('opened in %d ms, ended %d ms after the request: %s', async (openingMs, afterMs, staleness) => {
  expect(await stalenessOf({ openingMs, afterMs })).toBe(staleness);
});

test('of which nothing could be sent: certain', async () => {
  expect(await stalenessOf({ openingMs: 0, afterMs: 0, taken: -1 })).toBe('certain');
});
