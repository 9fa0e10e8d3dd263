// Which dialect is spoken with a target: some providers speak several, others all.
import type { ProviderSide } from '../../dialects/dialect.ts';
import type { TextCompletions } from '../../dialects/operations.ts';
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../model/dialect-id.ts';
import { partnerOf, type Target } from '../../routing/targets.ts';

/** @param client the dialect of the request's body; undefined: asked in neutral form. */
export function dialectOf(target: Target, client: DialectId | undefined): ProviderDialectId {
  const { provider, model } = target;
  const { dialect, alsoSpeaks, translatesTo } = provider;
  const partner = partnerOf(target);
  if (partner !== undefined) return partner.dialect;
  if (dialect === 'any') return client ?? DIALECT_IDS[0];
  if (client !== undefined && alsoSpeaks?.includes(client) === true) return client;
  return client !== dialect && translatesTo?.models.test(model) === true ? translatesTo.dialect : dialect;
}

/** Whether the target takes the requests of clients that speak this wire as they are. */
export function takesWire({ provider, model }: Target, wire: ProviderDialectId): boolean {
  const { dialect, alsoTakes } = provider;
  return dialect === wire || (alsoTakes?.wire === wire && alsoTakes.models.test(model));
}

/** The base URL of requests in this dialect. */
export function baseUrlOf(
  { baseUrl, basePaths }: Pick<Target['provider'], 'baseUrl' | 'basePaths'>,
  dialect: ProviderDialectId,
): string {
  return basePaths === undefined ? baseUrl : baseUrl + (basePaths[dialect] ?? '');
}

/** The path template of requests to the target, which takes the place of the dialect's own path. */
export function endpointOf(target: Target): string | undefined {
  return (partnerOf(target) ?? target.provider).endpoint;
}

/** How the target is asked for text completions; undefined if it serves none. */
export function completionsOf(target: Target, client: DialectId): TextCompletions | undefined {
  return sideOf(target, client).textCompletions?.(target.provider);
}

/** The provider side of the dialect spoken with the target; if the target speaks several, the client's is chosen. */
export function sideOf(target: Target, client?: DialectId): ProviderSide {
  return PROVIDER_SIDES[dialectOf(target, client)];
}
