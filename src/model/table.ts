// A table that is looked up by words from outside; unknown words are undefined.

/**
 * A plain object would not do for words from a provider or a client, since every object also has `constructor`, `toString` and the like.
 */
export function table<Value>(entries: Record<string, Value>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null), entries);
}
