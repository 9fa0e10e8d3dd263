// What `sluice serve` prints when it begins to serve. Scripts read the address from it: one line contains `http://` or `https://`.
import type { ProviderConfig, ResolvedConfig, ServerConfig } from '../../config/resolved.ts';
import { isLoopback } from '../../model/loopback.ts';
import type { HttpHost } from '../../server/host.ts';
import { formatHost } from '../../server/listen.ts';
import type { Proxies } from '../../server/http1/proxies.ts';
import { columns } from '../help.ts';

/** Addresses that mean every interface, and the ones by which a client on this machine reaches them. */
const REACHABLE: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };

/** Where commands on this machine reach the server, whatever names its certificate is valid for. */
export function reachableUrl({ host, tls }: Pick<ServerConfig, 'host' | 'tls'>, port: number): string {
  return `${schemeOf({ tls })}://${formatHost(REACHABLE[host] ?? host)}:${port}`;
}

export function schemeOf({ tls }: Pick<ServerConfig, 'tls'>): 'http' | 'https' {
  return tls === null ? 'http' : 'https';
}

/**
 * The same for programs that compare an address with the certificate: it contains a name for which that is valid, if one of them
 * leads to this machine.
 */
export function certifiedUrl({ host, tls }: Pick<ServerConfig, 'host' | 'tls'>, port: number): string {
  const url = reachableUrl({ host, tls }, port);
  if (tls === null) return url;
  const { hostname } = new URL(url);
  const isLocal = isLoopback(hostname);
  const candidates = [
    hostname,
    ...(isLocal ? ['localhost'] : []),
    // A gateway that only this machine can reach is asked by no other name.
    ...(isLoopback(host) ? [] : tls.names.filter((name) => !name.includes('*'))),
  ];
  return `https://${candidates.find((name) => tls.names.includes(name)) ?? hostname}:${port}`;
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
      ['dashboard', 'the same address, in a browser'],
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

/** A request to the built-in provider, which needs no key and costs nothing. It has no `http://`, which curl does not need. */
function curlLine({ server, providers }: ResolvedConfig, port: number, proxies: Proxies): string {
  const url = certifiedUrl(server, port);
  const directly = proxies.of(new URL(url)) === null ? '' : " --noproxy '*'";
  const trusting = server.tls?.isPrivate === true ? ` --cacert ${quoted(server.tls.files.cert)}` : '';
  const path = `${url.replace('http://', '')}/v1/chat/completions`;
  // zsh takes the brackets of an IPv6 address for a pattern, and does not run a command whose pattern matches no file.
  const address = path.includes('[') ? `'${path}'` : path;
  const key = server.keys.length === 0 ? '' : ' -H "x-sluice-key: $SLUICE_KEY"';
  const name = (providers.find(isFree) ?? providers[0])?.name ?? '';
  const body = `{"model":"${name}/demo","stream":true,"messages":[{"role":"user","content":"Hello"}]}`;
  return `curl -N${directly}${trusting} ${address} -H 'content-type: application/json'${key} -d '${body}'`;
}

/** Quotes a path for a shell. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function isFree(provider: ProviderConfig): boolean {
  return !/^https?:/.test(provider.baseUrl);
}
