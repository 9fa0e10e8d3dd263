// A gateway at its socket, wired the same way whether its process serves alone or as one of several.
import type { Gateway } from '../../gateway/gateway.ts';
import { createHttpHost, type HostOptions, type HttpHost } from '../../server/host.ts';
import type { Log } from '../../server/log.ts';

/** Throws ListenError. */
export function serveHttp(
  gateway: Gateway,
  place: Pick<HostOptions, 'hostname' | 'port' | 'shared' | 'compression'>,
  log: Log,
): HttpHost {
  return createHttpHost({
    ...place,
    fetch: gateway.fetch,
    turnAway: gateway.turnAway,
    onLate: gateway.cutRunning,
    onError: (error) => log('error', 'a request failed inside the gateway', { error }),
  });
}
