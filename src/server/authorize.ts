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

/** Each source is created on first use, and keeps its tokens until they expire. */
export function createAuthorizer(): NonNullable<GatewayHost['authorize']> {
  const made = new Map<AuthorizationScheme, Promise<Source>>();
  return async (scheme, request) => {
    let source = made.get(scheme);
    if (source === undefined) {
      source = SOURCES[scheme]();
      made.set(scheme, source);
      // The next request tries anew.
      source.catch(() => made.delete(scheme));
    }
    return (await source)(request);
  };
}
