// Names for what references lead to, where that becomes a definition of a JSON Schema.

/**
 * Names definitions by the last step of their references, numbered if that is taken: thousands may end alike. @param own names that are
 * taken.
 */
export function createNaming(own: readonly string[] = []): (reference: string) => string {
  const taken = new Set(own);
  const numbers = new Map<string, number>();
  return (reference) => {
    const plain = reference.split('/').slice(1).at(-1)?.replace(/\W/g, '_') || 'root';
    let number = numbers.get(plain) ?? 1;
    let name = number === 1 ? plain : `${plain}_${number}`;
    while (taken.has(name)) name = `${plain}_${++number}`;
    numbers.set(plain, number);
    taken.add(name);
    return name;
  };
}
