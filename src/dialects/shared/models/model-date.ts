// When a model was made, as lists of models write it.

/** Beyond them the year is not one of four digits, which clients could not read, or there is no such date. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

/**
 * @param created as its provider has it, in seconds since 1970; some state it in smaller units.
 * @returns in ISO 8601; undefined where it is unknown.
 */
export function dateOf(created: number | undefined): string | undefined {
  if (created === undefined || !(created >= FIRST_SECOND && created <= LAST_SECOND)) return undefined;
  return new Date(created * 1_000).toISOString();
}
