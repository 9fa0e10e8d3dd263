// The upstream request for one target: the client's own bytes where both sides speak alike, else a translation.
import { DIALECTS, PROVIDER_SIDES } from '../../dialects/registry.ts';
import type { BuildOptions, BuiltRequest, ClientRoute, ProviderSide } from '../../dialects/dialect.ts';
import {
  fitArgumentNames,
  reportArgumentNames,
  restoreArgumentNames,
} from '../../dialects/shared/argument-names.ts';
import { fitOutputLimit } from '../../dialects/shared/output-limit.ts';
import { PREFILL, prefillOf } from '../../dialects/shared/prefill.ts';
import { fitToolNames, reportToolNames, restoreToolNames } from '../../dialects/shared/tool-names.ts';
import type { ProviderOperation, TextCompletions } from '../../dialects/operations.ts';
import { unreadFields } from '../../dialects/shared/unread-fields.ts';
import type { DialectId, ProviderDialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import type { HeaderList } from '../../model/header-list.ts';
import { editTopLevel } from '../../model/json/edit.ts';
import { mayHoldForeignToken } from '../../model/opaque-token.ts';
import type { Loss, NeutralRequest } from '../../model/request.ts';
import { writeJson } from '../../model/json/write-json.ts';
import { sameTarget, type Target } from '../../routing/targets.ts';
import type { SseEvent } from '../../sse/event.ts';
import type { Transformer } from '../../transformers/transformer.ts';
import { addHeaders, buildRequestHeaders } from '../../upstream/headers.ts';
import { operationPath, targetPath } from '../../upstream/target-url.ts';
import type { StreamedBody } from '../../upstream/transport.ts';
import type { EnvelopedRequest, Incoming } from '../request/incoming.ts';
import { withinStack } from '../request/nesting.ts';
import { withoutPrefill } from '../pumps/repeated-prefill.ts';
import { transformHeaders, transformRequest } from '../transform/request.ts';
import { askForSummary, summaryStep } from '../transform/summary.ts';
import { credentialsFor } from './credentials.ts';
import { passQuery, withQuery } from './pass-query.ts';
import { countHop } from './hops.ts';
import { baseUrlOf, dialectOf, endpointOf, takesWire } from './spoken-dialect.ts';

/** What the client asks, however it came in. */
export interface Question {
  /** Null: asked through the library, in neutral form. */
  incoming: Incoming | null;
  /** The neutral request; parsed on first use, since a passthrough needs none. Throws `invalid_request`. */
  neutral(): NeutralRequest;
  stream: boolean;
  /** Whoever could write a summary of its own has none: its model is to write one. */
  summaryAsText?: true;
  /** `neutral` differs from the client's bytes: those are not sent. */
  isChanged?: true;
  /** Text at the end of the last turn that is not the client's: the beginning of the answer. */
  begun?: string;
}

export interface Plan {
  target: Target;
  dialect: ProviderDialectId;
  side: ProviderSide;
  /** Client and provider speak the same dialect: headers pass, and the request's bytes. */
  sameDialect: boolean;
  /** The answer's bytes pass too, where no transformer changes it. */
  passesAnswer: boolean;
  url: string;
  headers: HeaderList;
  body: string;
  /** What is sent in place of a POST of `body`, where a request is forwarded as it is. */
  forwarded?: { method: string; body: Uint8Array<ArrayBuffer> | StreamedBody | undefined };
  losses: Loss[];
  /** Whose key is used: a client's own key that is refused says nothing about the provider. */
  key: 'own' | 'client' | 'none';
  hides: ((event: SseEvent) => boolean) | undefined;
  /** How many alternatives the client's own body asks for; left out: it does not pass, or asks for one. */
  alternatives?: number;
  /** Completes a plan that waits for an asynchronous transformer, with its `headers` and `losses`. */
  prepare?: () => Promise<Omit<WrittenRequest, 'losses'>>;
  /** Names of the transformers in use, in the order in which they apply to requests. */
  transformers: readonly string[];
  /** Those that change the answer, in the order in which they do. */
  answerSteps: readonly Transformer[];
}

export interface PlanContext {
  /** The gateway's own keys: never a provider's. */
  serverKeys: readonly string[];
  /** The first target, which a client's own key is meant for. */
  first: Target | undefined;
  userAgent: string;
  /** The gateway's id of the request. */
  requestId: string;
  /** The gateway's own key for this provider, null where it has none. */
  apiKey: string | null;
  /** Those of the routing rule; the provider's own come after them. */
  transformers: readonly Transformer[];
}

export function planCall(given: Question, target: Target, context: PlanContext): Plan {
  const { provider, model } = target;
  const summary = summaryFor(given, target, context);
  const question = summary?.question ?? given;
  const { incoming, stream } = question;
  const steps = stepsFor(target, context);
  // Transformers change requests and answers in the dialect's own form.
  const enveloped = steps.length === 0 ? envelopedFor(incoming, target) : undefined;
  const line = planLine(incoming, target, stream, context, enveloped);
  const { side, completions } = line;
  const sameDialect = incoming !== null && line.sameDialect;
  const isRewritten = enveloped === undefined && incoming?.route.envelope?.rewrites === true;
  const passes =
    sameDialect &&
    question.isChanged !== true &&
    !isRewritten &&
    (completions !== undefined || !isOfAnother(incoming, side, target));
  const { quirks } = provider;
  const query = sameDialect ? passQuery(incoming, side, quirks, context.serverKeys) : '';
  const endpoint = endpointOf(target);
  const atVersion = versionFor(incoming, target, side, sameDialect);
  const pathOf = (streams: boolean) =>
    completions === undefined
      ? atVersion(targetPath(endpoint, side, model, streams, quirks))
      : operationPath(endpoint, PROVIDER_SIDES[line.dialect], model, side.endpoint(model, streams), quirks);
  const ownBase = completions?.baseUrl ?? baseUrlOf(provider, line.dialect);
  const urlAt = (baseUrl: string, streams: boolean) => withQuery(baseUrl + pathOf(streams), query);
  const write = (asked: Question): WrittenRequest => {
    const { baseUrl, headers, answersWhole, ...written } = passes
      ? passBody(incoming, side, target, enveloped)
      : sameDialect
        ? rebuildBody(incoming, asked, side, target, context, enveloped !== undefined)
        : translateBody(asked, line.dialect, side, target, context);
    if (headers !== undefined) addHeaders(line.headers, headers, side.listHeaders ?? []);
    if (baseUrl === undefined && answersWhole !== true) return written;
    return { ...written, url: urlAt(baseUrl ?? ownBase, stream && answersWhole !== true) };
  };
  const written: WrittenRequest & Pick<Plan, 'prepare'> =
    steps.length === 0
      ? write(question)
      : transformRequest({
          steps,
          provider: provider.name,
          model,
          headers: line.headers,
          question,
          passes,
          write,
          build: (request) => withinStack(() => buildOwn(request, side, target, context, incoming)),
          buildAsGiven: (request) =>
            withinStack(() => buildOwn(request, side, target, context, incoming, true)),
        });
  const { transformers, answerSteps } = steps.length === 0 ? UNCHANGED : inUse(steps);
  // Written out: spreading three objects into one takes longer, and the result is slower to read.
  const plan: Plan = {
    target,
    dialect: line.dialect,
    side: written.side ?? side,
    sameDialect,
    passesAnswer:
      sameDialect &&
      summary === undefined &&
      completions?.passesAnswer !== false &&
      // What of an answer cannot be read could not be rewritten either.
      !isRewritten &&
      !(stream && isForeignFraming(incoming.route, side)) &&
      // Of several alternatives a translation would tell one.
      !(stream && (written.alternatives ?? 1) === 1 && isForeignForm(incoming, target)),
    url: written.url ?? urlAt(ownBase, stream),
    headers: line.headers,
    body: written.body,
    losses: summary === undefined ? written.losses : [...written.losses, AS_TEXT],
    key: line.key,
    hides: written.hides,
    transformers,
    answerSteps: summary === undefined ? answerSteps : [...answerSteps, summary.step],
  };
  if (written.alternatives !== undefined) plan.alternatives = written.alternatives;
  if (written.prepare !== undefined) plan.prepare = written.prepare;
  return plan;
}

const AS_TEXT: Loss = {
  feature: 'compaction',
  outcome: 'approximated',
  how: 'a summary by the model, as text',
};

/** How the model is asked for a summary of the conversation; undefined where none is wanted, or the provider writes its own. */
function summaryFor(
  given: Question,
  target: Target,
  { first, requestId }: PlanContext,
): { question: Question; step: Transformer } | undefined {
  const { incoming, summaryAsText } = given;
  if (incoming === null || incoming.asks !== incoming.dialect) return undefined;
  if (summaryAsText !== true && writesOwnSummary(incoming, target, first)) return undefined;
  const { dialect, body, route } = incoming;
  const { summaries } = DIALECTS[dialect].client;
  if (summaries === undefined) return undefined;
  if (route.operation !== 'compact' && (route.operation !== 'generate' || !summaries.isAsked(body)))
    return undefined;
  const neutral = () => askForSummary(given.neutral(), summaries);
  return {
    question: { ...given, neutral, isChanged: true },
    step: summaryStep(summaries, dialect, requestId),
  };
}

/** Only the conversation's first target: the next turn goes there again, and no other could read such a summary. */
export function writesOwnSummary(
  { asks, route }: Pick<Incoming, 'asks' | 'route'>,
  target: Target,
  first: Target | undefined,
): boolean {
  if (first === undefined || !sameTarget(target, first)) return false;
  return route.operation === 'compact'
    ? sideOf(target, asks).compact !== undefined
    : dialectOf(target, asks) === asks;
}

/** Whether another provider answered in this conversation before, and left what this one would refuse. */
function isOfAnother(
  { text, body }: Incoming,
  { passthrough }: ProviderSide,
  { provider, model }: Target,
): boolean {
  // Another gateway does this itself, once it knows which provider serves.
  if (provider.isGateway === true) return false;
  return mayHoldForeignToken(text) || passthrough.refuses?.(body, model) === true;
}

const UNCHANGED: Pick<Plan, 'transformers' | 'answerSteps'> = { transformers: [], answerSteps: [] };

function inUse(steps: readonly Transformer[]): Pick<Plan, 'transformers' | 'answerSteps'> {
  const answerSteps = steps.filter((step) => step.answer !== undefined).reverse();
  return { transformers: steps.map((step) => step.name), answerSteps };
}

function stepsFor({ provider }: Target, { transformers }: PlanContext): readonly Transformer[] {
  if (transformers.length === 0) return provider.transformers;
  return [...transformers, ...provider.transformers];
}

/** `side` and `url` replace the line's own. */
export type WrittenRequest = Pick<Plan, 'body' | 'losses' | 'hides' | 'alternatives'> & {
  side?: ProviderSide;
  url?: string;
};
/** As it was built. */
type BuiltBody = Omit<WrittenRequest, 'url'> & Pick<BuiltRequest, 'baseUrl' | 'headers' | 'answersWhole'>;
type Line = Pick<Plan, 'dialect' | 'side' | 'sameDialect' | 'headers' | 'key'> & {
  /** Set where text completions are asked for. */
  completions?: TextCompletions;
};

/** The client's request in its envelope, where the target takes it so. */
function envelopedFor(incoming: Incoming | null, target: Target): EnvelopedRequest | undefined {
  const wire = incoming?.route.envelope?.wire;
  return wire !== undefined && takesWire(target, wire) ? incoming?.enveloped : undefined;
}

/**
 * The dialect, headers and key of a request to this target, whatever it asks.
 * @param enveloped the client's request, where it is sent in its envelope.
 */
function planLine(
  incoming: Incoming | null,
  target: Target,
  stream: boolean,
  context: PlanContext,
  enveloped?: EnvelopedRequest,
): Line {
  const { provider } = target;
  const wire = enveloped && incoming?.route.envelope?.wire;
  const dialect = wire ?? dialectOf(target, incoming?.asks);
  const completions =
    incoming?.route.operation === 'complete' ? completionsOf(target, incoming.asks) : undefined;
  const side = completions?.side ?? PROVIDER_SIDES[dialect];
  const sameDialect =
    completions !== undefined ||
    wire !== undefined ||
    (incoming !== null && incoming.asks === dialect && incoming.dialect === dialect);
  const { key, authentication, chargesUs } = credentialsFor(incoming, target, side, context);
  const client = (sameDialect && (enveloped ?? incoming)?.headers) || null;
  const headers = buildRequestHeaders({
    client: client && (side.clientHeaders?.(client, provider.quirks) ?? client),
    chargesUs,
    dialect: authentication,
    listHeaders: side.listHeaders ?? [],
    configured: provider.headers,
    stream,
    userAgent: context.userAgent,
  });
  countHop(headers, incoming?.headers, target);
  return { dialect, side, sameDialect, headers, key, ...(completions !== undefined && { completions }) };
}

/** How the target is asked for text completions; undefined if it serves none. */
export function completionsOf(target: Target, client: DialectId): TextCompletions | undefined {
  return sideOf(target, client).textCompletions?.(target.provider);
}

/** The provider side of the dialect spoken with the target: some speak several or all, and get the client's. */
export function sideOf(target: Target, client?: DialectId): ProviderSide {
  return PROVIDER_SIDES[dialectOf(target, client)];
}

/**
 * The upstream requests of an operation other than generation, at least one: the same bytes where both sides speak the same dialect;
 * several where the provider does not take all of a translated request at once.
 */
export function planOperation<Request, Answer>(
  incoming: Incoming,
  target: Target,
  operation: ProviderOperation<Request, Answer>,
  parse: () => Request,
  context: PlanContext,
): Plan[] {
  const { provider, model } = target;
  const { asks } = incoming;
  const isSame = asks === incoming.dialect && asks === dialectOf(target, asks);
  const fits = isSame && operation.passes?.(incoming.body, provider.quirks, model) !== false;
  const parts = fits ? undefined : operation.split?.(parse(), model, provider.quirks);
  if (parts === undefined) return [planPart(incoming, target, operation, parse, context)];
  return parts.map((part) => planPart(incoming, target, operation, () => part, context));
}

function planPart<Request, Answer>(
  incoming: Incoming,
  target: Target,
  operation: ProviderOperation<Request, Answer>,
  parse: () => Request,
  context: PlanContext,
): Plan {
  const { provider, model } = target;
  const line = planLine(incoming, target, false, context);
  const { side, sameDialect } = line;
  const { quirks } = provider;
  const atVersion = versionFor(incoming, target, side, sameDialect);
  const fits = sameDialect && operation.passes?.(incoming.body, quirks, model) !== false;
  const { body, losses } =
    fits && !isOfAnother(incoming, side, target)
      ? { body: editTopLevel(incoming.text, operation.edits(incoming.body, model, quirks)), losses: [] }
      : withinStack(() => {
          const built = operation.buildRequest(parse(), buildOptions(target, context));
          if (built.headers !== undefined) addHeaders(line.headers, built.headers, side.listHeaders ?? []);
          const losses = [...built.losses, ...unread(incoming)];
          return { body: writeJson(built.body, incoming.text.length), losses };
        });
  const steps = stepsFor(target, context).filter(({ headers }) => headers !== undefined);
  const taken = transformHeaders(steps, target, line.headers);
  return {
    target,
    ...line,
    passesAnswer: fits,
    url: withQuery(
      baseUrlOf(provider, line.dialect) +
        atVersion(operationPath(endpointOf(target), side, model, operation.endpoint(model, quirks), quirks)),
      sameDialect ? passQuery(incoming, side, quirks, context.serverKeys) : '',
    ),
    body,
    losses: [...losses, ...taken],
    hides: undefined,
    transformers: steps.map((step) => step.name),
    answerSteps: [],
  };
}

/** Fields that only the preview version knows pass, so it is the one that has to be asked. */
function versionFor(
  incoming: Incoming | null,
  { provider }: Target,
  { previewPath }: ProviderSide,
  sameDialect: boolean,
): (path: string) => string {
  const isPreview =
    sameDialect && incoming?.route.isPreview === true && provider.quirks.previewVersion === true;
  return isPreview && previewPath !== undefined ? previewPath : (path) => path;
}

function buildOptions({ provider, model }: Target, { requestId }: PlanContext): BuildOptions {
  const { quirks, baseUrl, options: settings = {} } = provider;
  return { model, quirks, settings, baseUrl, requestId };
}

/** Throws `unsupported_feature` where only a provider of another dialect could answer the request. */
function portable(request: NeutralRequest, dialect: ProviderDialectId, provider: string): NeutralRequest {
  const { boundTo } = request;
  if (boundTo === undefined || boundTo.dialect === dialect) return request;
  const { field, problem, code } = boundTo;
  throw new GatewayError('unsupported_feature', `${field}: ${provider} cannot accept it: ${problem}`, {
    reason: { param: field, ...(code !== undefined && { type: 'invalid_request_error', code }) },
  });
}

/** @param enveloped is sent in place of the dialect's own. */
function passBody(
  incoming: Incoming,
  side: ProviderSide,
  target: Target,
  enveloped: EnvelopedRequest | undefined,
): BuiltBody {
  if (enveloped !== undefined) return { body: enveloped.text, losses: [], hides: undefined };
  const { quirks } = target.provider;
  const renamed = incoming.route.model === undefined && incoming.model !== target.model;
  // Some quirks apply to single models, by the provider's name for them.
  const body = renamed ? { ...incoming.body, model: target.model } : incoming.body;
  const { headers: clientHeaders } = incoming;
  const edits = {
    ...(renamed && { model: target.model }),
    ...side.passthrough.edits(body, quirks, clientHeaders),
  };
  const headers = side.passthrough.headers?.(body, quirks);
  const written: BuiltBody = {
    body: editTopLevel(incoming.text, edits),
    ...(headers !== undefined && { headers }),
    losses: [...(side.passthrough.losses?.(body, quirks) ?? []), ...asLost(vendorFeatures(incoming))],
    hides: hiding(incoming, side, target),
  };
  const alternatives = side.passthrough.alternatives?.({ ...body, ...edits }) ?? 1;
  if (alternatives > 1) written.alternatives = alternatives;
  return written;
}

/**
 * The conversation was answered by another dialect's provider before: what it left in the history, this one
 * would refuse. The answer still passes.
 */
function rebuildBody(
  incoming: Incoming,
  question: Question,
  side: ProviderSide,
  target: Target,
  context: PlanContext,
  /** The target gets the headers that are meant for the vendor. */
  sendsVendorHeaders: boolean,
): BuiltBody {
  return withinStack(() => {
    const request = question.neutral();
    const { body, ...built } = buildOwn(request, side, target, context, incoming);
    const losses = [...built.losses, ...unread(incoming, sendsVendorHeaders)];
    return {
      ...built,
      losses,
      // Otherwise the provider's repeat of the client's own turn stays: clients of this dialect expect it.
      ...(question.begun !== undefined && withoutRepeated(side, losses, request, question, target)),
      body: writeJson(body, incoming.text.length),
      hides: hiding(incoming, side, target),
    };
  });
}

function buildOwn(
  request: NeutralRequest,
  side: ProviderSide,
  target: Target,
  context: PlanContext,
  incoming: Incoming | null,
  /** What the client says is built whether the provider is known to take it or not. */
  asGiven = false,
): BuiltRequest {
  const options = buildOptions(target, context);
  if (asGiven && incoming !== null)
    options.quirks = side.passthrough.taking?.(incoming.body, options.quirks) ?? options.quirks;
  const { body, ...built } = side.buildRequest(request, options);
  const edits = side.passthrough.edits(body, target.provider.quirks, incoming?.headers);
  return { ...built, body: { ...body, ...edits } };
}

/** Decides by what the client itself asked for. */
function hiding(
  { stream, body }: Incoming,
  { passthrough }: ProviderSide,
  { provider }: Target,
): Plan['hides'] {
  return stream ? passthrough.hides?.(body, provider.quirks) : undefined;
}

/** Whether the client reads streams in another framing than the provider's. */
function isForeignFraming({ framing = 'sse' }: ClientRoute, side: ProviderSide): boolean {
  return framing !== (side.framing ?? 'sse');
}

/** Whether the client reads streams as Mistral's server sends them, and the provider is not known to send them so: ADR 31. */
function isForeignForm({ readsMistrals }: Incoming, { provider }: Target): boolean {
  return readsMistrals === true && provider.quirks.wholeCalls !== true;
}

function translateBody(
  question: Question,
  dialect: ProviderDialectId,
  side: ProviderSide,
  target: Target,
  context: PlanContext,
): BuiltBody {
  const { name } = target.provider;
  return withinStack(() => {
    const { toolNameStart: start, outputLimits } = target.provider.quirks;
    const limited = fitOutputLimit(portable(question.neutral(), dialect, name), target.model, outputLimits);
    const fitted = fitArgumentNames(limited.request, side.argumentNames);
    const rule = side.toolNames && { ...side.toolNames, ...(start !== undefined && { start }) };
    const { request, names } = fitToolNames(fitted.request, rule);
    const built = side.buildRequest(request, buildOptions(target, context));
    const named = restoreArgumentNames(restoreToolNames(side, names), fitted.names);
    const fits = reportArgumentNames(reportToolNames(built, names), fitted.names);
    const losses = [...limited.losses, ...fits, ...unread(question.incoming)];
    return {
      ...(built.baseUrl !== undefined && { baseUrl: built.baseUrl }),
      ...(built.headers !== undefined && { headers: built.headers }),
      ...(built.answersWhole === true && { answersWhole: true }),
      ...withoutRepeated(named, losses, request, question, target),
      body: writeJson(built.body, question.incoming?.text.length ?? 0),
      hides: undefined,
    };
  });
}

/** The client's fields that its own dialect's parser does not know, as losses. */
function unread(incoming: Incoming | null, sendsVendorHeaders = false): Loss[] {
  if (incoming === null) return [];
  const { known, embeddings } = DIALECTS[incoming.asks].client;
  const isEmbedding = incoming.route.operation === 'embed';
  const features = unreadFields(incoming.body, (isEmbedding && embeddings?.known) || known);
  const { enveloped } = incoming;
  const ofVendor = sendsVendorHeaders ? (enveloped?.lost ?? []) : vendorFeatures(incoming);
  return asLost([...features, ...ofVendor]);
}

/** What the client asks only the vendor of its envelope for. */
function vendorFeatures({ enveloped }: Incoming): string[] {
  const names = [...(enveloped?.lost ?? [])];
  enveloped?.headers.forEach((_, name) => {
    names.push(name);
  });
  return names;
}

function asLost(features: readonly string[]): Loss[] {
  return features.map((feature) => ({ feature, outcome: 'lost' }));
}

/** Where the provider repeats the last turn, the part that is the client's own is left out. */
function withoutRepeated(
  side: ProviderSide,
  losses: Loss[],
  request: NeutralRequest,
  { begun = '' }: Question,
  target: Target,
): Required<Pick<BuiltBody, 'side' | 'losses'>> {
  const turn = target.provider.quirks.prefill === 'repeats' ? prefillOf(request) : undefined;
  if (turn === undefined) return { side, losses };
  const own = turn.slice(0, turn.length - begun.length);
  return {
    side: own.trim() === '' ? side : withoutPrefill(side, own),
    losses: losses.filter(({ feature }) => feature !== PREFILL),
  };
}
