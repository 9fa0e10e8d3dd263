// What `/gateway/health` says of a running gateway, as far as commands read it.
import type { Health as HealthPage } from '../management/shapes.ts';
import { type GatewayAddress, readGateway } from './gateway-client.ts';

/** `reasons` are left out by releases before this one. */
export type Health = Omit<HealthPage, 'reasons'> & Partial<Pick<HealthPage, 'reasons'>>;

export const readHealth = (gateway: GatewayAddress): Promise<Health> =>
  readGateway<Health>(gateway, '/gateway/health');

/** The names of the providers that fail: the gateway itself may be healthy all the same. */
export function failingProviders({ providers }: Health): string[] {
  return Object.keys(providers).filter((name) => providers[name] === false);
}

/** How many of the gateway's processes do not answer at the moment. */
export function missingWorkers({ workers }: Health): number {
  return workers === undefined ? 0 : workers.wanted - workers.running + workers.silent;
}

/** Null where it is healthy, or says no reason. */
export function whyDegraded({ reasons = [] }: Health): string | null {
  return reasons.length === 0 ? null : reasons.join('; ');
}
