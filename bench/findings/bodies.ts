// The cost of long bodies, compared with a direct connection and with nginx.
import { DIRECT, FRAGMENTS, SLOWEST } from '../contenders.ts';
import { BODIES, bodyMetrics } from '../measures/big-bodies.ts';
import { NGINX_NAME } from '../nginx.ts';
import { PASSTHROUGH } from '../sluice.ts';
import type { Finding, Numbers } from './finding.ts';

export function findBodies({ of, ratio }: Numbers): Finding[] {
  return BODIES.flatMap((body) => {
    const metric = bodyMetrics(body);
    const translation = body.kind === 'argument' ? FRAGMENTS : SLOWEST;
    return [PASSTHROUGH, translation].flatMap((name): Finding[] => [
      { name: `${metric.speed}, ${name}`, unit: `× ${DIRECT}`, value: ratio(metric.speed, name, DIRECT) },
      {
        name: `${metric.speed}, ${name}`,
        unit: `× ${NGINX_NAME}`,
        value: ratio(metric.speed, name, NGINX_NAME),
      },
      { name: `${metric.cpu}, ${name}`, unit: `× ${NGINX_NAME}`, value: ratio(metric.cpu, name, NGINX_NAME) },
      { name: `${metric.peak}, ${name}`, unit: 'MB', value: of(metric.peak, name) },
    ]);
  });
}
