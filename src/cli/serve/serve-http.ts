// A gateway with its listening socket, set up in the same way whether its process serves alone or as one of several.
import type { ServedGateway } from '../../gateway/gateway.ts';
import { isOutOfDescriptors, watchDescriptors } from '../../server/descriptors.ts';
import { createHttpHost, type HostOptions, type HttpHost } from '../../server/host.ts';
import { loadPrices } from '../../ledger/prices/library.ts';
import type { Log } from '../../server/log.ts';
import { net } from '../../server/node-modules.ts';

/** Warming up waits for this long, so that whoever waits for the start is answered first. */
const WARM_UP_MS = 100;

/** Throws ListenError. */
export function serveHttp(
  gateway: ServedGateway,
  place: Pick<HostOptions, 'hostname' | 'port' | 'shared' | 'tls' | 'compression' | 'longestMessage'>,
  log: Log,
): HttpHost {
  const http = createHttpHost({
    ...place,
    fetch: gateway.fetchInto,
    turnAway: gateway.turnAway,
    openSocket: gateway.openSocket,
    onLate: gateway.cutRunning,
    isFull: isOutOfDescriptors,
    onError: (error) => log('error', 'a request failed inside the gateway', { error }),
  });
  watchDescriptors(log);
  setTimeout(() => void warmUp(log), WARM_UP_MS).unref();
  return http;
}

/** Loads what the first request would otherwise wait for. */
async function warmUp(log: Log): Promise<void> {
  net();
  try {
    await loadPrices();
  } catch (error) {
    // The next request tries again.
    log('error', 'nothing was loaded ahead of the first request', { error });
    return;
  }
  // What loading left behind would otherwise stay in memory.
  Bun.gc(true);
}
