// At which addresses a kind's prices hold.
import type { ProviderKind } from './kind.ts';
import { PROVIDER_KINDS } from './kinds.ts';

/**
 * Whether requests are billed at the vendor's prices where `base_url` leads elsewhere than to its own servers. A proxy or a gateway on the
 * way changes nothing about who answers, which the entry's kind says. Another vendor that is known bills prices of its own, and so
 * does a server of the same one in another country.
 */
export function billedBehind({ baseUrl, pricedAt }: ProviderKind, address: string): boolean {
  if (isKnownVendors(address)) return false;
  return pricedAt === undefined || baseUrl.includes('{') || pricedAt.test(originOf(baseUrl) ?? '');
}

function isKnownVendors(address: string): boolean {
  const origin = originOf(address);
  const name = vendorIn(address);
  return PROVIDER_KINDS.some(
    ({ baseUrl, pricedAt }) =>
      (name !== undefined && name === vendorIn(baseUrl)) || (origin !== undefined && pricedAt?.test(origin)),
  );
}

/** `moonshot` of `https://api.moonshot.ai` and `https://api.moonshot.cn`. Undefined for a machine without a public name. */
function vendorIn(address: string): string | undefined {
  // The region or the like in a kind's address.
  const named = address.replaceAll(/\{\w+\}/g, 'x');
  const host = URL.canParse(named) ? new URL(named).hostname : '';
  return /([^.]+)\.[a-z]+$/.exec(host)?.[1];
}

function originOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).origin : undefined;
}
