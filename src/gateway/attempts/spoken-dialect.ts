// Which dialect is spoken with a target: some providers speak several, or all.
import { DIALECT_IDS, type DialectId, type ProviderDialectId } from '../../model/dialect-id.ts';
import type { Target } from '../../routing/targets.ts';

/** @param client the dialect of the request's body; undefined: asked in neutral form. */
export function dialectOf({ provider, model }: Target, client: DialectId | undefined): ProviderDialectId {
  const { dialect, alsoSpeaks, translatesTo } = provider;
  if (dialect === 'any') return client ?? DIALECT_IDS[0];
  if (client !== undefined && alsoSpeaks?.includes(client) === true) return client;
  return client !== dialect && translatesTo?.models.test(model) === true ? translatesTo.dialect : dialect;
}
