// The gateway: one function from request to response, and the same machinery as a library.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { LimitState } from '../limits/limit-line.ts';
import { createManagement } from '../management/management.ts';
import type { RunningRequests } from '../management/streams.ts';
import type { StreamEvent } from '../model/events.ts';
import { HeaderList } from '../model/header-list.ts';
import { createRouteMemory } from '../routing/memory.ts';
import type { PoolState } from '../upstream/connections.ts';
import { createProviderLog } from './provider-log.ts';
import { createProviderStates, type ProviderState } from '../upstream/provider-state.ts';
import { createAccounting } from './accounting.ts';
import { cutAtShutdown } from './cancellation-errors.ts';
import { createDispatch } from './dispatch.ts';
import type { FleetNotice } from './fleet.ts';
import type { GatewayHost } from './host.ts';
import { createRunningRequests } from './live/running-requests.ts';
import { createLiveView } from './live/view.ts';
import { createProbes } from './probes.ts';
import type { Ask } from './request/ask.ts';
import type { MakeBody } from './response/byte-source.ts';
import { shuttingDown } from './response/error-response.ts';
import { createModelCatalog } from './operations/model-catalog.ts';
import { createSetup } from './setup.ts';
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
   * Hands everything recorded so far to the ledger's store, and what was spent to the other processes; resolves also when the store
   * refuses.
   */
  flush(): Promise<void>;
  /**
   * Writes what the ledger still holds and closes it. Requests still running are recorded as aborted and ended with an error that says why;
   * later ones are refused with `shutting_down`, except for the gateway's own pages. No provider is asked any more.
   */
  close(): Promise<void>;
}

/** The gateway as used by the server around it, and by the other processes that serve beside it. */
export interface ServedGateway extends Gateway {
  /** Like `fetch`, with the body of a streamed answer made by `makeBody`. */
  fetchInto(request: Request, makeBody: MakeBody): Promise<Response>;
  /**
   * For a request that asks for a WebSocket: the session that serves it, or the answer that refuses it. (A plain GET of such a path is
   * refused by `fetch`, like anything else that is not posted.)
   */
  openSocket(request: Request): SocketSession | Promise<SocketSession | Response>;
  /** Answers a request that arrives when its server accepts no more: a 503 in its client's dialect. Never rejects. */
  turnAway(request: Request): Promise<Response>;
  /**
   * Applies the configuration to new requests. Running ones keep the one they began with, but a conversation whose key is gone ends. Does
   * nothing after `close`.
   */
  reload(config: ResolvedConfig): void;
  /** How many requests are running, streamed or not. */
  activeStreams(): number;
  /** Ends running requests with an error that says why, when the process does not wait for them any longer. */
  cutRunning(): void;
  readonly running: RunningRequests;
  /** The states of the configured providers, in their order. */
  providerStates(): ProviderState[];
  /** The states of `rate_limits`, for the names that this process has seen. */
  rateLimits(): LimitState[] | Promise<LimitState[]>;
  /** The connection pools to upstreams; empty where the host does not keep pools itself. */
  connections(): PoolState[];
  /** Takes a notice from another process of this gateway. */
  learn(notice: FleetNotice): void;
  /** Reports to the other processes what was spent from budgets here, without waiting for more. */
  reportSpent(): void;
  /** Passes on every frame of the live view, for another process whose clients watch. Returns a function that stops it. */
  followLive(take: (frame: Uint8Array) => void): () => void;
  /** Ends the live views, which would never end by themselves. */
  endWatching(): void;
}

export function createGateway(initial: ResolvedConfig, host: GatewayHost): ServedGateway {
  const { fleet } = host;
  const redact = (text: string) => setup.redactor.ofFailure(text);
  const states = createProviderStates(host, fleet?.peers, createProviderLog(host.log, redact));
  const memory = createRouteMemory(host.monotonic, fleet?.placed);
  const live = createLiveView(host.setTimer);
  const catalog = createModelCatalog(host, redact);
  let setup = createSetup(initial, host, { catalog, states, memory });
  const accounting = createAccounting(host, live, setup, () => setup.config);
  const { budgets, rateLimits, active, newRecord } = accounting;
  const running = createRunningRequests(active, host, live);
  const probes = createProbes(host, states, redact);
  /** Where several processes serve, one probes, and the others learn what it finds. */
  let isProber = fleet === undefined;
  if (isProber) probes.follow(initial.providers);
  let closed = false;
  const startedAt = host.now();
  const begunAt = host.monotonic();
  const manage =
    fleet?.manage ??
    createManagement({
      config: () => setup.config,
      ledger: accounting.ledger,
      meter: accounting.meter,
      version: host.version,
      startedAt,
      uptimeMs: () => host.monotonic() - begunAt,
      now: host.now,
      setTimer: host.setTimer,
      running,
      providerStates: states.snapshot,
      connections,
      ...(host.logState !== undefined && { log: host.logState }),
      ...(host.refusedChange !== undefined && { refusedChange: host.refusedChange }),
      ...(host.descriptorState !== undefined && { descriptors: host.descriptorState }),
      budgets: budgets.states,
      budgetsUnread: budgets.unread,
      rateLimits: rateLimits.states,
      remoteCount: rateLimits.remoteState,
    });
  const dispatch = createDispatch(() => ({
    host,
    setup,
    states,
    budgets: budgets.guard,
    limits: rateLimits.of,
    countSoFar: accounting.countSoFar,
    isRecorded: accounting.isRecorded,
    newRecord,
    manage,
    closed,
  }));

  function connections(): PoolState[] {
    return host.connections?.pools() ?? [];
  }

  return {
    ...dispatch,
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
      setup = createSetup(config, host, { catalog, states, memory });
      catalog.keepOnly(config.providers);
      accounting.configure(setup);
      states.configure(config.providers);
      host.connections?.limit(config.connections);
      if (isProber) probes.follow(config.providers);
      accounting.recheck(setup);
    },
    activeStreams: () => active.size,
    cutRunning: () => accounting.cancelRunning(cutAtShutdown()),
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
    flush: accounting.flush,
    followLive: live.follow,
    endWatching: live.close,
    async close() {
      closed = true;
      // A request that is cut off has its row too (GUARANTEES 17); its own ending could come too late to write one.
      accounting.abortRunning(cutAtShutdown());
      probes.follow([]);
      live.close();
      await accounting.close();
    },
  };
}
