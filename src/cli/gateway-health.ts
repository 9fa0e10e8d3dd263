// The parts of `/gateway/health` that commands read.
import type { Health as HealthPage } from '../management/shapes.ts';
import { type GatewayAddress, readGateway } from './gateway-client.ts';

/** Earlier releases leave out `reasons`. */
export type Health = Omit<HealthPage, 'reasons'> & Partial<Pick<HealthPage, 'reasons'>>;

export const readHealth = (gateway: GatewayAddress): Promise<Health> =>
  readGateway<Health>(gateway, '/gateway/health');

/** The names of the providers that fail; the gateway itself may still be healthy. */
export function failingProviders({ providers }: Health): string[] {
  return Object.keys(providers).filter((name) => providers[name] === false);
}

/** How many of the gateway's processes do not answer at the moment. */
export function missingWorkers({ workers }: Health): number {
  return workers === undefined ? 0 : workers.wanted - workers.running + workers.silent;
}

/** Null where it is healthy or gives no reason. */
export function whyDegraded({ reasons = [] }: Health): string | null {
  return reasons.length === 0 ? null : reasons.join('; ');
}
