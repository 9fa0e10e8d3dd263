// Requests that only a provider itself can answer (files, batches, images, speech), forwarded as they are. docs/endpoints.md
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { AnswerReader, ForwardedLink, ForwardedPath } from '../../dialects/dialect.ts';
import { findForward, type FoundForward } from '../../dialects/find-route.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { createStringEditor, editWhole, type StringEditor } from '../../model/json/string-editor.ts';
import { createFieldReader } from '../../model/json/field-reader.ts';
import { fitting, mayGrow, namesAnother, namesWithin, routeForwarded } from '../../routing/forwarded.ts';
import type { Target } from '../../routing/targets.ts';
import { redirectWithin } from '../../upstream/call.ts';
import { pickAnswerHeaders } from '../../upstream/headers.ts';
import { firstAnswer } from '../attempts/fallback.ts';
import { type Asking, clientKeyFor } from '../attempts/credentials.ts';
import type { Question } from '../attempts/plan.ts';
import { askingFor, planForward } from '../attempts/plan-forward.ts';
import { onlyParameter, withQuery } from '../attempts/pass-query.ts';
import { type Sent, send } from '../attempts/send.ts';
import { type Exchange, noteTry, planContextOf, tryContextOf } from '../attempts/try-context.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import { createObserver, type Observer } from '../record/observer.ts';
import { editBatch } from '../request/batch-models.ts';
import { parseForwardedBody } from '../request/forwarded-body.ts';
import { featuresIn, forcedTargetIn } from '../request/incoming.ts';
import { isJsonType, readBytes } from '../request/read-body.ts';
import { readUpload, Upload } from '../request/upload.ts';
import type { MakeBody } from '../response/byte-source.ts';
import type { RequestAddress } from '../request/request-address.ts';
import { ForwardedAnswer } from '../response/forwarded-answer.ts';
import { type Recipient, wireOf } from '../response/recipient.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Whether any enabled provider may answer. */
export function mayForward(
  method: string,
  { forward }: Pick<FoundForward, 'forward'>,
  config: ResolvedConfig,
): boolean {
  return METHODS.includes(method) && fitting(forward, config).length > 0;
}

/** Whether the request names a provider that may not have it. */
export function isAskedElsewhere(
  { path, spokenBy, model }: ForwardedPath,
  headers: HeaderReader,
  config: ResolvedConfig,
): boolean {
  return namesAnother(
    { path, spokenBy, forced: forcedTargetIn(headers), model: model?.name ?? null },
    config,
  );
}

export interface Forwarding extends Omit<Exchange, 'question' | 'route' | 'pingIntervalMs' | 'maxEvent'> {
  request: Request;
  headers: HeaderReader;
  address: RequestAddress;
  found: FoundForward;
  config: ResolvedConfig;
  /** That of the presented key; null: no key, or the operator's. */
  project: string | null;
  /** There is a ledger. */
  isRecorded: boolean;
  /** Called once the provider is known. */
  routed(): void;
  makeBody: MakeBody;
}

/** Milliseconds. Images and videos are made without a byte in between, for longer than a model thinks. */
const LONGEST_WORK_MS = 600_000;

/**
 * Answers with whatever the one provider answers. Throws the GatewayError to report to the client.
 * @param text of the body, where that was read before.
 */
export async function answerForwarded(forwarding: Forwarding, text?: string): Promise<Response> {
  const { found } = forwarding;
  const headers = found.forward.ofClient?.(forwarding.headers) ?? forwarding.headers;
  const body = text === undefined ? await readForwarded(forwarding, headers) : new TextEncoder().encode(text);
  if (!(body instanceof Upload)) return forward(forwarding, headers, body);
  try {
    return await forward(forwarding, headers, body.beginning(), body);
  } catch (thrown) {
    body.cancel();
    throw thrown;
  }
}

/** An upload is only begun. */
function readForwarded(
  { request, found, config, host, client }: Forwarding,
  headers: HeaderReader,
): Promise<Uint8Array<ArrayBuffer> | Upload> {
  const { server: limits } = config;
  const { setTimer } = host;
  const { isUpload, passesLongJson } = found.forward;
  const context = { limits, setTimer, client };
  if (isJsonType(headers.get('content-type') ?? '')) {
    // What can be read whole is: rows have it, and it can be sent again with the next key.
    if (passesLongJson === true) return readUpload(request, headers, context, limits.maxBody);
  } else if (isUpload === true) return readUpload(request, headers, context);
  return readBytes(request, headers, limits, setTimer);
}

/** @param bytes the body; of an upload, its beginning. */
async function forward(
  forwarding: Forwarding,
  headers: HeaderReader,
  bytes: Uint8Array<ArrayBuffer>,
  upload?: Upload,
): Promise<Response> {
  const { request, found, config, record, host, client, redact, serverKeys } = forwarding;
  const { pathname, search } = forwarding.address;
  const type = headers.get('content-type');
  const content = parseForwardedBody(bytes, type, upload !== undefined);
  const inPath = found.forward.model;
  record.requestedModel = inPath?.name ?? content.model;
  record.streamed = inPath?.streams === true;
  const isKept = forwarding.isRecorded && found.forward.holdsSecrets !== true;
  if (isKept && config.audit.logRequestBodies && content.text !== null)
    record.keepRequest(content.text, featuresIn(headers, found.dialect.client));
  const { spokenBy, isStored, otherwise, batch } = found.forward;
  const forced = forcedTargetIn(forwarding.headers);
  const question = { path: pathname, spokenBy, forced, model: record.requestedModel, otherwise };
  const route = routeForwarded(question, config);
  record.route = route;
  const target = withLongTimeout(route.target);
  if (found.forward.freeModels?.test(target.model) === true) record.operation = 'forward';
  forwarding.routed();
  const { spoken } = route;
  const path = inPath?.path(target.model) ?? found.forward.path;
  const asking = askingFor({ spoken, headers });
  requireOwnKeyPast(pathname, found, { asking, target, serverKeys });
  // What is made at once is asked for by POST: anything else is about what is there already.
  if (forwarding.project !== null && (isStored || request.method !== 'POST'))
    requireOwnKey({ asking, target, serverKeys }, `${pathname}: what is stored at the provider`);
  const named = inPath === undefined ? content.withModel(target.model) : bytes;
  upload?.beginWith(named);
  const editor =
    batch &&
    editBatch(
      batch,
      { beginning: named, type: type ?? '' },
      namesWithin({ spokenBy, forced, target }, config),
    );
  const whole = editor === undefined || upload !== undefined ? named : editWhole(editor, named);
  if (editor !== undefined) upload?.editWith(editor, mayGrow(target, config));
  const asked = {
    method: request.method,
    path,
    query: search,
    keyParameter: found.dialect.client.keyInQuery?.parameter,
    headers,
    body: upload ?? (bytes.length === 0 ? undefined : whole),
    dialect: wireOf(recipientOf(found)) ?? found.dialect.id,
    spoken,
  };
  const observer = createObserver(host.monotonic, record.live.audience());
  const { requestId } = record;
  const exchange = { ...forwarding, question: UNASKED, asking, route: { ...route, targets: [target] } };
  let sentTo = '';
  const sent = await firstAnswer<Sent>({
    context: tryContextOf(exchange),
    plan(_, apiKey) {
      const plan = planForward(asked, target, planContextOf(exchange, apiKey));
      noteTry(record, host, plan, target.model || path.slice(1));
      const leadsBack = (place: URL) => placeBehindGateway(place, plan.url, forwarding) !== undefined;
      const context = { requestId, host, plan, signal: client, maxEvent: 0, observer, redact, leadsBack };
      sentTo = plan.url;
      return {
        target,
        key: plan.key,
        seen: observer.seen,
        isSpent: () => upload?.hasBegun === true,
        run(answered) {
          upload?.countIn(record.attempts.at(-1));
          return send({ ...context, answered }).catch(onlyOnce);
        },
      };
    },
  });
  record.seen = observer.seen;
  try {
    return await answer(forwarding, target, { ...sent, url: sentTo }, observer);
  } catch (thrown) {
    // Its provider would go on until the longest wait for the next byte is over.
    sent.response.body.cancel();
    sent.call.release();
    throw thrown;
  }
}

/**
 * Throws `forbidden` without a provider's key of the client's: with the gateway's, each project could use what is another's.
 * @param what all projects would share, for the message.
 */
export function requireOwnKey(asked: AskedWith, what: string): void {
  if (hasOwnKey(asked)) return;
  throw new GatewayError(
    'forbidden',
    `${what} is not opened by a project's key, since all projects would share it; send a provider's key of your own besides x-sluice-key, or one of server.keys`,
  );
}

interface AskedWith {
  asking: Asking | null;
  target: Target;
  serverKeys: readonly string[];
}

function hasOwnKey({ asking, target, serverKeys }: AskedWith): boolean {
  return clientKeyFor(asking, target, { serverKeys, first: target }) !== null;
}

/** Throws `forbidden` for what is to be opened past the gateway with its own key: no budget, limit or row would know of it. */
function requireOwnKeyPast(pathname: string, { forward, dialect }: FoundForward, asked: AskedWith): void {
  const { leadsPast } = forward;
  if (leadsPast === undefined || hasOwnKey(asked)) return;
  const instead = dialect.client.alternativeTo?.(pathname);
  throw new GatewayError(
    'forbidden',
    `${pathname}: ${leadsPast} would be opened past the gateway, at the expense of its key; send a key of your own for ${asked.target.provider.name} with the request${instead === undefined ? '' : `, or ${instead}`}`,
  );
}

/** Most of these requests change something at the provider: whether to send one again is for the client to decide. */
export function onlyOnce(thrown: unknown): never {
  throw thrown instanceof GatewayError ? thrown.with(thrown.message, { lasting: true }) : thrown;
}

/** In place of the question of a request that is forwarded: it is not parsed. */
export const UNASKED: Question = {
  incoming: null,
  neutral() {
    throw new GatewayError('internal', 'a forwarded request is not parsed');
  },
  stream: false,
};

function withLongTimeout({ provider, model }: Target): Target {
  const { timeouts } = provider;
  const firstByteMs = Math.max(timeouts.firstByteMs, LONGEST_WORK_MS);
  return { provider: { ...provider, timeouts: { ...timeouts, firstByteMs } }, model };
}

/**
 * The gateway's own path for an address of the provider's server, as Google's leads from its files to their bytes, which clients then
 * ask for here, with the gateway's key; undefined where nothing is forwarded there. Vercel's AI SDK has its key in the query alone.
 * https://ai.google.dev/gemini-api/docs/video ("follow redirects"),
 * https://github.com/vercel/ai/blob/main/packages/google/src/google-generative-ai-video-model.ts
 * @param url to which the request itself went.
 */
function placeBehindGateway(
  { pathname, search }: URL,
  url: string,
  { address, headers, found, request }: Pick<Forwarding, 'address' | 'headers' | 'found' | 'request'>,
): string | undefined {
  const [there, here] = differentBeginnings(URL.parse(url)?.pathname ?? '', address.pathname);
  if (!pathname.startsWith(`${there}/`)) return undefined;
  const path = here + pathname.slice(there.length);
  if (findForward(path, headers, request.method)?.dialect !== found.dialect) return undefined;
  // The provider got it in a header, and so does not lead on with it, without which the client would be refused here.
  const key = onlyParameter(address.search, found.dialect.client.keyInQuery?.parameter);
  return withQuery(path + search, key);
}

/** What stands before the segments with which both end. */
function differentBeginnings(one: string, other: string): [string, string] {
  const [segments, others] = [one.split('/'), other.split('/')];
  while (segments.length > 1 && segments.at(-1) === others.at(-1)) {
    segments.pop();
    others.pop();
  }
  return [segments.join('/'), others.join('/')];
}

function recipientOf({ dialect, forward: { envelope } }: FoundForward): Recipient {
  return { dialect: dialect.id, envelope };
}

/** What reads what the answer is billed by; undefined where it is not billed. */
async function readerOf(
  { billIn, billFields = ['usage'], loadReader }: ForwardedPath,
  headers: HeaderReader,
): Promise<AnswerReader | undefined> {
  if (loadReader !== undefined) return loadReader(headers);
  if (billIn === undefined) return undefined;
  const fields = createFieldReader(billFields);
  return {
    take: (bytes) => fields.take(bytes),
    result: () => ({ usage: billIn(fields.values()) }),
  };
}

function editLink({ place, behindGateway }: ForwardedLink): StringEditor {
  return createStringEditor({ place, perLine: false, change: behindGateway });
}

const WITHOUT_BODY = [204, 205, 304];

/** A browser shows the answer as a page, at the gateway's address: a script in a stored file could use the gateway, too. */
const SHOWN_APART = 'sandbox';

async function answer(
  forwarding: Forwarding,
  { provider }: Target,
  sent: Sent & { url: string },
  observer: Observer,
): Promise<Response> {
  const { request, headers: asked, found, record, config, makeBody, isRecorded, client, host } = forwarding;
  const { status, headers: given } = sent.response;
  record.serving = true;
  record.httpStatus = status;
  const type = given.get('content-type') ?? '';
  record.streamed = /event-?stream/i.test(type);
  const headers = pickAnswerHeaders(given, true);
  const within = redirectWithin(sent.response, sent);
  const place = within && placeBehindGateway(within, sent.url, forwarding);
  if (place !== undefined) headers.location = place;
  // Of no length known in advance, as events and speech are: nginx would hold them back until its buffers are full.
  if (given.get('content-length') === null) headers['x-accel-buffering'] = 'no';
  setExchangeHeaders(headers, { record, ...recipientOf(found) }, null);
  if (asked.get('accept')?.includes('text/html') === true) headers['content-security-policy'] = SHOWN_APART;
  const isRead = record.operation === 'infer' && (record.streamed || isJsonType(type));
  const reader = isRead ? await readerOf(found.forward, given) : undefined;
  const { link } = found.forward;
  const body = new ForwardedAnswer(sent, record, client, {
    provider: provider.name,
    ...(link !== undefined && isJsonType(type) && { editor: editLink(link) }),
    ...(reader !== undefined && { billing: { reader, observer } }),
    idleMs: provider.timeouts.idleMs,
    keeps:
      isRecorded && config.audit.logResponseBodies && found.forward.holdsSecrets !== true && isText(type),
    monotonic: host.monotonic,
  });
  const isHead = request.method === 'HEAD';
  if (!isHead && !WITHOUT_BODY.includes(status)) return new Response(makeBody(body), { status, headers });
  await body.drained();
  // What a client asks for, without a body that this could contradict.
  const length = given.get('content-length');
  if (isHead && length !== null) headers['content-length'] = length;
  return new Response(null, { status, headers });
}

function isText(type: string): boolean {
  return isJsonType(type) || /^text\//i.test(type);
}
