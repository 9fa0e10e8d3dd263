// A vector of an embedding.
import { asArray, asNumber, type JsonValue } from '../../model/json/json.ts';

/** Throws Error where it is none. @param where in the answer. */
export function vectorOf(value: JsonValue | undefined, where: string): number[] {
  const numbers = asArray(value);
  if (numbers === undefined) throw new Error(`${where} is not a list of numbers`);
  return numbers.map((number) => asNumber(number) ?? 0);
}
