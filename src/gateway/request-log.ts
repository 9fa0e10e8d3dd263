// The log's one line per request, at level `debug`: a summary of the row, without any content.
import type { LedgerRow } from '../ledger/rows/row.ts';
import type { GatewayHost } from './host.ts';

export function createRequestLog(host: Pick<GatewayHost, 'log'>): (row: LedgerRow) => void {
  return (row) =>
    host.log('debug', 'request', {
      request_id: row.requestId,
      status: row.status,
      http_status: row.httpStatus,
      dialect: row.clientDialect,
      provider: row.provider,
      model: row.model,
      attempts: row.attempts.length,
      latency_ms: Math.round(row.latencyMs),
      ...(row.errorCode === null ? {} : { error: row.errorCode }),
    });
}
