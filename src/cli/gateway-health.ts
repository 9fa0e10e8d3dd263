// What `/gateway/health` says of a running gateway, and in words what is wrong with it.
import { type GatewayAddress, readGateway } from './gateway-client.ts';

export interface Health {
  status: string;
  version: string;
  uptime_seconds: number;
  active_streams: number;
  /** By name; one that is disabled is not among them. */
  providers: Record<string, boolean>;
  routing: { default_provider: string | null };
  audit: { enabled: boolean };
  /** Present where several processes serve. */
  workers?: { wanted: number; running: number; silent: number };
  ledger: Part | null;
  budgets?: Part;
  log?: Part;
  descriptors?: Part;
  /** Present where several gateways count rate limits together. */
  redis?: Part;
  tls?: Part;
}

/** A part of the gateway that tells whether it works. */
interface Part {
  ok: boolean;
  last_error: string | null;
}

interface ProviderHealth {
  name: string;
  healthy: boolean;
  last_error?: string;
}

export const readHealth = (gateway: GatewayAddress): Promise<Health> =>
  readGateway<Health>(gateway, '/gateway/health');

/** How many of the gateway's processes do not answer at the moment. */
export function missingWorkers({ workers }: Health): number {
  return workers === undefined ? 0 : workers.wanted - workers.running + workers.silent;
}

/** Each with what was said of it. */
export async function whatIsDown(gateway: GatewayAddress, health: Health): Promise<string[]> {
  const { providers } = await readGateway<{ providers: ProviderHealth[] }>(gateway, '/gateway/providers');
  const down = providers.filter(({ healthy }) => !healthy);
  const reasons = down.map(({ name, last_error: error }) =>
    error === undefined ? name : `${name} (${error})`,
  );
  const { default_provider: byDefault } = health.routing;
  if (byDefault !== null && !Object.hasOwn(health.providers, byDefault))
    reasons.push(`${byDefault} is disabled, and routing.default_provider`);
  const missing = missingWorkers(health);
  if (missing > 0) reasons.push(`${missing} of ${health.workers?.wanted} processes do not answer`);
  for (const name of ['ledger', 'budgets', 'redis', 'log', 'descriptors', 'tls'] as const) {
    const part = health[name];
    if (part?.ok === false) reasons.push(`the ${name} (${part.last_error})`);
  }
  return reasons;
}
