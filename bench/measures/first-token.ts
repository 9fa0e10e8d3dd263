// How long a client waits for the first text of a stream, at a rate that leaves everybody idle most of the time.
import { BARE } from '../contenders.ts';
import { failOn, type Measure, onStage, startLoad } from '../measure.ts';
import { quantile } from '../statistics.ts';

const DELTAS = 20;
const PER_SECOND = 100;
const CONNECTIONS = 16;
const WARM_UP_MS = 1_200;
const MEASURED_MS = 1_600;

export const firstToken: Measure = {
  name: `First token at ${PER_SECOND} streams/s`,
  metrics: { 'first token p50': 'ms', 'first token p99': 'ms' },
  applies: ({ name }) => name !== BARE,
  run: (context) =>
    onStage(context, { kind: 'stream', deltas: DELTAS }, async ({ request }) => {
      const { pace } = context.effort;
      const load = startLoad({ ...request(true), connections: CONNECTIONS, perSecond: PER_SECOND });
      try {
        await Bun.sleep(WARM_UP_MS * pace);
        await load.count();
        await Bun.sleep(MEASURED_MS * pace);
        const { waits, ...count } = await load.count();
        failOn({ ...count, waits }, context.contender);
        return { 'first token p50': quantile(waits, 0.5), 'first token p99': quantile(waits, 0.99) };
      } finally {
        await load.stop();
      }
    }),
};
