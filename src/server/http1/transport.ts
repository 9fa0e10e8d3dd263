// The host's own transport to upstreams: HTTP/1.1 over connections that are kept open and reused.
import { GatewayError } from '../../model/errors.ts';
import { type ConnectionLimits, mergePools, type PoolState } from '../../upstream/connections.ts';
import { ProxyFailure } from '../../upstream/proxy-failure.ts';
import { LATE_MS } from '../../upstream/watchdog.ts';
import {
  isStreamed,
  type TlsIdentity,
  type Transport,
  type UpstreamAnswer,
  type UpstreamRequest,
} from '../../upstream/transport.ts';
import type { Connection } from './connection.ts';
import type { Lateness, OriginAddress } from './opening.ts';
import { Origin } from './origin.ts';
import { bareHost, type HttpProxy, portOf, type Proxies } from './proxies.ts';
import { bodyBehind, type RequestFrame, writeRequest } from './request-text.ts';
import { type AnswerWaiter, RunningAnswer, type Staleness } from './running-answer.ts';
import { unpacked } from './unpack.ts';

const PROXY_AUTHENTICATION_REQUIRED = 407;

export interface TransportOptions {
  monotonic(): number;
  /** Milliseconds that also pass while the machine sleeps. Left out: `monotonic` is used. */
  elapsed?(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  limits: () => ConnectionLimits;
  /** If false, the certificates of TLS servers are not checked. */
  verifiesServers: boolean;
  /** If left out, every server is asked directly. */
  proxies?: Proxies;
}

export interface HttpTransport {
  send: Transport;
  /** Of every server that was asked. */
  pools(): PoolState[];
  /** Closes the idle connections. */
  close(): void;
}

export function createHttpTransport(options: TransportOptions): HttpTransport {
  const anonymous = new Servers();
  /** By the id of a TLS identity. Those of replaced certificates stay, without connections: they are few and small. */
  const identified = new Map<string, Servers>();

  function serversFor(identity: TlsIdentity | undefined): Servers {
    if (identity === undefined) return anonymous;
    let servers = identified.get(identity.id);
    if (servers === undefined) {
      servers = new Servers();
      identified.set(identity.id, servers);
    }
    return servers;
  }

  const origins = () =>
    [anonymous, ...identified.values()].flatMap(({ byOrigin }) =>
      [...byOrigin.values()].map(({ origin }) => origin),
    );

  function serverOf(url: string, identity: TlsIdentity | undefined): { server: Server; path: string } {
    const slash = url.indexOf('/', url.indexOf('//') + 2);
    const query = slash === -1 ? url.indexOf('?') : -1;
    if (query !== -1) return serverOf(`${url.slice(0, query)}/${url.slice(query)}`, identity);
    const root = slash === -1 ? url : url.slice(0, slash);
    const { byRoot, byOrigin } = serversFor(identity);
    let server = byRoot.get(root);
    if (server === undefined) {
      const address = { ...readAddress(url, options.proxies), identity };
      server = byOrigin.get(address.origin) ?? {
        origin: new Origin(address, options),
        frame: frameOf(address),
      };
      byOrigin.set(address.origin, server);
      byRoot.set(root, server);
    }
    return { server, path: slash === -1 ? '/' : withoutFragment(url.slice(slash)) };
  }

  return {
    send(request) {
      const { signal } = request;
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      return new Promise<UpstreamAnswer>((resolve, reject) => {
        const { server, path } = serverOf(request.url, request.tls);
        new Sending(request, server.origin, writeRequest(request, server.frame, path), resolve, reject);
      });
    },
    pools: () => mergePools([origins().map((origin) => origin.state())]),
    close() {
      for (const origin of origins()) origin.close();
    },
  };
}

/** The servers that were asked with one TLS identity, or without any. */
class Servers {
  readonly byOrigin = new Map<string, Server>();
  /** By the part of an address before its path, in any spelling. */
  readonly byRoot = new Map<string, Server>();
}

interface Server {
  origin: Origin;
  frame: RequestFrame;
}

const WHY_LATE: Readonly<Record<Lateness, string>> = {
  late: '',
  unresolved: ': the name server has not answered; check the network',
  // What begins TLS fills a packet, unlike anything before it.
  unencrypted:
    ': it accepted the connection, and has not answered what begins TLS; check the network (behind a VPN also its MTU)',
};

/** One request on its way to a connection. */
class Sending implements AnswerWaiter {
  readonly reject: (reason: unknown) => void;
  private readonly resolveUnpacked: (answer: UpstreamAnswer) => void;
  private readonly request: UpstreamRequest;
  private readonly origin: Origin;
  private readonly text: string | Buffer;
  private isBegunAnew = false;

  constructor(
    request: UpstreamRequest,
    origin: Origin,
    text: string | Buffer,
    resolve: (answer: UpstreamAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.request = request;
    this.origin = origin;
    this.text = text;
    this.resolveUnpacked = resolve;
    this.reject = reject;
    const answer = new RunningAnswer(this, request.signal, origin.limits.maxUnread);
    // A body that can be sent only once goes over a new connection: an idle one may turn out to be closed when a part has been sent.
    const connection = isStreamed(request.body) ? undefined : origin.take();
    if (connection === undefined) this.dial(answer);
    else this.ask(connection, answer);
  }

  resolve(answer: UpstreamAnswer): void {
    const { secure, proxy } = this.origin.address;
    // Only a proxy sends this status, and it could not send it inside a TLS tunnel.
    if (proxy !== null && !secure && answer.status === PROXY_AUTHENTICATION_REQUIRED) {
      answer.body.cancel();
      this.reject(new ProxyFailure(proxy, answer.status));
      return;
    }
    this.resolveUnpacked(unpacked(answer));
  }

  progressed(): void {
    this.request.progressed?.();
  }

  stale(answer: RunningAnswer, staleness: Staleness): boolean {
    if (staleness !== 'certain' && this.request.once === true) return false;
    this.dial(answer);
    return true;
  }

  private ask(connection: Connection, answer: RunningAnswer): void {
    answer.on(connection);
    const { method, body } = this.request;
    connection.ask(method, this.text, answer, bodyBehind(body));
    this.origin.sent(connection);
  }

  private dial(answer: RunningAnswer): void {
    const { request, origin } = this;
    const { connectMs } = request;
    const connection = origin.dial(connectMs, (problem) => {
      if (problem === undefined) {
        request.connected?.();
        this.ask(connection, answer);
      } else if (typeof problem === 'string') {
        // What was begun before the machine stood still may lead nowhere by now, so it is begun again with the whole time. Only once, since
        // timers are also late on a machine with too much to do.
        if (!this.isBegunAnew && connection.openingMs > connectMs + LATE_MS) {
          this.isBegunAnew = true;
          this.dial(answer);
          return;
        }
        const { origin: to, proxy } = origin.address;
        const way = proxy === null ? '' : ` by way of the proxy ${proxy.name}`;
        const late = `no connection to ${to}${way} within ${connectMs} ms (timeouts.connect)`;
        answer.failed(new GatewayError('upstream_timeout', late + WHY_LATE[problem]), 'no');
      } else answer.failed(problem, 'no');
    });
    answer.on(connection);
  }
}

/** Throws TypeError for an invalid address. */
function readAddress(text: string, proxies: Proxies | undefined): OriginAddress {
  const url = new URL(text);
  const { protocol, host, origin } = url;
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is not HTTP`);
  return {
    origin,
    host,
    hostname: bareHost(url),
    port: portOf(url),
    secure: protocol === 'https:',
    proxy: proxies?.of(url) ?? null,
  };
}

/** A proxy forwards what it can read; through a tunnel the request is the same as without a proxy. */
function frameOf({ host, origin, secure, proxy }: OriginAddress): RequestFrame {
  if (proxy === null || secure) return { host, root: '', fields: '' };
  return { host, root: origin, fields: fieldsFor(proxy) };
}

const fieldsFor = ({ authorization }: HttpProxy) =>
  authorization === null ? '' : `proxy-authorization: ${authorization}\r\n`;

function withoutFragment(path: string): string {
  const hash = path.indexOf('#');
  return hash === -1 ? path : path.slice(0, hash);
}
