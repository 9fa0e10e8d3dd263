// What the gateway adds to clients' waits: for an answer, for a stream's first text, for each of its events.
import { BARE, DIRECT, SLOWEST } from '../contenders.ts';
import { FIRST_TOKEN, LATENCY_RATES, waitOf, WHOLE } from '../measures/latency.ts';
import { LEVELS, metricsOf } from '../measures/many-streams.ts';
import { NGINX_NAME } from '../nginx.ts';
import { PASSTHROUGH } from '../sluice.ts';
import { atMost, type Finding, type Numbers, type Target } from './finding.ts';

const OVER_DIRECT = `ms over ${DIRECT}`;
/** The rate that the target is about. */
const AIMED = 50;

export function findWaits(numbers: Numbers): Finding[] {
  return [
    ...[PASSTHROUGH, SLOWEST].flatMap((name) => waitsOf(numbers, name, LATENCY_RATES, atMost(1))),
    // The same behind proxies that do nothing else.
    ...[NGINX_NAME, BARE].flatMap((name) => waitsOf(numbers, name, [AIMED])),
  ];
}

/** @param target of the slowest of a hundred, at the rate that it is about. */
function waitsOf({ added }: Numbers, name: string, rates: readonly number[], target?: Target): Finding[] {
  return [WHOLE, FIRST_TOKEN].flatMap((asked) =>
    rates.flatMap((rate) =>
      (['p50', 'p99'] as const).map((share) => ({
        name: `Added to the ${asked} at ${rate}/s, ${share}, ${name}`,
        unit: OVER_DIRECT,
        value: added(waitOf(asked, rate, share), name, DIRECT),
        ...(target !== undefined && rate === AIMED && share === 'p99' ? { target } : {}),
      })),
    ),
  );
}

export function findStreams({ added, of, ratio }: Numbers): Finding[] {
  return LEVELS.flatMap((level) => {
    const metric = metricsOf(level);
    return [PASSTHROUGH, SLOWEST].flatMap((name): Finding[] => [
      {
        name: `Added to the ${metric.p50}, ${name}`,
        unit: OVER_DIRECT,
        value: added(metric.p50, name, DIRECT),
      },
      {
        name: `Added to the ${metric.p99}, ${name}`,
        unit: OVER_DIRECT,
        value: added(metric.p99, name, DIRECT),
      },
      {
        name: `${capitalized(metric.cpu)}, ${name}`,
        unit: `× ${NGINX_NAME}`,
        value: ratio(metric.cpu, name, NGINX_NAME),
      },
      { name: `${capitalized(metric.memory)}, ${name}`, unit: 'KB', value: of(metric.memory, name) },
    ]);
  });
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
