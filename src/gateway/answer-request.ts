// Answers one request of a client: admits and reads it, finds its targets, and runs its operation. Whatever happens, it has one
// row and one response.
import type { ClientRoute } from '../dialects/dialect.ts';
import type { Envelope } from '../dialects/envelope.ts';
import { type FoundForward, type FoundRoute, routeForBody } from '../dialects/find-route.ts';
import { loadPrices } from '../ledger/prices/library.ts';
import type { RowOperation } from '../ledger/rows/row.ts';
import type { DialectId } from '../model/dialect-id.ts';
import { toGatewayError } from '../model/errors.ts';
import { HeaderList } from '../model/header-list.ts';
import type { Redactor } from '../model/redact/redact.ts';
import type { NeutralRequest } from '../model/request.ts';
import { Cancellation } from '../upstream/cancellation.ts';
import { presentedSecrets } from '../upstream/headers.ts';
import type { ProviderStates } from '../upstream/provider-state.ts';
import type { Router } from '../routing/route.ts';
import type { Question } from './attempts/plan.ts';
import type { Exchange } from './attempts/try-context.ts';
import type { BudgetGuard } from './budgets.ts';
import { clientLeft, isEndedFromOutside } from './cancellation-errors.ts';
import { answerGeneration, answerWithoutModel } from './operations/generate.ts';
import type { GatewayHost } from './host.ts';
import type { Operation } from './operations/ask-json.ts';
import { answerCompaction } from './operations/compact.ts';
import { answerCompletion } from './operations/completions.ts';
import { answerTokenCount } from './operations/count-tokens.ts';
import { answerEmbeddings } from './operations/embeddings.ts';
import { answerForwarded, isAskedElsewhere, mayForward } from './operations/forward.ts';
import type { Forwarding } from './operations/forwarding.ts';
import { type OpeningSocket, openForwardedSocket, withProtocolKey } from './operations/forward-socket.ts';
import type { ExchangeRecord } from './record/record.ts';
import { reportBegun } from './record/report-begun.ts';
import { authenticate, guardOrigin } from './request/admission.ts';
import {
  featuresIn,
  type Labels,
  type SentBody,
  parseAsked,
  parseIncoming,
  parseSent,
  readLabels,
} from './request/incoming.ts';
import { withQueryKey } from './request/query-key.ts';
import { readBody } from './request/read-body.ts';
import type { RequestAddress } from './request/request-address.ts';
import type { MakeBody } from './response/byte-source.ts';
import { answerError, notPosted, stackOf } from './response/error-response.ts';
import type { LimitsOf } from './rate-limits.ts';
import { redactError } from '../model/redact/redact-error.ts';
import { routeQuestion } from './routing.ts';
import type { Setup } from './setup.ts';
import { beginTrace } from './tracing.ts';

export interface RequestContext {
  host: GatewayHost;
  /** A request keeps the configuration that it began with. */
  setup: Setup;
  states: ProviderStates;
  budgets: BudgetGuard;
  limits: LimitsOf;
  /** Adds what a request that is still running has used so far to budgets and rate limits. */
  countSoFar(record: ExchangeRecord): void;
  /** Whether rows are written. */
  isRecorded: boolean;
  newRecord(dialect: DialectId, redact: Redactor): ExchangeRecord;
}

/** What a client can request by POST, each with one response and one row. */
const OPERATIONS: Record<ClientRoute['operation'], (exchange: Operation) => Promise<Response>> = {
  generate: answerGeneration,
  complete: answerCompletion,
  'count-tokens': answerTokenCount,
  embed: answerEmbeddings,
  compact: answerCompaction,
};

/**
 * Answers a request; a failure becomes an answer in the client's dialect. Where `found` opens a WebSocket, its `take` receives the session,
 * and the response matters only if the session was refused.
 */
export async function answerRequest(
  request: Request,
  address: RequestAddress,
  found: FoundRoute | FoundForward | OpeningSocket,
  makeBody: MakeBody,
  { host, setup, states, budgets, limits, countSoFar, isRecorded, newRecord }: RequestContext,
): Promise<Response> {
  const { config, redactor, router } = setup;
  const dialect = found.dialect.id;
  const envelope = envelopeOf(found);
  const keyed =
    'socket' in found && found.socket.keyInQuery !== undefined ? found.socket : found.dialect.client;
  const headers = withQueryKey(HeaderList.of(request.headers), address.searchParams, keyed);
  if ('socket' in found) withProtocolKey(headers, found.socket);
  const redact = redactor.and(presentedSecrets(headers, address.searchParams));
  const record = newRecord(dialect, redact);
  record.operation = operationOf(found, request.method);
  record.trace = beginTrace(headers, host);
  const noteBegun = () => reportBegun(host.fleet, record);
  noteBegun();
  const { client, unfollow } = followClient(request.signal, record);
  const shared = {
    host,
    record,
    dialect,
    serverKeys: config.server.keys,
    redact: redact.ofFailure,
    states,
    budgets,
    limits,
    client,
  };
  try {
    guardOrigin({ url: request.url, headers }, config.server);
    const project = authenticate(headers, config.server);
    if ('route' in found && request.method !== 'POST')
      throw notPosted(request.method, address.pathname, headers);
    // Set before the body is read, so that the row has them even if the body never arrives whole.
    const labels = readLabels(headers, project);
    record.agentType = labels.agentType;
    record.projectId = labels.projectId;
    if (labels.agentType !== null || labels.projectId !== null) noteBegun();
    const theirs = { request, headers, address, project };
    const admitted = { ...shared, ...theirs, config, isRecorded, makeBody, routed: noteBegun };
    if ('route' in found) return await answerPosted({ found, admitted, shared, labels, router });
    // A budget that is used up holds back only requests that cost something.
    await loadPrices();
    if ('forward' in found) return await answerForwarded({ ...admitted, found });
    found.take(await openForwardedSocket({ ...admitted, found, countSoFar, begun: unfollow }));
    return new Response(null);
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
    return answerError(error, { dialect, envelope, headers }, record);
  } finally {
    // A forwarded answer arrives later as well.
    if (!record.streamed && 'route' in found) unfollow();
  }
}

/** What is known of a posted request before its body is read. */
interface Posted {
  found: FoundRoute;
  admitted: Omit<Forwarding, 'found'>;
  /** The part of `admitted` that lasts as long as the answer. */
  shared: Omit<Exchange, 'question' | 'route' | 'pingIntervalMs' | 'maxEvent'>;
  labels: Labels;
  router: Router;
}

/** Throws the error that the client is to get. */
async function answerPosted({ found, admitted, shared, labels, router }: Posted): Promise<Response> {
  const { request, headers, address, config, isRecorded, routed, makeBody } = admitted;
  const { host, record, dialect } = shared;
  const { client } = found.dialect;
  const { envelope } = found.route;
  const text = await readBody(request, headers, config.server, host.setTimer, {
    one: envelope?.bodyType,
    any: client.ignoresBodyType,
  });
  const keepsRequest = isRecorded && config.audit.logRequestBodies;
  if (keepsRequest) record.keepRequest(text, featuresIn(headers, client));
  const sent = parseSent(text);
  const served = routeForBody(found, sent.body);
  const forwarded = forwardOf(found, served, sent, admitted);
  if (forwarded !== undefined) {
    record.operation = 'infer';
    await loadPrices();
    return answerForwarded({ ...admitted, found: forwarded }, text);
  }
  const { operation } = served.route;
  record.operation = operation;
  const incoming = parseIncoming(served, headers, address.search, sent, labels);
  // Kept so that `sluice replay` and others can send it again to the dialect's own path.
  if (keepsRequest && incoming.original !== text)
    record.keepRequest(incoming.original, featuresIn(incoming.headers, client));
  record.requestedModel = incoming.model;
  record.agentType = incoming.agentType;
  record.projectId = incoming.projectId;
  record.streamed = incoming.stream;
  record.keepsAnswer = isRecorded && config.audit.logResponseBodies;
  const idle = answerWithoutModel({ host, record, dialect, envelope }, incoming);
  if (idle !== undefined) return idle;
  let neutral: NeutralRequest | undefined;
  const parse = () => {
    neutral ??= parseAsked(incoming);
    return neutral;
  };
  const question: Question = { incoming, neutral: parse, stream: incoming.stream };
  // Only here, when the live view has its labels already; routing may compare prices.
  const pricesLoading = loadPrices();
  if (pricesLoading !== undefined) await pricesLoading;
  const routing = router.route(routeQuestion(incoming, question, operation));
  const route = routing instanceof Promise ? await routing : routing;
  record.route = route;
  routed();
  const run: Operation = {
    ...shared,
    incoming,
    envelope,
    question,
    route,
    maxEvent: config.server.maxEvent,
    pingIntervalMs: config.server.pingIntervalMs,
    makeBody,
  };
  return OPERATIONS[operation](run);
}

/**
 * The request to forward untouched, where its envelope's words may mean something only to the envelope's vendor. Undefined where no
 * provider can take it untouched, or where the translated route (`served`) leads to the provider that the request names.
 */
function forwardOf(
  found: FoundRoute,
  served: FoundRoute,
  { body }: SentBody,
  { request, headers, config }: Pick<Forwarding, 'request' | 'headers' | 'config'>,
): FoundForward | undefined {
  const { envelope } = found.route;
  const forward = envelope?.forwards?.(body, found.route);
  if (forward === undefined || !mayForward(request.method, { forward }, config)) return undefined;
  if (served !== found && isAskedElsewhere(forward, headers, config)) return undefined;
  return { dialect: found.dialect, forward: { ...forward, envelope } };
}

function envelopeOf(found: FoundRoute | FoundForward | OpeningSocket): Envelope | undefined {
  if ('route' in found) return found.route.envelope;
  return 'forward' in found ? found.forward.envelope : undefined;
}

/**
 * `client` is aborted when the client leaves, or when the request is ended from outside. The listeners live as long as the stream, so they
 * are created in this function, where their closures hold nothing else of the request.
 */
function followClient(signal: AbortSignal, record: ExchangeRecord) {
  const client = new Cancellation();
  const leave = () => client.abort(clientLeft());
  record.onCancel((why) => client.abort(why));
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return { client, unfollow: () => signal.removeEventListener('abort', leave) };
}

function operationOf(found: FoundRoute | FoundForward | OpeningSocket, method: string): RowOperation {
  if ('route' in found) return found.route.operation;
  if ('socket' in found) return 'infer';
  const { billIn, loadReader } = found.forward;
  return (billIn ?? loadReader) !== undefined && method === 'POST' ? 'infer' : 'forward';
}
