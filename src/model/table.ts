// A table of words that come from outside: what it does not have is undefined.

/**
 * Looked up by what a provider or a client says, a plain object has `constructor`, `toString` and their like besides,
 * as every object does.
 */
export function table<Value>(entries: Record<string, Value>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null), entries);
}
