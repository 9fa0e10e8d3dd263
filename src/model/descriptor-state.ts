// Whether the gateway can open further files and connections.

export interface DescriptorState {
  /** None was missing lately. */
  ok: boolean;
  /** What is wrong and what to do; null where nothing is. */
  lastError: string | null;
}

/** Of several processes: the first that has none left. */
export function mergeDescriptorStates(states: readonly DescriptorState[]): DescriptorState {
  return states.find(({ ok }) => !ok) ?? { ok: true, lastError: null };
}
