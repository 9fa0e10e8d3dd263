// Connections to providers' servers, in the HTTP semantic conventions.
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientopen_connections
import { type Attributes, hrTime, type MetricData } from './serializers.ts';

/** The open connections to one server. */
export interface OpenConnections {
  /** Scheme, host and port. */
  origin: string;
  active: number;
  idle: number;
}

const CUMULATIVE = 1;
const SUM = 3;
const INT = 0;

/** @param startedAt Unix milliseconds of the start. @param now Unix milliseconds. */
export function connectionData(
  servers: readonly OpenConnections[],
  startedAt: number,
  now: number,
): MetricData {
  const times = { startTime: hrTime(startedAt), endTime: hrTime(now) };
  return {
    descriptor: {
      name: 'http.client.open_connections',
      description: 'Open connections to servers of providers.',
      unit: '{connection}',
      valueType: INT,
    },
    aggregationTemporality: CUMULATIVE,
    dataPointType: SUM,
    isMonotonic: false,
    dataPoints: servers.flatMap(({ origin, active, idle }) => {
      const server = { ...serverAttributes(origin), 'url.scheme': new URL(origin).protocol.slice(0, -1) };
      return [
        { ...times, attributes: { ...server, 'http.connection.state': 'active' }, value: active },
        { ...times, attributes: { ...server, 'http.connection.state': 'idle' }, value: idle },
      ];
    }),
  };
}

/** @param url an address with a host. */
export function serverAttributes(url: string): Attributes {
  const { protocol, hostname, port } = new URL(url);
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}
