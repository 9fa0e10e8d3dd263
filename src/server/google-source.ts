// Google's access tokens.
import { findPackages, loadPackage } from '../model/lazy-package.ts';
import type { TokenSource } from './authorize.ts';

findPackages('google-auth-library');

/** https://developers.google.com/identity/protocols/oauth2/scopes */
const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** With application default credentials. */
export async function createGoogleSource(): Promise<TokenSource> {
  const { GoogleAuth } = await loadLibrary();
  const auth = new GoogleAuth({ scopes: GOOGLE_SCOPE });
  return async () => Object.fromEntries(await auth.getRequestHeaders());
}

/**
 * With a user's own OAuth client and consent, those of the first request; each user has a source.
 * @param tokenUrl where tokens are fetched; if left out, at Google's own address.
 */
export async function createGoogleUserSource(tokenUrl?: string): Promise<TokenSource> {
  const { UserRefreshClient } = await loadLibrary();
  const endpoints = tokenUrl === undefined ? {} : { oauth2TokenUrl: tokenUrl };
  let client: InstanceType<typeof UserRefreshClient> | undefined;
  return async ({ oauth }) => {
    if (oauth === undefined) throw new Error('oauth is not set');
    client ??= new UserRefreshClient({ ...oauth, endpoints });
    return Object.fromEntries(await client.getRequestHeaders());
  };
}

/** Loaded on first use, since it costs 100 ms and megabytes. */
function loadLibrary(): Promise<typeof import('google-auth-library')> {
  return loadPackage("the library for Google's credentials", () => import('google-auth-library'));
}
