// At which addresses a kind's prices hold.
import type { ProviderKind } from './kind.ts';
import { PROVIDER_KINDS } from './kinds.ts';

/**
 * Whether the vendor's prices apply although `base_url` leads elsewhere than to its own servers. A proxy or a gateway on the
 * way does not change who answers, which the kind says. Another known vendor bills its own prices, and so
 * does a server of the same vendor in another country.
 */
export function billedBehind({ baseUrl, pricedAt }: ProviderKind, address: string): boolean {
  if (isKnownVendors(address)) return false;
  return pricedAt === undefined || baseUrl.includes('{') || pricedAt.test(originOf(baseUrl) ?? '');
}

/**
 * Services without a kind of their own that sell others' models, or their own, under the makers' names but bill them differently:
 * by points, credits, a subscription or other prices. https://creator.poe.com/docs/external-applications/anthropic-compatible-api,
 * https://docs.github.com/copilot/reference/copilot-billing/models-and-pricing, https://opencode.ai/docs/zen,
 * https://platform.minimax.io/docs/guides/text-ai-coding-tools, https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api,
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html, https://novita.ai/docs/guides/llm-api,
 * https://deepinfra.com/pricing, https://huggingface.co/docs/inference-providers/pricing, https://docs.requesty.ai,
 * https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis
 */
const RESELLERS = [
  /^bedrock-mantle\..*\.api\.aws$/,
  /(^|\.)(aihubmix|bytepluses|chatgpt|databricks|deepinfra|githubcopilot|kimi|minimaxi|poe|snowflakecomputing|volces)\.com$/,
  /(^|\.)(azuredatabricks\.net|huggingface\.co|minimax\.io|(novita|opencode|requesty)\.ai|siliconflow\.(cn|com))$/,
];

/**
 * Addresses under a cloud's domain that its customers run: load balancers, gateways, machines and private endpoints, which may be proxies.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html,
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html,
 * https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html,
 * https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses,
 * https://docs.cloud.google.com/vpc/docs/about-accessing-google-apis-endpoints
 */
const CUSTOMERS =
  /\.((elb|execute-api|compute|vpce)(\.[a-z0-9-]+)?\.amazonaws|compute-1\.amazonaws|cloudapp\.azure|p\.googleapis)\.com$/;

function isKnownVendors(address: string): boolean {
  const origin = originOf(address);
  const host = hostOf(address);
  if (CUSTOMERS.test(host)) return false;
  if (RESELLERS.some((hosts) => hosts.test(host))) return true;
  const name = vendorIn(host);
  return PROVIDER_KINDS.some(
    ({ baseUrl, pricedAt }) =>
      (name !== undefined && name === vendorIn(hostOf(baseUrl))) ||
      (origin !== undefined && pricedAt?.test(origin)),
  );
}

/**
 * Endings of names inside a private network, as in `anthropic.internal`. https://www.rfc-editor.org/rfc/rfc6762#appendix-G,
 * https://www.rfc-editor.org/rfc/rfc6761, https://developer.hashicorp.com/consul/docs/services/discovery/dns-static-lookups
 */
const PRIVATE = /\.(arpa|consul|corp|home|internal|intranet|lan|local|localhost|private|svc|test)$/;

/** `moonshot` for `api.moonshot.ai` and `.cn`; also `amazonaws` under `.com.cn`. Undefined for a machine without a public name. */
function vendorIn(host: string): string | undefined {
  if (PRIVATE.test(host)) return undefined;
  return /([^.]+)\.(?:com?\.)?[a-z]+$/.exec(host)?.[1];
}

function hostOf(address: string): string {
  // Stands for the region or another option in a kind's address.
  const named = address.replaceAll(/\{\w+\}/g, 'x');
  return URL.canParse(named) ? new URL(named).hostname : '';
}

function originOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).origin : undefined;
}
