// The environment's proxies are for other machines, so none is used to reach a gateway on this one.
import { isLoopback } from '../model/loopback.ts';
import type { CliContext } from './command.ts';

const PROXY_VARIABLE = /^(https?|all)_proxy$/i;
const OWN_MACHINE = 'localhost,127.0.0.1,::1';

/** Options for fetch that make it reach this machine's addresses directly, whatever the environment says. */
export function directWithin(url: string): { proxy?: false } {
  const host = URL.parse(url)?.hostname;
  return host !== undefined && isLoopback(host) ? { proxy: false } : {};
}

/** For a program that uses this machine's gateway, the variables to add if its environment names a proxy. */
export function exemptFromProxies(
  url: string,
  environment: CliContext['environment'],
): Record<string, string> {
  const hasProxy = Object.entries(environment).some(([name, value]) => PROXY_VARIABLE.test(name) && value);
  if (!hasProxy || directWithin(url).proxy !== false) return {};
  // Programs differ in which of the two they read, and which one they prefer.
  const known = [environment.no_proxy, environment.NO_PROXY].filter((list) => list);
  const list = [...new Set([...known, OWN_MACHINE])].join(',');
  return { no_proxy: list, NO_PROXY: list };
}
