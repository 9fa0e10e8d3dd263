// Google's access tokens.
import type { Source } from './authorize.ts';

/** https://developers.google.com/identity/protocols/oauth2/scopes */
const GOOGLE_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** By application default credentials. */
export async function createGoogleSource(): Promise<Source> {
  // Costs 100 ms and megabytes, which only those pay who ask for it.
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes: GOOGLE_SCOPE });
  return async () => Object.fromEntries(await auth.getRequestHeaders());
}
