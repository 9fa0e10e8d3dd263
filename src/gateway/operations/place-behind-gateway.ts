// Maps addresses of a provider's own server, to which the provider leads a client, to paths of the gateway.
import { findForward } from '../../dialects/find-route.ts';
import { onlyParameter, withQuery } from '../attempts/pass-query.ts';
import type { Forwarding } from './forwarding.ts';

/**
 * The gateway's own path for an address of the provider's server; undefined where nothing is forwarded to that. Google's answers lead from
 * files to their bytes, which clients then ask for here, with the gateway's key. Vercel's AI SDK has its key in the query alone.
 * https://ai.google.dev/gemini-api/docs/video ("follow redirects"),
 * https://github.com/vercel/ai/blob/main/packages/google/src/google-generative-ai-video-model.ts
 * @param url to which the request itself was sent.
 */
export function placeBehindGateway(
  { pathname, search }: URL,
  url: string,
  { address, headers, found, request }: Pick<Forwarding, 'address' | 'headers' | 'found' | 'request'>,
): string | undefined {
  const [there, here] = differentBeginnings(URL.parse(url)?.pathname ?? '', address.pathname);
  if (!pathname.startsWith(`${there}/`)) return undefined;
  const path = here + pathname.slice(there.length);
  if (findForward(path, headers, request.method)?.dialect !== found.dialect) return undefined;
  // The provider got the key in a header, so its link lacks it, and without it the client would be refused here.
  const key = onlyParameter(address.search, found.dialect.client.keyInQuery?.parameter);
  return withQuery(path + search, key);
}

/** What precedes the segments with which both end. */
function differentBeginnings(one: string, other: string): [string, string] {
  const [segments, others] = [one.split('/'), other.split('/')];
  while (segments.length > 1 && segments.at(-1) === others.at(-1)) {
    segments.pop();
    others.pop();
  }
  return [segments.join('/'), others.join('/')];
}
