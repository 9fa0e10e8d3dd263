// Whether this machine is in any network.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Addresses that a machine gives itself, also where nobody answers. https://www.rfc-editor.org/rfc/rfc3927, 4291 */
const LINK_LOCAL = /^(169\.254\.|fe[89ab][0-9a-f]:)/i;

type Interfaces = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]>;

/**
 * Whether it is in none, as far as its own addresses tell: those of a network of virtual machines, or of a VPN that waits, look like
 * any other. False where they are not told, as in a sandbox that may not ask the kernel for them, and on Android.
 */
export function isOffline(interfaces: Interfaces | undefined = readInterfaces()): boolean {
  if (interfaces === undefined) return false;
  return Object.values(interfaces).every((addresses = []) =>
    addresses.every(({ address, internal }) => internal || LINK_LOCAL.test(address)),
  );
}

function readInterfaces(): Interfaces | undefined {
  try {
    return networkInterfaces();
  } catch {
    return undefined;
  }
}
