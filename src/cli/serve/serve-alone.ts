// Requests are served by this very process.
import { createGateway } from '../../gateway/gateway.ts';
import { reservePort } from '../../server/listen.ts';
import { createServerHost } from '../../server/server-host.ts';
import { serveHttp } from './serve-http.ts';
import { startTelemetry } from './serve-telemetry.ts';
import type { ServeOptions, Serving } from './serving.ts';
import { VERSION } from '../version.ts';

/** Throws ListenError. */
export async function serveAlone(options: ServeOptions): Promise<Serving> {
  const { config, log } = options;
  let current = config;
  const telemetry = await startTelemetry(
    options,
    () => current,
    () => gateway.connections(),
  );
  const gateway = createGateway(
    config,
    createServerHost({ ...options, version: VERSION, ...(telemetry !== undefined && { telemetry }) }),
  );
  const close = async () => {
    await gateway.close();
    await telemetry?.close();
  };
  try {
    const { host: hostname, maxBody: longestMessage, tls } = config.server;
    // To change the certificate, a second listener shares the port for a moment; before that no other program may share it.
    const port = tls === null ? config.server.port : await reservePort(hostname, config.server.port);
    const compression = () => current.server.compression;
    const at = { hostname, port, longestMessage, compression, ...(tls !== null && { tls }) };
    const http = serveHttp(gateway, at, log);
    return {
      port: http.port,
      url: http.url,
      reload(changed) {
        if (changed.server.tls !== null) http.certify(changed.server.tls);
        current = changed;
        gateway.reload(changed);
      },
      activeStreams: () => gateway.activeStreams(),
      async end({ delayMs, timeoutMs }, sooner) {
        await http.leave(delayMs, sooner);
        gateway.endWatching();
        const cut = await http.drain(timeoutMs, sooner);
        await close();
        return cut;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
