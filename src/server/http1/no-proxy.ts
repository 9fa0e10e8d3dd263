// NO_PROXY, read as curl does, with `*.` as most other programs read it: which servers are asked directly.
import { net } from '../node-modules.ts';

/** @param list names and addresses separated by commas or spaces: `example.com .lab 10.0.0.0/8 [::1] host:8080`, or `*`. */
export function readExceptions(list: string): (hostname: string, port: number) => boolean {
  const rules = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(readRule);
  return (hostname, port) => {
    const host = hostname.toLowerCase().replace(/\.$/, '');
    return rules.some((rule) => rule(host, port));
  };
}

type Rule = (host: string, port: number) => boolean;

function readRule(entry: string): Rule {
  if (entry === '*') return () => true;
  const network = /^\[?([\d.]+|[\da-f:.]*:[\da-f:.]*)\]?\/(\d+)$/.exec(entry);
  if (network !== null) return inNetwork(network[1] ?? '', Number(network[2]));
  const [, name = entry, ofPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  const isOfPort = (port: number) => ofPort === undefined || port === Number(ofPort);
  const bare = name.replace(/^\[|\]$/g, '');
  if (net().isIP(bare) !== 0) {
    const isAddress = inNetwork(bare, net().isIP(bare) === 4 ? 32 : 128);
    return (host, port) => isOfPort(port) && isAddress(host, port);
  }
  // With or without a leading dot or `*.`, it covers the name itself and all names below it.
  const domain = bare.replace(/^\*?\./, '').replace(/\.$/, '');
  return (host, port) => isOfPort(port) && (host === domain || host.endsWith(`.${domain}`));
}

/** Matches addresses only: names are not looked up for it. An invalid network matches nothing. */
function inNetwork(address: string, bits: number): Rule {
  const family = net().isIP(address);
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return () => false;
  const network = new (net().BlockList)();
  network.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  return (host) => net().isIP(host) === family && network.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
