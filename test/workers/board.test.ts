// Numbers that several processes see, here three views of one memory.
import { expect, test } from 'bun:test';
import { boardBytes, createBoard } from '../../src/workers/board.ts';

test('each counts its own, and sees the sum of the others', () => {
  const memory = new Uint8Array(boardBytes(3));
  const [a, b, c] = [0, 1, 2].map((worker) => createBoard(memory, 3, worker).room(7));
  a?.setInFlight(2);
  expect(b?.othersInFlight()).toBe(2);
  b?.setInFlight(3);
  a?.setInFlight(1);
  expect([a, b, c].map((room) => room?.othersInFlight())).toEqual([3, 1, 4]);
  expect(a?.othersWaiting()).toBe(0);
  c?.setWaiting(2);
  expect(a?.othersWaiting()).toBe(2);
  expect(createBoard(memory, 3, 0).room(8)?.othersInFlight()).toBe(0);
});

test('who tries a provider sees whether another does', () => {
  const memory = new Uint8Array(boardBytes(2));
  const [a, b] = [0, 1].map((worker) => createBoard(memory, 2, worker).room(7));
  expect(a?.setProbing(true)).toBe(false);
  expect(b?.setProbing(true)).toBe(true);
  a?.setProbing(false);
  expect(b?.setProbing(true)).toBe(false);
});

test('what a dead worker had is taken away', () => {
  const memory = new Uint8Array(boardBytes(2));
  const alive = createBoard(memory, 2, 0);
  createBoard(memory, 2, 1).room(0)?.setInFlight(9);
  expect(alive.room(0)?.othersInFlight()).toBe(9);
  alive.clear(1);
  expect(alive.room(0)?.othersInFlight()).toBe(0);
});

test('beyond its columns a worker counts alone', () => {
  expect(createBoard(new Uint8Array(boardBytes(1)), 1, 0).room(256)).toBeUndefined();
  expect(createBoard(new Uint8Array(boardBytes(1)), 1, 0).room(-1)).toBeUndefined();
});
