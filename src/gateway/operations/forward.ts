// Requests that only a provider itself can answer (files, batches, images, speech), forwarded as they are. docs/endpoints.md
import type { ResolvedConfig } from '../../config/resolved.ts';
import type { AnswerReader, ForwardedLink, ForwardedPath } from '../../dialects/forwarded-path.ts';
import type { FoundForward } from '../../dialects/find-route.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { editWhole, StringEditor } from '../../model/json/string-editor.ts';
import { FieldReader } from '../../model/json/field-reader.ts';
import {
  fitting,
  type ForwardRoute,
  mayGrow,
  namesAnother,
  namesWithin,
  routeForwarded,
} from '../../routing/forwarded.ts';
import type { Target } from '../../routing/targets.ts';
import { redirectWithin } from '../../upstream/call.ts';
import { type AnswerHeaders, pickAnswerHeaders } from '../../upstream/headers.ts';
import { firstAnswer } from '../attempts/fallback.ts';
import { askingFor, type ForwardedRequest, planForward } from '../attempts/plan-forward.ts';
import { type Sent, send } from '../attempts/send.ts';
import { type Exchange, noteTry, planContextOf, tryContextOf } from '../attempts/try-context.ts';
import { setExchangeHeaders } from '../response/exchange-headers.ts';
import { createObserver, type Observer } from '../record/observer.ts';
import { editBatch } from '../request/batch-models.ts';
import { type ForwardedBody, parseForwardedBody } from '../request/forwarded-body.ts';
import { featuresIn, forcedTargetIn } from '../request/incoming.ts';
import { isJsonType, readBytes } from '../request/read-body.ts';
import { readUpload, Upload } from '../request/upload.ts';
import { ForwardedAnswer } from '../response/forwarded-answer.ts';
import { type Recipient, wireOf } from '../response/recipient.ts';
import {
  type AskedWith,
  type Forwarding,
  hasOwnKey,
  onlyOnce,
  requireOwnKey,
  UNASKED,
} from './forwarding.ts';
import { placeBehindGateway } from './place-behind-gateway.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Whether any enabled provider may answer. */
export function mayForward(
  method: string,
  { forward }: Pick<FoundForward, 'forward'>,
  config: ResolvedConfig,
): boolean {
  return METHODS.includes(method) && fitting(forward, config).length > 0;
}

/** Whether the request names a provider to which it may not be forwarded. */
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

/** Milliseconds. While an image or video is made, nothing arrives for longer than while a model thinks. */
const LONGEST_WORK_MS = 600_000;

/**
 * Answers with whatever the one provider answers. Throws the GatewayError to report to the client.
 * @param text of the body, if that was read already.
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

/** Reads the body; of an upload, only its beginning. */
function readForwarded(
  { request, found, config, host, client }: Forwarding,
  headers: HeaderReader,
): Promise<Uint8Array<ArrayBuffer> | Upload> {
  const { server: limits } = config;
  const { setTimer } = host;
  const { isUpload, passesLongJson } = found.forward;
  const context = { limits, setTimer, client };
  if (isJsonType(headers.get('content-type') ?? '')) {
    // What can be read whole is read whole: its row then has it, and it can be sent again with the next key.
    if (passesLongJson === true) return readUpload(request, headers, context, limits.maxBody);
  } else if (isUpload === true) return readUpload(request, headers, context);
  return readBytes(request, headers, limits, setTimer);
}

/** What the client sent. */
interface Received {
  /** In the dialect's own form. */
  headers: HeaderReader;
  /** The body; of an upload, its beginning. */
  bytes: Uint8Array<ArrayBuffer>;
  content: ForwardedBody;
  upload: Upload | undefined;
}

/** @param bytes the body; of an upload, its beginning. */
async function forward(
  forwarding: Forwarding,
  headers: HeaderReader,
  bytes: Uint8Array<ArrayBuffer>,
  upload?: Upload,
): Promise<Response> {
  const { request, found, address, record, serverKeys } = forwarding;
  const { dialect } = found;
  const content = parseForwardedBody(bytes, headers.get('content-type'), upload !== undefined);
  const received = { headers, bytes, content, upload };
  noteRequest(forwarding, received);
  const route = chooseTarget(forwarding);
  const { spoken, target } = route;
  const asking = askingFor({ spoken, headers });
  guardKey(forwarding, { asking, target, serverKeys });
  const asked: ForwardedRequest = {
    method: request.method,
    path: found.forward.model?.path(target.model) ?? found.forward.path,
    query: address.search,
    keyParameter: dialect.client.keyInQuery?.parameter,
    headers,
    body: bodyFor(forwarding, received, target),
    dialect: wireOf(recipientOf(found)) ?? dialect.id,
    spoken,
  };
  const sent = await askProvider({ ...forwarding, question: UNASKED, asking, route }, asked, upload);
  record.seen = sent.observer.seen;
  try {
    return await answer(forwarding, target, sent);
  } catch (thrown) {
    // Otherwise its provider would go on until the longest wait for the next byte is over.
    sent.response.body.cancel();
    sent.call.release();
    throw thrown;
  }
}

function noteRequest(
  { found, record, isRecorded, config }: Forwarding,
  { headers, content }: Received,
): void {
  const { model, holdsSecrets } = found.forward;
  record.requestedModel = model?.name ?? content.model;
  record.streamed = model?.streams === true;
  const isKept = isRecorded && holdsSecrets !== true && config.audit.logRequestBodies;
  if (isKept && content.text !== null)
    record.keepRequest(content.text, featuresIn(headers, found.dialect.client));
}

/** The route to the one provider, whose answer may take the longest time allowed. */
function chooseTarget({ found, config, record, headers, address, routed }: Forwarding): ForwardRoute {
  const { spokenBy, otherwise, freeModels } = found.forward;
  const model = record.requestedModel;
  const forced = forcedTargetIn(headers);
  const route = routeForwarded({ path: address.pathname, spokenBy, forced, model, otherwise }, config);
  record.route = route;
  if (freeModels?.test(route.target.model) === true) record.operation = 'forward';
  routed();
  const target = withLongTimeout(route.target);
  return { ...route, target, targets: [target] };
}

/** Throws `forbidden` if a project may not do this with the gateway's own key. */
function guardKey({ request, found, project, address: { pathname } }: Forwarding, asked: AskedWith): void {
  requireOwnKeyPast(pathname, found, asked);
  // New results are asked for by POST; any other method concerns what is stored already.
  if (project !== null && (found.forward.isStored || request.method !== 'POST'))
    requireOwnKey(asked, `${pathname}: what is stored at the provider`);
}

/** The client's body, with the provider's own names for models. */
function bodyFor(
  { found, config, headers: own }: Forwarding,
  { headers, bytes, content, upload }: Received,
  target: Target,
): ForwardedRequest['body'] {
  const { model, batch, spokenBy } = found.forward;
  const beginning = model === undefined ? content.withModel(target.model) : bytes;
  upload?.beginWith(beginning);
  const editor =
    batch &&
    editBatch(
      batch,
      { beginning, type: headers.get('content-type') ?? '' },
      namesWithin({ spokenBy, forced: forcedTargetIn(own), target }, config),
    );
  if (upload !== undefined) {
    if (editor !== undefined) upload.editWith(editor, mayGrow(target, config));
    return upload;
  }
  if (bytes.length === 0) return undefined;
  return editor === undefined ? beginning : editWhole(editor, beginning);
}

/** The head of the provider's answer. */
interface Asked extends Sent {
  /** To which the request was sent. */
  url: string;
  observer: Observer;
}

async function askProvider(
  exchange: Forwarding & Pick<Exchange, 'question' | 'asking'> & { route: ForwardRoute },
  asked: ForwardedRequest,
  upload: Upload | undefined,
): Promise<Asked> {
  const { record, host, client, redact, route } = exchange;
  const { requestId } = record;
  const { target } = route;
  const observer = createObserver(host.monotonic, record.live.audience());
  let url = '';
  const sent = await firstAnswer<Sent>({
    context: tryContextOf(exchange),
    plan(_, apiKey) {
      const plan = planForward(asked, target, planContextOf(exchange, apiKey));
      noteTry(record, host, plan, target.model || asked.path.slice(1));
      const leadsBack = (place: URL) => placeBehindGateway(place, plan.url, exchange) !== undefined;
      const context = { requestId, host, plan, signal: client, maxEvent: 0, observer, redact, leadsBack };
      url = plan.url;
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
  return { ...sent, url, observer };
}

/** Throws `forbidden` for what would be opened past the gateway with the gateway's own key, unseen by any budget, limit or row. */
function requireOwnKeyPast(pathname: string, { forward, dialect }: FoundForward, asked: AskedWith): void {
  const { leadsPast } = forward;
  if (leadsPast === undefined || hasOwnKey(asked)) return;
  const instead = dialect.client.alternativeTo?.(pathname);
  throw new GatewayError(
    'forbidden',
    `${pathname}: ${leadsPast} would be opened past the gateway, at the expense of its key; send a key of your own for ${asked.target.provider.name} with the request${instead === undefined ? '' : `, or ${instead}`}`,
  );
}

function withLongTimeout({ provider, model }: Target): Target {
  const { timeouts } = provider;
  const firstByteMs = Math.max(timeouts.firstByteMs, LONGEST_WORK_MS);
  return { provider: { ...provider, timeouts: { ...timeouts, firstByteMs } }, model };
}

function recipientOf({ dialect, forward: { envelope } }: FoundForward): Recipient {
  return { dialect: dialect.id, envelope };
}

/** Reads from the answer what it is billed by; undefined if it is not billed. */
async function readerOf(
  { billIn, billFields = ['usage'], loadReader }: ForwardedPath,
  headers: HeaderReader,
): Promise<AnswerReader | undefined> {
  if (loadReader !== undefined) return loadReader(headers);
  if (billIn === undefined) return undefined;
  const fields = new FieldReader(billFields);
  return {
    take: (bytes) => fields.take(bytes),
    result: () => ({ usage: billIn(fields.values()) }),
  };
}

function editLink({ place, behindGateway }: ForwardedLink): StringEditor {
  return new StringEditor({ place, perLine: false, change: behindGateway });
}

const WITHOUT_BODY = [204, 205, 304];

/** A browser shows the answer as a page at the gateway's address, where a script in a stored file could use the gateway. */
const SHOWN_APART = 'sandbox';

async function answer(forwarding: Forwarding, { provider }: Target, sent: Asked): Promise<Response> {
  const { request, found, record, config, makeBody, isRecorded, client, host } = forwarding;
  const { link, holdsSecrets } = found.forward;
  const { status, headers: given } = sent.response;
  record.serving = true;
  record.httpStatus = status;
  const type = given.get('content-type') ?? '';
  record.streamed = /event-?stream/i.test(type);
  const headers = answerHeaders(forwarding, sent);
  const isRead = record.operation === 'infer' && (record.streamed || isJsonType(type));
  const reader = isRead ? await readerOf(found.forward, given) : undefined;
  const body = new ForwardedAnswer(sent, record, client, {
    provider: provider.name,
    ...(link !== undefined && isJsonType(type) && { editor: editLink(link) }),
    ...(reader !== undefined && { billing: { reader, observer: sent.observer } }),
    idleMs: provider.timeouts.idleMs,
    keeps: isRecorded && config.audit.logResponseBodies && holdsSecrets !== true && isText(type),
    monotonic: host.monotonic,
  });
  const isHead = request.method === 'HEAD';
  if (!isHead && !WITHOUT_BODY.includes(status)) return new Response(makeBody(body), { status, headers });
  await body.drained();
  // A HEAD asks for the length, and its answer has no body that could contradict it.
  const length = given.get('content-length');
  if (isHead && length !== null) headers['content-length'] = length;
  return new Response(null, { status, headers });
}

function answerHeaders(forwarding: Forwarding, { response, url }: Asked): AnswerHeaders {
  const { headers: asked, found, record } = forwarding;
  const headers = pickAnswerHeaders(response.headers, true);
  const within = redirectWithin(response, { url });
  const place = within && placeBehindGateway(within, url, forwarding);
  if (place !== undefined) headers.location = place;
  // Events and speech have no length known in advance; without this header nginx would hold them back until its buffers are full.
  if (response.headers.get('content-length') === null) headers['x-accel-buffering'] = 'no';
  setExchangeHeaders(headers, { record, ...recipientOf(found) }, null);
  if (asked.get('accept')?.includes('text/html') === true) headers['content-security-policy'] = SHOWN_APART;
  return headers;
}

function isText(type: string): boolean {
  return isJsonType(type) || /^text\//i.test(type);
}
