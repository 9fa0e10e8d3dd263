// Whether the log can be written, for those who cannot read in it that it could not.

export interface LogState {
  /** The last line was written, as far as is known. */
  ok: boolean;
  /** Lines that were not written, or only in part, since the start. */
  dropped: number;
  /** What is wrong and what to do; null where nothing is. */
  lastError: string | null;
}

/** Of several processes: what one of them cannot write is missing in the log of all. */
export function mergeLogStates(states: readonly LogState[]): LogState {
  return {
    ok: states.every(({ ok }) => ok),
    dropped: states.reduce((sum, { dropped }) => sum + dropped, 0),
    lastError: states.find(({ lastError }) => lastError !== null)?.lastError ?? null,
  };
}
