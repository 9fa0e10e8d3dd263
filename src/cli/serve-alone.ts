// Requests served by this very process.
import { createGateway } from '../gateway/gateway.ts';
import { createHttpHost } from '../server/host.ts';
import { createServerHost } from '../server/server-host.ts';
import type { ServeOptions, Serving } from './serving.ts';
import { VERSION } from './version.ts';

/** Throws ListenError. */
export async function serveAlone(options: ServeOptions): Promise<Serving> {
  const { config, log } = options;
  const gateway = createGateway(config, createServerHost({ ...options, version: VERSION }));
  try {
    const http = createHttpHost({
      hostname: config.server.host,
      port: config.server.port,
      fetch: (request) => gateway.fetch(request),
      onError: (error) => log('error', 'a request failed inside the gateway', { error }),
    });
    return {
      port: http.port,
      url: http.url,
      reload: (changed) => gateway.reload(changed),
      activeStreams: () => gateway.activeStreams(),
      async end(timeoutMs) {
        const cut = await http.drain(timeoutMs);
        await gateway.close();
        return cut;
      },
    };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}
