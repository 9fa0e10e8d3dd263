// The body of the upstream request: the client's own, the same rebuilt without what another provider left in it, or a translation.
import type { BuildOptions, BuiltRequest, ProviderSide } from '../../dialects/dialect.ts';
import { DIALECTS } from '../../dialects/registry.ts';
import {
  fitArgumentNames,
  reportArgumentNames,
  restoreArgumentNames,
} from '../../dialects/shared/tools/argument-names.ts';
import { fitOutputLimit } from '../../dialects/shared/settings/output-limit.ts';
import { PREFILL, prefillOf } from '../../dialects/shared/turns/prefill.ts';
import { fitToolNames, reportToolNames, restoreToolNames } from '../../dialects/shared/tools/tool-names.ts';
import { buildWithLackTold } from '../../dialects/shared/losses/told-of-lack.ts';
import { unreadFields } from '../../dialects/shared/losses/unread-fields.ts';
import type { ProviderDialectId } from '../../model/dialect-id.ts';
import { GatewayError } from '../../model/errors.ts';
import { editTopLevel } from '../../model/json/edit.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { writeJson } from '../../model/json/write-json.ts';
import type { Loss, NeutralRequest } from '../../model/request.ts';
import type { Target } from '../../routing/targets.ts';
import { withoutPrefill } from '../pumps/repeated-prefill.ts';
import type { EnvelopedRequest, Incoming } from '../request/incoming.ts';
import { withinStack } from '../request/nesting.ts';
import type { Plan, PlanContext, Question } from './plan.ts';

/** `side` and `url` replace those of the request line. */
export type WrittenRequest = Pick<Plan, 'body' | 'losses' | 'hides' | 'alternatives'> & {
  side?: ProviderSide;
  url?: string;
};
/** A body with what its builder says about the request. */
type BuiltBody = Omit<WrittenRequest, 'url'> & Pick<BuiltRequest, 'baseUrl' | 'headers' | 'answersWhole'>;

/** @param enveloped is sent in place of the dialect's own request. */
export function passBody(
  incoming: Incoming,
  side: ProviderSide,
  target: Target,
  enveloped: EnvelopedRequest | undefined,
): BuiltBody {
  if (enveloped !== undefined) return { body: enveloped.text, losses: [], hides: undefined };
  const { quirks } = target.provider;
  const renamed = incoming.route.model === undefined && incoming.model !== target.model;
  // Some quirks apply to single models, which they know by the provider's name.
  const body = renamed ? { ...incoming.body, model: target.model } : incoming.body;
  const { headers: clientHeaders } = incoming;
  const edits = {
    ...(renamed && { model: target.model }),
    ...side.passthrough.edits(body, quirks, clientHeaders),
  };
  const headers = side.passthrough.headers?.(body, quirks);
  return {
    body: editTopLevel(incoming.text, edits),
    ...(headers !== undefined && { headers }),
    losses: [...(side.passthrough.losses?.(body, quirks) ?? []), ...asLost(vendorFeatures(incoming))],
    hides: hiding(incoming, side, target),
    ...severalAsked(side, { ...body, ...edits }),
  };
}

function severalAsked({ passthrough }: ProviderSide, body: JsonObject): Pick<BuiltBody, 'alternatives'> {
  const alternatives = passthrough.alternatives?.(body) ?? 1;
  return alternatives > 1 ? { alternatives } : {};
}

/**
 * For a conversation that a provider of another dialect has answered before, and left in it what this one would refuse. The answer still
 * passes.
 */
export function rebuildBody(
  incoming: Incoming,
  question: Question,
  side: ProviderSide,
  target: Target,
  context: PlanContext,
  /** Whether the target gets the headers that are meant for the vendor. */
  sendsVendorHeaders: boolean,
): BuiltBody {
  return withinStack(() => {
    const request = question.neutral();
    const { body, ...built } = buildOwn(request, side, target, context, incoming);
    const losses = [...built.losses, ...unread(incoming, sendsVendorHeaders)];
    return {
      ...built,
      losses,
      // Otherwise a provider's repeat of the client's own turn stays, as clients of this dialect expect.
      ...(question.begun !== undefined && withoutRepeated(side, losses, request, question, target)),
      body: writeJson(body, incoming.text.length),
      hides: hiding(incoming, side, target),
      ...severalAsked(side, body),
    };
  });
}

export function buildOwn(
  request: NeutralRequest,
  side: ProviderSide,
  target: Target,
  context: PlanContext,
  incoming: Incoming | null,
  /** Whether to build everything the client says, even what the provider is not known to take. */
  asGiven = false,
): BuiltRequest {
  const options = buildOptions(target, context);
  if (asGiven && incoming !== null)
    options.quirks = side.passthrough.taking?.(incoming.body, options.quirks) ?? options.quirks;
  const { body, ...built } = side.buildRequest(request, options);
  const edits = side.passthrough.edits(body, target.provider.quirks, incoming?.headers);
  return { ...built, body: { ...body, ...edits } };
}

/** Recognizes events to hide from the client, by what the client itself asked for. */
function hiding(
  { stream, body, headers }: Incoming,
  { passthrough }: ProviderSide,
  { provider }: Target,
): Plan['hides'] {
  return stream ? passthrough.hides?.(body, provider.quirks, headers) : undefined;
}

export function translateBody(
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
    const options = buildOptions(target, context);
    const built = buildWithLackTold(request, (asked) => side.buildRequest(asked, options));
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

/** Throws `unsupported_feature` if only a provider of another dialect could answer the request. */
function portable(request: NeutralRequest, dialect: ProviderDialectId, provider: string): NeutralRequest {
  const { boundTo } = request;
  if (boundTo === undefined || boundTo.dialect === dialect) return request;
  const { field, problem, code } = boundTo;
  throw new GatewayError('unsupported_feature', `${field}: ${provider} cannot accept it: ${problem}`, {
    reason: { param: field, ...(code !== undefined && { type: 'invalid_request_error', code }) },
  });
}

/** Leaves out of the answer the client's own part of the last turn, where the provider repeats it. */
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

/** The client's fields that its own dialect's parser does not know, as losses. */
export function unread(incoming: Incoming | null, sendsVendorHeaders = false): Loss[] {
  if (incoming === null) return [];
  const { known, embeddings } = DIALECTS[incoming.asks].client;
  const isEmbedding = incoming.route.operation === 'embed';
  const features = unreadFields(incoming.body, (isEmbedding && embeddings?.known) || known);
  const { enveloped } = incoming;
  const ofVendor = sendsVendorHeaders ? (enveloped?.lost ?? []) : vendorFeatures(incoming);
  return asLost([...features, ...ofVendor]);
}

/** What the client asks for that only the vendor of its envelope offers. */
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

export function buildOptions({ provider, model }: Target, { requestId }: PlanContext): BuildOptions {
  const { quirks, baseUrl, options: settings = {} } = provider;
  return { model, quirks, settings, baseUrl, requestId };
}
