// What every upstream request needs before its body is written, whatever it asks: dialect, headers and key.
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { TextCompletions } from '../../dialects/operations.ts';
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import { mayHoldForeignToken } from '../../model/opaque-token.ts';
import type { Target } from '../../routing/targets.ts';
import type { Transformer } from '../../transformers/transformer.ts';
import { buildRequestHeaders } from '../../upstream/headers.ts';
import type { EnvelopedRequest, Incoming } from '../request/incoming.ts';
import { credentialsFor, gatewayKeyTest } from './credentials.ts';
import { countHop } from './hops.ts';
import type { Plan, PlanContext } from './plan.ts';
import { completionsOf, dialectOf } from './spoken-dialect.ts';

export type Line = Pick<Plan, 'dialect' | 'side' | 'sameDialect' | 'headers' | 'key'> & {
  /** Set where text completions are asked for. */
  completions?: TextCompletions;
};

/**
 * The dialect, headers and key of a request to this target.
 * @param enveloped the client's request, if it is sent in its envelope.
 */
export function planLine(
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
    isGatewayKey: gatewayKeyTest(context.serverKeys),
    dialect: authentication,
    listHeaders: side.listHeaders ?? [],
    configured: provider.headers,
    stream,
    userAgent: context.userAgent,
  });
  countHop(headers, incoming?.headers, target);
  return { dialect, side, sameDialect, headers, key, ...(completions !== undefined && { completions }) };
}

/** If the request has fields that only the preview version knows, that version has to be asked. */
export function versionFor(
  incoming: Incoming | null,
  { provider }: Target,
  { previewPath }: ProviderSide,
  sameDialect: boolean,
): (path: string) => string {
  const isPreview =
    sameDialect && incoming?.route.isPreview === true && provider.quirks.previewVersion === true;
  return isPreview && previewPath !== undefined ? previewPath : (path) => path;
}

/** Whether another provider has answered in this conversation and left something that this one would refuse. */
export function isOfAnother(
  { text, body }: Incoming,
  { passthrough }: ProviderSide,
  { provider, model }: Target,
): boolean {
  // Another gateway does this itself, since only it knows which provider serves.
  if (provider.isGateway === true) return false;
  return mayHoldForeignToken(text) || passthrough.refuses?.(body, model, provider.quirks) === true;
}

export function stepsFor({ provider }: Target, { transformers }: PlanContext): readonly Transformer[] {
  if (transformers.length === 0) return provider.transformers;
  return [...transformers, ...provider.transformers];
}
