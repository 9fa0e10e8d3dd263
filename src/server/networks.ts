// Whether this machine is in any network, and has a route to an address.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { codeOf } from '../model/thrown.ts';

/** Addresses that a machine gives itself, even if nobody answers. https://www.rfc-editor.org/rfc/rfc3927, 4291 */
const LINK_LOCAL = /^(169\.254\.|fe[89ab][0-9a-f]:)/i;

type Interfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]>;

/**
 * Whether the machine is in no network, as far as its own addresses tell: those of a network of virtual machines, or of an idle VPN, look
 * like any others. False if they are not told, as in a sandbox that may not ask the kernel, and on Android.
 */
export function isOffline(interfaces: Interfaces | undefined = readInterfaces()): boolean {
  if (interfaces === undefined) return false;
  return Object.values(interfaces).every((addresses = []) =>
    addresses.every(({ address, internal }) => internal || LINK_LOCAL.test(address)),
  );
}

/** The codes with which the system says that it could not even send. */
export const NO_WAY: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
]);

/**
 * Whether one of this machine's routes leads to the address, by its own table; nothing is sent. None does while its VPN or its Wi-Fi is
 * off, even if an interface of Docker remains; Bun then says that connections were refused. True if that is not known.
 */
export async function hasRoute(address: string): Promise<boolean> {
  try {
    const hostname = address.includes(':') ? '::' : '0.0.0.0';
    const socket = await Bun.udpSocket({ hostname, connect: { hostname: address, port: DISCARD } });
    socket.close();
    return true;
  } catch (thrown) {
    return !NO_WAY.has(codeOf(thrown) ?? '');
  }
}

const DISCARD = 9;

function readInterfaces(): Interfaces | undefined {
  try {
    return networkInterfaces();
  } catch {
    return undefined;
  }
}
