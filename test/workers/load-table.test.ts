// Numbers that several processes see; here three views of one memory.
import { expect, test } from 'bun:test';
import { clearLoads, createLoadTable, loadTableBytes } from '../../src/workers/load-table.ts';

test('each counts its own, and sees the sum of the others', () => {
  const memory = new Uint8Array(loadTableBytes(3));
  const [a, b, c] = [0, 1, 2].map((worker) => createLoadTable(memory, 3, worker).room(7));
  a?.setInFlight(2);
  expect(b?.othersInFlight()).toBe(2);
  b?.setInFlight(3);
  a?.setInFlight(1);
  expect([a, b, c].map((room) => room?.othersInFlight())).toEqual([3, 1, 4]);
  expect(a?.othersWaiting()).toBe(0);
  c?.setWaiting(2);
  expect(a?.othersWaiting()).toBe(2);
  expect(createLoadTable(memory, 3, 0).room(8)?.othersInFlight()).toBe(0);
});

test('who tries a provider sees whether another does', () => {
  const memory = new Uint8Array(loadTableBytes(2));
  const [a, b] = [0, 1].map((worker) => createLoadTable(memory, 2, worker).room(7));
  expect(a?.setProbing(true)).toBe(false);
  expect(b?.setProbing(true)).toBe(true);
  a?.setProbing(false);
  expect(b?.setProbing(true)).toBe(false);
});

test('that a provider fails, or works again, is news to one of them', () => {
  const memory = new Uint8Array(loadTableBytes(2));
  const tables = [0, 1].map((worker) => createLoadTable(memory, 2, worker));
  const claim = (isWell: boolean, baseUrl = 'http://one/v1') =>
    tables.map((table) => table.room(255)?.claimNews(baseUrl, isWell));
  expect([claim(true), claim(false), claim(false), claim(true)]).toEqual([
    [false, false],
    [true, false],
    [false, false],
    [true, false],
  ]);
  // That it fails at another of its addresses is another news; whichever works ends both.
  expect([claim(false), claim(false, 'http://two/v1'), claim(true), claim(true, 'http://two/v1')]).toEqual([
    [true, false],
    [true, false],
    [true, false],
    [false, false],
  ]);
  // Whoever told it may die.
  claim(false);
  for (const worker of [0, 1]) clearLoads(memory, 2, worker);
  expect(claim(false)).toEqual([false, false]);
});

test('what a dead worker had is taken away, and nothing of the others', () => {
  const memory = new Uint8Array(loadTableBytes(3));
  const tables = [0, 1, 2].map((worker) => createLoadTable(memory, 3, worker));
  for (const column of [0, 255]) {
    for (const [worker, table] of tables.entries()) table.room(column)?.setInFlight(10 ** worker);
    expect(tables.map((table) => table.room(column)?.othersInFlight())).toEqual([110, 101, 11]);
  }
  clearLoads(memory, 3, 1);
  for (const column of [0, 255])
    expect(tables.map((table) => table.room(column)?.othersInFlight())).toEqual([100, 101, 1]);
});

test('beyond its columns a worker counts alone', () => {
  expect(createLoadTable(new Uint8Array(loadTableBytes(1)), 1, 0).room(256)).toBeUndefined();
  expect(createLoadTable(new Uint8Array(loadTableBytes(1)), 1, 0).room(-1)).toBeUndefined();
});
