// The watch over descriptors, where it is the machine that has none left: the limit of a process is test/e2e/no-descriptor.test.ts.
import { afterEach, beforeEach, expect, jest, test } from 'bun:test';
import { mergeDescriptorStates } from '../../src/model/descriptor-state.ts';
import { descriptorState, isOutOfDescriptors, watchDescriptors } from '../../src/server/descriptors.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('the limit of all programs together: health and the log say whose it is and what to do, once each', () => {
  const logged: string[] = [];
  let code: string | undefined;
  watchDescriptors(
    (level, message) => void logged.push(`${level} ${message}`),
    () => {
      if (code !== undefined) throw Object.assign(new Error(code), { code });
    },
  );
  jest.advanceTimersByTime(5_000);
  expect([isOutOfDescriptors(), logged]).toEqual([false, []]);

  code = 'ENFILE';
  jest.advanceTimersByTime(5_000);
  expect(isOutOfDescriptors()).toBe(true);
  const { ok, lastError } = descriptorState();
  expect(ok).toBe(false);
  expect(lastError).toMatch(
    /^this machine has reached its limit .* \(ENFILE\): .*; raise it \(sysctl fs\.file-max/,
  );
  expect(logged).toEqual([`error ${lastError}`]);

  // What is free for a moment only does not end it.
  for (let round = 0; round < 5; round++) {
    code = undefined;
    jest.advanceTimersByTime(2_000);
    code = 'ENFILE';
    jest.advanceTimersByTime(1_000);
  }
  expect([isOutOfDescriptors(), logged.length]).toEqual([true, 1]);

  code = 'EACCES';
  jest.advanceTimersByTime(5_000);
  expect(descriptorState()).toMatchObject({ ok: true, lastError: null });
  expect(logged.slice(1)).toEqual(['info this process can open files and connections again']);
});

test('of several processes, the one that is nearest to its limit', () => {
  const calm = { ok: true, lastError: null };
  const one = { ...calm, open: 90, limit: 1_000 };
  const other = { ...calm, open: 60, limit: 100 };
  expect(mergeDescriptorStates([one, other])).toEqual(other);
  expect(
    mergeDescriptorStates([
      { ...one, open: null },
      { ...other, limit: null },
    ]),
  ).toMatchObject({ open: 60, limit: null });
  expect(mergeDescriptorStates([])).toEqual({ ...calm, open: null, limit: null });
});
