// Whether what was sampled grew: the straight line that fits, from its beginning to its end. That of Theil and Sen, which
// a few samples far off (a collection caught in the middle) do not bend.
// https://en.wikipedia.org/wiki/Theil%E2%80%93Sen_estimator

export interface Growth {
  /** Where the line begins and ends. */
  from: number;
  to: number;
  /** `to` over `from`. */
  ratio: number;
}

/** @param values sampled at equal distances. */
export function growthOf(values: readonly number[]): Growth {
  const slopes = values.flatMap((value, at) =>
    values.slice(at + 1).map((later, between) => (later - value) / (between + 1)),
  );
  const slope = slopes.length === 0 ? 0 : median(slopes);
  const from = median(values.map((value, at) => value - slope * at));
  const to = from + slope * (values.length - 1);
  return { from, to, ratio: to / from };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half - 0.5)] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}
