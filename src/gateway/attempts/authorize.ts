// The headers that only the host can provide, where a provider requires a fetched token or a signature.
import type { ProviderConfig } from '../../config/resolved.ts';
import { GatewayError } from '../../model/errors.ts';
import type { CancelSignal } from '../../upstream/cancellation.ts';
import { credentialsFailure, refusedCredentials } from '../../upstream/network-failure.ts';
import { HeaderList } from '../../model/header-list.ts';
import type { HeaderReader } from '../../model/headers.ts';
import { parseDate } from '../../upstream/retry-after.ts';
import type { GatewayHost, UnauthorizedRequest } from '../host.ts';

/**
 * Returns `headers` with those that authorize the request, if its provider needs any. Throws `upstream_unauthorized` with the reason why no
 * credentials could be fetched, the host's own GatewayError, or the signal's reason.
 */
export async function authorize(
  host: Pick<GatewayHost, 'authorize'>,
  { name, authorization }: ProviderConfig,
  headers: HeaderReader,
  request: UnauthorizedRequest,
  signal: CancelSignal,
): Promise<HeaderReader> {
  if (authorization === undefined) return headers;
  const all = HeaderList.of(headers);
  try {
    if (host.authorize === undefined) throw new Error('this host cannot fetch tokens; set api_key');
    for (const [field, value] of Object.entries(
      await unlessAborted(host.authorize(authorization, request), signal),
    ))
      all.set(field.toLowerCase(), value);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    // If the library for the credentials cannot be loaded, the credentials themselves are not to blame.
    if (thrown instanceof GatewayError) throw thrown;
    const unfetched = credentialsFailure(name, thrown);
    if (unfetched !== undefined) throw unfetched;
    const reason = refusedCredentials(thrown);
    throw new GatewayError('upstream_unauthorized', `${name}: no credentials: ${reason}`, { cause: thrown });
  }
  return all;
}

export function unauthorizedRequest(
  { options = {}, oauth }: ProviderConfig,
  { method, url, body }: Pick<UnauthorizedRequest, 'method' | 'url' | 'body'>,
): UnauthorizedRequest {
  return { method, url, body, options, ...(oauth === undefined ? {} : { oauth }) };
}

/** Whether the host would now authorize the request differently from how it was refused. @param answer the refusal's headers. */
export function isRenewed(
  host: Pick<GatewayHost, 'authorizationRefused'>,
  { authorization }: ProviderConfig,
  request: UnauthorizedRequest,
  answer: HeaderReader,
): boolean {
  if (authorization === undefined || host.authorizationRefused === undefined) return false;
  return host.authorizationRefused(authorization, request, parseDate(answer.get('date')));
}

/** Fetching credentials cannot be cancelled: it goes on, and its result serves the next request. */
function unlessAborted<T>(fetched: Promise<T>, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    fetched.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
  });
}
