// The open connections to providers, as metrics for Prometheus.
import { gauge, type Metric } from '../telemetry/metric.ts';
import type { PoolState } from '../upstream/connections.ts';

const LABELS = ['origin'];

export function connectionMetrics(pools: readonly PoolState[]): Metric[] {
  return [
    gauge(
      {
        name: 'sluice_upstream_connections',
        help: 'Open connections to a server of providers, by state: active (serving a request, or being opened), idle.',
        labels: [...LABELS, 'state'],
      },
      pools.flatMap(({ origin, active, idle }) => [
        [[origin, 'active'], active] as const,
        [[origin, 'idle'], idle] as const,
      ]),
    ),
    counter(
      'sluice_upstream_connections_opened_total',
      'Connections opened to a server of providers, failed attempts included.',
      pools.map(({ origin, opened }) => [[origin], opened] as const),
    ),
    counter(
      'sluice_upstream_connections_reused_total',
      'Requests sent on a connection that was already open.',
      pools.map(({ origin, reused }) => [[origin], reused] as const),
    ),
  ];
}

function counter(
  name: string,
  help: string,
  series: readonly (readonly [values: string[], point: number])[],
): Metric {
  return { ...gauge({ name, help, labels: LABELS }, series), type: 'counter' };
}
