// Streams as fast as they go, one after the other on each connection.
import { takes } from '../contender.ts';
import { cpuTime } from '../process-stats.ts';
import { failOn, type Measure, onStage, startLoad } from '../measure.ts';

const DELTAS = 200;
const CONNECTIONS = 16;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 1_500;

/** Times that the measure is drawn out before it is given up. */
const PATIENCE = 50;

export const burst: Measure = {
  name: `Streams of ${DELTAS} events, unpaced`,
  metrics: { 'streams of 200 events': '1/s', 'CPU per unpaced stream': 'µs' },
  applies: takes('direct', 'nginx', 'gateway', 'peer'),
  run: (context) =>
    onStage(context, { kind: 'stream', amount: DELTAS }, async ({ running, request }) => {
      const { pace } = context.effort;
      const load = startLoad({ ...request(true), connections: CONNECTIONS, perSecond: null });
      try {
        await Bun.sleep(WARM_UP_MS * pace);
        const before = await load.count();
        const cpuBefore = cpuTime(running.pid);
        await Bun.sleep(MEASURED_MS * pace);
        let after = await load.count();
        // On a machine with other work, the shortest of measures may end before a stream does.
        for (let turns = 0; after.finished === before.finished && turns < PATIENCE; turns++) {
          await Bun.sleep(MEASURED_MS * pace);
          after = await load.count();
        }
        const cpuAfter = cpuTime(running.pid);
        failOn(after, context.contender);
        const streams = after.finished - before.finished;
        if (streams === 0) throw new Error(`${context.contender.name}: no stream ended`);
        return {
          'streams of 200 events': (streams / (after.at - before.at)) * 1000,
          ...(cpuBefore === null || cpuAfter === null
            ? {}
            : { 'CPU per unpaced stream': (cpuAfter - cpuBefore) / streams }),
        };
      } finally {
        await load.stop();
      }
    }),
};
