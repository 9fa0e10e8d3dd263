// Connections to upstreams, if the host keeps them itself: their limits, and how many there are.

export interface ConnectionLimits {
  /** How long an idle one is kept; a server's shorter limit is respected. 0: it is not kept. */
  keepAliveMs: number;
  /** How many idle ones are kept per server. */
  maxIdle: number;
  /** Bytes of an answer that may wait for its reader before its server is held back. */
  maxUnread: number;
}

/** The connections to one server. */
export interface PoolState {
  /** Scheme, host and port. */
  origin: string;
  /** Connections that serve a request, or are being opened for one. */
  active: number;
  /** Connections that wait for a request. */
  idle: number;
  /** How many were ever opened. */
  opened: number;
  /** How many requests used an open connection. */
  reused: number;
}

export interface Connections {
  /** Sets the limits from now on. */
  limit(limits: ConnectionLimits): void;
  /** Of every server that was asked. */
  pools(): PoolState[];
}

/** Merges the pools of several processes into one per server. */
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
