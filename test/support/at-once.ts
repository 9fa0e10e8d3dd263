// Unwraps what is either a value or a promise, in tests where it is always a value.

/** The value; throws where it is only promised. */
export function atOnce<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('the answer is only promised');
  return value;
}
