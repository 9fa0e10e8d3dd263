// The host's way to upstreams: fetch, plus the limit on connecting that fetch lacks.
import { GatewayError } from '../model/errors.ts';
import type { GatewayHost } from '../gateway/host.ts';
import type { Connecting } from '../upstream/call.ts';

/** How long an origin that answered is taken to be reachable without another look. */
const TRUSTED_MS = 10_000;

/** Opens and closes a TCP connection; resolves when it stands, rejects when it is refused. */
export type Probe = (hostname: string, port: number, signal: AbortSignal) => Promise<void>;

/**
 * fetch says nothing of connecting, so an origin not heard of lately is probed beside the request: when
 * neither the probe's connection nor an answer is there within `connectMs`, the request ends with
 * `upstream_timeout` (timeouts.connect). Behind an HTTP proxy there is nothing to probe: `probe` is null.
 */
export function createUpstreamFetch(
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  probe: Probe | null,
  clock: Pick<GatewayHost, 'monotonic' | 'setTimer'>,
): GatewayHost['fetch'] {
  const answered = new Map<string, number>();
  const isTrusted = (root: string) => {
    const last = answered.get(root);
    return last !== undefined && clock.monotonic() - last < TRUSTED_MS;
  };
  return (url, init, connecting) =>
    probe === null || isTrusted(rootOf(url)) ? fetch(url, init) : probed(probe, url, init, connecting);

  async function probed(probe: Probe, url: string, init: RequestInit, { connectMs, connected }: Connecting) {
    const { hostname, port, protocol, origin } = new URL(url);
    const giveUp = new AbortController();
    const stopProbe = new AbortController();
    const cancel = clock.setTimer(() => {
      stopProbe.abort();
      giveUp.abort(
        new GatewayError(
          'upstream_timeout',
          `no connection to ${origin} within ${connectMs} ms (timeouts.connect)`,
        ),
      );
    }, connectMs);
    const portNumber = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    // A refused probe is no verdict: the request itself meets the same refusal and tells it better.
    probe(hostname.replace(/^\[|\]$/g, ''), portNumber, stopProbe.signal).then(() => {
      connected?.();
      cancel();
    }, cancel);
    const signals = init.signal == null ? [giveUp.signal] : [init.signal, giveUp.signal];
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
      answered.set(rootOf(url), clock.monotonic());
      return response;
    } catch (thrown) {
      throw giveUp.signal.aborted ? giveUp.signal.reason : thrown;
    } finally {
      cancel();
      stopProbe.abort();
    }
  }
}

/** What stands before the path: one server, however its address is written. */
function rootOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('//') + 2);
  return path === -1 ? url : url.slice(0, path);
}

/** A probe over Bun's sockets. */
export const probeTcp: Probe = async (hostname, port, signal) => {
  const socket = await Bun.connect({ hostname, port, socket: { data() {} } });
  if (!signal.aborted) socket.end();
  socket.terminate();
};
