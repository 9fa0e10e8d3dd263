// Tokens and cost as commands tell them, in the dashboard's words.

/** What nobody told, or nobody measured. */
export const UNKNOWN = '–';

/** @param known whether a provider told counts: without them both are 0 */
export function tokensIn(known: boolean, input: number, output: number): string {
  return known ? `${input}→${output}` : UNKNOWN;
}

/**
 * @param dollars null: nobody knows the price
 * @param known whether a provider told token counts: without them there is nothing to price
 */
export function costIn(dollars: number | null, known: boolean): string {
  if (dollars !== null) return `$${dollars.toFixed(6)}`;
  return known ? 'unpriced' : UNKNOWN;
}
