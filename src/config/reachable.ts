// Finds limits that are never reached, since another one for the same requests is always reached first.

/**
 * Of limits that differ only in size, keeps the smallest. Calls `onUnreachable` with the index of each that is left out, and that of the
 * one that applies instead.
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
