// Many streams at the pace of a model: what an event costs.
import { isCompiled, takes } from '../contender.ts';
import { type Measure, onStage, startLoad } from '../measure.ts';
import { untilBegun } from './opening.ts';
import { measureRate } from './rate.ts';
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
  // What the ledger takes of an event is less than two rounds may differ by.
  rounds: ({ name, rounds }) => (name === 'full' ? 2 * rounds : rounds),
  run: (context) =>
    onStage(context, { kind: 'paced', amount: PER_SECOND }, async ({ running, request }) => {
      const { pace, name } = context.effort;
      const connections = name === 'tiny' ? 10 : STREAMS;
      const load = startLoad({ ...request(true), connections, perSecond: null });
      try {
        await untilBegun(load, connections, context.contender);
        await Bun.sleep((isCompiled(context.contender) ? SETTLE_MS : PACED_WARM_UP_MS) * pace);
        const of = { pid: running.pid, contender: context.contender };
        const { perSecond, cpuOfEach } = await measureRate('events', load, MEASURED_MS * pace, of);
        return {
          'events delivered': perSecond,
          ...(cpuOfEach !== null && { 'CPU per event': cpuOfEach }),
        };
      } finally {
        await load.stop();
      }
    }),
};
