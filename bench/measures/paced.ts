// Many streams at the pace of a model: what an event costs.
import type { LoadCount } from '../load-client.ts';
import { isCompiled, takes } from '../contender.ts';
import { cpuTime } from '../process-stats.ts';
import { type Measure, onStage, startLoad } from '../measure.ts';
import { countSome, untilBegun } from './opening.ts';
import { PACED_WARM_UP_MS } from './warm-up.ts';

const STREAMS = 200;
const PER_SECOND = 20;
const SETTLE_MS = 500;
const MEASURED_MS = 3_500;

export const paced: Measure = {
  name: `${STREAMS} streams of ${PER_SECOND} events/s`,
  metrics: { 'CPU per event': 'µs', 'events delivered': '1/s' },
  applies: takes(
    'nginx',
    'bare',
    'gateway',
    'no ledger',
    'large pages',
    'fragments',
    'peer',
    'translating peer',
  ),
  run: (context) =>
    onStage(context, { kind: 'paced', amount: PER_SECOND }, async ({ running, request }) => {
      const { pace, name } = context.effort;
      const connections = name === 'tiny' ? 10 : STREAMS;
      const load = startLoad({ ...request(true), connections, perSecond: null });
      try {
        await untilBegun(load, connections, context.contender);
        await Bun.sleep((isCompiled(context.contender) ? SETTLE_MS : PACED_WARM_UP_MS) * pace);
        const before = await load.count();
        const cpuBefore = cpuTime(running.pid);
        const came = (count: LoadCount) => count.events > before.events;
        const after = await countSome(load, MEASURED_MS * pace, came, context.contender);
        const cpuAfter = cpuTime(running.pid);
        const events = after.events - before.events;
        return {
          'events delivered': (events / (after.at - before.at)) * 1000,
          ...(cpuBefore === null || cpuAfter === null
            ? {}
            : { 'CPU per event': (cpuAfter - cpuBefore) / events }),
        };
      } finally {
        await load.stop();
      }
    }),
};
