// Whether the log can be written, for those who could not read in the log that it cannot.

export interface LogState {
  /** Whether the last line was written, as far as is known. */
  ok: boolean;
  /** How many lines were not written, or only in part, since the start. */
  dropped: number;
  /** What is wrong and what to do; null if nothing is. */
  lastError: string | null;
}

/** The state of several processes: what one of them cannot write is missing from the log of all. */
export function mergeLogStates(states: readonly LogState[]): LogState {
  return {
    ok: states.every(({ ok }) => ok),
    dropped: states.reduce((sum, { dropped }) => sum + dropped, 0),
    lastError: states.find(({ lastError }) => lastError !== null)?.lastError ?? null,
  };
}
