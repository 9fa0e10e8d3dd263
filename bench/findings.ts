// What the numbers are compared with: the ratios that matter, and the targets of some of them.
import { BARE, type Contender, DIRECT, NGINX_NAME, NO_LEDGER, PASSTHROUGH } from './contenders.ts';
import { type MeasureResult, spreadOfDifference, spreadOfMetric, spreadOfRatio } from './run.ts';
import type { Spread } from './statistics.ts';

export interface Target {
  bound: number;
  /** Whether the value should stay below the bound or reach it. */
  side: 'at most' | 'at least';
  /** What stands in the way, said only where the target is not reached. */
  obstacle: string;
}

export interface Finding {
  name: string;
  unit: string;
  /** Undefined: not measured on this machine. */
  value: Spread | undefined;
  target?: Target;
}

export function findAll(results: readonly MeasureResult[], contenders: readonly Contender[]): Finding[] {
  const translated = contenders.filter(({ client, provider }) => client !== provider);
  const ratio = (metric: string, contender: string, base: string) =>
    spreadOfRatio(results, metric, contender, base);
  const times = (base: string) => `× ${base}`;
  return [
    {
      name: 'CPU per event, passthrough',
      unit: times(NGINX_NAME),
      value: ratio('CPU per event', PASSTHROUGH, NGINX_NAME),
      target: {
        bound: 2.2,
        side: 'at most',
        obstacle:
          'most of it is what the runtime takes to pass a chunk on at all (below: bare Bun); the rest are the ' +
          'promises, the frames and the record of each',
      },
    },
    {
      name: 'Plain requests/s, passthrough',
      unit: times(NGINX_NAME),
      value: ratio('plain requests', PASSTHROUGH, NGINX_NAME),
      target: {
        bound: 0.25,
        side: 'at least',
        obstacle:
          'a proxy on this runtime that does nothing else takes more than twice nginx’s CPU (below: bare Bun). ' +
          'Of some 160 µs a request once everything is compiled, 107 are the main thread’s (22 of a bare proxy), ' +
          '24 the HTTP client’s thread, 18 SQLite’s, 7 the allocator’s. On the main thread a seventh of the time ' +
          'is in compiled code and a fifth in the kernel; the rest is the runtime’s own: about 500 objects and 20 ' +
          'promises a request, whose memory comes cold from the allocator',
      },
    },
    {
      name: 'Memory per open stream',
      unit: 'KB',
      value: spreadOfMetric(results, 'memory per open stream', PASSTHROUGH),
      target: {
        bound: 60,
        side: 'at most',
        obstacle:
          'over the runtime’s own streams and sockets (below: bare Bun), the state of each exchange and what ' +
          'the garbage collector leaves until it runs',
      },
    },
    {
      name: 'Idle memory',
      unit: 'MB',
      value: spreadOfMetric(results, 'idle memory', PASSTHROUGH),
      target: { bound: 80, side: 'at most', obstacle: 'most of it is the runtime itself' },
    },
    {
      name: 'Start to first answer',
      unit: 'ms',
      value: spreadOfMetric(results, 'start to first answer', PASSTHROUGH),
      target: {
        bound: 300,
        side: 'at most',
        obstacle: 'the launcher starts Node first and Bun second',
      },
    },
    {
      name: 'Plain requests/s with the ledger',
      unit: times('without'),
      value: ratio('plain requests', PASSTHROUGH, NO_LEDGER),
      target: {
        bound: 0.95,
        side: 'at least',
        obstacle:
          'a row, its bodies with secrets taken out, and their way to the store’s thread, which shares the core here',
      },
    },
    {
      name: 'CPU per event with the ledger',
      unit: times('without'),
      value: ratio('CPU per event', PASSTHROUGH, NO_LEDGER),
      target: {
        bound: 1.05,
        side: 'at most',
        obstacle: 'the body is captured as it flows, and written when the stream is over',
      },
    },
    ...translated.map(
      ({ name }): Finding => ({
        name: `CPU per event, ${name}`,
        unit: times(PASSTHROUGH),
        value: ratio('CPU per event', name, PASSTHROUGH),
        target: {
          bound: 1.5,
          side: 'at most',
          obstacle: 'a translated event is parsed, put in order, and written anew',
        },
      }),
    ),
    {
      name: 'CPU per event, bare Bun',
      unit: times(NGINX_NAME),
      value: ratio('CPU per event', BARE, NGINX_NAME),
    },
    {
      name: 'Plain requests/s, bare Bun',
      unit: times(NGINX_NAME),
      value: ratio('plain requests', BARE, NGINX_NAME),
    },
    {
      name: 'Memory per open stream, bare Bun',
      unit: 'KB',
      value: spreadOfMetric(results, 'memory per open stream', BARE),
    },
    ...[PASSTHROUGH, ...translated.map(({ name }) => name)].flatMap((name): Finding[] => [
      {
        name: `CPU per plain request, ${name}`,
        unit: times(NGINX_NAME),
        value: ratio('CPU per plain request', name, NGINX_NAME),
      },
      {
        name: `Unpaced streams/s, ${name}`,
        unit: times(NGINX_NAME),
        value: ratio('streams of 200 events', name, NGINX_NAME),
      },
      {
        name: `First token, median added by ${name}`,
        unit: `ms over ${DIRECT}`,
        value: spreadOfDifference(results, 'first token p50', name, DIRECT),
      },
      {
        name: `First token, p99 added by ${name}`,
        unit: `ms over ${DIRECT}`,
        value: spreadOfDifference(results, 'first token p99', name, DIRECT),
      },
    ]),
  ];
}

export function isReached({ value, target }: Finding): boolean | undefined {
  if (value === undefined || target === undefined) return undefined;
  return target.side === 'at most' ? value.median <= target.bound : value.median >= target.bound;
}
