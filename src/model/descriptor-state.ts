// Whether the gateway can open further files and connections, and how many it has.

export interface DescriptorState {
  /** None was missing lately. */
  ok: boolean;
  /** What is wrong and what to do; null where nothing is. */
  lastError: string | null;
  /** Files and connections that the process has open; null where the system does not tell. */
  open: number | null;
  /** The most that it may have open; null where nothing limits it. */
  limit: number | null;
}

/** Of several processes, each with a limit of its own: the failure of the first that has none left, the figures of the fullest. */
export function mergeDescriptorStates(states: readonly DescriptorState[]): DescriptorState {
  const { ok, lastError } = states.find((state) => !state.ok) ?? { ok: true, lastError: null };
  const [fullest] = states.toSorted((one, other) => fullness(other) - fullness(one));
  return { ok, lastError, open: fullest?.open ?? null, limit: fullest?.limit ?? null };
}

function fullness({ open, limit }: DescriptorState): number {
  return (open ?? 0) / (limit ?? Number.MAX_SAFE_INTEGER);
}
