// Connections to upstreams, where the host keeps them itself: their limits, and how many there are.

export interface ConnectionLimits {
  /** How long one is kept that nobody uses; a server that says less is believed. 0: not at all. */
  keepAliveMs: number;
  /** Most that are kept without use, for each server. */
  maxIdle: number;
  /** Bytes of an answer that may wait for its reader before its server is held back. */
  maxUnread: number;
}

/** Those to one server. */
export interface PoolState {
  /** Scheme, host and port. */
  origin: string;
  /** That serve a request, or are being opened for one. */
  active: number;
  /** That wait for a request. */
  idle: number;
  /** Ever opened. */
  opened: number;
  /** Requests that took one that was open. */
  reused: number;
}

export interface Connections {
  /** From now on these hold. */
  limit(limits: ConnectionLimits): void;
  /** Of every server that was asked. */
  pools(): PoolState[];
}

/** Pools of several processes as one for each server. */
export function mergePools(ofProcesses: readonly (readonly PoolState[])[]): PoolState[] {
  const merged = new Map<string, PoolState>();
  for (const pool of ofProcesses.flat()) {
    const known = merged.get(pool.origin);
    if (known === undefined) {
      merged.set(pool.origin, { ...pool });
      continue;
    }
    known.active += pool.active;
    known.idle += pool.idle;
    known.opened += pool.opened;
    known.reused += pool.reused;
  }
  return [...merged.values()];
}
