// The gateway: one function from request to response, and the same machinery as a library.
import type { ResolvedConfig } from '../config/resolved.ts';
import {
  findForward,
  findModels,
  type FoundForward,
  findRoute,
  type FoundSocket,
} from '../dialects/find-route.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createLedger } from '../ledger/queue/recorder.ts';
import type { LedgerRow } from '../ledger/rows/row.ts';
import { NO_SPILL } from '../ledger/queue/spill.ts';
import type { LimitState } from '../limits/limit-book.ts';
import { createManagement } from '../management/management.ts';
import type { RunningRequests } from '../management/streams.ts';
import type { DialectId } from '../model/dialect-id.ts';
import type { StreamEvent } from '../model/events.ts';
import { HeaderList } from '../model/header-list.ts';
import type { Redactor } from '../model/redact/redact.ts';
import { createRouteMemory } from '../routing/memory.ts';
import { createMeter } from '../telemetry/meter.ts';
import type { PoolState } from '../upstream/connections.ts';
import type { SocketTransport } from '../upstream/socket-transport.ts';
import { createProviderStates, type ProviderState } from '../upstream/provider-state.ts';
import type { Ask } from './request/ask.ts';
import { answerOther } from './answer-other.ts';
import { answerRequest, type RequestContext } from './answer-request.ts';
import { type MakeBody, standardBody } from './response/byte-source.ts';
import { answerShuttingDown, shuttingDown } from './response/error-response.ts';
import { cutAtShutdown } from './cancellation-errors.ts';
import { answerAcross } from './request/cross-origin.ts';
import type { FleetNotice } from './fleet.ts';
import type { GatewayHost } from './host.ts';
import { createLiveView } from './live/view.ts';
import { mayForward } from './operations/forward.ts';
import { createBudgets } from './budgets.ts';
import { createRateLimits } from './rate-limits.ts';
import { createProbes } from './probes.ts';
import { createRecord, type ExchangeRecord, type RecordContext } from './record/record.ts';
import { addressOf, type RequestAddress } from './request/request-address.ts';
import { createRequestLog } from './request-log.ts';
import { noteServed } from './routing.ts';
import { createRunningRequests } from './live/running-requests.ts';
import { createSetup, type Setup } from './setup.ts';
import { openSocket } from './socket/open-socket.ts';
import type { SocketSession } from './socket/client-socket.ts';
import { streamNeutral } from './stream-neutral.ts';
import { beginTrace } from './tracing.ts';

/** What a program that embeds the gateway uses. */
export interface Gateway {
  /** Answers any request of CONTRACT section 4. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /**
   * Asks in neutral form: an async iterable of neutral events over any provider, whose last is `finish`. Leaving the loop,
   * or aborting `signal`, cancels the upstream request.
   *
   * @param options.target `provider/model` to ask whatever the rules say, like the header `x-sluice-target`.
   * @throws GatewayError while iterating: `invalid_request` that names a wrong field, else the failure of the last target;
   * after an abort, the signal's reason.
   */
  stream(ask: Ask, options?: { signal?: AbortSignal; target?: string }): AsyncIterable<StreamEvent>;
  /**
   * Hands the ledger's store everything recorded so far, and other processes what was spent; resolves also when the store
   * refuses.
   */
  flush(): Promise<void>;
  /**
   * Writes what the ledger still holds and closes it. Requests still running are recorded as aborted and ended with an
   * error that says why; later ones are refused with `shutting_down`, except for the gateway's own pages. No provider is
   * asked any more.
   */
  close(): Promise<void>;
}

/** The gateway as the server around it uses it, and the other processes that serve beside it. */
export interface ServedGateway extends Gateway {
  /** Like `fetch`, with the body of a streamed answer made by `makeBody`. */
  fetchInto(request: Request, makeBody: MakeBody): Promise<Response>;
  /**
   * For a request to go on as a WebSocket: what serves it then, or the answer that refuses it. A plain request for the path of
   * one is refused like any other that is not posted, by `fetch`.
   */
  openSocket(request: Request): SocketSession | Promise<SocketSession | Response>;
  /** Answers a request that arrives while its server accepts no more: 503 as its client reads it. Never rejects. */
  turnAway(request: Request): Promise<Response>;
  /** Applies to new requests; running ones keep what they began with. Does nothing once it is closed. */
  reload(config: ResolvedConfig): void;
  /** How many requests are running, streamed or not. */
  activeStreams(): number;
  /** Ends running requests with an error that says why, when the process waits no longer. */
  cutRunning(): void;
  readonly running: RunningRequests;
  /** The states of the configured providers, in their order. */
  providerStates(): ProviderState[];
  /** The states of `rate_limits`, as far as names are known in this process. */
  rateLimits(): LimitState[];
  /** Connection pools to upstreams; empty where the host does not keep them itself. */
  connections(): PoolState[];
  /** Takes a notice from another process of this gateway. */
  learn(notice: FleetNotice): void;
  /** Reports to other processes now what was spent from budgets here. */
  reportSpent(): void;
  /** Passes on every frame of the live view, for another process that has the viewers. Returns a function that stops it. */
  followLive(take: (frame: Uint8Array) => void): () => void;
  /** Ends the live views: they would never end by themselves. */
  endWatching(): void;
}

export function createGateway(initial: ResolvedConfig, host: GatewayHost): ServedGateway {
  const { fleet } = host;
  const states = createProviderStates(host, fleet?.peers);
  const memory = createRouteMemory(host.monotonic, fleet?.placed);
  let setup = createSetup(initial, host, { states, memory });
  const probes = createProbes(host, states, (text) => setup.redactor.ofFailure(text));
  /** Where several processes serve, one probes and the others learn its findings. */
  let isProber = fleet === undefined;
  let closed = false;
  if (isProber) probes.follow(initial.providers);
  const active = new Set<ExchangeRecord>();
  const ledger: Ledger | null =
    fleet === undefined && initial.audit.enabled && host.ledgerStore !== null
      ? createLedger(host.ledgerStore, {
          now: host.now,
          monotonic: host.monotonic,
          setTimer: host.setTimer,
          retentionMs: () => setup.config.audit.retentionMs,
          spill: host.openSpill?.(() => setup.config.audit.maxSpill) ?? NO_SPILL,
          log: host.log,
        })
      : null;
  const rows = fleet === undefined ? ledger : fleet.rows;
  const budgets = createBudgets(host, ledger);
  budgets.configure(initial.costs.budgets, setup.price);
  const rateLimits = createRateLimits(host.monotonic, fleet?.counters);
  rateLimits.configure(initial.rateLimits);
  const live = createLiveView(host.setTimer);
  const logRequest = createRequestLog(host);
  const meter = createMeter();
  const startedAt = host.now();
  const begunAt = host.monotonic();
  const recordContextOf = ({ price }: Setup): RecordContext => ({
    noted: noteRow,
    ledger: rows,
    now: host.now,
    monotonic: host.monotonic,
    setTimer: host.setTimer,
    price: (target, model, seen, at) => price(target.provider, model, seen.usage, at, seen),
    onEnd(ended) {
      active.delete(ended);
      rateLimits.ended(ended);
      noteServed(ended);
    },
  });
  let recordContext = recordContextOf(setup);
  const running = createRunningRequests(active, host, live);
  const manage =
    fleet?.manage ??
    createManagement({
      config: () => setup.config,
      ledger,
      meter,
      version: host.version,
      startedAt,
      uptimeMs: () => host.monotonic() - begunAt,
      now: host.now,
      setTimer: host.setTimer,
      running,
      providerStates: states.snapshot,
      connections,
      ...(host.logState !== undefined && { log: host.logState }),
      budgets: budgets.states,
      budgetsUnread: budgets.unread,
      rateLimits: rateLimits.states,
    });

  function connections(): PoolState[] {
    return host.connections?.pools() ?? [];
  }

  /** Where several processes serve, one of them counts for all. */
  function noteRow(row: LedgerRow): void {
    logRequest(row);
    budgets.see(row);
    if (fleet !== undefined) return;
    meter.see(row);
    host.telemetry?.see(row);
  }

  function newRecord(dialect: DialectId | 'neutral', redact: Redactor): ExchangeRecord {
    const requestId = host.randomId();
    const record = createRecord(
      requestId,
      dialect,
      { redact, live: live.open(requestId, redact) },
      recordContext,
    );
    active.add(record);
    return record;
  }

  async function refuse(request: Request): Promise<Response> {
    return answerShuttingDown(request, host.randomId());
  }

  /** What the request is where only a provider itself can answer it; undefined where none that is enabled could. */
  function forwardOf(request: Request, { pathname }: RequestAddress): FoundForward | undefined {
    const found = findForward(pathname, request.headers);
    return found !== undefined && mayForward(request.method, found, setup.config) ? found : undefined;
  }

  function answer(request: Request, makeBody: MakeBody): Promise<Response> {
    const address = addressOf(request);
    const found = findRoute(address.pathname, address.searchParams);
    const asked = found ?? forwardOf(request, address);
    // The gateway's own pages can still be read.
    if (closed && (asked ?? findModels(address.pathname, request.headers)) !== undefined)
      return refuse(request);
    if (asked === undefined) return answerOther(request, { host, setup, manage });
    return answerRequest(request, address, asked, makeBody, requestContext());
  }

  function requestContext(): RequestContext {
    return {
      host,
      setup,
      states,
      budgets: budgets.guard,
      limits: rateLimits.of,
      isRecorded: rows !== null,
      newRecord,
    };
  }

  async function forwardSocket(
    request: Request,
    found: FoundSocket,
    connect: SocketTransport,
  ): Promise<SocketSession | Response> {
    let session: SocketSession | undefined;
    const take = (opened: SocketSession) => {
      session = opened;
    };
    const opening = { ...found, connect, take };
    const refusal = await answerRequest(request, addressOf(request), opening, standardBody, requestContext());
    return session ?? refusal;
  }

  /** Makes the answer readable for browser pages too, where some origins are allowed. */
  function readable(request: Request, answered: () => Promise<Response>): Promise<Response> {
    const { server } = setup.config;
    return server.allowedOrigins.length === 0 ? answered() : answerAcross(request, server, answered);
  }

  function fetchInto(request: Request, makeBody: MakeBody): Promise<Response> {
    return readable(request, () => answer(request, makeBody));
  }

  /** Takes nothing else: as a handler it is called with more, which differs from server to server. */
  function fetchPlain(request: Request): Promise<Response> {
    return fetchInto(request, standardBody);
  }

  function turnAway(request: Request): Promise<Response> {
    return readable(request, () => refuse(request));
  }

  return {
    fetch: fetchPlain,
    fetchInto,
    turnAway,
    openSocket(request) {
      const { config, redactor } = setup;
      const { connectSocket } = host;
      return openSocket(request, {
        config,
        host,
        redact: redactor.ofFailure,
        ask: fetchPlain,
        turnAway,
        forward: connectSocket && ((found) => forwardSocket(request, found, connectSocket)),
      });
    },
    stream(ask, options = {}) {
      const { config, redactor, router } = setup;
      return streamNeutral(ask, options, {
        host,
        config,
        router,
        newRecord() {
          if (closed) throw shuttingDown();
          const record = newRecord('neutral', redactor);
          record.trace = beginTrace(new HeaderList(), host);
          return record;
        },
        redact: redactor.ofFailure,
        states,
        budgets: budgets.guard,
        limits: rateLimits.of,
      });
    },
    reload(config) {
      if (closed) return;
      setup = createSetup(config, host, { states, memory });
      recordContext = recordContextOf(setup);
      states.configure(config.providers);
      budgets.configure(config.costs.budgets, setup.price);
      rateLimits.configure(config.rateLimits);
      host.connections?.limit(config.connections);
      if (isProber) probes.follow(config.providers);
    },
    activeStreams: () => active.size,
    cutRunning() {
      for (const record of [...active]) record.cancel(cutAtShutdown());
    },
    running,
    providerStates: () => states.snapshot(setup.config.providers),
    rateLimits: rateLimits.states,
    connections,
    learn(news) {
      switch (news.about) {
        case 'provider':
          states.learn(news.notice);
          return;
        case 'place':
          memory.adopt(news.place, news.target);
          return;
        case 'loss':
          states.peerGone();
          return;
        case 'spent':
          budgets.learn(news.spent);
          return;
        case 'probes':
          isProber = true;
          if (!closed) probes.follow(setup.config.providers);
      }
    },
    reportSpent: budgets.flush,
    async flush() {
      budgets.flush();
      await rows?.flush();
    },
    followLive: live.follow,
    endWatching: live.close,
    async close() {
      closed = true;
      // A request cut off has its row too (GUARANTEES 17); its own ending may come too late to write one.
      for (const record of active) {
        record.httpStatus ||= 499;
        record.end({ status: 'aborted' });
        record.cancel(cutAtShutdown());
      }
      probes.follow([]);
      budgets.stop();
      live.close();
      await rows?.close();
    },
  };
}
