// An upstream that needs no network or key: answers in every dialect, paced, and fails on demand. docs/simulator.md
import { type AnswerContext, type ClientSide, FRAMING_TYPES } from '../dialects/dialect.ts';
import { findRouteBelow, type FoundRoute } from '../dialects/find-route.ts';
import { DIALECTS, formsOf } from '../dialects/registry.ts';
import { GatewayError, toGatewayError } from '../model/errors.ts';
import { asString, type JsonObject, parseObject } from '../model/json/json.ts';
import type { NeutralRequest } from '../model/request.ts';
import { totalInputTokens } from '../model/usage.ts';
import { aborted, playScript, type SimulatorDeps } from './body.ts';
import { ConnectionRefused, type Fault, HTML_PAGE, statusError } from './fault.ts';
import { parseSimulatorOptions, type SimulatorOptions } from './options.ts';
import { compactionOf, planSummary } from './compaction.ts';
import { embeddingsOf } from './embeddings.ts';
import { listModels } from './models.ts';
import { dribble } from './drip.ts';
import { planAnswer } from './plan.ts';
import { hintHeaders, hintInBody } from './retry-hint.ts';
import { streamScript, wholeDue, wholeScript } from './script.ts';
import { countInput } from './token-count.ts';

export interface Simulator {
  /**
   * Answers by the request's path, whatever precedes it. Like fetch, it rejects with the reason of
   * `request.signal` when that fires before the head is sent, and with ConnectionRefused for that fault.
   * Any other failure is a response.
   */
  fetch(request: Request): Promise<Response>;
}

export function createSimulator(deps: SimulatorDeps): Simulator {
  let requestCount = 0;

  return {
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const found = findRouteBelow(pathname, searchParams);
      if (found === undefined) {
        const isGet = request.method === 'GET';
        return (isGet && listModels(pathname, request.headers, searchParams)) || notFound(pathname);
      }
      const requestId = `sim-${++requestCount}`;
      const { client } = found.dialect;
      try {
        if (request.method !== 'POST') {
          throw new GatewayError('invalid_request', `${pathname} takes POST, not ${request.method}`, {
            status: 405,
          });
        }
        return await answer(request, found, requestId, deps);
      } catch (thrown) {
        if (request.signal.aborted) throw request.signal.reason;
        if (thrown instanceof ConnectionRefused) throw thrown;
        const error = toGatewayError(thrown);
        return respond(error.status, JSON.stringify(client.buildError(error, requestId)), requestId);
      }
    },
  };
}

async function answer(
  request: Request,
  { dialect, route }: FoundRoute,
  requestId: string,
  deps: SimulatorDeps,
): Promise<Response> {
  const body = parseObject(await request.text());
  if (body === undefined) throw new GatewayError('invalid_request', 'the body is not a JSON object');
  const options = readOptions(route.model ?? asString(body.model) ?? '', body);
  const { fault } = options;
  if (fault?.kind === 'refuse') throw new ConnectionRefused();
  if (fault?.kind === 'hang-headers') {
    await aborted(request.signal);
    throw request.signal.reason;
  }
  if (fault?.kind === 'status') return failWith(fault, dialect.client, requestId, deps.now());
  if (route.operation === 'embed') return respond(200, embeddingsOf(body, route, dialect.client), requestId);
  const client = { ...dialect.client, ...formsOf(dialect.id, route.operation) };
  const neutral = client.parseRequest(body, route);
  if (route.operation === 'count-tokens') {
    return respond(200, JSON.stringify(client.buildTokenCount?.(tokensOf(neutral)) ?? {}), requestId);
  }
  if (route.operation === 'compact') {
    const named = { requestId, created: Math.floor(deps.now() / 1_000) };
    return respond(200, compactionOf(body, neutral, named), requestId);
  }
  if (fault?.kind === 'html') {
    return respond(fault.status, HTML_PAGE, requestId, {
      'content-type': 'text/html; charset=utf-8',
    });
  }
  const context: AnswerContext = {
    requestId,
    model: neutral.model,
    created: Math.floor(deps.now() / 1_000),
    includeUsage: neutral.includeUsage === true,
    tools: neutral.tools,
    outputFormat: neutral.outputFormat,
    ...(route.framing === undefined ? {} : { framing: route.framing }),
  };
  const answered = planAnswer(neutral, options, requestId, dialect.id);
  const { summaries } = client;
  const plan =
    summaries?.isAsked(body) === true ? planSummary(answered, neutral, summaries, dialect.id) : answered;
  if (!neutral.stream) {
    await pause(wholeDue(plan, options), deps, request.signal);
    const script = dribble(wholeScript(plan, client, context, fault), options);
    return respond(200, playScript(script, deps, request.signal), requestId);
  }
  const script = dribble(streamScript(plan, client.createStreamEncoder(context), options), options);
  return respond(200, playScript(script, deps, request.signal), requestId, {
    'content-type': FRAMING_TYPES[route.framing ?? 'sse'],
    'cache-control': 'no-cache',
  });
}

function tokensOf(request: NeutralRequest): number {
  return totalInputTokens(countInput(request));
}

/** Reads them from the model name; a `simulator` field in the body takes precedence. */
function readOptions(model: string, body: JsonObject): SimulatorOptions {
  return parseSimulatorOptions(model, asString(body.simulator) ?? '');
}

function failWith(
  fault: Extract<Fault, { kind: 'status' }>,
  client: ClientSide,
  requestId: string,
  now: number,
): Response {
  const { status, hint } = fault;
  const body = client.buildError(statusError(fault), requestId);
  if (hint === undefined) return respond(status, JSON.stringify(body), requestId);
  return respond(status, JSON.stringify(hintInBody(body, hint)), requestId, hintHeaders(hint, now));
}

async function pause(ms: number, deps: SimulatorDeps, signal: AbortSignal): Promise<void> {
  if (ms > 0) await deps.sleep(ms, signal);
  signal.throwIfAborted();
}

function respond(
  status: number,
  body: string | ReadableStream<Uint8Array<ArrayBuffer>>,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(body, {
    status,
    headers: { 'content-type': 'application/json', 'request-id': requestId, ...headers },
  });
}

function notFound(pathname: string): Response {
  const paths = Object.values(DIALECTS).map(({ provider }) => provider.endpoint('MODEL', true));
  const message = `the simulator has no ${pathname}; it answers POST to paths that end in ${paths.join(' or ')}`;
  return respond(404, JSON.stringify({ error: { type: 'not_found', message } }), 'sim-none');
}
