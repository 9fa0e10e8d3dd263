// Decides whose key goes to a provider, and in which header.
import type { ProviderConfig } from '../../config/resolved.ts';
import type { ProviderSide } from '../../dialects/dialect.ts';
import { PROVIDER_SIDES } from '../../dialects/registry.ts';
import type { HeaderReader } from '../../model/headers.ts';
import type { Target } from '../../routing/targets.ts';
import {
  bearerOf,
  CREDENTIAL_HEADER,
  presentedProviderKeys,
  type RequestHeaderOptions,
} from '../../upstream/headers.ts';
import { keyHeaders } from '../../upstream/target-url.ts';
import { matchesAny } from '../request/admission.ts';
import type { Incoming } from '../request/incoming.ts';
import type { Plan, PlanContext } from './plan.ts';
import { dialectOf } from './spoken-dialect.ts';

/** What the choice of a client's key depends on. */
export type Asking = Pick<Incoming, 'asks' | 'dialect' | 'headers'>;

/** @param side of the dialect spoken with the target. @param asking null: asked through the library. */
export function credentialsFor(
  asking: Asking | null,
  target: Target,
  side: ProviderSide,
  context: Pick<PlanContext, 'serverKeys' | 'first' | 'apiKey'>,
): Credentials {
  const { provider } = target;
  const { apiKey, serverKeys } = context;
  const clientsKey = clientKeyFor(asking, target, context);
  if (clientsKey === null) {
    // A gateway that requires no key is used by its operator alone, who pays in any case.
    const chargesUs = serverKeys.length > 0;
    const authentication = keyHeaders(provider.keyHeader, side, apiKey, provider.quirks);
    return { key: apiKey === null ? 'none' : 'own', authentication, chargesUs };
  }
  const authentication = {
    ...clientsAuthentication(clientsKey, asking?.headers, provider, side),
    ...(provider.isGateway === true && admission(provider, apiKey)),
  };
  return { key: 'client', authentication, chargesUs: false };
}

/** Leaves out the header that admits this gateway to another one, which is sent as well. */
function clientsAuthentication(
  key: string,
  headers: HeaderReader | undefined,
  { isGateway, keyHeader, quirks }: ProviderConfig,
  side: ProviderSide,
): Record<string, string> {
  const ofSide = keyHeaders(isGateway === true ? undefined : keyHeader, side, key, quirks);
  return asClientSent(ofSide, headers, key);
}

/** Another gateway gets the client's key to pass it on to the provider behind it; what admits this gateway there is its own key. */
function admission({ keyHeader, apiKey }: ProviderConfig, chosen: string | null): Record<string, string> {
  const key = chosen ?? apiKey;
  return keyHeader === undefined || key === null ? {} : { [keyHeader]: key };
}

interface Credentials extends Required<Pick<RequestHeaderOptions, 'chargesUs'>> {
  key: Plan['key'];
  authentication: Record<string, string>;
}

/** The client's own key, if it goes to the target in place of the gateway's, otherwise null. */
export function clientKeyFor(
  asking: Asking | null,
  target: Target,
  { serverKeys, first }: Pick<PlanContext, 'serverKeys' | 'first'>,
): string | null {
  if (asking === null || !target.provider.forwardClientKey) return null;
  if (first !== undefined && !isSameServer(target.provider, first.provider)) return null;
  const dialect = dialectOf(target, asking.asks);
  if (dialect !== asking.asks && dialect !== asking.dialect) return null;
  const key = ownKeyOfClient(asking.headers, serverKeys);
  if (key === null || !hasCredential(target.provider)) return key;
  const isReplacedAs = (headers?: HeaderReader) =>
    isReplaced(
      key,
      clientsAuthentication(key, headers, target.provider, PROVIDER_SIDES[dialect]),
      target.provider,
    );
  // A key that came as a Bearer goes out as one, although the dialect has keys in another header. If that header is configured, the
  // provider may look at nothing else, so the key is as good as replaced.
  return isReplacedAs() || isReplacedAs(asking.headers) ? null : key;
}

/** Whether the configured headers, which override all others, contain a credential. */
function hasCredential({ headers }: ProviderConfig): boolean {
  for (const name in headers) if (CREDENTIAL_HEADER.test(name)) return true;
  return false;
}

/** Whether the configuration overrides every header that would hold the client's key, so that the provider never sees it. */
function isReplaced(key: string, sent: Record<string, string>, { headers }: ProviderConfig): boolean {
  return Object.entries(sent).every(
    ([name, value]) => !value.includes(key) || Object.hasOwn(headers, name.toLowerCase()),
  );
}

/** A key meant for one vendor must not be sent to another. */
function isSameServer(one: ProviderConfig, other: ProviderConfig): boolean {
  return one.name === other.name || originOf(one.baseUrl) === originOf(other.baseUrl);
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}

/** For headers in which a client repeats its key for a gateway of another kind, by itself or behind a scheme: `helicone-auth: Bearer …`. */
export function gatewayKeyTest(serverKeys: readonly string[]): (value: string) => boolean {
  return (value) => serverKeys.some((key) => endsInKey(value, key));
}

/** Other values are told apart by their length and a space, so that few are compared. */
function endsInKey(value: string, key: string): boolean {
  const start = value.length - key.length;
  return (start === 0 || value[start - 1] === ' ') && matchesAny(value.slice(start), [key]);
}

/** The client's own key for the provider: one that it presents and that is not a key of this gateway. */
function ownKeyOfClient(headers: HeaderReader, serverKeys: readonly string[]): string | null {
  for (const key of presentedProviderKeys(headers)) if (!matchesAny(key, serverKeys)) return key;
  return null;
}

/** A key that came as a Bearer is passed on as a Bearer, even where the dialect would put it into another header. */
function asClientSent(
  authentication: Record<string, string>,
  headers: HeaderReader | undefined,
  key: string,
): Record<string, string> {
  if (headers === undefined || bearerOf(headers) !== key || 'authorization' in authentication)
    return authentication;
  const others = Object.entries(authentication).filter(([, value]) => value !== key);
  return { ...Object.fromEntries(others), authorization: `Bearer ${key}` };
}
