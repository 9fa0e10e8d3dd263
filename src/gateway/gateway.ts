// The gateway: one function from request to response, and the same machinery as a library.
import type { ResolvedConfig } from '../config/resolved.ts';
import type { ClientRoute } from '../dialects/dialect.ts';
import {
  findForward,
  findModels,
  type FoundForward,
  type FoundRoute,
  findRoute,
} from '../dialects/find-route.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import { createLedger } from '../ledger/queue/recorder.ts';
import type { LedgerRow, RowOperation } from '../ledger/rows/row.ts';
import { NO_SPILL } from '../ledger/queue/spill.ts';
import type { LimitState } from '../limits/limit-book.ts';
import { createManagement } from '../management/management.ts';
import type { RunningRequests } from '../management/streams.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { GatewayError, toGatewayError } from '../model/errors.ts';
import type { StreamEvent } from '../model/events.ts';
import { HeaderList } from '../model/header-list.ts';
import type { Redactor } from '../model/redact/redact.ts';
import type { NeutralRequest } from '../model/request.ts';
import { createRouteMemory } from '../routing/memory.ts';
import { createMeter } from '../telemetry/meter.ts';
import { Cancellation } from '../upstream/cancellation.ts';
import { presentedSecrets } from '../upstream/headers.ts';
import type { PoolState } from '../upstream/connections.ts';
import { createProviderStates, type ProviderState } from '../upstream/provider-state.ts';
import type { Ask } from './request/ask.ts';
import { authenticate, guardOrigin } from './request/admission.ts';
import { answerOther } from './answer-other.ts';
import { type MakeBody, standardBody } from './response/byte-source.ts';
import {
  answerError,
  answerShuttingDown,
  notPosted,
  shuttingDown,
  stackOf,
} from './response/error-response.ts';
import { clientLeft } from './client-left.ts';
import { answerGeneration, cutAtShutdown } from './exchange.ts';
import { answerAcross } from './request/cross-origin.ts';
import type { FleetNotice } from './fleet.ts';
import type { GatewayHost } from './host.ts';
import { featuresIn, parseAsked, parseIncoming, readLabels } from './request/incoming.ts';
import { createLiveView } from './live/view.ts';
import type { Operation } from './operations/ask-json.ts';
import { answerCompaction } from './operations/compact.ts';
import { answerCompletion } from './operations/completions.ts';
import { answerTokenCount } from './operations/count-tokens.ts';
import { answerEmbeddings } from './operations/embeddings.ts';
import { answerForwarded, mayForward } from './operations/forward.ts';
import type { Question } from './attempts/plan.ts';
import { createBudgets } from './budgets.ts';
import { createRateLimits } from './rate-limits.ts';
import { createProbes } from './probes.ts';
import { withQueryKey } from './request/query-key.ts';
import { readBody } from './request/read-body.ts';
import { createRecord, type ExchangeRecord, type RecordContext } from './record/record.ts';
import { redactError } from './response/redact-error.ts';
import { addressOf, type RequestAddress } from './request/request-address.ts';
import { createRequestLog } from './request-log.ts';
import { noteServed, routeQuestion } from './routing.ts';
import { createRunningRequests } from './live/running-requests.ts';
import { createSetup, type Setup } from './setup.ts';
import { openSocket } from './socket/open-socket.ts';
import type { SocketSession } from './socket/session.ts';
import { streamNeutral } from './stream-neutral.ts';
import { beginTrace } from './tracing.ts';

/** Programs that embed the gateway use `fetch`, `stream`, `flush` and `close`; the rest is for the server around it. */
export interface Gateway {
  /**
   * Answers any request of CONTRACT section 4. Never rejects.
   *
   * @param makeBody makes the body of a streamed answer; default: a standard stream.
   */
  fetch(request: Request, makeBody?: MakeBody): Promise<Response>;
  /**
   * For a request to go on as a WebSocket: what serves it then, or the answer that refuses it. A plain request for the path of
   * one is refused like any other that is not posted, by `fetch`.
   */
  openSocket(request: Request): SocketSession | Promise<Response>;
  /** Answers a request that arrives while its server accepts no more: 503 as its client reads it. Never rejects. */
  turnAway(request: Request): Promise<Response>;
  /**
   * Asks in neutral form: an async iterable of neutral events over any provider, whose last is `finish`. Leaving the loop,
   * or aborting `signal`, cancels the upstream request.
   *
   * @param options.target `provider/model` to ask whatever the rules say, like the header `x-sluice-target`.
   * @throws GatewayError while iterating: `invalid_request` that names a wrong field, else the failure of the last target;
   * after an abort, the signal's reason.
   */
  stream(ask: Ask, options?: { signal?: AbortSignal; target?: string }): AsyncIterable<StreamEvent>;
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
  /** Hands the ledger's store everything recorded so far, and other processes what was spent; resolves also when the store refuses. */
  flush(): Promise<void>;
  /** Passes on every frame of the live view, for another process that has the viewers. Returns a function that stops it. */
  followLive(take: (frame: Uint8Array) => void): () => void;
  /** Ends the live views: they would never end by themselves. */
  endWatching(): void;
  /**
   * Writes what the ledger still holds and closes it. Requests still running are recorded as aborted and ended like those
   * of `cutRunning`; later ones are refused with `shutting_down`, except for the gateway's own pages. No provider is asked any more.
   */
  close(): Promise<void>;
}

/** What a client can request by POST, each with one response and one row. */
const OPERATIONS: Record<ClientRoute['operation'], (exchange: Operation) => Promise<Response>> = {
  generate: answerGeneration,
  complete: answerCompletion,
  'count-tokens': answerTokenCount,
  embed: answerEmbeddings,
  compact: answerCompaction,
};

export function createGateway(initial: ResolvedConfig, host: GatewayHost): Gateway {
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
  const bookOf = ({ price }: Setup): RecordContext => ({
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
  let book = bookOf(setup);
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
    const record = createRecord(requestId, dialect, { redact, live: live.open(requestId, redact) }, book);
    active.add(record);
    return record;
  }

  /** Reports to the other processes that this one has a request to account for. */
  function reportBegun(dialect: DialectId, record: ExchangeRecord, redact: Redactor): void {
    if (fleet === undefined) return;
    const { requestId, timestamp, operation, streamed, route } = record;
    const name = (text: string | null | undefined) => (text == null ? null : redact(text));
    const [first] = route?.targets ?? [];
    fleet.begun({
      requestId,
      timestamp,
      clientDialect: dialect,
      operation,
      streamed,
      requestedModel: name(record.requestedModel),
      agentType: name(record.agentType),
      projectId: name(record.projectId),
      provider: first?.provider.name ?? null,
      model: name(first?.model) || null,
    });
  }

  async function exchange(
    request: Request,
    address: RequestAddress,
    found: FoundRoute | FoundForward,
    makeBody: MakeBody,
  ): Promise<Response> {
    const { config, redactor, router } = setup;
    const dialect = found.dialect.id;
    const headers = withQueryKey(HeaderList.of(request.headers), address.searchParams, found.dialect.client);
    const redact = redactor.and(presentedSecrets(headers, address.searchParams));
    const record = newRecord(dialect, redact);
    record.operation = operationOf(found, request.method);
    record.trace = beginTrace(headers, host);
    reportBegun(dialect, record, redact);
    const { client, unfollow } = followClient(request.signal, record);
    try {
      guardOrigin(headers, config.server);
      const project = authenticate(headers, config.server);
      if ('route' in found && request.method !== 'POST')
        throw notPosted(request.method, address.pathname, headers);
      // Set before the body is read: the row of one that never completes has them too.
      const labels = readLabels(headers, project);
      record.agentType = labels.agentType;
      record.projectId = labels.projectId;
      if (labels.agentType !== null || labels.projectId !== null) reportBegun(dialect, record, redact);
      if ('forward' in found) {
        // A used-up budget holds back what has a price.
        await loadPrices();
        return await answerForwarded({
          request,
          headers,
          address,
          found,
          config,
          project,
          isRecorded: rows !== null,
          routed: () => reportBegun(dialect, record, redact),
          host,
          record,
          dialect,
          serverKeys: config.server.keys,
          redact: redact.ofFailure,
          states,
          budgets: budgets.guard,
          limits: rateLimits.of,
          client,
          makeBody,
        });
      }
      const text = await readBody(request, headers, config.server, host.setTimer);
      if (rows !== null && config.audit.logRequestBodies)
        record.keepRequest(text, featuresIn(headers, found.dialect.client));
      const incoming = parseIncoming(found, headers, address.search, text, labels);
      record.requestedModel = incoming.model;
      record.agentType = incoming.agentType;
      record.projectId = incoming.projectId;
      record.streamed = incoming.stream;
      record.keepsAnswer = rows !== null && config.audit.logResponseBodies;
      let neutral: NeutralRequest | undefined;
      const parse = () => {
        neutral ??= parseAsked(incoming);
        return neutral;
      };
      const question: Question = { incoming, neutral: parse, stream: incoming.stream };
      // Once the live view has its labels; routing may compare prices.
      const pricesLoading = loadPrices();
      if (pricesLoading !== undefined) await pricesLoading;
      const asked = router.route(routeQuestion(incoming, question, found.route.operation));
      const route = asked instanceof Promise ? await asked : asked;
      record.route = route;
      reportBegun(dialect, record, redact);
      const run: Operation = {
        incoming,
        host,
        record,
        dialect,
        question,
        route,
        maxEvent: config.server.maxEvent,
        pingIntervalMs: config.server.pingIntervalMs,
        serverKeys: config.server.keys,
        redact: redact.ofFailure,
        states,
        budgets: budgets.guard,
        limits: rateLimits.of,
        client,
        makeBody,
      };
      return await OPERATIONS[found.route.operation](run);
    } catch (thrown) {
      if (client.aborted && !isEndedFromOutside(client.reason)) {
        record.httpStatus = 499;
        record.end({ status: 'aborted' });
        return new Response(null, { status: 499 });
      }
      const failure = client.aborted ? client.reason : thrown;
      const error = redactError(toGatewayError(failure), redact.ofFailure);
      if (error.code === 'internal')
        host.log('error', 'internal error', {
          request_id: record.requestId,
          error: redact(stackOf(thrown)),
        });
      return answerError(error, dialect, record);
    } finally {
      // A forwarded answer comes in its own time too.
      if (!record.streamed && 'route' in found) unfollow();
    }
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
    return exchange(request, address, asked, makeBody);
  }

  /** Makes the answer readable for browser pages too, where some origins are allowed. */
  function readable(request: Request, answered: () => Promise<Response>): Promise<Response> {
    const { server } = setup.config;
    return server.allowedOrigins.length === 0 ? answered() : answerAcross(request, server, answered);
  }

  function serve(request: Request, makeBody = standardBody): Promise<Response> {
    return readable(request, () => answer(request, makeBody));
  }

  function turnAway(request: Request): Promise<Response> {
    return readable(request, () => refuse(request));
  }

  return {
    fetch: serve,
    turnAway,
    openSocket(request) {
      return openSocket(request, { config: setup.config, host, ask: serve, turnAway });
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
      book = bookOf(setup);
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

/**
 * `client` is aborted when the client leaves, or when the request is ended from outside. The listeners live as long
 * as the stream, so they are created here, where their closures can hold nothing else of the request.
 */
function followClient(signal: AbortSignal, record: ExchangeRecord) {
  const client = new Cancellation();
  const leave = () => client.abort(clientLeft());
  record.onCancel((why) => client.abort(why));
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return { client, unfollow: () => signal.removeEventListener('abort', leave) };
}

/** Unlike one that left, the client can still be sent the error. */
function isEndedFromOutside(reason: unknown): boolean {
  return reason instanceof GatewayError && (reason.code === 'cancelled' || reason.code === 'shutting_down');
}

function operationOf(found: FoundRoute | FoundForward, method: string): RowOperation {
  if ('route' in found) return found.route.operation;
  return found.forward.billIn !== undefined && method === 'POST' ? 'infer' : 'forward';
}
