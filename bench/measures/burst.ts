// Streams at full speed, one after the other on each connection.
import { isCompiled, takes } from '../contender.ts';
import { type Measure, onStage, startLoad } from '../measure.ts';
import { measureRate } from './rate.ts';
import { SATURATED_WARM_UP_MS } from './warm-up.ts';

const DELTAS = 200;
const CONNECTIONS = 16;
const SETTLE_MS = 1_000;
const MEASURED_MS = 1_500;

export const burst: Measure = {
  name: `Streams of ${DELTAS} events, unpaced`,
  metrics: { 'streams of 200 events': '1/s', 'CPU per unpaced stream': 'µs' },
  applies: takes('direct', 'nginx', 'gateway', 'peer'),
  run: (context) =>
    onStage(context, { kind: 'stream', amount: DELTAS }, async ({ running, request }) => {
      const { pace } = context.effort;
      const load = startLoad({ ...request(true), connections: CONNECTIONS, perSecond: null });
      try {
        await Bun.sleep((isCompiled(context.contender) ? SETTLE_MS : SATURATED_WARM_UP_MS) * pace);
        const of = { pid: running.pid, contender: context.contender };
        const { perSecond, cpuOfEach } = await measureRate('finished', load, MEASURED_MS * pace, of);
        return {
          'streams of 200 events': perSecond,
          ...(cpuOfEach !== null && { 'CPU per unpaced stream': cpuOfEach }),
        };
      } finally {
        await load.stop();
      }
    }),
};
