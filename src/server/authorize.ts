// Authorizes requests to providers that take no key, with the credentials of this machine.
import type { AuthorizationScheme } from '../config/resolved.ts';
import type { GatewayHost, UnauthorizedRequest } from '../gateway/host.ts';
import { createAwsSigner } from './aws-signer.ts';
import { createGoogleSource, createGoogleUserSource } from './google-source.ts';

/** Makes the headers for one request. */
export type Source = (request: UnauthorizedRequest) => Promise<Record<string, string>>;

const SOURCES: Record<AuthorizationScheme, () => Promise<Source>> = {
  'google-default-credentials': createGoogleSource,
  'google-user': () => createGoogleUserSource(),
  'aws-signature': createAwsSigner,
};

/** Longer than a token takes by any of their ways, programs that are run for it included. */
const LATE_MS = 60_000;

/** Each source is created on first use, and keeps its tokens until they expire. */
export function createAuthorizer(
  { setTimer }: Pick<GatewayHost, 'setTimer'>,
  sources = SOURCES,
): NonNullable<GatewayHost['authorize']> {
  const made = new Map<AuthorizationScheme, Promise<Source>>();
  return async (scheme, request) => {
    let source = made.get(scheme);
    if (source === undefined) {
      source = sources[scheme]();
      made.set(scheme, source);
      // The next request tries anew.
      source.catch(() => made.delete(scheme));
    }
    const headers = (await source)(request);
    return inTime(headers, setTimer, () => made.delete(scheme));
  };
}

/** The libraries wait for minutes, or without end, where the network is gone. @param late called where nothing came in time. */
function inTime<T>(fetched: Promise<T>, setTimer: GatewayHost['setTimer'], late: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = setTimer(() => {
      late();
      reject(new CredentialsLate(`no credentials came within ${LATE_MS} ms`));
    }, LATE_MS);
    fetched.finally(stop).then(resolve, reject);
  });
}

class CredentialsLate extends Error {
  override readonly name = 'CredentialsLate';
  readonly code = 'ETIMEDOUT';
}
