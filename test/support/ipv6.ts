// Whether this machine has IPv6 for itself, as a container often has not.
import { networkInterfaces } from 'node:os';

export const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

if (!hasIpv6) console.warn('This machine has no ::1: the tests of it are skipped');
