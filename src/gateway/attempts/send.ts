// Sends one request to a provider, watches it, and throws each kind of failure as the GatewayError that it means.
import type { ProviderTimeouts } from '../../config/resolved.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { parseObject } from '../../model/json/json.ts';
import { createFrameSplitter } from '../../sse/frame-splitter.ts';
import { parseFrame } from '../../sse/parse-frame.ts';
import {
  isOk,
  leadsElsewhere,
  METHOD,
  noAnswer,
  readFailure,
  redirectWithin,
  requireNoRedirect,
} from '../../upstream/call.ts';
import { Cancellation, type CancelSignal } from '../../upstream/cancellation.ts';
import { findRetryHint } from '../../upstream/retry-after.ts';
import { isStreamed, type UpstreamAnswer, type UpstreamRequest } from '../../upstream/transport.ts';
import { Watchdog } from '../../upstream/watchdog.ts';
import { authorize, isRenewed, unauthorizedRequest } from './authorize.ts';
import { configuredSecrets, fetchedSecrets, withoutEchoes } from './echoed-secrets.ts';
import type { GatewayHost, UnauthorizedRequest } from '../host.ts';
import type { Observer } from '../record/observer.ts';
import type { EarlierCalls } from '../pumps/call-ids.ts';
import type { Plan } from './plan.ts';
import { WatchedBody } from './watched-body.ts';

/** Methods that change nothing at a provider. */
const READS: readonly string[] = ['GET', 'HEAD'];

/** The client's own condition is met: it already has what it asks for. */
const NOT_MODIFIED = 304;

/** A try that has been planned, but not made. */
export interface PlannedTry {
  /** For the log. */
  requestId: string;
  host: GatewayHost;
  plan: Plan;
  /** In bytes. */
  maxEvent: number;
  observer: Observer;
  /** For a forwarded request: whether a redirect to this address of the provider's server leads the client back through the gateway. */
  leadsBack?(place: URL): boolean;
  /** The ids of earlier calls, from which those of the answer must differ. Left out if there are none, or the bytes pass. */
  earlierCalls?: EarlierCalls | undefined;
  redact(text: string): string;
}

export interface AttemptContext extends PlannedTry {
  /** Aborted when the client leaves. */
  signal: CancelSignal;
  /** Called once the upstream's HTTP status is known. */
  answered(status: number): void;
  /** Where only the rest of an answer is sent: what the client already has of it, so that transformers can join the two. */
  beginning?: string | undefined;
}

/** A request under way, from before it is sent until its answer is read to the end. */
export interface Call {
  readonly watchdog: Watchdog;
  /** The error of a wait that timed out. */
  timeout(): GatewayError | undefined;
  /** To be called when the answer has been read to its end, or the rest is not wanted: there is nothing left to watch or to abort. */
  release(): void;
  abort(): void;
}

export interface Sent {
  response: UpstreamAnswer;
  call: Call;
}

/**
 * Sends the plan's request and returns its answer, if that is a 2xx. For a forwarded request a 304 is an answer too, and so is a redirect
 * that its client can follow. Anything else is thrown as the GatewayError that it means. A single asynchronous function, as `walk` is.
 */
export async function send(context: AttemptContext): Promise<Sent> {
  const { host, plan, signal, observer } = context;
  const { provider } = plan.target;
  const { timing } = observer.seen;
  const call = new WatchedCall(host, signal, provider);
  const leaving = call.signal;
  try {
    if (plan.prepare !== undefined) await prepare(plan);
    let { headers }: { headers: HeaderReader } = plan;
    let secrets = configuredSecrets(provider);
    let unauthorized: UnauthorizedRequest | undefined;
    if (plan.key === 'none' && provider.authorization !== undefined) {
      unauthorized = unauthorizedRequest(provider, whatIsSent(plan));
      headers = await authorize(host, provider, headers, unauthorized, leaving);
      secrets = [...secrets, ...fetchedSecrets(headers, plan.headers)];
    }
    if (leaving.aborted) throw leaving.reason;
    const { url } = plan;
    const { method, body } = plan.forwarded ?? { method: METHOD, body: plan.body };
    const { connectMs, firstByteMs } = provider.timeouts;
    const connected = () => timing.connected();
    const request: UpstreamRequest = { method, url, headers, signal: leaving, connectMs, connected };
    const upload = isStreamed(body)
      ? new WatchedBody(body, { watchdog: call.watchdog, timing, firstByteMs, monotonic: host.monotonic })
      : undefined;
    if (body !== undefined) request.body = upload ?? body;
    // Over a slow network a long prompt takes minutes to send. The provider is not silent meanwhile, so each step restarts the wait.
    if (upload === undefined) request.progressed = () => call.watchdog.wait('first_byte', firstByteMs);
    if (provider.tls !== undefined) request.tls = provider.tls;
    if (provider.maxRetries === 0 || plan.forwarded !== undefined) request.once = !READS.includes(method);
    let response: UpstreamAnswer;
    timing.waiting();
    try {
      response = await host.send(request);
    } catch (thrown) {
      throw noAnswer(provider.name, request, thrown);
    } finally {
      upload?.answered();
      timing.arrived();
    }
    context.answered(response.status);
    const { status, headers: given } = response;
    const passed = { status, headers: withoutEchoes(given, secrets), body: response.body };
    if (plan.forwarded !== undefined && mayPassUnread(response, request, context))
      return { response: passed, call };
    requireNoRedirect(provider.name, request, response);
    if (!isOk(response)) {
      const error = await readError(response, context, call);
      const renewed =
        unauthorized !== undefined && error.badCredentials && isRenewed(host, provider, unauthorized, given);
      throw renewed ? error.with(error.message, { renewed }) : error;
    }
    noteLossesThere(plan, given);
    const { tier } = plan.side.billIn?.(response.headers) ?? {};
    if (tier !== undefined) observer.seen.tier = tier;
    return { response: passed, call };
  } catch (thrown) {
    call.abort();
    throw thrown;
  }
}

function whatIsSent({ url, body, forwarded }: Plan): Pick<UnauthorizedRequest, 'method' | 'url' | 'body'> {
  if (forwarded === undefined) return { method: METHOD, url, body };
  const { method, body: bytes } = forwarded;
  // Providers that need a signed body get no uploads (routing/forwarded.ts).
  return { method, url, body: isStreamed(bytes) ? '' : textDecoder.decode(bytes) };
}

const textDecoder = new TextDecoder();

/** Whether the client can deal with the answer by itself, and it holds no secret. */
function mayPassUnread(
  response: UpstreamAnswer,
  request: UpstreamRequest,
  { redact, leadsBack }: Pick<AttemptContext, 'redact' | 'leadsBack'>,
): boolean {
  if (response.status === NOT_MODIFIED) return true;
  const place = response.headers.get('location') ?? '';
  if (redact(place) !== place) return false;
  if (leadsElsewhere(response, request)) return true;
  const within = READS.includes(request.method) ? redirectWithin(response, request) : undefined;
  return within !== undefined && leadsBack?.(within) === true;
}

type Limits = Pick<Plan['target']['provider'], 'name' | 'timeouts'>;

/** Aborted when the client leaves, or when the provider is silent for too long. */
class WatchedCall implements Call {
  readonly watchdog: Watchdog;
  private readonly cancellation = new Cancellation();
  private readonly client: CancelSignal;
  private readonly limits: Limits;
  private silence: GatewayError | undefined = undefined;
  private readonly leave = () => {
    this.watchdog.stop();
    this.cancellation.abort(this.client.reason);
  };

  constructor(host: GatewayHost, client: CancelSignal, limits: Limits) {
    this.client = client;
    this.limits = limits;
    this.watchdog = new Watchdog(host, (what) => this.expired(what));
    if (client.aborted) this.leave();
    else client.addEventListener('abort', this.leave, { once: true });
    this.watchdog.wait('first_byte', limits.timeouts.firstByteMs);
  }

  get signal(): CancelSignal {
    return this.cancellation;
  }

  timeout(): GatewayError | undefined {
    return this.silence;
  }

  release(): void {
    this.client.removeEventListener('abort', this.leave);
    this.watchdog.stop();
  }

  abort(): void {
    this.release();
    this.cancellation.abort(undefined);
  }

  private expired(what: string): void {
    const { name, timeouts } = this.limits;
    if (what !== 'closing') this.silence = timeoutError(name, what, timeouts);
    this.cancellation.abort(this.silence);
  }
}

/** As many names as the gateway's own header has room for. */
const MOST_NAMES = 64;

/** Where the provider is a gateway like this one, what that could not carry is lost for this client too. */
function noteLossesThere({ losses }: Plan, headers: HeaderReader): void {
  const names = headers.get('x-sluice-lost');
  if (names === null) return;
  for (const name of names.split(',', MOST_NAMES)) {
    const feature = name.trim();
    if (feature !== '') losses.push({ feature, outcome: 'lost' });
  }
}

/** Completes a plan that waits for an asynchronous transformer, and releases the closure that holds the request. */
async function prepare(plan: Plan): Promise<void> {
  const { prepare: complete } = plan;
  delete plan.prepare;
  if (complete !== undefined) Object.assign(plan, await complete());
}

async function readError(
  response: UpstreamAnswer,
  { host, plan, redact, observer }: AttemptContext,
  call: Call,
): Promise<GatewayError> {
  const read = await observer.seen.timing.during(readFailure(response));
  // Redacted before anything else: cutting or rewording could leave a part of a key that is not recognized as one any more.
  const failure = { ...read, body: redact(wordsOf(read.body)) };
  const error = plan.side.parseError(failure, plan.target.provider.quirks);
  const isLimit = error.code === 'upstream_rate_limited';
  const retryAfterMs = error.retryAfterMs ?? findRetryHint(failure, isLimit, host.now());
  const { dialect } = plan;
  const { headers, body } = failure;
  const isGateways = error.badCredentials && plan.key !== 'client';
  return error.with(`${plan.target.provider.name}: ${shortened(error.message)}${whoseKey(error, plan)}`, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(isGateways && { lasting: true }),
    upstream: { dialect, headers, body, isReadable: isReadable(body, plan) },
    // The status is known, though not the whole body. If that timed out, the request is not retried (GUARANTEES 4).
    ...(call.timeout() === undefined ? {} : { lasting: true }),
  });
}

function isReadable(body: string, { side }: Plan): boolean {
  const fields = parseObject(body);
  return fields !== undefined && side.isOwnFailure?.(fields) !== false;
}

/** Says whose key was refused. Providers do not know, and the client's key and the gateway's are corrected in different places. */
export function whoseKey(error: GatewayError, { key, target: { provider } }: Plan): string {
  if (!error.badCredentials) return '';
  if (key === 'client') return ' (the key that the client sent was refused)';
  if (key === 'own') return ` (the key of providers.${provider.name} was refused)`;
  const takesKeys = provider.authorization === undefined && /^https?:/.test(provider.baseUrl);
  return takesKeys ? ` (the request was sent without a key: set providers.${provider.name}.api_key)` : '';
}

/** The beginning of server-sent events. */
export const EVENTS = /^\s*(data|event|id|retry)?:/;
const textEncoder = new TextEncoder();

/** A server that is asked for a stream may report even a failure as an event, whose data is then the body. */
function wordsOf(body: string): string {
  if (!EVENTS.test(body)) return body;
  const { bytes, ends } = createFrameSplitter(Number.POSITIVE_INFINITY).push(
    textEncoder.encode(`${body}\n\n`),
  );
  let from = 0;
  for (const end of ends) {
    const data = parseFrame(bytes.subarray(from, end))?.data ?? '';
    if (parseObject(data) !== undefined) return data;
    from = end;
  }
  return body;
}

/** In UTF-16 units: anything longer is a page, a dump or a file rather than a reason. */
const MAX_REASON = 4_000;

function shortened(message: string): string {
  return message.length > MAX_REASON ? `${message.slice(0, MAX_REASON)}…` : message;
}

/** Worded like `truncated`, so that clients recognize the error within a stream. */
function timeoutError(name: string, what: string, timeouts: ProviderTimeouts): GatewayError {
  if (what === 'min_throughput') {
    const { minBytesPerSecond, throughputWindowMs } = timeouts;
    const slow = `less than ${minBytesPerSecond} bytes a second over ${throughputWindowMs} ms of waiting`;
    return new GatewayError(
      'upstream_timeout',
      `stream timed out: ${name} sent ${slow} (timeouts.min_throughput)`,
    );
  }
  const [silent, when] = silenceOf(what, timeouts);
  return new GatewayError(
    'upstream_timeout',
    `stream timed out: ${name} was silent for ${silent} ms ${when} (timeouts.${what})`,
  );
}

/** How long the silence lasted, and in which phase. */
function silenceOf(what: string, { firstByteMs, idleMs, silenceMs }: ProviderTimeouts): [number, string] {
  switch (what) {
    case 'idle':
      return [idleMs, 'between two events'];
    case 'silence':
      return [silenceMs, 'after a keep-alive, without another'];
    default:
      return [firstByteMs, 'before the first content'];
  }
}
