// What `/gateway/health` says of a running gateway, as far as commands read it.
import { type GatewayAddress, readGateway } from './gateway-client.ts';

export interface Health {
  status: string;
  /** Why it is degraded. Left out by releases before this one. */
  reasons?: string[];
  version: string;
  uptime_seconds: number;
  active_streams: number;
  /** By name, whether it is healthy. */
  providers: Record<string, boolean>;
  audit: { enabled: boolean };
  /** Present where several processes serve. */
  workers?: { wanted: number; running: number; silent: number };
  /** Present where several gateways count rate limits together. */
  redis?: { ok: boolean };
}

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
