// Whether the gateway can open further files and connections, and how many it has.

export interface DescriptorState {
  /** Whether none was lacking recently. */
  ok: boolean;
  /** What is wrong and what to do; null if nothing is. */
  lastError: string | null;
  /** Files and connections that the process has open; null where the system does not tell. */
  open: number | null;
  /** How many it may have open; null if nothing limits it. */
  limit: number | null;
}

/** The state of several processes, each with a limit of its own: the failure of the first that has one, and the figures of the fullest. */
export function mergeDescriptorStates(states: readonly DescriptorState[]): DescriptorState {
  const { ok, lastError } = states.find((state) => !state.ok) ?? { ok: true, lastError: null };
  const [fullest] = states.toSorted((one, other) => fullness(other) - fullness(one));
  return { ok, lastError, open: fullest?.open ?? null, limit: fullest?.limit ?? null };
}

function fullness({ open, limit }: DescriptorState): number {
  return (open ?? 0) / (limit ?? Number.MAX_SAFE_INTEGER);
}
