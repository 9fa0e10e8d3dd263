// Tokens and cost as commands show them, in the dashboard's words.

/** Shown for what was not reported, or not measured. */
export const UNKNOWN = '–';

/** @param known whether a provider reported counts: if not, both are 0. */
export function tokensIn(known: boolean, input: number, output: number): string {
  return known ? `${input}→${output}` : UNKNOWN;
}

/**
 * @param dollars null where the price is unknown.
 * @param known whether a provider reported token counts: if not, there is nothing to price.
 */
export function costIn(dollars: number | null, known: boolean): string {
  if (dollars !== null) return `$${dollars.toFixed(6)}`;
  return known ? 'unpriced' : UNKNOWN;
}
