// Signature Version 4 for Amazon Bedrock, with the credentials of the environment, a profile or the machine.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { findPackages, loadPackage } from '../model/lazy-package.ts';
import type { Source } from './authorize.ts';

findPackages('@smithy/signature-v4', '@smithy/core/checksum', '@aws-sdk/credential-provider-node');

/** The service's name in signatures; its host is called bedrock-runtime. */
const SERVICE = 'bedrock';
const REGION_IN_HOST = /\.([a-z]{2,}(?:-[a-z]+)+-\d+)\./;

export async function createAwsSigner(): Promise<Source> {
  // Loaded on first use, since it costs 100 ms and megabytes.
  const [{ SignatureV4 }, { Sha256 }, { defaultProvider }] = await loadPackage(
    'the library that signs requests to AWS',
    () =>
      Promise.all([
        import('@smithy/signature-v4'),
        import('@smithy/core/checksum'),
        import('@aws-sdk/credential-provider-node'),
      ]),
  );
  const profiles = new Map<string | undefined, ReturnType<typeof defaultProvider>>();

  /** One provider is kept per profile; it caches the credentials, and renews them when they expire. */
  function credentialsOf(profile: string | undefined): ReturnType<typeof defaultProvider> {
    const known = profiles.get(profile);
    if (known !== undefined) return known;
    // Otherwise the library would remember each file as it was first, even if it did not exist.
    const made = defaultProvider({ ignoreCache: true, ...(profile !== undefined && { profile }) });
    profiles.set(profile, made);
    return made;
  }

  return async ({ method, url, body, options }, now) => {
    const { protocol, hostname, host, pathname, searchParams } = new URL(url);
    const region = options.region ?? REGION_IN_HOST.exec(hostname)?.[1];
    if (region === undefined) throw new Error('options.region is not set');
    const credentials = credentialsOf(options.profile);
    const signer = new SignatureV4({ service: SERVICE, region, credentials, sha256: Sha256 });
    const signed = await signer.sign(
      {
        method,
        protocol,
        hostname,
        path: pathname,
        query: valuesOf(searchParams),
        headers: { host },
        body,
      },
      { signingDate: new Date(now) },
    );
    const { host: _, ...headers } = signed.headers;
    return headers;
  };
}

/** All values of each parameter, since a repeated one is signed as often. */
function valuesOf(parameters: URLSearchParams): Record<string, string[]> {
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name)]));
}
