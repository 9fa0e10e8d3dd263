// Finds values by pairs of names without joining the names.

/** @param make called once per pair; the caller limits how many there are. */
export function createPairs<Value>(
  make: (one: string, other: string) => Value,
): (one: string, other: string) => Value {
  const known = new Map<string, Map<string, Value>>();
  return (one, other) => {
    let beside = known.get(one);
    if (beside === undefined) {
      beside = new Map();
      known.set(one, beside);
    }
    let value = beside.get(other);
    if (value === undefined) {
      value = make(one, other);
      beside.set(other, value);
    }
    return value;
  };
}
