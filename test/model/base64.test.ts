// Base64 by the runtime's own methods, and where it has none.
import { expect, test } from 'bun:test';
import { fromBase64, toBase64 } from '../../src/model/base64.ts';

/** What older runtimes lack. */
const NEWER = [
  [Uint8Array.prototype, 'toBase64'],
  [Uint8Array, 'fromBase64'],
] as const;

const BYTES = Uint8Array.from({ length: 1_000 }, (_, at) => (at * 31) % 256);

test('is the same with the methods and without', () => {
  for (const length of [0, 1, 2, 3, 1_000]) {
    const bytes = BYTES.subarray(0, length);
    const text = toBase64(bytes);
    expect(text).toBe(Buffer.from(bytes).toString('base64'));
    expect(fromBase64(text)).toEqual(bytes.slice());
    const older = onOlderRuntime(() => [toBase64(bytes), fromBase64(text)]);
    expect(older).toEqual([text, bytes.slice()]);
  }
});

test('what is no base64 is refused', () => {
  expect(() => fromBase64('a*')).toThrow();
  expect(() => onOlderRuntime(() => fromBase64('a*'))).toThrow();
});

function onOlderRuntime<T>(act: () => T): T {
  const removed = NEWER.map(([owner, name]) => ({
    owner,
    name,
    method: Object.getOwnPropertyDescriptor(owner, name) ?? {},
  }));
  for (const { owner, name } of removed) Reflect.deleteProperty(owner, name);
  try {
    return act();
  } finally {
    for (const { owner, name, method } of removed) Object.defineProperty(owner, name, method);
  }
}
