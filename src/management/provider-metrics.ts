// The state of each provider, as metrics for Prometheus.
import { gauge, type Metric } from '../telemetry/metric.ts';
import type { ProviderState } from '../upstream/provider-state.ts';

const BREAKER_STATES: readonly ProviderState['breaker'][] = ['closed', 'half-open', 'open'];

export function providerMetrics(states: readonly ProviderState[]): Metric[] {
  /** @param value returns null for a provider without one. */
  const each = (name: string, help: string, value: (state: ProviderState) => number | null): Metric =>
    gauge(
      { name: `sluice_provider_${name}`, help, labels: ['provider'] },
      states.flatMap((state) => {
        const measured = value(state);
        return measured === null ? [] : [[[state.name], measured] as const];
      }),
    );
  return [
    each('healthy', '1 where the provider is not known to fail.', ({ healthy }) => Number(healthy)),
    gauge(
      {
        name: 'sluice_breaker_state',
        help: '1 for the present state of the circuit breaker of a provider, 0 for the others.',
        labels: ['provider', 'state'],
      },
      states.flatMap(({ name, breaker }) =>
        BREAKER_STATES.map((state) => [[name, state], Number(breaker === state)] as const),
      ),
    ),
    each('in_flight', 'Requests in flight at a provider.', ({ inFlight }) => inFlight),
    each('queue_depth', 'Requests waiting for room at a provider.', ({ queued }) => queued),
    each(
      'concurrency_limit',
      'Most requests that may be in flight; absent where there is no limit.',
      ({ limit }) => limit,
    ),
    gauge(
      {
        name: 'sluice_provider_keys',
        help: 'Keys of a provider, by state.',
        labels: ['provider', 'state'],
      },
      states.flatMap(({ name, keys }) =>
        [...Map.groupBy(keys, ({ state }) => state)].map(
          ([state, some]) => [[name, state], some.length] as const,
        ),
      ),
    ),
  ];
}
