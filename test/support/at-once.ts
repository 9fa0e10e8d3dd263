// For what is answered at once unless a server has to be asked, where there is none.

/** The value; throws where it is only promised. */
export function atOnce<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('the answer is only promised');
  return value;
}
