// Limits of which another one, for the same requests, is always reached first.

/**
 * Of limits that differ only in their size, keeps the smallest. Calls `onUnreachable` with the index of each that is left
 * out, and of the one that holds in its place.
 */
export function reachable<Limit>(
  limits: readonly Limit[],
  read: (limit: Limit) => { size: number; whose: object },
  onUnreachable: (index: number, smaller: number) => void,
): Limit[] {
  const all = limits.map((limit) => {
    const { size, whose } = read(limit);
    return { size, key: JSON.stringify(whose) };
  });
  const least = new Map<string, { size: number; index: number }>();
  for (const [index, { size, key }] of all.entries()) {
    const other = least.get(key);
    if (other === undefined || size < other.size) least.set(key, { size, index });
  }
  return limits.filter((_, index) => {
    const smaller = least.get(all[index]?.key ?? '')?.index ?? index;
    if (smaller === index) return true;
    onUnreachable(index, smaller);
    return false;
  });
}
