// Tokens for providers that take no key, from what the machine is logged in with.
import type { AuthorizationScheme } from '../config/resolved.ts';
import type { GatewayHost } from '../gateway/host.ts';

/** https://developers.google.com/identity/protocols/oauth2/scopes */
const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

type Source = () => Promise<Record<string, string>>;

const SOURCES: Record<AuthorizationScheme, () => Promise<Source>> = {
  'google-default-credentials': createGoogleSource,
};

/** Each source is made when it is first asked, and keeps its tokens until they run out. */
export function createAuthorizer(): NonNullable<GatewayHost['authorize']> {
  const made = new Map<AuthorizationScheme, Promise<Source>>();
  return async (scheme) => {
    const source = made.get(scheme) ?? SOURCES[scheme]();
    made.set(scheme, source);
    return (await source)();
  };
}

async function createGoogleSource(): Promise<Source> {
  // Costs 100 ms and megabytes, which only those pay who ask for it.
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: GOOGLE_SCOPE });
  return async () => Object.fromEntries(await auth.getRequestHeaders());
}
