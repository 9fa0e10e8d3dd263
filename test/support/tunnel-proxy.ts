// A proxy that opens tunnels as real ones do, to servers of the test under whatever names it likes.
import { connect, createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { Certificate } from './certificates.ts';

export interface TunnelProxy extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The head of each request, as it came. */
  readonly heads: readonly string[];
  /** Tunnels that stand open now. */
  open(): number;
  /** Resolves once the last tunnel that was asked for is closed at both ends. */
  lastClosed(): Promise<void>;
}

/**
 * @param reach from `name:port` to a port of 127.0.0.1, or to the whole answer that refuses.
 * @param certificate where it is itself asked over TLS.
 */
export async function startTunnelProxy(
  reach: (authority: string) => number | string,
  certificate?: Certificate,
): Promise<TunnelProxy> {
  const heads: string[] = [];
  const clients = new Set<Socket>();
  let tunnels = 0;
  let last = Promise.resolve();
  const serve = (client: Socket) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => client.destroy());
    let received = '';
    const take = (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (!received.includes('\r\n\r\n')) return;
      client.off('data', take);
      heads.push(received);
      const [, authority = ''] = received.split(' ');
      const way = reach(authority);
      if (typeof way === 'string') {
        client.end(way);
        return;
      }
      const target = connect(way, '127.0.0.1', () => {
        tunnels++;
        client.write('HTTP/1.1 200 Connection established\r\nvia: 1.1 lab\r\n\r\n');
        client.pipe(target);
        target.pipe(client);
      });
      last = new Promise((resolve) => target.once('close', () => resolve()));
      target.on('error', () => client.destroy());
      client.on('close', () => target.destroy());
      target.once('close', () => {
        tunnels--;
        client.destroy();
      });
    };
    client.on('data', take);
  };
  const server = certificate
    ? createSecureServer({ cert: certificate.certificate, key: certificate.key }, serve)
    : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    host: `127.0.0.1:${port}`,
    heads,
    open: () => tunnels,
    lastClosed: () => last,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
