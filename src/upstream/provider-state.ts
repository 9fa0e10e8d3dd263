// What the gateway remembers of each provider from its own requests: no probe is ever sent.
import type { GatewayError } from '../model/errors.ts';

export interface ProviderState {
  name: string;
  /** False after UNHEALTHY_AFTER failures in a row that were the provider's; one success makes it true. */
  healthy: boolean;
  breaker: 'closed' | 'open' | 'half-open';
  /** Attempts begun and not finished. */
  inFlight: number;
  /** `code: message` of the newest failure that was the provider's; absent once it has answered well since. */
  lastError?: string;
}

export interface ProviderStates {
  started(name: string): void;
  succeeded(name: string): void;
  failed(name: string, error: GatewayError): void;
  /** The attempt is over, however it ended. */
  finished(name: string): void;
  /** Of these providers, in this order; one never asked is healthy. */
  snapshot(names: readonly string[]): ProviderState[];
}

/** One failure is chance, two a hiccup; with three in a row the next request will most likely fail too. */
export const UNHEALTHY_AFTER = 3;

interface Memory {
  inFlight: number;
  failuresInARow: number;
  lastError: string | undefined;
}

export function createProviderStates(): ProviderStates {
  const memories = new Map<string, Memory>();
  const of = (name: string): Memory => {
    let memory = memories.get(name);
    if (memory === undefined) {
      memory = { inFlight: 0, failuresInARow: 0, lastError: undefined };
      memories.set(name, memory);
    }
    return memory;
  };
  const forget = (name: string): void => {
    const memory = of(name);
    memory.failuresInARow = 0;
    memory.lastError = undefined;
  };

  return {
    started(name) {
      of(name).inFlight += 1;
    },
    succeeded: forget,
    failed(name, error) {
      const { blame } = error.rule;
      if (blame === 'provider') {
        const memory = of(name);
        memory.failuresInARow += 1;
        memory.lastError = `${error.code}: ${error.message}`;
      } else if (blame === 'client') {
        // It looked at the request and refused it: the provider works.
        forget(name);
      }
    },
    finished(name) {
      const memory = of(name);
      memory.inFlight = Math.max(0, memory.inFlight - 1);
    },
    snapshot(names) {
      return names.map((name) => {
        const memory = memories.get(name);
        return {
          name,
          healthy: (memory?.failuresInARow ?? 0) < UNHEALTHY_AFTER,
          breaker: 'closed',
          inFlight: memory?.inFlight ?? 0,
          ...(memory?.lastError === undefined ? {} : { lastError: memory.lastError }),
        };
      });
    },
  };
}
