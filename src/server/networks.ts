// Whether this machine is in any network.
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Addresses that a machine gives itself, also where nobody answers. https://www.rfc-editor.org/rfc/rfc3927, 4291 */
const LINK_LOCAL = /^(169\.254\.|fe[89ab][0-9a-f]:)/i;

/**
 * Whether it is in none, as far as its own addresses tell: those of a network of virtual machines, or of a VPN that waits, look like
 * any other.
 */
export function isOffline(
  interfaces: NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]> = networkInterfaces(),
): boolean {
  return Object.values(interfaces).every((addresses = []) =>
    addresses.every(({ address, internal }) => internal || LINK_LOCAL.test(address)),
  );
}
