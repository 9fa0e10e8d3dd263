// When a model was made, as lists of models write it.

/** Outside of this range a year does not have four digits, which clients could not read, or the date does not exist. */
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

/**
 * @param created in seconds since 1970, as the provider states it; some use smaller units.
 * @returns in ISO 8601; undefined where it is unknown.
 */
export function dateOf(created: number | undefined): string | undefined {
  if (created === undefined || !(created >= FIRST_SECOND && created <= LAST_SECOND)) return undefined;
  return new Date(created * 1_000).toISOString();
}
