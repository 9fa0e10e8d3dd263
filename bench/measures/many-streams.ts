// Many concurrent streams at the pace of a model: the delay and cost of each event, and the memory of a stream.
// Direct shows what clients and upstream can do themselves: where it is late, all are.
import { isCompiled, takes } from '../contender.ts';
import { type Measure, type Numbers, onStage, startLoad } from '../measure.ts';
import { cpuTime, residentMemory } from '../process-stats.ts';
import { countSome, untilBegun } from './opening.ts';
import { PACED_WARM_UP_MS } from './warm-up.ts';

export interface Level {
  streams: number;
  /** Events of each stream. */
  perSecond: number;
  /** Of a full run. */
  rounds: number;
}

/** 5,000 streams of 20 events/s, 100,000 events, are more than clients and upstream can do on one core. */
export const LEVELS: readonly Level[] = [
  { streams: 100, perSecond: 20, rounds: 1 },
  { streams: 1_000, perSecond: 20, rounds: 2 },
  { streams: 5_000, perSecond: 4, rounds: 1 },
];
const APPLIES = takes('direct', 'nginx', 'gateway', 'peer');
const MOST_FOR_PEERS = 1_000;
/** Earlier streams, so that code and tables that are loaded once are not counted as part of a stream. */
const WARM_UP_STREAMS = 50;
const SETTLE_MS = 1_500;
const MEASURED_MS = 3_000;

/** The names of one level's metrics. */
export function metricsOf({ streams, perSecond }: Omit<Level, 'rounds'>) {
  const suffix = `with ${streams.toLocaleString('en-US')} streams of ${perSecond}/s`;
  return {
    p50: `way of an event ${suffix}, p50`,
    p99: `way of an event ${suffix}, p99`,
    stalls: `events later than 100 ms ${suffix}`,
    delivered: `events delivered ${suffix}`,
    cpu: `CPU per event ${suffix}`,
    memory: `memory per stream ${suffix}`,
  };
}

export function manyStreams(level: Level): Measure {
  const { streams, perSecond } = level;
  const metric = metricsOf(level);
  return {
    name: `${streams} streams of ${perSecond} events/s, timed`,
    metrics: {
      [metric.p50]: 'ms',
      [metric.p99]: 'ms',
      [metric.stalls]: '%',
      [metric.delivered]: '% of those due',
      [metric.cpu]: 'µs',
      [metric.memory]: 'KB',
    },
    applies: (contender) => APPLIES(contender) && !(contender.role === 'peer' && streams > MOST_FOR_PEERS),
    rounds: ({ name }) => (name === 'full' ? level.rounds : 1),
    run: (context) =>
      onStage(context, { kind: 'paced', amount: perSecond }, async ({ running, request }) => {
        const { contender, effort } = context;
        const connections = effort.name === 'tiny' ? 10 : streams;
        const pause = (milliseconds: number) => Bun.sleep(milliseconds * effort.pace);
        if (!isCompiled(contender)) {
          const warmUp = startLoad({ ...request(true), connections: WARM_UP_STREAMS, perSecond: null });
          await untilBegun(warmUp, WARM_UP_STREAMS, contender);
          await pause(PACED_WARM_UP_MS);
          await warmUp.stop();
          await pause(SETTLE_MS);
        }
        const memoryBefore = residentMemory(running.pid);
        const load = startLoad({ ...request(true), connections, perSecond: null });
        try {
          await untilBegun(load, connections, contender);
          await pause(SETTLE_MS);
          const before = await load.count();
          const cpuBefore = cpuTime(running.pid);
          const span = MEASURED_MS * effort.pace;
          const after = await countSome(load, span, ({ delays }) => delays.count > 0, contender);
          const cpuAfter = cpuTime(running.pid);
          const memoryAfter = residentMemory(running.pid);
          const events = after.events - before.events;
          const due = ((after.at - before.at) / 1000) * connections * perSecond;
          const { p50, p99, stalls, count } = after.delays;
          const numbers: Numbers = {
            [metric.p50]: p50 / 1e3,
            [metric.p99]: p99 / 1e3,
            [metric.stalls]: (stalls / count) * 100,
            [metric.delivered]: (events / due) * 100,
          };
          if (cpuBefore !== null && cpuAfter !== null) numbers[metric.cpu] = (cpuAfter - cpuBefore) / events;
          if (memoryBefore !== null && memoryAfter !== null)
            numbers[metric.memory] = (memoryAfter - memoryBefore) / connections;
          return numbers;
        } finally {
          await load.stop();
        }
      }),
  };
}
