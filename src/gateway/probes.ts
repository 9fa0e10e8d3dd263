// Probes providers independently of the traffic and at no cost, by asking for their lists of models. So an outage is known before a request
// meets it, and no request is spent on finding out whether it is over.
import type { ProviderConfig } from '../config/resolved.ts';
import { type ErrorCode, GatewayError } from '../model/errors.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import type { GatewayHost } from './host.ts';
import { fetchModels, hasModelList, ListRefused } from './operations/fetch-models.ts';
import { messageOf } from '../model/thrown.ts';

export interface Probes {
  /** Probes these from now on, and no others; an empty list stops. */
  follow(providers: readonly ProviderConfig[]): void;
}

export function createProbes(
  host: GatewayHost,
  states: Pick<ProviderStates, 'beginProbe'>,
  redact: (text: string) => string,
): Probes {
  const timers = new Map<string, () => void>();
  /** A provider that is not in this list belongs to an older configuration, and is not probed any more. */
  let following: readonly ProviderConfig[] = [];

  async function look(provider: ProviderConfig): Promise<void> {
    const end = states.beginProbe(provider);
    if (end === undefined) return;
    try {
      await fetchModels(provider, host);
      end(null);
    } catch (thrown) {
      end(failureOf(provider, thrown));
    }
  }

  function failureOf({ name }: ProviderConfig, thrown: unknown): GatewayError | null {
    // A provider that answers with a refusal is up.
    if (thrown instanceof ListRefused && thrown.status < 500) return null;
    const reason = redact(messageOf(thrown));
    return new GatewayError(codeOf(thrown), `${name}: its list of models is not available: ${reason}`, {
      cause: thrown,
    });
  }

  function schedule(provider: ProviderConfig, everyMs: number): void {
    const cancel = host.setTimer(() => {
      timers.delete(provider.name);
      look(provider).then(() => {
        if (following.includes(provider)) schedule(provider, everyMs);
      });
    }, everyMs);
    timers.set(provider.name, cancel);
  }

  return {
    follow(providers) {
      for (const cancel of timers.values()) cancel();
      timers.clear();
      following = providers;
      for (const provider of providers) {
        const { name, probeEveryMs } = provider;
        if (probeEveryMs === null) continue;
        if (hasModelList(provider)) schedule(provider, probeEveryMs);
        else host.log('warn', 'a provider without a list of models is not probed', { provider: name });
      }
    },
  };
}

function codeOf(thrown: unknown): ErrorCode {
  if (thrown instanceof ListRefused) return 'upstream_failed';
  return thrown instanceof GatewayError ? thrown.code : 'upstream_unreachable';
}
