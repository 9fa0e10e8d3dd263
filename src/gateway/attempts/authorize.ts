// The headers that only the host can provide, where a provider requires a fetched token or a signature.
import type { ProviderConfig } from '../../config/resolved.ts';
import { GatewayError } from '../../model/errors.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { GatewayHost, UnauthorizedRequest } from '../host.ts';

/** `headers` and those that authorize the request, where its provider wants any. Throws `upstream_unauthorized`, or the host's GatewayError. */
export async function authorize(
  host: Pick<GatewayHost, 'authorize'>,
  { name, authorization, options = {}, oauth }: ProviderConfig,
  headers: HeaderReader,
  { method, url, body }: Pick<UnauthorizedRequest, 'method' | 'url' | 'body'>,
): Promise<HeaderReader> {
  if (authorization === undefined) return headers;
  const all = HeaderList.of(headers);
  const request = { method, url, body, options, ...(oauth === undefined ? {} : { oauth }) };
  try {
    if (host.authorize === undefined) throw new Error('this host cannot fetch tokens; set api_key');
    for (const [field, value] of Object.entries(await host.authorize(authorization, request)))
      all.set(field.toLowerCase(), value);
  } catch (thrown) {
    // Where the library for the credentials cannot be loaded, that says nothing about them.
    if (thrown instanceof GatewayError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new GatewayError('upstream_unauthorized', `${name}: no credentials: ${reason}`, { cause: thrown });
  }
  return all;
}
