// The host's own way to upstreams: HTTP/1.1 over connections that are kept open and used again.
import { GatewayError } from '../../model/errors.ts';
import type { ConnectionLimits, PoolState } from '../../upstream/connections.ts';
import type { Transport, UpstreamAnswer, UpstreamRequest } from '../../upstream/transport.ts';
import type { Connection } from './connection.ts';
import { Origin, type OriginAddress } from './origin.ts';
import { writeRequest } from './request-text.ts';
import { type AnswerWaiter, RunningAnswer } from './running-answer.ts';
import { unpacked } from './unpack.ts';

export interface TransportOptions {
  monotonic(): number;
  /** Calls back once after `ms`; returns how to call it off. */
  setTimer(callback: () => void, ms: number): () => void;
  limits: () => ConnectionLimits;
  /** False: whoever answers over TLS is believed to be who it should be. */
  verifiesServers: boolean;
}

export interface HttpTransport {
  send: Transport;
  /** Of every server that was asked. */
  pools(): PoolState[];
  /** Closes the connections that nobody uses. */
  close(): void;
}

export function createHttpTransport(options: TransportOptions): HttpTransport {
  const servers = new Map<string, Origin>();
  /** By what stands before the path of an address, however that is written. */
  const origins = new Map<string, Origin>();

  function originOf(url: string): { origin: Origin; path: string } {
    const slash = url.indexOf('/', url.indexOf('//') + 2);
    const query = slash === -1 ? url.indexOf('?') : -1;
    if (query !== -1) return originOf(`${url.slice(0, query)}/${url.slice(query)}`);
    const root = slash === -1 ? url : url.slice(0, slash);
    let origin = origins.get(root);
    if (origin === undefined) {
      const address = readAddress(url);
      origin = servers.get(address.origin) ?? new Origin(address, options);
      servers.set(address.origin, origin);
      origins.set(root, origin);
    }
    return { origin, path: slash === -1 ? '/' : withoutFragment(url.slice(slash)) };
  }

  return {
    send(request) {
      const { signal } = request;
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      return new Promise<UpstreamAnswer>((resolve, reject) => {
        const { origin, path } = originOf(request.url);
        new Sending(request, origin, writeRequest(request, origin.address.host, path), resolve, reject);
      });
    },
    pools: () => [...servers.values()].map((origin) => origin.state()),
    close() {
      for (const origin of servers.values()) origin.close();
    },
  };
}

/** One request on its way to a connection. */
class Sending implements AnswerWaiter {
  readonly reject: (reason: unknown) => void;
  private readonly resolveUnpacked: (answer: UpstreamAnswer) => void;
  private readonly request: UpstreamRequest;
  private readonly origin: Origin;
  private readonly text: string | Buffer;

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
    const connection = origin.take();
    if (connection === undefined) this.dial(answer);
    else this.ask(connection, answer);
  }

  resolve(answer: UpstreamAnswer): void {
    try {
      this.resolveUnpacked(unpacked(answer));
    } catch (thrown) {
      this.reject(thrown);
    }
  }

  stale(answer: RunningAnswer): boolean {
    this.dial(answer);
    return true;
  }

  private ask(connection: Connection, answer: RunningAnswer): void {
    answer.on(connection);
    connection.ask(this.request.method, this.text, answer);
  }

  private dial(answer: RunningAnswer): void {
    const { request, origin } = this;
    const { connectMs } = request;
    const connection = origin.dial(connectMs, (problem) => {
      if (problem === undefined) {
        request.connected?.();
        this.ask(connection, answer);
      } else if (problem === 'late') {
        const late = `no connection to ${origin.address.origin} within ${connectMs} ms (timeouts.connect)`;
        answer.failed(new GatewayError('upstream_timeout', late), false);
      } else answer.failed(problem, false);
    });
    answer.on(connection);
  }
}

/** Throws TypeError for an address that is none. */
function readAddress(url: string): OriginAddress {
  const { protocol, hostname, host, port, origin } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is no address of HTTP`);
  const secure = protocol === 'https:';
  const bare = hostname.replace(/^\[|\]$/g, '');
  return { origin, host, hostname: bare, port: port === '' ? (secure ? 443 : 80) : Number(port), secure };
}

function withoutFragment(path: string): string {
  const hash = path.indexOf('#');
  return hash === -1 ? path : path.slice(0, hash);
}
