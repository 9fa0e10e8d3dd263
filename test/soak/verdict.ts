// Whether what was sampled grew: the straight line that fits best, from its beginning to its end.

export interface Growth {
  /** Where the line begins and ends. */
  from: number;
  to: number;
  /** `to` over `from`. */
  ratio: number;
}

/** @param values sampled at equal distances. */
export function growthOf(values: readonly number[]): Growth {
  const last = values.length - 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let covariance = 0;
  let variance = 0;
  values.forEach((value, at) => {
    covariance += (at - last / 2) * (value - mean);
    variance += (at - last / 2) ** 2;
  });
  const slope = variance === 0 ? 0 : covariance / variance;
  const from = mean - (slope * last) / 2;
  const to = mean + (slope * last) / 2;
  return { from, to, ratio: to / from };
}
