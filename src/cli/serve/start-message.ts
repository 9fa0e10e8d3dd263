// What `sluice serve` prints once it serves. Scripts read the address from it: one line has `http://`.
import type { ProviderConfig, ResolvedConfig } from '../../config/resolved.ts';
import { formatHost, type HttpHost } from '../../server/host.ts';
import type { Proxies } from '../../server/http1/proxies.ts';
import { columns } from '../help.ts';

/** Addresses that mean every interface, and where a client on this machine reaches them. */
const REACHABLE: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };

/** Where a client on this machine reaches a server that listens on `host`. */
export function reachableUrl(host: string, port: number): string {
  return `http://${formatHost(REACHABLE[host] ?? host)}:${port}`;
}

export function describeStart(
  config: ResolvedConfig,
  http: Pick<HttpHost, 'url' | 'port'>,
  path: string | null,
  version: string,
  proxies: Proxies,
): string[] {
  const { providers, disabled } = config;
  return [
    `Sluice ${version} listens on ${http.url}`,
    ...columns([
      ['configuration', path ?? 'no file; defaults and environment'],
      ['providers', providers.map((provider) => provider.name).join(', ')],
      ...disabled.map(({ name, reason }) => ['disabled', `${name}: ${reason}`] as const),
      ['default', describeDefault(config)],
      ['try', curlLine(config, http.port, proxies)],
    ]),
  ];
}

/** The same as one line, for programs that read every line as JSON. */
export function describeStartInJson(
  config: ResolvedConfig,
  http: Pick<HttpHost, 'url'>,
  path: string | null,
  version: string,
): string[] {
  const entry = {
    time: new Date().toISOString(),
    level: 'info',
    message: `Sluice ${version} listens on ${http.url}`,
    configuration: path,
    providers: config.providers.map(({ name }) => name),
    disabled: Object.fromEntries(config.disabled.map(({ name, reason }) => [name, reason])),
    default: config.routing.defaultProvider,
  };
  return [JSON.stringify(entry)];
}

function describeDefault({ providers, routing }: ResolvedConfig): string {
  const { defaultProvider: wanted, fallbackChain } = routing;
  if (wanted === null) return 'the provider that knows the model, else the first';
  if (providers.some(({ name }) => name === wanted)) return wanted;
  return `${wanted}, which is disabled: ${fallbackChain.length === 0 ? 'its requests are refused' : 'the fallback chain serves'}`;
}

/** A request to the built-in provider, which needs no key and costs nothing. Without a scheme: curl needs none. */
function curlLine({ server, providers }: ResolvedConfig, port: number, proxies: Proxies): string {
  const url = reachableUrl(server.host, port);
  const directly = proxies.of(new URL(url)) === null ? '' : " --noproxy '*'";
  const path = `${url.replace('http://', '')}/v1/chat/completions`;
  // zsh takes the brackets of an IPv6 address for a pattern, and does not run a command whose pattern matches no file.
  const address = path.startsWith('[') ? `'${path}'` : path;
  const key = server.keys.length === 0 ? '' : ' -H "x-sluice-key: $SLUICE_KEY"';
  const name = (providers.find(isFree) ?? providers[0])?.name ?? '';
  const body = `{"model":"${name}/demo","stream":true,"messages":[{"role":"user","content":"Hello"}]}`;
  return `curl -N${directly} ${address} -H 'content-type: application/json'${key} -d '${body}'`;
}

function isFree(provider: ProviderConfig): boolean {
  return !/^https?:/.test(provider.baseUrl);
}
